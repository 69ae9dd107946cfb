"""What a worker does with one job: claim, call the provider with nothing locked, store. Only this calls providers."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import Error, connection

from generation import assets, jobs, lanes, orders
from generation.models import Attempt, ErrorCode, Job, JobState
from generation.providers import registry
from generation.providers.base import DirectProvider, Output, ProviderError, Watch

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.5


def work(lane: str) -> Job | None:
    """Run the fairest waiting job of a lane to its end. Returns it, or None when nothing waited."""
    job = lanes.claim(lane=lane)
    if job is None:
        return None
    with _heartbeat(job):
        _run(job)
    return job


def _run(job: Job) -> None:
    attempt = jobs.begin(job)
    if attempt is None:
        return
    try:
        _produce(job, attempt)
    except ProviderError as error:
        log.warning("job %s, try %d: %s", job.code, job.tries, error)
        _fail(job, error.code, error.detail, permanent=error.permanent)
    except SoftTimeLimitExceeded:
        _fail(job, ErrorCode.TIMEOUT, "the worker's time limit", permanent=True)
    except Error:
        raise  # the database is away: the lease runs out and the sweep takes the job back
    except Exception as error:
        log.exception("job %s, try %d", job.code, job.tries)
        _fail(job, ErrorCode.INTERNAL, repr(error), permanent=False)


def _fail(job: Job, code: ErrorCode, detail: str, *, permanent: bool) -> None:
    if permanent or not jobs.give_back(job_id=job.pk, code=code, detail=detail, tries=job.tries):
        jobs.fail(job_id=job.pk, code=code, detail=detail, tries=job.tries)


def _produce(job: Job, attempt: Attempt) -> None:
    began = time.monotonic()
    provider = registry.get(attempt.provider)
    assert isinstance(provider, DirectProvider)
    outputs = list(provider.run(orders.of(job, attempt), _watch(job)))
    run_seconds = time.monotonic() - began
    if len(outputs) < job.count and jobs.is_lost(job):
        return  # this worker was frozen for longer than its lease; what it has is no partial success
    if not outputs:
        if Job.objects.filter(pk=job.pk, state=JobState.CANCELLED).exists():
            return
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail="no picture came")
    jobs.storing(job)
    pictures = list(_keep(job, attempt, outputs))
    if not pictures:
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail="no picture could be read")
    if jobs.store(job, attempt, pictures, run_seconds=run_seconds) == JobState.CANCELLED:
        assets.discard(pictures)


def _keep(job: Job, attempt: Attempt, outputs: list[Output]) -> Iterator[assets.Stored]:
    """Each readable picture, stored; an unreadable one costs nothing and spoils nothing."""
    for output in outputs[: job.count]:
        try:
            yield assets.keep(job=job, attempt_number=attempt.number, output=output)
        except assets.Unreadable as error:
            log.warning("job %s, picture %d: %s", job.code, output.index, error)


def _watch(job: Job) -> Watch:
    """Progress twice a second at most; a job that ended meanwhile asks the provider to stop."""
    last = time.monotonic()
    ended = False

    def progress(share: float) -> None:
        nonlocal last, ended
        if time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            ended = not jobs.report(job, percent=max(1, min(99, int(share * 100))))

    return Watch(progress=progress, cancelled=lambda: ended)


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Renew the lease in a thread of its own, so that no call is ever longer than its lease."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(settings.JOB_LEASE_SECONDS / 3):
                with suppress(Error):  # away for a moment: the next beat tries again
                    jobs.renew(job)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"lease-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
