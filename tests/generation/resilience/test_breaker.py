"""The breaker: what opens it, who may try, and what closes it again."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache

from accounts.models import User
from generation import breaker, jobs, tasks, worker
from generation.breaker import Leave, Stand
from generation.models import ErrorCode, InferenceModel, Job, JobState
from generation.providers.base import Order, Output, Watch
from tests.generation.asking import rested
from tests.generation.resilience.conftest import door_closed, fault, open_breaker, submit
from tests.generation.resilience.vendors import Vendor
from tests.races import together
from tests.rediswatch import watched

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An opening is over the moment it begins, so that the next state can be looked at."""
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0)


def faults(number: int, **told: Any) -> None:
    for _ in range(number):
        breaker.failed("north", fault(**told))


# --- What opens it ---------------------------------------------------------------------------------------------------


def test_five_faults_within_a_minute_open_it() -> None:
    faults(breaker.FAULTS - 1)
    assert breaker.allow("north") is Leave.YES
    faults(1)
    assert breaker.allow("north") is Leave.NO
    assert breaker.allow("south") is Leave.YES
    assert 25 <= breaker.state("north").seconds_left <= breaker.OPEN_SECONDS


def test_what_is_not_the_provider_s_fault_never_counts() -> None:
    faults(20, code=ErrorCode.BLOCKED_OUTPUT, permanent=True)
    faults(20, code=ErrorCode.BAD_REFERENCE, permanent=True)
    faults(20, code=ErrorCode.PROVIDER_FAILED, provider_at_fault=False)
    assert breaker.state("north").stand is Stand.CLOSED


def test_a_busy_provider_that_mostly_succeeds_stays_closed(alice: User, fresco: InferenceModel) -> None:
    for _ in range(breaker.FAULTS + 1):
        submit(alice, fresco, count=1)
        worker.work("providers")
    faults(breaker.FAULTS)
    assert breaker.state("north").stand is Stand.CLOSED
    faults(2)
    assert breaker.state("north").stand is Stand.OPEN


def test_a_closed_door_opens_it_at_once_and_tells_the_staff_once(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any, settings: Any, at_once: None
) -> None:
    """F30: no credit, or a refused key."""
    with django_capture_on_commit_callbacks() as mails, caplog.at_level(logging.ERROR, logger="generation.breaker"):
        breaker.failed("north", door_closed())
        breaker.failed("north", door_closed())  # the trial of a half-open one
    assert breaker.state("north").openings == 2
    assert len(mails) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    settings.ADMINS = [("Staff", "staff@example.org")]
    tasks.alert("north takes no order", "No credit.")
    assert [(one.to, "north" in one.subject) for one in mail.outbox] == [(["staff@example.org"], True)]


@pytest.mark.parametrize("told", [{}, {"code": ErrorCode.PROVIDER_DOWN, "permanent": True}])
def test_one_person_s_orders_cannot_take_a_provider_from_all_others(
    alice: User, bob: User, fresco: InferenceModel, north: Vendor, told: dict[str, Any]
) -> None:
    """Words that make a model fail each time, or a model that its vendor does not know any more."""
    north.fails = [fault(**told) for _ in range(3 * breaker.FAULTS)]
    for _ in range(breaker.FAULTS):
        submit(alice, fresco, count=1)
    for _ in range(3 * breaker.FAULTS):
        rested()
        worker.work("providers")
    assert Job.objects.filter(state=JobState.FAILED).count() == breaker.FAULTS
    assert breaker.state("north").stand is Stand.CLOSED


def test_the_same_from_five_people_opens_it() -> None:
    for person in range(breaker.FAULTS):
        assert breaker.allow("north")
        breaker.failed("north", fault(), person=str(person))
    assert not breaker.allow("north")


def test_what_no_order_brings_about_counts_each_time() -> None:
    for _ in range(breaker.FAULTS):
        assert breaker.allow("north")
        breaker.failed("north", fault(ErrorCode.PROVIDER_DOWN), person="1")
    assert not breaker.allow("north")


def test_one_person_s_trials_lengthen_an_opening_once(at_once: None) -> None:
    breaker.failed("north", door_closed())
    for _ in range(3):
        assert breaker.allow("north") is Leave.TRIAL
        breaker.failed("north", fault(), person="1")
    assert breaker.state("north").openings == 2
    assert breaker.allow("north") is Leave.TRIAL


