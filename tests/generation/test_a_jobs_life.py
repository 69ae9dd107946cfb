"""From the queue to its end: what each step writes, what it costs, and what happens when it happens twice."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from credits import statements
from generation import catalogue, intake, jobs, lanes, renditions, running, sweeping, worker
from generation.errors import NotOpen
from generation.models import Asset, Attempt, ErrorCode, FreeSpend, InferenceModel, Job, JobState
from generation.providers import registry
from generation.providers.base import Order, Output, ProviderError, Watch
from tests import pictures
from tests.generation.asking import rested

pytestmark = pytest.mark.django_db


class Provider:
    """A provider that does what a test says: sends these pictures, or raises."""

    def __init__(self, *sends: bytes | Exception) -> None:
        self.sends = sends
        self.orders: list[Order] = []

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        self.orders.append(order)
        for index, sent in enumerate(self.sends):
            if isinstance(sent, Exception):
                raise sent
            yield Output(index=index, data=sent, seed=order.seeds[index % len(order.seeds)])


class Obedient(Provider):
    """Tells how far it is before each picture, and stops when it is told to."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        for output in super().run(order, watch):
            watch.progress(output.index / len(order.seeds))
            if watch.cancelled():
                return
            yield output


Provide = Callable[..., Provider]


@pytest.fixture
def provide(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provide]:
    """Put a provider of the test in the registry's place of the demo one."""

    def use(*sends: Any) -> Provider:
        provider = sends[0] if sends and isinstance(sends[0], Provider) else Provider(*sends)
        module = type("module", (), {"provider": provider})
        monkeypatch.setitem(registry.PROVIDERS, "demo", registry.Entry("tests.generation.stand_in"))
        monkeypatch.setitem(__import__("sys").modules, "tests.generation.stand_in", module)
        registry.get.cache_clear()
        return provider

    yield use
    registry.get.cache_clear()


def ask(owner: User, count: int = 1) -> Job:
    return pictures.submit(owner, pictures=count, prompt="A red kite", ratio="1:1")


def charges(job: Job) -> tuple[int, int, int, int]:
    told = statements.of_subject(job.subject)
    return told.reserved, told.captured, told.released, told.open


# --- Success ---------------------------------------------------------------------------------------------------------


def test_a_job_becomes_pictures_and_is_charged_for_them(alice: User, provide: Provide) -> None:
    provider = provide(pictures.png(1), pictures.png(2))
    job = ask(alice, 2)
    done = worker.work("providers")
    job.refresh_from_db()
    assert done == job
    assert (job.state, job.finished_at is not None, job.lease_until) == (JobState.SUCCEEDED, True, None)
    assert charges(job) == (2, 2, 0, 0)
    stored = list(Asset.objects.filter(job=job).order_by("index"))
    assert [asset.seed for asset in stored] == job.seeds()
    assert all(default_storage.exists(asset.storage_key) for asset in stored)
    attempt = Attempt.objects.get(job=job)
    assert (attempt.number, attempt.error_code, attempt.finished_at is not None) == (1, "", True)
    assert provider.orders[0].attempt_code == attempt.code


def test_the_real_demo_provider_paints_through_the_pipeline(alice: User) -> None:
    job = pictures.submit(alice, pictures=1, prompt="Misty ridges", ratio="21:9")
    worker.work("providers")
    asset = Asset.objects.get(job=job)
    assert (asset.width, asset.height, asset.content_type) == (1568, 672, "image/png")
    assert asset.tone
    assert asset.placeholder


def test_three_of_four_pictures_cost_three(alice: User, provide: Provide) -> None:
    provide(pictures.png(1), b"not a picture", pictures.png(3), pictures.png(4))
    job = ask(alice, 4)
    worker.work("providers")
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert charges(job) == (4, 3, 1, 0)
    assert list(Asset.objects.filter(job=job).values_list("index", flat=True).order_by("index")) == [0, 2, 3]


