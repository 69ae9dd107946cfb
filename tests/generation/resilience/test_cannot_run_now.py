"""What cannot run is refused before anything is reserved, and the picker says so before anybody asks."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from credits.models import Transfer
from generation import breaker, worker
from generation.errors import LaneFull, ModelUnavailable
from generation.models import InferenceModel, Job, JobState
from generation.providers import registry
from tests.browsers import As
from tests.generation.asking import HTMX, error_of, job_of
from tests.generation.resilience.conftest import ask, door_closed, model, open_breaker, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(alice: User, browse: As) -> Client:
    return browse(alice)


def radio(page: str, slug: str) -> str:
    found = re.search(rf'<label class="model"><input [^>]*id="model-{slug}".*?</label>', page, re.DOTALL)
    assert found
    return found[0]


def written() -> tuple[int, int]:
    return Job.objects.count(), Transfer.objects.filter(phase="reserve").count()


# --- A breaker that is open ------------------------------------------------------------------------------------------


def test_an_open_breaker_refuses_before_anything_is_reserved_and_says_when_to_come_again(
    browser: Client, fresco: InferenceModel
) -> None:
    before = written()
    open_breaker("north")
    answer = ask(browser, fresco)
    assert (answer.status_code, error_of(answer)) == (422, "provider_down")
    assert 20 <= int(answer.headers["Retry-After"]) <= breaker.OPEN_SECONDS
    page = answer.content.decode()
    assert "The model cannot run now" in page
    assert "Fresco failed several times in a row" in page
    assert "Nothing was reserved or charged." in page
    assert written() == before


def test_a_half_open_one_lets_a_request_in(
    browser: Client, fresco: InferenceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0)
    breaker.failed("north", door_closed())
    assert ask(browser, fresco).status_code == 201


def test_who_allows_an_equivalent_is_let_in(browser: Client, fresco: InferenceModel, gouache: InferenceModel) -> None:
    open_breaker("north")
    answer = ask(browser, fresco, failover="equivalent")
    assert answer.status_code == 201
    job = job_of(answer)
    assert job.failover
    for lane in ("providers", "gpu"):
        worker.work(lane)
    job.refresh_from_db()
    assert (job.state, job.maker) == (JobState.SUCCEEDED, gouache)


def test_with_both_out_nobody_is_let_in(browser: Client, fresco: InferenceModel, gouache: InferenceModel) -> None:
    open_breaker("north")
    open_breaker("south")
    assert error_of(ask(browser, fresco, failover="equivalent")) == "provider_down"


def test_a_provider_without_its_keys_is_refused(
    alice: User, fresco: InferenceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry.PROVIDERS, "north")
    with pytest.raises(ModelUnavailable):
        submit(alice, fresco)


# --- The picker ------------------------------------------------------------------------------------------------------


def test_the_picker_disables_what_cannot_run_and_names_the_next_trial(browser: Client, fresco: InferenceModel) -> None:
    assert " disabled" not in radio(browser.get("/").content.decode(), "fresco")
    open_breaker("north")
    label = radio(browser.get("/").content.decode(), "fresco")
    assert " disabled" in label
    assert re.search(r'data-level="down">Cannot run now, next trial at \d\d:\d\d UTC<', label)


def test_it_can_still_be_chosen_where_an_equivalent_can_take_over(
    browser: Client, fresco: InferenceModel, gouache: InferenceModel
) -> None:
    open_breaker("north")
    label = radio(browser.get("/").content.decode(), "fresco")
    assert " disabled" not in label
    assert 'data-level="down"' in label
    open_breaker("south")
    assert " disabled" in radio(browser.get("/").content.decode(), "fresco")


def test_the_choice_is_offered_only_where_there_is_an_equivalent_and_is_off_at_first(
    browser: Client, fresco: InferenceModel
) -> None:
    assert 'name="failover"' not in browser.get("/?model=fresco").content.decode()
    model("gouache", provider="south")
    page = browser.get("/?model=fresco").content.decode()
    assert "If Fresco cannot finish" in page
    assert "An equivalent is fine: Gouache" in page
    assert re.search(r'name="failover" value="only" checked', page)
    page = browser.get("/?model=fresco&failover=equivalent").content.decode()
    assert re.search(r'name="failover" value="equivalent" checked', page)


def test_a_consent_that_nobody_could_use_is_none(browser: Client, fresco: InferenceModel) -> None:
    assert not job_of(ask(browser, fresco, failover="equivalent")).failover
    answer = ask(browser, fresco, failover="perhaps")
    assert answer.status_code == 422
    assert Job.objects.count() == 1


def test_a_job_that_is_reused_keeps_its_choice(
    browser: Client, fresco: InferenceModel, gouache: InferenceModel
) -> None:
    job = job_of(ask(browser, fresco, failover="equivalent"))
    page = browser.get(f"/?from={job.code}").content.decode()
    assert re.search(r'name="failover" value="equivalent" checked', page)


def test_an_open_page_hears_of_a_breaker_within_a_minute(browser: Client, fresco: InferenceModel) -> None:
    address = re.search(r'hx-get="(/models\?v=\w+)"', browser.get("/").content.decode())
    assert address
    assert browser.get(address[1], headers=HTMX).status_code == 204
    open_breaker("north")
    answer = browser.get(address[1], headers=HTMX)
    assert answer.status_code == 200
    assert " disabled" in radio(answer.content.decode(), "fresco")


# --- A backlog -------------------------------------------------------------------------------------------------------


def test_a_backlog_that_makes_the_deadline_impossible_refuses_with_a_time(
    alice: User, charlie: User, browse: As, fresco: InferenceModel, settings: Any
) -> None:
    """F71: one at a time, 10 s each, a minute's deadline."""
    settings.LANE_WORKERS = {"providers": 1, "default": 1, "gpu": 1}
    settings.JOB_DEADLINE_SECONDS = 60
    InferenceModel.objects.update(typical_seconds=10)
    fresco.refresh_from_db()
    for _ in range(6):
        submit(alice, fresco, count=1)
    browser = browse(alice)
    before = written()
    assert ask(browser, fresco).status_code == 201
    answer = ask(browser, fresco)
    assert (answer.status_code, error_of(answer)) == (429, "provider_busy")
    assert int(answer.headers["Retry-After"]) >= 10
    page = answer.content.decode()
    assert "So many wait for Fresco" in page
    assert "Nothing was reserved or charged." in page
    assert written() == (before[0] + 1, before[1] + 1)
    # Who has not been served lately has a turn before most of them, and is let in.
    submit(charlie, fresco, count=1)


def test_a_place_that_was_not_counted_to_its_end_is_refused(
    alice: User, fresco: InferenceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.forecast.PLACES_MAX", 2)
    monkeypatch.setattr("generation.lanes.PLACE_MAX", 1)
    submit(alice, fresco)
    submit(alice, fresco)
    with pytest.raises(LaneFull):
        submit(alice, fresco)
