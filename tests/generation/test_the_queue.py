"""Whose turn it is, how many wait before one, and that two workers never take the same job."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Exchange, Queue

from accounts.models import User
from generation import cards, jobs, lanes, sweeping, tasks
from generation.models import Job
from tests import pictures
from tests.races import together


def ask(owner: User) -> Job:
    return pictures.submit(owner, pictures=1, prompt="A red kite", ratio="1:1")


@pytest.fixture
def many(settings: Any) -> None:
    settings.OPEN_JOBS_MAX = settings.DAILY_GENERATE_MAX = (100, 100, 100)


def order(lane: str = "providers") -> list[int]:
    served = []
    while claimed := lanes.claim(lane=lane):
        served.append(claimed.pk)
    return served


@pytest.mark.django_db
def test_the_least_recently_served_person_comes_first(alice: User, charlie: User, gwen: User, many: None) -> None:
    a1, a2, b1, c1, c2, a3 = (ask(who) for who in (alice, alice, charlie, gwen, gwen, alice))
    assert order() == [job.pk for job in (a1, b1, c1, a2, c2, a3)]


@pytest.mark.django_db
def test_a_newcomer_does_not_wait_behind_a_hundred_of_one_person(alice: User, charlie: User, many: None) -> None:
    first, *rest = [ask(alice) for _ in range(10)]
    lanes.claim(lane="providers")
    newcomer = ask(charlie)
    assert order()[:2] == [newcomer.pk, rest[0].pk]
    assert first.pk not in {job.pk for job in rest}


@pytest.mark.django_db
def test_who_was_away_does_not_catch_up(alice: User, charlie: User, many: None) -> None:
    for _ in range(3):
        ask(alice)
        order()
    late, regular = ask(charlie), ask(alice)
    assert order() == [late.pk, regular.pk]
    one, two, other = ask(charlie), ask(charlie), ask(alice)
    assert order() == [one.pk, two.pk, other.pk]  # one turn each, and only the first of a turn is ahead by its id


@pytest.mark.django_db
def test_a_place_counts_who_is_served_before(alice: User, charlie: User, many: None) -> None:
    queue = [ask(alice), ask(alice), ask(charlie)]
    places = [cards.place_of(found) for job in queue if (found := cards.find(code=job.code, owner_id=job.owner_id))]
    assert places == [0, 2, 1]


@pytest.mark.django_db
def test_a_place_beyond_five_hundred_is_not_counted_on(
    alice: User, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(alice)
    found = cards.find(code=job.code, owner_id=alice.pk)
    assert found is not None
    found.place = lanes.PLACE_MAX + 1  # type: ignore[attr-defined]
    assert cards.small(found).headline == "More than 500 before you for Demo"


@pytest.mark.django_db(transaction=True)
def test_no_two_workers_take_the_same_job(alice: User, many: None) -> None:
    waiting = {ask(alice).pk for _ in range(12)}
    claimed = together(20, lambda: lanes.claim(lane="providers"))
    taken = [job.pk for job in claimed if isinstance(job, Job)]
    assert sorted(taken) == sorted(waiting)
    assert claimed.count(None) == 8


@pytest.mark.django_db(transaction=True)
def test_a_cancel_and_a_claim_at_once_leave_one_state(alice: User, many: None) -> None:
    for _ in range(5):
        job = ask(alice)
        together(2, lambda job=job: (lanes.claim(lane="providers"), jobs.cancel(code=job.code, owner_id=alice.pk)))  # type: ignore[misc]
        job.refresh_from_db()
        assert (job.state, job.waiting) == ("cancelled", False)


# --- Messages --------------------------------------------------------------------------------------------------------


@pytest.fixture
def messages() -> Iterator[Callable[[], list[Any]]]:
    """Everything that is sent to the providers' workers, in the order in which they would take it."""
    queue = Queue("providers", Exchange("providers"), "providers")

    def take() -> list[Any]:
        with current_app.connection_for_read() as connection:
            bound = queue(connection.default_channel)
            return list(iter(lambda: bound.get(no_ack=True), None))

    take()
    yield take
    take()


@pytest.mark.django_db(transaction=True)
def test_what_is_over_in_a_moment_does_not_wait_behind_the_jobs_that_wait(messages: Callable[[], list[Any]]) -> None:
    """A hint keeps its worker for as long as a job takes: predictions that run would be forgotten meanwhile."""
    for _ in range(3):
        tasks.hint("providers")
    tasks.collect_soon(1)
    tasks.enhance_soon(1)
    taken = [message.headers["task"].rpartition(".")[2] for message in messages()]
    assert taken == ["collect", "enhance", "work", "work", "work"]


@pytest.mark.django_db(transaction=True)
def test_what_the_sweep_sends_again_makes_no_queue_grow(
    alice: User, settings: Any, messages: Callable[[], list[Any]]
) -> None:
    """Each sweep does it once more, so one of before says nothing any more."""
    ask(alice)
    [first] = messages()
    sweeping.sweep()
    [again] = messages()
    assert first.headers["expires"] is None
    left = datetime.fromisoformat(again.headers["expires"]) - timezone.now()
    assert timedelta() < left <= timedelta(seconds=settings.SWEEP_SECONDS)
