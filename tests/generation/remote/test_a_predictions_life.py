"""From a worker that begins a prediction and leaves to the pictures in storage: by asking, by being told, by both."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import TestCase
from django.utils import timezone

from generation import callbacks, intake, predictions, running, sweeping
from generation import remote as engine
from generation.models import Asset, Attempt, Job, JobState, ProviderEvent
from generation.providers.base import Output
from tests import pictures
from tests.generation.remote.steps import Remote, charges, nothing_is_broken

pytestmark = pytest.mark.django_db


def test_no_worker_holds_a_job_whose_prediction_runs(remote: Remote) -> None:
    attempt = remote.begin()
    job = Job.objects.get(pk=attempt.job_id)
    assert (job.state, job.waiting, job.lease_until) == (JobState.STARTING, False, None)
    assert attempt.external_id == remote.runs()[0].id
    assert attempt.poll_at is not None
    assert not running.renew(job)  # a heart that beats once more takes nothing over
    assert sweeping.sweep().lost == 0
    nothing_is_broken()


def test_what_is_asked_for_is_what_the_job_says(remote: Remote) -> None:
    attempt = remote.begin(count=2)
    asked = remote.runs()[0]
    assert asked.input["prompt"] == "A red kite"
    assert asked.input["num_outputs"] == 2
    assert asked.webhook.startswith(f"http://127.0.0.1:9/webhooks/replicate/{attempt.code}.")
    assert asked.events == ("start", "completed")


@pytest.mark.parametrize("public_url", ["https://atelier.example", "http://127.0.0.1:8000"])
def test_a_provider_elsewhere_is_given_no_address_that_it_cannot_reach(
    remote: Remote, settings: Any, public_url: str
) -> None:
    attempt = remote.begin()
    settings.PUBLIC_URL, settings.REPLICATE_BASE_URL = public_url, "https://api.replicate.com"
    assert callbacks.url(attempt).startswith("https://atelier.example/webhooks/") == (public_url[:5] == "https")
    assert callbacks.attempt_code(callbacks.token(attempt.code)) == attempt.code


def test_pictures_come_by_asking_alone(remote: Remote) -> None:
    """F25: no webhook ever arrives."""
    attempt = remote.begin(count=3)
    job = remote.bring_in(attempt)
    assert (job.state, job.lease_until) == (JobState.SUCCEEDED, None)
    reserved, captured, released, still_open = charges(job)
    assert (reserved, still_open) == (job.total_credits, 0)
    assert captured == reserved - released > 0
    stored = list(Asset.objects.filter(job=job).order_by("index"))
    assert [asset.seed for asset in stored] == job.seeds()
    assert all(default_storage.exists(asset.storage_key) for asset in stored)
    assert (attempt.pictures, attempt.poll_at, attempt.error_code) == (3, None, "")
    nothing_is_broken()


def test_the_time_that_is_charged_is_what_the_provider_measured(remote: Remote) -> None:
    remote.emulator.faults.add("metrics", predict_time=1.75)
    attempt = remote.begin()
    remote.bring_in(attempt)
    assert attempt.run_seconds == 1.75


def test_without_a_measured_time_ours_counts(remote: Remote) -> None:
    remote.emulator.faults.add("metrics", predict_time=None)
    attempt = remote.begin()
    remote.age(attempt, 7)
    remote.bring_in(attempt)
    assert attempt.run_seconds is not None
    assert 7 <= attempt.run_seconds < 60


def test_a_prediction_that_runs_shows_how_far_it_is_and_is_asked_again(remote: Remote) -> None:
    remote.emulator.faults.add("stuck", status="processing")
    attempt = remote.begin()
    run = remote.runs()[0]
    run.logs = " 40%|████      | 4/10 [00:01<00:02, 2.00it/s]\n"
    while run.status != "processing":
        run.over.wait(0.01)
    remote.collect(attempt)
    job = Job.objects.get(pk=attempt.job_id)
    assert (job.state, job.progress) == (JobState.RUNNING, 40)
    assert attempt.poll_at is not None
    version = job.version
    remote.collect(attempt)
    job.refresh_from_db()
    assert job.version == version  # nothing to show, so no poll of a card is answered


def test_it_is_asked_less_and_less_often_and_not_after_the_deadline(remote: Remote) -> None:
    remote.emulator.faults.add("stuck")
    attempt = remote.begin()
    pauses = []
    for _ in range(8):
        remote.collect(attempt)
        assert attempt.poll_at
        pauses.append((attempt.poll_at - timezone.now()).total_seconds())
    assert pauses[0] < 3 < pauses[3] < pauses[-1] <= 15
    soon = timezone.now() + timedelta(seconds=4)
    Job.objects.update(deadline_at=soon)
    remote.collect(attempt)
    assert attempt.poll_at == soon


def test_nothing_is_asked_before_its_time(remote: Remote) -> None:
    attempt = remote.begin()
    remote.emulator.calls.clear()
    engine.collect(attempt_id=attempt.pk)
    assert not remote.emulator.calls
    assert sweeping.sweep().hints == 0
    Attempt.objects.update(poll_at=timezone.now())
    assert sweeping.sweep().hints == 1


def test_pictures_come_by_a_webhook_without_asking(remote: Remote) -> None:
    attempt = remote.begin()
    run = remote.over()
    assert remote.webhook(attempt, run.told()).status_code == 200
    remote.emulator.calls.clear()
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED
    assert [call.path.split("/")[1] for call in remote.emulator.calls] == ["files"]


def test_the_last_word_counts_whichever_came_first(remote: Remote) -> None:
    """F27: the end is told before the start."""
    remote.emulator.faults.add("slow", seconds=0.5)
    attempt = remote.begin()
    early = remote.runs()[0].told()
    late = remote.over().told()
    assert (early["status"], late["status"]) != ("succeeded", "starting")
    remote.webhook(attempt, late)
    remote.webhook(attempt, early)
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED


def test_a_webhook_that_comes_before_the_creates_answer_is_kept_and_used(remote: Remote) -> None:
    """F27: adopted by its token; what the worker writes afterwards takes nothing back."""

    def told() -> None:
        attempt = Attempt.objects.get()
        assert remote.webhook(attempt, remote.over().told()).status_code == 200
        attempt.refresh_from_db()
        assert attempt.external_id == remote.runs()[0].id

    with remote.before_the_answer(told):
        attempt = remote.begin()
    assert attempt.poll_at
    assert attempt.poll_at <= timezone.now()  # as the webhook said: now
    remote.collect(attempt)
    job = Job.objects.get()
    assert (job.state, job.lease_until) == (JobState.SUCCEEDED, None)
    nothing_is_broken()


def test_what_was_delivered_before_the_creates_answer_stays_delivered(remote: Remote) -> None:
    """F27: also where the whole job has ended by then."""

    def delivered() -> None:
        attempt = Attempt.objects.get()
        remote.webhook(attempt, remote.over().told())
        remote.collect(attempt)

    with remote.before_the_answer(delivered):
        attempt = remote.begin()
    assert (attempt.pictures, attempt.poll_at) == (1, None)
    assert Job.objects.get().state == JobState.SUCCEEDED


def test_a_webhook_of_a_day_later_changes_nothing(remote: Remote) -> None:
    """F26: and it is answered like the first."""
    attempt = remote.begin()
    told = remote.over().told()
    remote.webhook(attempt, told, event_id="msg_first")
    remote.collect(attempt)
    for event_id in ("msg_first", "msg_second"):
        assert remote.webhook(attempt, told, event_id=event_id).status_code == 200
    attempt.refresh_from_db()
    assert attempt.poll_at is None
    assert (Asset.objects.count(), ProviderEvent.objects.count()) == (1, 2)
    nothing_is_broken()


def test_bodies_are_forgotten_after_a_week_and_receipts_never(remote: Remote) -> None:
    attempt = remote.begin()
    remote.webhook(attempt, remote.over().told(), event_id="msg_old")
    remote.webhook(attempt, remote.over().told(), event_id="msg_new")
    ProviderEvent.objects.filter(event_id="msg_old").update(received_at=timezone.now() - timedelta(days=8))
    assert predictions.forget_bodies() == 1
    assert predictions.forget_bodies() == 0
    kept = {event.event_id: bytes(event.body) for event in ProviderEvent.objects.all()}
    assert kept["msg_old"] == b""
    assert kept["msg_new"].startswith(b"{")
    assert remote.webhook(attempt, remote.over().told(), event_id="msg_old").status_code == 200
    assert ProviderEvent.objects.count() == 2


def test_bytes_of_a_second_delivery_leave_the_storage_again(remote: Remote) -> None:
    """J8: two collectors at once; who comes second has stored for nothing."""
    attempt = remote.begin()
    job = remote.bring_in(attempt)
    first = Asset.objects.get()
    again = [intake.keep(job=job, output=Output(0, pictures.png(1), 1))]
    assert default_storage.exists(again[0].storage_key)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert running.store(job, attempt, again, run_seconds=1) == JobState.SUCCEEDED
    assert not default_storage.exists(again[0].storage_key)
    assert default_storage.exists(first.storage_key)
