"""What a worker does with one job: claim, call the provider with nothing locked, store. What a remote provider is asked
later is remote.py's."""

import logging
import time
from collections.abc import Sequence
from functools import partial

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error

from generation import breaker, heartbeat, intake, lanes, orders, remote, retrying, running
from generation.breaker import Leave
from generation.models import Attempt, ErrorCode, Job, JobState
from generation.providers import registry
from generation.providers.base import DirectProvider, Output, Provider, ProviderError, RemoteProvider, Watch

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.5
# Between tries of a storage that is away, while what the provider made is in our hands and its call is paid.
STORAGE_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


def work(lane: str) -> Job | None:
    """Run the fairest waiting job of a lane to its end. Returns it, or None when nothing waited."""
    job = lanes.claim(lane=lane)
    if job is None:
        return None
    with heartbeat.beating(partial(running.renew, job), name=f"lease-{job.pk}"):
        _run(job)
    return job


def _run(job: Job) -> None:
    name = job.maker.provider
    leave = breaker.allow(name)
    if not leave:
        retrying.turned_away(job)
        return
    is_delivered: bool | None = False
    try:
        is_delivered = _try(job, registry.get(name))
    finally:
        if leave is Leave.TRIAL and is_delivered is not None:
            breaker.succeeded(name) if is_delivered else breaker.untried(name)


def _try(job: Job, provider: Provider) -> bool | None:
    """One attempt; whether its pictures were stored, or None while they are made elsewhere.

    Nothing was when the job has ended or is another worker's now.
    """
    try:
        attempt = running.begin(job, is_remote=isinstance(provider, RemoteProvider))
        return False if attempt is None else _produce(job, attempt, provider)
    except ProviderError as error:
        retrying.after(job, error, number=job.tries)
    except SoftTimeLimitExceeded:
        late = ProviderError(ErrorCode.TIMEOUT, permanent=True, detail="the worker's time limit")
        retrying.after(job, late, number=job.tries)
    except Error:
        raise  # the database is away: the lease runs out and the sweep takes the job back
    except Exception as error:
        log.exception("job %s, try %d", job.code, job.tries)
        retrying.after(job, ProviderError(ErrorCode.INTERNAL, permanent=False, detail=repr(error)), number=job.tries)
    return False


def _produce(job: Job, attempt: Attempt, provider: Provider) -> bool | None:
    if isinstance(provider, RemoteProvider):
        remote.start(job, attempt, provider)
        return None
    return _draw(job, attempt, provider)


def _draw(job: Job, attempt: Attempt, provider: DirectProvider) -> bool:
    began = time.monotonic()
    outputs = list(provider.run(orders.of(job, attempt), _watch(job)))
    run_seconds = time.monotonic() - began
    if len(outputs) < job.count and running.is_lost(job):
        return False  # this worker was frozen for longer than its lease; what it has is no partial success
    if not outputs:
        if Job.objects.filter(pk=job.pk, state=JobState.CANCELLED).exists():
            return False
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail="no picture came")
    running.storing(job)
    pictures = _keep(job, outputs)
    return running.store(job, attempt, pictures, run_seconds=run_seconds) == JobState.SUCCEEDED


def _keep(job: Job, outputs: Sequence[Output]) -> list[intake.Stored]:
    """Put them into storage; for a moment without one no second call is made. Raises OSError when it stays away."""
    for seconds in STORAGE_PAUSES_SECONDS:
        try:
            return intake.keep_readable(job=job, outputs=outputs)
        except OSError as error:
            log.warning("job %s: the storage is away: %s", job.code, error)
            time.sleep(seconds)
    return intake.keep_readable(job=job, outputs=outputs)


def _watch(job: Job) -> Watch:
    """Progress twice a second at most; a job that ended meanwhile asks the provider to stop."""
    last = time.monotonic()
    ended = False

    def progress(share: float) -> None:
        nonlocal last, ended
        if time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            ended = not running.report(job, percent=max(1, min(99, int(share * 100))))

    return Watch(progress=progress, cancelled=lambda: ended)
