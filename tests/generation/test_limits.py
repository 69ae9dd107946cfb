"""What is counted by feature, person and address, what a refused request costs, and how often Redis is asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.models import User
from generation import access, limits, tasks
from generation.access import Feature, Tier
from generation.errors import DailyLimit, RateLimited
from generation.models import FreeSpend, InferenceModel, Job
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, error_of, form, job_of
from tests.rediswatch import watched

NUMBERS = {
    Feature.GENERATE: (20, 100, 1000),
    Feature.ENHANCE: (10, 50, 500),
    Feature.IDEAS: (2, 10, 50),
    Feature.EVOLVE: (1, 5, 25),
    Feature.SCORE: (10, 50, 500),
}
ADDRESS = "192.0.2.1"


def used(owner: User, feature: Feature = Feature.GENERATE) -> int:
    return limits.used_today(feature, owner_id=owner.pk, tier=Tier.ACCOUNT).used


# --- Features and people ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", Feature)
def test_each_feature_has_its_numbers_for_each_kind_of_person(feature: Feature) -> None:
    assert tuple(access.daily_max(feature, tier) for tier in Tier) == NUMBERS[feature]


@pytest.mark.django_db
def test_a_guest_an_account_and_a_buyer_are_told_apart(gwen: User, charlie: User, alice: User) -> None:
    people = (gwen, charlie, alice)
    assert [access.tier(owner_id=one.pk, is_guest=one.is_guest) for one in people] == list(Tier)


@pytest.mark.parametrize("feature", Feature)
def test_exactly_todays_number_passes_of_many_at_once(settings: Any, feature: Feature) -> None:
    settings.RATE_LIMIT_GENERATE = (1000, 60)
    most = min(NUMBERS[feature][Tier.GUEST], 20)

    def one(_: int) -> bool:
        try:
            return bool(limits.ask(feature, address=ADDRESS, owner_id=7, tier=Tier.GUEST))
        except DailyLimit:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(most + 20))) == most
    others = [other for other in Feature if other is not feature]
    now = limits.today([*Feature], owner_id=7, tier=Tier.GUEST)
    assert (now[feature].used, now[feature].left, now[feature].level) == (most, 0, "full")
    assert [now[other].used for other in others] == [0] * 4
    assert limits.used_today(feature, owner_id=8, tier=Tier.GUEST).used == 0


def test_each_feature_has_a_window_of_its_own(settings: Any) -> None:
    settings.RATE_LIMIT_GENERATE = (1, 60)
    for feature in Feature:
        limits.ask(feature, address=ADDRESS, owner_id=7, tier=Tier.CUSTOMER)
        with pytest.raises(RateLimited):
            limits.ask(feature, address=ADDRESS, owner_id=8, tier=Tier.CUSTOMER)
        limits.rate(feature, address="192.0.2.2")


def test_a_higher_tier_goes_on_where_the_lower_one_stopped() -> None:
    for _ in range(2):
        limits.ask(Feature.IDEAS, address=ADDRESS, owner_id=7, tier=Tier.GUEST)
    with pytest.raises(DailyLimit):
        limits.ask(Feature.IDEAS, address=ADDRESS, owner_id=7, tier=Tier.GUEST)
    assert limits.ask(Feature.IDEAS, address=ADDRESS, owner_id=7, tier=Tier.ACCOUNT).used.used == 3


@pytest.mark.parametrize(
    ("count", "level"), [(0, ""), (79, ""), (80, "near"), (99, "near"), (100, "full"), (130, "full")]
)
def test_a_bar_is_near_from_four_fifths_on(count: int, level: str) -> None:
    assert limits.Used(count, 100).level == level


# --- What a refused request costs ------------------------------------------------------------------------------------


@pytest.fixture
def client(alice: User, browse: As) -> Client:
    demo()
    return browse(alice)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"prompt": "A deepfake nude of my neighbour"}, "blocked_prompt"),
        ({"quote": "forged"}, "quote_expired"),
        ({"count": 4}, "insufficient_credits"),
    ],
)
def test_a_refused_request_uses_up_nothing_of_the_day(bob: User, browse: As, said: dict[str, Any], error: str) -> None:
    assert error_of(ask(browse(bob), **said)) == error
    assert used(bob) == 0


@pytest.mark.django_db
def test_what_the_rate_or_the_cap_refuses_uses_up_nothing_of_the_day(
    alice: User, client: Client, settings: Any
) -> None:
    settings.OPEN_JOBS_MAX, settings.RATE_LIMIT_GENERATE = (1, 1, 1), (2, 60)
    assert [error_of(ask(client)) for _ in range(3)] == ["", "too_many_jobs", "rate_limited"]
    assert used(alice) == 1


@pytest.mark.django_db
def test_a_lost_answer_is_found_again_past_every_limit_and_counts_once(
    alice: User, client: Client, settings: Any
) -> None:
    said = form()
    first = job_of(client.post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert job_of(client.post("/generate", said, headers=HTMX)) == first  # type: ignore[arg-type]
    assert used(alice) == 1
    settings.RATE_LIMIT_GENERATE = (2, 60)
    assert job_of(client.post("/generate", said, headers=HTMX)) == first  # type: ignore[arg-type]
    settings.RATE_LIMIT_GENERATE, settings.DAILY_GENERATE_MAX = (100, 60), (1, 1, 1)
    again = client.post("/generate", said, headers=HTMX)
    assert job_of(again) == first  # type: ignore[arg-type]
    assert "1 of 1 requests" in again.content.decode()
    assert used(alice) == 1


@pytest.mark.django_db
def test_a_visitors_lost_answer_is_found_again_past_the_rate(browse: As, settings: Any) -> None:
    settings.RATE_LIMIT_GENERATE = (1, 60)
    visitor, said = browse(None), form()
    visitor.get("/")
    first = job_of(visitor.post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    csrf = visitor.cookies["csrftoken"].value
    visitor.cookies.clear()
    visitor.cookies["csrftoken"] = csrf
    assert job_of(visitor.post("/generate", said, headers=HTMX)) == first  # type: ignore[arg-type]
    assert used(first.owner) == 1
    assert visitor.get(f"/jobs/{first.code}").status_code == 200


@pytest.mark.django_db
def test_a_visitors_first_request_is_counted_to_the_guest_that_it_makes(browse: As) -> None:
    response = ask(browse(None))
    assert used(job_of(response).owner) == 1
    assert "1 of 20 requests" in response.content.decode()


@pytest.mark.django_db
def test_a_visitors_refused_request_makes_nobody(browse: As, settings: Any) -> None:
    settings.RATE_LIMIT_GENERATE = (1, 60)
    assert error_of(ask(browse(None), quote="forged")) == "quote_expired"
    assert error_of(ask(browse(None))) == "rate_limited"
    assert not User.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_the_commit_refuses_uses_up_nothing_of_the_day(alice: User, client: Client) -> None:
    said = form()
    InferenceModel.objects.all().delete()  # the cached catalogue still offers it
    with pytest.raises(IntegrityError):
        client.post("/generate", said, headers=HTMX)
    assert used(alice) == 0


# --- How often Redis is asked ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("htmx", [True, False], ids=["card", "plain"])
def test_a_submit_asks_redis_five_times_and_once_for_its_limits(client: Client, htmx: bool) -> None:
    """The catalogue, the session, both limits, the breaker, the hint to the workers."""
    ask(client)
    said = form()
    with watched() as calls:
        assert client.post("/generate", said, headers=HTMX if htmx else {}).status_code == (201 if htmx else 303)
    sent = [" ".join(call.split()[:2]) for call in calls]
    assert sent == ["1 GET", "1 GET", "2 EVALSHA", "1 MGET", "0 LPUSH"]


@pytest.mark.django_db(transaction=True)
def test_a_visitors_first_submit_asks_once_before_and_once_after_the_guest_is_made(browse: As) -> None:
    visitor, said = browse(None), form()
    with watched() as calls:
        assert visitor.post("/generate", said, headers=HTMX).status_code == 201
    assert [call.split()[1] for call in calls if call.startswith("2 ")] == ["EVALSHA", "EVALSHA"]


@pytest.mark.django_db
def test_a_refused_submit_asks_once_more_to_give_its_day_back(client: Client) -> None:
    ask(client)
    for said, asked in (({"quote": "forged"}, ["EVALSHA", "EVALSHA", "MGET"]), ({"prompt": ""}, ["MGET"])):
        wanted = form(**said)
        with watched() as calls:
            assert client.post("/generate", wanted, headers=HTMX).status_code == 422
        assert [call.split()[1] for call in calls if call.startswith("2 ")] == asked


@pytest.mark.django_db
def test_an_address_is_forgotten_a_week_after_it_spent() -> None:
    today = datetime.now(UTC).date()
    for age in (0, 6, 8, 400):
        FreeSpend.objects.create(address="a", day=today - timedelta(days=age), spent=1)
    tasks.forget_budgets()
    ages = {(today - day).days for day in FreeSpend.objects.values_list("day", flat=True)}
    assert ages == {0, 6}
