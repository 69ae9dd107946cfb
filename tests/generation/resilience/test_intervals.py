"""The 80 % interval: where it comes from, what a card says, and how often it held."""

import heapq
import math
import random
import statistics
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from accounts.models import User
from generation import cards, forecast, timing, worker
from generation.models import Attempt, InferenceModel, Job, Lane
from tests.browsers import As
from tests.generation.resilience.conftest import ask, fault, submit
from tests.generation.resilience.vendors import Vendor
from tests.generation.test_query_budgets import commits, sql
from tests.rules import refused_by

pytestmark = pytest.mark.django_db

RUNS = 20


@pytest.fixture
def ran(alice: User, fresco: InferenceModel, north: Vendor) -> InferenceModel:
    """Twenty runs of 1 to 20 seconds from the attempt to the end of the job."""
    for seconds in range(1, RUNS + 1):
        job = submit(alice, fresco, count=1)
        worker.work("providers")
        job.refresh_from_db()
        assert job.finished_at
        Attempt.objects.filter(job=job).update(started_at=job.finished_at - timedelta(seconds=seconds))
    timing.measure()
    fresco.refresh_from_db()
    return fresco


def card(job: Job) -> cards.Card:
    found = cards.find(code=job.code, owner_id=job.owner_id)
    assert found
    return cards.of(found)


# --- Where it comes from ---------------------------------------------------------------------------------------------


def test_it_is_the_middle_eighty_of_a_hundred_last_runs(ran: InferenceModel) -> None:
    assert (ran.measured_low, ran.measured_high) == (2.9, 18.1)
    assert ran.measured_runs == RUNS


def test_too_few_runs_say_the_typical_time_alone(alice: User, fresco: InferenceModel, north: Vendor) -> None:
    for _ in range(timing.RUNS_MIN - 1):
        submit(alice, fresco, count=1)
        worker.work("providers")
    timing.measure()
    fresco.refresh_from_db()
    assert (fresco.measured_low, fresco.measured_high) == (None, None)
    job = submit(alice, fresco)
    assert (job.expected_low, job.expected_high) == (None, None)
    assert (card(job).expected, card(job).promise) == ("about 1 s", "")


def test_it_grows_with_the_place_and_the_pictures(ran: InferenceModel, settings: Any) -> None:
    settings.LANE_WORKERS = {"providers": 8}

    def due(place: int, count: int) -> tuple[float | None, float | None]:
        told = forecast.due(ran, place=place, count=count)
        return told.low, told.high

    assert due(0, 1) == (2, 19)
    assert due(0, 2) == (5, 37)
    low, high = due(8, 1)  # eight at a time: one more run, and a moment until the first of them is done
    assert low
    assert high
    assert 2 < low < 19 < high < 37  # and narrower than two runs of one job, of which neither makes up for the other


def test_a_run_of_an_equivalent_tells_nothing_of_the_model_that_was_asked_for(
    alice: User, ran: InferenceModel, gouache: InferenceModel, north: Vendor
) -> None:
    north.fails = [fault()]
    submit(alice, ran, failover=True, count=1)
    for lane in Lane.values:
        worker.work(lane)
    before = (ran.measured_runs, ran.measured_low)
    timing.measure()
    ran.refresh_from_db()
    assert (ran.measured_runs, ran.measured_low) == before
    assert ran.coverage_jobs == 1  # its interval was shown, and counts


def test_of_the_jobs_of_simulated_queues_eight_in_ten_end_within_it(settings: Any) -> None:
    """Short and long queues, few and many workers, steady and uneven runs around 40 s."""
    chance = random.Random(7)
    held = {
        (at_once, place, sigma): share_held(settings, chance, at_once, place, sigma)
        for at_once in (1, 2, 8)
        for place in (0, 1, 3, 10, 40)
        for sigma in (0.15, 0.4)
    }
    assert 0.75 <= statistics.mean(held.values()) <= 0.85
    assert all(0.65 <= share <= 0.95 for share in held.values()), held


def share_held(settings: Any, chance: random.Random, at_once: int, place: int, sigma: float) -> float:
    def run() -> float:
        return 40 * math.exp(chance.gauss(0, sigma))

    def waited() -> float:
        """A worker that is busy began at any time before; without anybody waiting one is free."""
        free = [left(run, chance) if place else 0.0 for _ in range(at_once)]
        heapq.heapify(free)
        for _ in range(place):
            heapq.heapreplace(free, free[0] + run())
        return free[0] + run()

    low, *_, middle, _, _, _, high = statistics.quantiles([run() for _ in range(1000)], n=10)
    settings.LANE_WORKERS = {"providers": at_once}
    model = InferenceModel(lane="providers", measured_seconds=middle, measured_low=low, measured_high=high)
    due = forecast.due(model, place=place, count=1)
    assert due.low is not None
    assert due.high is not None
    return sum(due.low <= waited() <= due.high for _ in range(400)) / 400