def test_more_pictures_than_asked_for_are_left(alice: User, provide: Provide) -> None:
    provide(pictures.png(1), pictures.png(2), pictures.png(3))
    job = ask(alice, 2)
    worker.work("providers")
    assert Asset.objects.filter(job=job).count() == 2
    assert charges(job) == (2, 2, 0, 0)


@pytest.mark.parametrize(("seconds", "charged"), [(0.0, 5), (0.3, 7), (0.7, 9), (0.75, 10), (99.0, 10)])
def test_a_run_under_half_its_expected_time_costs_less(alice: User, seconds: float, charged: int) -> None:
    catalogue.sync()
    InferenceModel.objects.update(price_credits=10, typical_seconds=1.5)
    job = ask(alice)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt
    InferenceModel.objects.update(typical_seconds=100)  # what was shown stands, whatever staff change
    kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
    running.store(claimed, attempt, kept, run_seconds=seconds)
    assert charges(job) == (10, charged, 10 - charged, 0)


def test_storing_twice_changes_nothing(alice: User) -> None:
    job = ask(alice)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt
    kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
    for _ in range(2):
        assert running.store(claimed, attempt, kept, run_seconds=1) == JobState.SUCCEEDED
    assert Asset.objects.filter(job=job).count() == 1
    assert charges(job) == (1, 1, 0, 0)


def test_an_empty_lane_has_no_work(db: None) -> None:
    assert worker.work("providers") is None


# --- Failure ---------------------------------------------------------------------------------------------------------


def test_a_permanent_failure_ends_the_job_at_once_and_costs_nothing(alice: User, provide: Provide) -> None:
    provide(ProviderError(ErrorCode.BLOCKED_OUTPUT, permanent=True, detail="safety"))
    job = ask(alice, 3)
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, "blocked_output", 1)
    assert charges(job) == (3, 0, 3, 0)
    assert statements.balance(owner_id=alice.pk, is_guest=False).available == 100
    attempt = Attempt.objects.get(job=job)
    assert (attempt.error_code, attempt.error_detail) == ("blocked_output", "safety")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False), "provider_failed"),
        (ProviderError(ErrorCode.PROVIDER_BUSY, permanent=False), "provider_busy"),
        (b"garbage", "provider_failed"),
        (RuntimeError("a bug"), "internal"),
        (OSError("the storage is away"), "internal"),
    ],
)
def test_what_may_pass_is_tried_three_times(alice: User, provide: Provide, sent: bytes | Exception, code: str) -> None:
    provider = provide(sent)
    job = ask(alice)
    for _ in range(5):
        worker.work("providers")
        rested()
    job.refresh_from_db()
    assert len(provider.orders) == 3
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, code, 3)
    assert [attempt.number for attempt in Attempt.objects.filter(job=job).order_by("pk")] == [1, 2, 3]
    assert charges(job) == (1, 0, 1, 0)


def test_a_second_try_can_succeed(alice: User, provide: Provide) -> None:
    provide(ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False))
    job = ask(alice)
    worker.work("providers")
    provide(pictures.png(1))
    rested()
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)
    assert charges(job) == (1, 1, 0, 0)


def test_pictures_that_come_after_the_deadline_are_kept_and_not_charged(alice: User) -> None:
    job = ask(alice)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt
    assert running.fail(job_id=job.pk, code=ErrorCode.TIMEOUT)
    kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
    assert running.store(claimed, attempt, kept, run_seconds=1) == JobState.FAILED
    asset = Asset.objects.get(job=job)
    assert (asset.is_late, asset.owner) == (True, alice)
    assert charges(job) == (1, 0, 1, 0)


def test_failing_twice_is_failing_once(alice: User) -> None:
    job = ask(alice)
    assert running.fail(job_id=job.pk, code=ErrorCode.TIMEOUT)
    assert not running.fail(job_id=job.pk, code=ErrorCode.INTERNAL)
    job.refresh_from_db()
    assert job.error_code == ErrorCode.TIMEOUT


