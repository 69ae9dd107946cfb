"""What must hold when things happen at once, each with a database connection of its own."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Count
from django.test import Client

from accounts.models import User
from credits import audit, statements
from generation import intake, jobs, lanes, running
from generation.errors import GenerationError, InsufficientCredits, TooManyJobs
from generation.models import Asset, ErrorCode, InferenceModel, Job, JobState
from generation.providers.base import Output
from generation.wish import Wish
from tests import pictures
from tests.browsers import browser_of
from tests.generation.asking import HTMX, form, token
from tests.races import race, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wide(settings: Any) -> Any:
    """Caps and rates out of the way: only the credits count."""
    settings.OPEN_JOBS_MAX = settings.DAILY_GENERATE_MAX = (1000, 1000, 1000)
    settings.RATE_LIMIT_GENERATE, settings.FREE_CREDITS_PER_ADDRESS = (1000, 60), 1000
    return settings


def submit(owner: User, key: str | None = None) -> Job:
    model = InferenceModel.objects.get(slug="demo")
    return jobs.submit(
        owner=owner,
        visitor=None,
        wish=Wish(model=model, prompt="A red kite"),
        quote_token=token(ratio="1:1"),
        key=key or uuid4().hex,
        address="192.0.2.1",
    ).job


def nothing_is_broken() -> None:
    result = audit.run()
    assert result.ok, result.breaches


def test_fifty_submits_on_credits_for_ten_are_ten_jobs(gwen: User, wide: Any) -> None:
    token()
    results = together(50, lambda: submit(gwen))
    accepted = [result for result in results if isinstance(result, Job)]
    assert len(accepted) == 10
    assert {type(result) for result in results} == {Job, InsufficientCredits}
    balance = statements.balance(owner_id=gwen.pk, is_guest=True)
    assert (balance.available, balance.reserved) == (0, 10)
    nothing_is_broken()


def test_twenty_submits_with_one_key_are_one_job(alice: User, wide: Any) -> None:
    token()
    key = uuid4().hex
    results = together(20, lambda: submit(alice, key))
    assert len({result.pk for result in results if isinstance(result, Job)}) == 1
    assert not [result for result in results if not isinstance(result, Job)]
    assert statements.balance(owner_id=alice.pk, is_guest=False).reserved == 1
    nothing_is_broken()


def test_a_double_click_of_a_visitor_is_one_guest_and_one_job(wide: Any) -> None:
    said = form()
    first = Client()
    first.get("/")
    csrf = first.cookies["csrftoken"].value

    def click() -> tuple[int, Client]:
        client = Client()
        client.cookies["csrftoken"] = csrf
        return client.post("/generate", said, headers=HTMX).status_code, client

    results = together(8, click)
    assert all(isinstance(result, tuple) and result[0] == 201 for result in results), results
    assert (Job.objects.count(), User.objects.count()) == (1, 1)
    code = Job.objects.get().code
    for result in results:  # whichever answer came last, the browser has its job
        assert isinstance(result, tuple)
        assert result[1].get(f"/jobs/{code}").status_code == 200
    nothing_is_broken()


def test_the_cap_on_open_jobs_holds_under_a_race(charlie: User, wide: Any) -> None:
    wide.OPEN_JOBS_MAX = (1, 3, 6)
    token()
    results = together(20, lambda: submit(charlie))
    assert sum(isinstance(result, Job) for result in results) == 3
    assert {type(result) for result in results} == {Job, TooManyJobs}
    nothing_is_broken()


def test_an_addresss_free_credits_hold_under_a_race(wide: Any) -> None:
    wide.FREE_CREDITS_PER_ADDRESS = 7
    token()
    guests = [User.objects.create_guest() for _ in range(12)]
    results = race([partial(submit, guest) for guest in guests])
    assert sum(isinstance(result, Job) for result in results) == 7
    assert all(isinstance(result, Job | GenerationError) for result in results)
    nothing_is_broken()


def test_twenty_results_of_one_job_are_stored_once(alice: User, wide: Any) -> None:
    job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt

    def arrive() -> JobState:
        kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
        return running.store(claimed, attempt, kept, run_seconds=1)

    assert set(together(20, arrive)) == {JobState.SUCCEEDED}
    assert Asset.objects.filter(job=job).count() == 1
    assert statements.of_subject(job.subject).captured == 1
    nothing_is_broken()


def test_success_failure_and_cancel_at_once_have_one_outcome(alice: User, wide: Any) -> None:
    for _ in range(4):
        job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
        claimed = lanes.claim(lane=job.lane)
        assert claimed
        attempt = running.begin(claimed)
        assert attempt
        kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
        store = partial(running.store, claimed, attempt, kept, run_seconds=1)
        fail = partial(running.fail, job_id=job.pk, code=ErrorCode.TIMEOUT)
        cancel = partial(jobs.cancel, code=job.code, owner_id=alice.pk)
        ends: list[Callable[[], object]] = [store, fail, cancel]
        race(ends * 5)
        job.refresh_from_db()
        charges = statements.of_subject(job.subject)
        assert (job.state == JobState.SUCCEEDED) == (charges.captured == 1)
        assert charges.open == 0
        nothing_is_broken()


def test_turns_are_handed_out_without_gaps_for_others(alice: User, charlie: User, wide: Any) -> None:
    token()
    together(8, lambda: submit(alice))
    together(8, lambda: submit(charlie))
    per_turn = Job.objects.values("turn").annotate(jobs=Count("pk")).values_list("jobs", flat=True)
    assert set(per_turn) == {2}
    assert browser_of(alice).get("/").status_code == 200