def test_calls_that_were_under_way_do_not_lengthen_an_opening() -> None:
    open_breaker("north")
    before = breaker.state("north")
    faults(10)
    assert breaker.state("north") == before


# --- Half-open -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_exactly_one_makes_the_trial(at_once: None) -> None:
    breaker.failed("north", door_closed())
    assert breaker.state("north").stand is Stand.HALF_OPEN
    leaves = together(20, lambda: breaker.allow("north"))
    assert sorted(leaves) == [Leave.NO] * 19 + [Leave.TRIAL]  # type: ignore[type-var]


def test_a_trial_that_succeeds_closes_it(
    alice: User, fresco: InferenceModel, north: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0)
    breaker.failed("north", door_closed())
    submit(alice, fresco)
    job = worker.work("providers")
    assert job
    assert job.assets.count() == 2
    assert breaker.state("north").stand is Stand.CLOSED
    assert breaker.allow("north") is Leave.YES


def test_a_trial_that_fails_opens_it_for_twice_as_long_up_to_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    lasted = []
    now = [1_000_000.0]
    monkeypatch.setattr("generation.breaker.time.time", lambda: now[0])
    for _ in range(7):
        assert breaker.allow("north")
        breaker.failed("north", door_closed())
        assert not breaker.allow("north")
        lasted.append(breaker.state("north").seconds_left)
        now[0] += lasted[-1]
    assert lasted == [30, 60, 120, 240, 480, 600, 600]


def test_a_trial_with_a_refused_prompt_makes_room_for_the_next(at_once: None) -> None:
    breaker.failed("north", door_closed())
    assert breaker.allow("north") is Leave.TRIAL
    assert breaker.allow("north") is Leave.NO
    breaker.failed("north", fault(ErrorCode.BLOCKED_OUTPUT, permanent=True))
    assert breaker.state("north").stand is Stand.HALF_OPEN
    assert breaker.allow("north") is Leave.TRIAL


def test_a_job_that_was_cancelled_in_its_trial_makes_room_for_the_next(
    alice: User, fresco: InferenceModel, north: Vendor, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker.failed("north", door_closed())
    job = submit(alice, fresco)

    def run(order: Order, watch: Watch) -> Iterator[Output]:
        jobs.cancel(code=job.code, owner_id=alice.pk)
        return iter(())

    monkeypatch.setattr(north, "run", run)
    worker.work("providers")
    assert breaker.allow("north") is Leave.TRIAL


# --- What it costs, and a flush --------------------------------------------------------------------------------------


def test_a_closed_one_costs_one_round_trip_and_no_query(django_assert_num_queries: Any) -> None:
    breaker.allow("north")
    with watched() as calls, django_assert_num_queries(0):
        assert breaker.allow("north") is Leave.YES
    assert [call for call in calls if "breaker" in call] == calls
    assert len(calls) == 1


def test_a_flush_closes_it_and_the_next_faults_open_it_again() -> None:
    open_breaker("north")
    cache.clear()
    assert breaker.allow("north") is Leave.YES
    faults(breaker.FAULTS)
    assert not breaker.allow("north")


def test_a_cache_that_is_away_costs_no_job(alice: User, fresco: InferenceModel, north: Vendor, settings: Any) -> None:
    north.fails = [fault()]
    job = submit(alice, fresco)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    worker.work("providers")
    rested()
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)


def test_what_was_under_way_does_not_close_what_was_opened_meanwhile() -> None:
    """Predictions of the last minutes still come in after staff, or an empty account, have closed the door."""
    breaker.open_by_hand("north", reason="their status page", actor="sam")
    open_breaker("south")
    for provider in ("north", "south"):
        breaker.delivered(provider)
        breaker.succeeded(provider)
        assert breaker.allow(provider) is Leave.NO


def test_by_hand_it_stays_open_until_it_is_closed_by_hand() -> None:
    breaker.open_by_hand("north", reason="their status page", actor="sam")
    assert breaker.allow("north") is Leave.NO
    assert breaker.state("north").seconds_left > 86_400
    assert "their status page" in breaker.state("north").why
    breaker.close_by_hand("north", reason="they are back", actor="sam")
    assert breaker.allow("north") is Leave.YES