# --- Cancel ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [False, True])
def test_a_cancelled_job_releases_everything(alice: User, begun: bool) -> None:
    job = ask(alice, 2)
    if begun:
        claimed = lanes.claim(lane=job.lane)
        assert claimed
        running.begin(claimed)
    cancelled = jobs.cancel(code=job.code, owner_id=alice.pk)
    assert (cancelled.state, cancelled.error_code) == (JobState.CANCELLED, "cancelled")
    assert charges(job) == (2, 0, 2, 0)
    assert not Attempt.objects.filter(job=job, finished_at=None).exists()


def test_cancelling_twice_is_cancelling_once(alice: User) -> None:
    job = ask(alice)
    assert jobs.cancel(code=job.code, owner_id=alice.pk) == jobs.cancel(code=job.code, owner_id=alice.pk)


def test_another_cannot_cancel(alice: User, charlie: User) -> None:
    job = ask(alice)
    with pytest.raises(Job.DoesNotExist):
        jobs.cancel(code=job.code, owner_id=charlie.pk)


def test_a_job_whose_pictures_are_being_stored_is_not_cancelled(alice: User) -> None:
    job = ask(alice)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    running.begin(claimed)
    running.storing(claimed)
    with pytest.raises(NotOpen):
        jobs.cancel(code=job.code, owner_id=alice.pk)
    assert charges(job)[3] == 1


def test_a_cancelled_jobs_pictures_are_thrown_away(alice: User, provide: Provide) -> None:
    job = ask(alice)

    class CancelledMeanwhile(Provider):
        def run(self, order: Order, watch: Watch) -> Iterator[Output]:
            jobs.cancel(code=job.code, owner_id=alice.pk)
            yield Output(0, pictures.png(1), 1)

    provide(CancelledMeanwhile())
    worker.work("providers")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not Asset.objects.exists()
    assert charges(job) == (1, 0, 1, 0)
    assert not default_storage.exists("images") or not any(default_storage.listdir("images")[1])


# --- Lost workers and the sweep --------------------------------------------------------------------------------------


def test_the_sweep_takes_back_what_a_dead_worker_held(alice: User, provide: Provide) -> None:
    job = ask(alice)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    running.begin(claimed)
    assert sweeping.sweep().lost == 0  # the lease still holds
    Job.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    assert sweeping.sweep().lost == 1
    provide(pictures.png(1))
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)
    assert charges(job) == (1, 1, 0, 0)


