"""An equivalent draws a job that was given up elsewhere, and the first prediction turns up after all."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from accounts import guests
from accounts.models import User
from generation import catalogue, retrying, worker
from generation.models import Asset, Attempt, ErrorCode, InferenceModel, Job, JobState, Lane
from generation.providers import registry
from generation.providers.base import Order, Output, ProviderError, Watch
from tests import pictures
from tests.generation.remote.steps import Remote, charges, draw_on, nothing_is_broken
from tests.generation.resilience import south as south_module

pytestmark = pytest.mark.django_db


class Slow:
    """Something happens before each picture; stops when it is told to."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens = happens

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        for index, seed in enumerate(order.seeds):
            self.happens()
            watch.progress(index / len(order.seeds))
            if watch.cancelled():
                return
            yield Output(index=index, data=pictures.png(seed), seed=seed)


@pytest.fixture
def first(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """It was given up; what it began has ended well, and nobody has looked at it. Its equivalent is next."""
    InferenceModel.objects.filter(pk=remote.model.pk).update(family="quick")
    InferenceModel.objects.create(
        slug="gouache",
        name="Gouache",
        provider="south",
        family="quick",
        lane=Lane.GPU,
        aspect_ratios=["1:1"],
        max_count=4,
        price_credits=2,
        typical_seconds=2.0,
    )
    catalogue.forget()
    monkeypatch.setitem(registry.PROVIDERS, "south", registry.Entry(south_module.__name__))
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 0)
    remote.model = draw_on(remote.model)
    pictures.submit(remote.owner, pictures=2, prompt="A red kite", ratio="1:1", model=remote.model, failover=True)
    remote.work()
    attempt = Attempt.objects.select_related("job__model").get()
    remote.over()
    lost = ProviderError(ErrorCode.PROVIDER_DOWN, permanent=False, detail="it never began")
    retrying.after(attempt.job, lost, number=1)
    return attempt


def draw(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> Job:
    monkeypatch.setattr(south_module, "provider", Slow(happens))
    registry.get.cache_clear()
    try:
        worker.work(Lane.GPU)
    finally:
        registry.get.cache_clear()
    return Job.objects.get()


def turns_up(remote: Remote, attempt: Attempt) -> None:
    remote.webhook(attempt, remote.runs()[0].told())
    remote.collect(attempt)


def made_once(job: Job) -> None:
    assert (job.state, Asset.objects.filter(job=job).count()) == (JobState.SUCCEEDED, 2)
    reserved, captured, _, still_open = charges(job)
    assert 0 < captured <= reserved
    assert still_open == 0
    nothing_is_broken()


def test_the_first_to_arrive_is_kept_and_paid_once(
    remote: Remote, first: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = draw(monkeypatch, lambda: turns_up(remote, first))
    made_once(job)
    assert {asset.model_id for asset in job.assets.all()} == {remote.model.pk}
    assert Attempt.objects.get(pictures__isnull=False) == first


def test_one_that_turns_up_without_its_files_stops_nobody(
    remote: Remote, first: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.emulator.faults.add("refuse", at="files", status=500, times=None)
    job = draw(monkeypatch, lambda: turns_up(remote, first))
    made_once(job)
    assert job.tries == 2
    assert {asset.model_id for asset in job.assets.all()} == {job.stand_in_id}


def test_one_that_turns_up_afterwards_changes_nothing(
    remote: Remote, first: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = draw(monkeypatch, lambda: None)
    before = charges(job)
    turns_up(remote, first)
    job.refresh_from_db()
    made_once(job)
    assert charges(job) == before
    first.refresh_from_db()
    assert (first.poll_at, first.pictures) == (None, None)


@pytest.mark.parametrize("moment", ["before", "while", "after"])
def test_a_guest_who_becomes_an_account_meanwhile_gets_it_all_the_same(
    remote: Remote, gwen: User, charlie: User, moment: str
) -> None:
    remote.owner = gwen
    attempt = remote.begin()
    remote.over()
    merge = partial(guests.merge, guest_id=gwen.pk, account_id=charlie.pk)
    if moment == "before":
        merge()
    if moment == "while":
        with pytest.MonkeyPatch.context() as patch:
            provider: Any = registry.get("replicate")
            look = provider.look
            patch.setattr(provider, "look", lambda *asked, **more: (merge(), look(*asked, **more))[1])
            remote.collect(attempt)
    remote.collect(attempt)
    if moment == "after":
        merge()
    job = Job.objects.get()
    assert (job.state, job.owner) == (JobState.SUCCEEDED, charlie)
    assert job.assets.get().owner == charlie
    nothing_is_broken()
