"""What follows a failed try at the same model: a rest that holds no worker, bounded waits, an end with its words."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from credits import audit, statements
from generation import breaker, cards, lanes, retrying, sweeping, worker
from generation.models import Attempt, ErrorCode, InferenceModel, Job, JobState
from tests.generation.asking import rested
from tests.generation.resilience.conftest import door_closed, fault, model, submit
from tests.generation.resilience.vendors import Vendor

pytestmark = pytest.mark.django_db


def rest(job: Job) -> float:
    job.refresh_from_db()
    assert job.not_before
    return (job.not_before - timezone.now()).total_seconds()


def money(job: Job) -> tuple[int, int, int, int]:
    told = statements.of_subject(job.subject)
    return told.reserved, told.captured, told.released, told.open


# --- The rest --------------------------------------------------------------------------------------------------------


def test_a_job_rests_before_its_next_try_and_holds_no_worker(
    alice: User, fresco: InferenceModel, north: Vendor
) -> None:
    north.fails = [fault()]
    job = submit(alice, fresco)
    worker.work("providers")
    assert 0 < rest(job) <= retrying.REST_SECONDS[0] * (1 + retrying.JITTER)
    assert (job.waiting, job.lease_until, job.state) == (True, None, JobState.RUNNING)
    assert lanes.claim(lane="providers") is None
    assert sweeping.sweep().hints == 0
    rested()
    assert sweeping.sweep().hints == 1
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)
    assert audit.run().ok


def test_nobody_waits_behind_a_job_that_rests(alice: User, fresco: InferenceModel, north: Vendor) -> None:
    north.fails = [fault()]
    submit(alice, fresco)
    worker.work("providers")
    second = submit(alice, fresco)
    found = cards.find(code=second.code, owner_id=alice.pk)
    assert found
    assert cards.place_of(found) == 0
    assert lanes.standing(owner_id=alice.pk, lane="providers", form_keys=[]).place == 1
    assert lanes.claim(lane="providers") == second


def test_the_second_rest_is_longer(alice: User, fresco: InferenceModel, north: Vendor) -> None:
    north.fails = [fault(), fault()]
    job = submit(alice, fresco)
    worker.work("providers")
    rested()
    worker.work("providers")
    assert 3.5 < rest(job) <= retrying.REST_SECONDS[1] * (1 + retrying.JITTER)


@pytest.mark.parametrize(("asked", "most"), [(86_400, 60), (20, 20)])
def test_what_a_provider_asks_for_is_waited_for_within_bounds(
    alice: User, fresco: InferenceModel, north: Vendor, asked: float, most: float
) -> None:
    """F29: `Retry-After: 86400`."""
    north.fails = [fault(ErrorCode.PROVIDER_BUSY, retry_after_seconds=asked)]
    job = submit(alice, fresco)
    worker.work("providers")
    assert most - 5 < rest(job) <= most


def test_a_rest_past_the_deadline_ends_the_job_at_once(alice: User, fresco: InferenceModel, north: Vendor) -> None:
    north.fails = [fault(ErrorCode.PROVIDER_BUSY, retry_after_seconds=50)]
    job = submit(alice, fresco)
    Job.objects.update(deadline_at=timezone.now() + timedelta(seconds=40))
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, ErrorCode.PROVIDER_BUSY)
    assert money(job) == (8, 0, 8, 0)


@pytest.mark.parametrize("code", [ErrorCode.PROVIDER_BUSY, ErrorCode.PROVIDER_FAILED])
def test_three_tries_are_the_end_and_all_is_released(
    alice: User, fresco: InferenceModel, north: Vendor, code: ErrorCode
) -> None:
    """F29, F44, J13: no more than three calls, whatever happens."""
    north.fails = [fault(code)] * 10
    job = submit(alice, fresco)
    for _ in range(6):
        worker.work("providers")
        rested()
    job.refresh_from_db()
    assert (job.state, job.error_code, len(north.orders)) == (JobState.FAILED, code, 3)
    assert money(job) == (8, 0, 8, 0)
    assert audit.run().ok


# --- A closed door ---------------------------------------------------------------------------------------------------


def test_a_closed_door_ends_its_jobs_without_a_hot_loop(alice: User, fresco: InferenceModel, north: Vendor) -> None:
    """F30: 401 and 402. The first job finds out, the others are not even sent."""
    north.fails = [door_closed()] * 10
    asked = [submit(alice, fresco) for _ in range(3)]
    while worker.work("providers"):
        pass
    assert len(north.orders) == 1
    for job in asked:
        job.refresh_from_db()
        assert (job.state, job.error_code) == (JobState.FAILED, ErrorCode.PROVIDER_DOWN)
        assert money(job) == (8, 0, 8, 0)
    assert Attempt.objects.count() == 1
    assert audit.run().ok


def test_while_another_job_makes_the_trial_one_comes_back_for_its_outcome(
    alice: User, fresco: InferenceModel, north: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0)
    breaker.failed("north", door_closed())
    assert breaker.allow("north") is breaker.Leave.TRIAL
    job = submit(alice, fresco)
    worker.work("providers")
    assert 4 < rest(job) <= 60
    assert (job.state, north.orders) == (JobState.STARTING, [])
    breaker.succeeded("north")
    rested()
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries, job.attempts.get().number) == (JobState.SUCCEEDED, 2, 2)
    assert audit.run().ok


def test_a_slow_model_s_trial_is_waited_for_as_long_as_it_takes(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times turned away is the end of a job that nobody ever tried."""
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0)
    mural = model("mural", typical_seconds=40.0)
    breaker.failed("north", door_closed())
    assert breaker.allow("north") is breaker.Leave.TRIAL
    job = submit(alice, mural, count=1)
    worker.work("providers")
    assert 39 < rest(job) <= 60


# --- Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "title", "text"),
    [
        (fault(ErrorCode.PROVIDER_BUSY, permanent=True), "The model is busy", "Fresco took on no more work"),
        (door_closed(), "The model cannot run now", "Fresco does not take orders at the moment"),
        (fault(permanent=True), "The model could not finish", "Fresco answered with an error"),
        (fault(ErrorCode.TIMEOUT, permanent=True), "It took too long", "was not done by its deadline"),
        (fault(ErrorCode.BLOCKED_PROMPT, permanent=True), "The prompt was refused", "refused these words"),
        (
            fault(ErrorCode.BLOCKED_OUTPUT, permanent=True),
            "The picture was withheld",
            "refused the result",
        ),
        (fault(ErrorCode.BAD_REFERENCE, permanent=True), "The reference picture cannot be used", "PNG, JPEG or WebP"),
        (fault(ErrorCode.INTERNAL, permanent=True), "Something broke on our side", "we have the details"),
    ],
    ids=lambda told: str(getattr(told, "code", "")),
)
def test_each_end_has_its_words_and_its_money_and_no_secret(
    alice: User, browse: Any, fresco: InferenceModel, north: Vendor, error: Any, title: str, text: str
) -> None:
    north.fails = [error]
    job = submit(alice, fresco)
    worker.work("providers")
    page = browse(alice).get(f"/jobs/{job.code}").content.decode()
    assert title in page
    assert text in page
    assert "8 credits reserved, all released. Nothing was charged." in page
    receipt = browse(alice).get(f"/jobs/{job.code}/receipt").content.decode()
    assert "secret words" not in page + receipt
    assert "{" not in title + text
