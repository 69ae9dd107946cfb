"""Webhooks, polls, cancels and failures at once, each with a connection of its own; and webhooks on a real server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from credits import statements
from generation import jobs, lanes, running, sweeping
from generation import remote as engine
from generation.models import Asset, Attempt, ErrorCode, Job, JobState, Lane, ProviderEvent
from generation.providers import registry
from tests.generation.remote.steps import Remote, nothing_is_broken
from tests.races import race, together

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def while_looking(door: str, happens: Callable[[], object]) -> Iterator[None]:
    """Inside, something happens after each answer of the provider at this door, before anybody has read it."""
    provider = registry.get("replicate")
    ask = getattr(provider, door)

    def slowly(*asked: Any, **more: Any) -> Any:
        try:
            return ask(*asked, **more)
        finally:
            happens()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, door, slowly)
        yield


@pytest.fixture
def reachable(remote: Remote, live_server: Any, settings: Any) -> Remote:
    """The emulator's webhooks arrive."""
    settings.PUBLIC_URL = live_server.url
    return remote


def poll(attempt: Attempt) -> None:
    Attempt.objects.filter(pk=attempt.pk, poll_at__isnull=False).update(poll_at=timezone.now())
    engine.collect(attempt_id=attempt.pk)


def made_once(job_id: int) -> None:
    job = Job.objects.get(pk=job_id)
    assert job.state == JobState.SUCCEEDED
    assert Asset.objects.filter(job=job).count() == job.count
    told = statements.of_subject(job.subject)
    assert told.open == 0
    assert 0 < told.captured <= job.total_credits
    nothing_is_broken()


def test_twenty_of_one_webhook_and_the_poller_make_one_picture(remote: Remote) -> None:
    """F26, J8."""
    attempt = remote.begin()
    told = remote.over().told()

    def arrive() -> int:
        status = remote.webhook(attempt, told, event_id="msg_1").status_code
        engine.collect(attempt_id=attempt.pk)
        return status

    works: list[Callable[[], Any]] = [arrive] * 20 + [partial(poll, attempt)] * 4
    assert set(race(works)) == {200, None}
    assert ProviderEvent.objects.count() == 1
    made_once(attempt.job_id)
    assert len(remote.runs()) == 1


def test_twenty_different_webhooks_of_one_prediction_adopt_it_once(remote: Remote) -> None:
    """F26, F27: none waits for another for ever."""
    remote.emulator.faults.add("drop", at="create")
    attempt = remote.begin()
    told = remote.over().told()
    results = together(20, lambda: remote.webhook(attempt, told).status_code)
    assert set(results) == {200}
    assert ProviderEvent.objects.filter(attempt=attempt).count() == 20
    poll(attempt)
    made_once(attempt.job_id)


def test_twenty_collectors_make_one_picture(remote: Remote) -> None:
    attempt = remote.begin(count=2)
    remote.over()
    assert not [result for result in together(20, lambda: poll(attempt)) if isinstance(result, Exception)]
    made_once(attempt.job_id)


def test_success_cancel_failure_and_sweep_at_once_have_one_outcome(remote: Remote) -> None:
    """J11."""
    for _ in range(4):
        job = remote.ask()
        remote.work()
        attempt = Attempt.objects.get(job=job)
        told = remote.over().told()
        cancel = partial(jobs.cancel, code=job.code, owner_id=remote.owner.pk)
        fail = partial(running.fail, job_id=job.pk, code=ErrorCode.TIMEOUT)
        hear = partial(remote.webhook, attempt, told, event_id=f"msg_{job.pk}")
        ends: list[Callable[[], object]] = [hear, partial(poll, attempt), cancel, fail, sweeping.sweep]
        race(ends * 3)
        poll(attempt)
        job.refresh_from_db()
        charges = statements.of_subject(job.subject)
        assert (job.state == JobState.SUCCEEDED) == (charges.captured > 0)
        assert (charges.open, Attempt.objects.filter(poll_at__isnull=False).count()) == (0, 0)
        nothing_is_broken()


def test_a_webhook_that_comes_while_another_look_fails_wins(remote: Remote) -> None:
    """What was learnt before it came is not written over it."""
    remote.emulator.faults.add("drop", at="create", times=1)
    attempt = remote.begin()
    told = remote.over().told()
    Attempt.objects.update(started_at=timezone.now() - timedelta(hours=1))
    remote.emulator.faults.add("refuse", at="list", status=404)
    with while_looking("find", lambda: remote.webhook(attempt, told)):
        poll(attempt)
    attempt.refresh_from_db()
    assert (attempt.finished_at, Job.objects.get().waiting) == (None, False)
    poll(attempt)
    made_once(attempt.job_id)


def test_a_webhook_that_comes_during_the_last_look_is_in_time(remote: Remote) -> None:
    """J6: the job is not failed over a success that is known already."""
    remote.emulator.faults.add("slow", seconds=0.5)
    attempt = remote.begin()
    remote.pass_deadline(attempt.job_id)
    with while_looking("look", lambda: remote.webhook(attempt, remote.over().told())):
        poll(attempt)
    assert Job.objects.get().is_open
    poll(attempt)
    made_once(attempt.job_id)


def test_the_same_hint_twice_is_one_prediction(remote: Remote) -> None:
    """F16."""
    remote.ask()
    together(4, remote.work)
    assert len(remote.runs()) == 1
    assert Attempt.objects.count() == 1
    assert lanes.claim(lane=Lane.PROVIDERS) is None


# --- Real webhooks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "values"),
    [
        ("", {}),
        ("webhook_first", {}),
        ("reorder_webhooks", {}),
        ("duplicate_webhook", {"copies": 20}),
        ("rotated_webhook", {}),
        ("large_webhook", {}),
        ("drop", {"at": "create"}),
    ],
)
def test_the_emulators_own_webhook_brings_the_pictures(reachable: Remote, fault: str, values: dict[str, Any]) -> None:
    """F26, F27, F28, F37, F40, on the wire."""
    if fault:
        reachable.emulator.faults.add(fault, **values)
    attempt = reachable.begin(count=2)
    assert reachable.over().told_all.wait(20)
    final = ProviderEvent.objects.filter(attempt=attempt, is_final=True)
    assert final.count() == 1
    attempt.refresh_from_db()
    assert attempt.external_id == reachable.runs()[0].id
    reachable.emulator.calls.clear()
    engine.collect(attempt_id=attempt.pk)
    made_once(attempt.job_id)
    assert not [call for call in reachable.emulator.calls if "predictions" in call.path]


@pytest.mark.parametrize("fault", ["forged_webhook", "unsigned_webhook", "stale_webhook", "drop_webhook"])
def test_a_webhook_that_is_not_genuine_leaves_it_to_the_poller(reachable: Remote, fault: str) -> None:
    """F25, E1."""
    reachable.emulator.faults.add(fault)
    attempt = reachable.begin()
    assert reachable.over().told_all.wait(20)
    assert not ProviderEvent.objects.exists()
    poll(attempt)
    made_once(attempt.job_id)
