"""Every refusal by a limit says what, how much, and when again: in its sentence, its header, and on the page."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import User
from config.templatetags import show
from credits import ledger
from generation import catalogue, words
from generation.access import Feature
from generation.errors import DailyLimit
from generation.models import InferenceModel
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, error_of, job_of

pytestmark = pytest.mark.django_db

A_DAY = 86_400


def said(response: HttpResponse) -> str:
    """The refusal as it reads."""
    found = re.search(r'id="refusal".*?</div>', response.content.decode(), re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def countdown(response: HttpResponse) -> int:
    found = re.search(r'id="refusal".*?data-countdown="(\d+)"', response.content.decode(), re.DOTALL)
    return int(found[1]) if found else 0


def waits(response: HttpResponse) -> int:
    """The header and the countdown, which are one number."""
    assert int(response.headers["Retry-After"]) == countdown(response)
    return countdown(response)


@pytest.fixture(params=[True, False], ids=["htmx", "plain"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_rate_says_its_number_its_seconds_and_the_wait(charlie: User, browse: As, settings: Any, htmx: bool) -> None:
    settings.RATE_LIMIT_GENERATE = (1, 60)
    client = browse(charlie)
    ask(client)
    response = ask(client, htmx=htmx, prompt="Kept words")
    assert (response.status_code, error_of(response)) == (429, "rate_limited")
    assert "1 request in 60 seconds is the limit for one address." in said(response)
    assert "Nothing was reserved or charged. You can send it again in" in said(response)
    assert 1 <= waits(response) <= 60
    assert "Kept words" in response.content.decode()


def test_a_day_says_its_number_and_midnight(charlie: User, browse: As, settings: Any, htmx: bool) -> None:
    settings.DAILY_GENERATE_MAX, settings.OPEN_JOBS_MAX = (2, 2, 2), (9, 9, 9)
    client = browse(charlie)
    ask(client)
    ask(client)
    response = ask(client, htmx=htmx)
    assert (response.status_code, error_of(response)) == (429, "daily_limit")
    assert "Today’s 2 requests are used up. New ones come at 00:00 UTC." in said(response)
    assert 1 <= waits(response) <= A_DAY
    assert 'data-level="full"' in response.content.decode()


@pytest.mark.parametrize(
    ("feature", "one", "many"),
    [
        (Feature.GENERATE, "1 request is", "1,000 requests are"),
        (Feature.ENHANCE, "1 enhancement is", "1,000 enhancements are"),
        (Feature.IDEAS, "1 request for ideas is", "1,000 requests for ideas are"),
        (Feature.EVOLVE, "1 evolution is", "1,000 evolutions are"),
        (Feature.SCORE, "1 score is", "1,000 scores are"),
    ],
)
def test_each_feature_is_named_by_what_is_counted(feature: Feature, one: str, many: str) -> None:
    for limit, counted in ((1, one), (1000, many)):
        told = words.refusal(DailyLimit(limit=limit, what=feature, retry_after_seconds=60))
        assert told.text == f"Today’s {counted} used up. New ones come at 00:00 UTC."
        assert (told.retry_after_seconds, told.waits) == (60, True)


def test_an_addresss_free_credits_say_whose_how_many_are_left_and_when(browse: As, settings: Any, htmx: bool) -> None:
    settings.FREE_CREDITS_PER_ADDRESS = 5
    ask(browse(None), count=4)
    response = ask(browse(None), count=2, htmx=htmx)
    assert (response.status_code, error_of(response)) == (429, "daily_limit")
    sentence = "Guests and new accounts of one address share 5 free credits a day: 1 is left and this needs 2."
    assert sentence in said(response)
    assert 1 <= waits(response) <= A_DAY


def test_more_free_credits_than_a_day_has_are_refused_with_all_of_them_left(browse: As, settings: Any) -> None:
    settings.FREE_CREDITS_PER_ADDRESS = 1
    assert "share 1 free credit a day: 1 is left and this needs 3." in said(ask(browse(None), count=3))


def test_a_limit_that_was_lowered_below_what_was_used_leaves_nothing(browse: As, settings: Any) -> None:
    settings.FREE_CREDITS_PER_ADDRESS = 5
    ask(browse(None), count=4)
    settings.FREE_CREDITS_PER_ADDRESS = 3
    assert "share 3 free credits a day: 0 are left and this needs 2." in said(ask(browse(None), count=2))


def test_a_cap_says_how_many_are_open_and_promises_no_second(
    charlie: User, browse: As, settings: Any, htmx: bool
) -> None:
    settings.OPEN_JOBS_MAX = (1, 2, 3)
    client = browse(charlie)
    ask(client)
    ask(client)
    response = ask(client, htmx=htmx)
    assert (response.status_code, error_of(response)) == (429, "too_many_jobs")
    assert "You can have 2 open at a time, and 2 are. You can send this again as soon as one is done" in said(response)
    assert response.headers["Retry-After"] == "5"  # when to look again: nobody knows when a job ends
    assert countdown(response) == 0


def test_too_few_credits_say_what_is_missing_and_when_the_free_ones_return(bob: User, browse: As, htmx: bool) -> None:
    response = ask(browse(bob), count=2, htmx=htmx)
    assert (response.status_code, error_of(response)) == (402, "insufficient_credits")
    assert "This needs 2 credits and 0 are available: 2 too few." in said(response)
    assert "Your free ones are filled up to 20 again at 00:00 UTC." in said(response)
    assert 1 <= waits(response) <= A_DAY


def test_what_no_midnight_brings_has_no_wait(bob: User, browse: As, settings: Any) -> None:
    settings.DAILY_FREE_CREDITS = 1
    response = ask(browse(bob), count=2)
    assert "filled up to 1 again" in said(response)
    assert "Retry-After" not in response.headers
    settings.DAILY_FREE_CREDITS = 0
    assert "filled up" not in said(ask(browse(bob), count=2))


def test_a_pro_model_says_that_it_takes_purchased_credits_only(charlie: User, browse: As) -> None:
    demo()
    InferenceModel.objects.update(is_pro=True)
    catalogue.forget()
    response = ask(browse(charlie))
    assert "This needs 1 purchased credit and 0 are available: 1 too few. Pro models take no others." in said(response)
    assert "Retry-After" not in response.headers


def test_a_debt_is_named_and_nothing_is_promised(charlie: User, browse: As) -> None:
    ledger.clawback(owner_id=charlie.pk, amount=12, key="refund:1", reason="dispute lost")
    response = ask(browse(charlie))
    assert (response.status_code, error_of(response)) == (402, "insufficient_credits")
    assert "You owe 12 credits" in said(response)
    assert "Retry-After" not in response.headers


def test_a_retry_that_is_refused_says_the_same(charlie: User, browse: As, settings: Any) -> None:
    client = browse(charlie)
    job = job_of(ask(client))
    client.post(f"/jobs/{job.code}/cancel", headers=HTMX)
    settings.DAILY_GENERATE_MAX = (1, 1, 1)
    for headers in (HTMX, {}):
        response = client.post(f"/jobs/{job.code}/retry", headers=headers)
        assert response.status_code == 429
        assert "Today’s 1 request is used up." in said(response)  # type: ignore[arg-type]
        assert 1 <= waits(response) <= A_DAY  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [(4, "4 s"), (89, "89 s"), (120, "2 min"), (5399, "1 h 30 min"), (47_880, "13 h 18 min"), (7200, "2 h")],
)
def test_a_wait_is_written_as_people_say_it(value: int, text: str) -> None:
    assert show.seconds(value) == text
    assert show.seconds(timedelta(seconds=value)) == text