def left(run: Callable[[], float], chance: random.Random) -> float:
    """What is left of the run that a worker is busy with: a long one is met more often, at any moment of it."""
    while chance.random() * 400 > (seconds := run()):
        pass
    return seconds * chance.random()


# --- What is shown and kept ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_submit_keeps_what_its_card_shows_and_costs_no_statement_more(
    alice: User, browse: As, ran: InferenceModel
) -> None:
    client = browse(alice)
    client.get("/")
    with sql() as texts:
        answer = ask(client, ran)
    assert answer.status_code == 201
    assert (len(texts), commits(texts)) == (8, 1), texts
    job = Job.objects.latest("pk")
    assert (job.expected_low, job.expected_high) == (2, 19)
    page = answer.content.decode()
    assert "8 in 10 jobs take 2 to 19 s." in page
    assert "2 to 19 s</span>" in page


def test_the_card_of_an_equivalent_shows_the_time_of_that_one(
    alice: User, ran: InferenceModel, gouache: InferenceModel, north: Vendor
) -> None:
    north.fails = [fault()]
    job = submit(alice, ran, failover=True, count=1)
    worker.work("providers")
    assert (card(job).expected, card(job).promise) == ("about 1 s", "")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 2, "up to 2 s"),
        (3, 3, "about 3 s"),
        (9, 14, "9 to 14 s"),
        (80, 130, "80 s to 2 min 10 s"),
        (120, 720, "2 min to 12 min"),
    ],
)
def test_an_interval_is_said_as_people_say_it(low: float, high: float, words: str) -> None:
    assert forecast.between(low, high) == words


def test_the_database_refuses_half_an_interval(alice: User, fresco: InferenceModel) -> None:
    job = submit(alice, fresco)
    with refused_by("job_interval_is_one"):
        Job.objects.filter(pk=job.pk).update(expected_low=3)


# --- How often it held -----------------------------------------------------------------------------------------------


def test_coverage_is_the_share_of_the_last_jobs_that_ended_within_their_interval(
    alice: User, ran: InferenceModel, browse: As
) -> None:
    assert ran.coverage is None
    Job.objects.update(expected_low=10, expected_high=20)
    took = [5.0] * 2 + [15.0] * 15 + [25.0] * 3
    for job, seconds in zip(Job.objects.order_by("pk"), took, strict=True):
        Job.objects.filter(pk=job.pk).update(created_at=F("finished_at") - timedelta(seconds=seconds))
    timing.measure()
    ran.refresh_from_db()
    assert ran.coverage_jobs == 20
    assert ran.coverage == pytest.approx(0.75)
    job = submit(alice, ran, count=1)
    assert card(job).promise == "8 in 10 jobs take 2 to 19 s; so far 75 % of 20 did."
    page = browse(alice).get(f"/jobs/{job.code}").content.decode()
    assert "8 in 10 jobs take 2 to 19 s; so far 75 % of 20 did." in page


def test_too_few_jobs_say_nothing_of_coverage(ran: InferenceModel) -> None:
    ran.coverage, ran.coverage_jobs = 1.0, forecast.COVERAGE_JOBS_MIN - 1
    assert forecast.held(ran) == ""


def test_jobs_that_failed_or_had_no_interval_are_not_counted(alice: User, ran: InferenceModel, north: Vendor) -> None:
    north.fails = [fault(permanent=True)]
    submit(alice, ran)
    worker.work("providers")
    timing.measure()
    ran.refresh_from_db()
    assert (ran.coverage, ran.coverage_jobs) == (None, 0)


def test_a_queue_for_what_runs_elsewhere_is_as_long_as_its_beginnings(ran: InferenceModel, settings: Any) -> None:
    settings.LANE_WORKERS = {"providers": 2}
    ran.measured_seconds = 10.0
    here = forecast.due(ran, place=20, count=1)
    ran.provider = "replicate"
    there = forecast.due(ran, place=20, count=1)
    assert (here.typical, there.typical) == (10 + 10 * 20 / 2, 10 + 20 / 2)