def test_a_worker_that_was_lost_while_it_stored_costs_no_picture(
    alice: User, provide: Provide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20. The job goes on as "storing", and whoever draws it again is not told to stop."""
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 0)
    job = ask(alice, 2)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    running.begin(claimed)
    assert running.storing(claimed)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweeping.sweep().lost == 1
    provide(Obedient(pictures.png(1), pictures.png(2)))
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)
    assert charges(job) == (2, 2, 0, 0)


def test_a_storage_that_is_away_for_a_moment_costs_no_second_call(
    alice: User, provide: Provide, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F57, J5."""
    monkeypatch.setattr(worker, "STORAGE_PAUSES_SECONDS", (0.1,) * 100)
    provider = provide(Obedient(pictures.png(1), pictures.png(2)))
    job = ask(alice, 2)
    settings.MEDIA_ROOT = tmp_path / "away"
    settings.MEDIA_ROOT.touch()
    back = threading.Timer(0.5, settings.MEDIA_ROOT.unlink)
    back.start()
    worker.work("providers")
    back.join()
    job.refresh_from_db()
    assert (job.state, job.tries, len(provider.orders)) == (JobState.SUCCEEDED, 1, 1)
    assert charges(job) == (2, 2, 0, 0)


def test_a_storage_that_is_away_for_longer_costs_no_picture(
    alice: User, provide: Provide, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F57."""
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 0)
    monkeypatch.setattr(worker, "STORAGE_PAUSES_SECONDS", (0,))
    provide(Obedient(pictures.png(1), pictures.png(2)))
    job = ask(alice, 2)
    settings.MEDIA_ROOT = tmp_path / "a file" / "and no folder"
    settings.MEDIA_ROOT.parent.touch()
    worker.work("providers")
    settings.MEDIA_ROOT = tmp_path
    rested()
    worker.work("providers")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)
    assert charges(job) == (2, 2, 0, 0)


def test_a_job_that_kills_three_workers_fails(alice: User) -> None:
    job = ask(alice)
    for _ in range(3):
        claimed = lanes.claim(lane=job.lane)
        assert claimed
        running.begin(claimed)
        Job.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        sweeping.sweep()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "internal")
    assert charges(job) == (1, 0, 1, 0)


def test_a_worker_that_was_thought_dead_may_still_store(alice: User) -> None:
    job = ask(alice)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt
    running.give_back(job_id=job.pk, code=ErrorCode.INTERNAL, detail="lease")
    kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
    assert running.store(claimed, attempt, kept, run_seconds=1) == JobState.SUCCEEDED
    assert worker.work("providers") is None
    assert charges(job) == (1, 1, 0, 0)


def test_the_sweep_ends_what_is_past_its_deadline(alice: User) -> None:
    job = ask(alice)
    Job.objects.update(deadline_at=timezone.now() - timedelta(hours=1))
    assert lanes.claim(lane=job.lane) is None
    assert sweeping.sweep().expired == 1
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "timeout")
    assert charges(job) == (1, 0, 1, 0)


def test_the_sweep_sends_again_what_waits(alice: User) -> None:
    ask(alice)
    ask(alice)
    assert sweeping.sweep().hints == 2


def test_a_second_sweep_finds_nothing_more(alice: User) -> None:
    ask(alice)
    Job.objects.update(deadline_at=timezone.now() - timedelta(hours=1))
    sweeping.sweep()
    assert sweeping.sweep() == sweeping.Swept(expired=0, lost=0, hints=0)


def test_a_lease_is_renewed_only_by_whoever_holds_the_job(alice: User) -> None:
    job = ask(alice)
    first = lanes.claim(lane=job.lane)
    assert first
    running.begin(first)
    version = Job.objects.get(pk=job.pk).version
    assert running.renew(first)
    assert Job.objects.get(pk=job.pk).version == version  # nothing to show, so no poll is answered
    running.give_back(job_id=job.pk, code=ErrorCode.INTERNAL, detail="")
    lanes.claim(lane=job.lane)
    assert not running.renew(first)
    assert not running.report(first, percent=50)


# --- Budgets, guests -------------------------------------------------------------------------------------------------


def test_only_what_was_charged_stays_in_the_addresss_budget(gwen: User, provide: Provide) -> None:
    provide(pictures.png(1), b"broken", b"broken")
    ask(gwen, 3)
    assert FreeSpend.objects.get().spent == 3
    worker.work("providers")
    assert FreeSpend.objects.get().spent == 1


def test_a_guests_running_job_follows_into_the_account_and_is_paid_by_the_guest(gwen: User, charlie: User) -> None:
    job = ask(gwen)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt
    jobs.hand_over(from_id=gwen.pk, to_id=charlie.pk)
    kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
    running.store(claimed, attempt, kept, run_seconds=1)
    assert Asset.objects.get(job=job).owner == charlie
    assert charges(job) == (1, 1, 0, 0)
    assert statements.balance(owner_id=charlie.pk, is_guest=False).available == 20


def test_renditions_follow_and_the_door_does_not_wait_for_them(alice: User) -> None:
    asset = pictures.one(alice)
    opened = renditions.open_one(asset, 320, "webp", viewer_id=alice.pk)
    assert (opened.content_type, opened.is_original) == ("image/png", True)
    opened.file.close()
    renditions.make(asset_id=asset.pk)
    asset.refresh_from_db()
    opened = renditions.open_one(asset, 320, "webp", viewer_id=alice.pk)
    assert (opened.content_type, opened.is_made) == ("image/webp", True)
    assert asset.rendered_at is not None
    opened.file.close()
