"""What follows a try that failed or could not begin: an equivalent, another try after a rest, or the end.

Direct and remote tries end here alike. No worker waits: a job that rests gives its worker back (Job.not_before).
"""

import logging
import random
from typing import Any

from django.utils import timezone

from generation import breaker, equivalents, running
from generation.models import ErrorCode, Job
from generation.providers.base import ProviderError

log = logging.getLogger(__name__)

# Before the second and before the third try; each is stretched by up to a quarter, so that not all come back at once.
REST_SECONDS = (1.0, 4.0)
REST_SECONDS_MAX = 60.0
JITTER = 0.25
# A job that met somebody else's trial comes back when that is likely to be over: not before this, nor before a picture
# is made, because each time is a try of its own.
TRIAL_REST_SECONDS = 5.0


def turned_away(job: Job) -> None:
    """The breaker lets nobody through to the job's provider. While a trial runs it is worth coming back."""
    on_trial = not breaker.state(job.maker.provider).is_open
    error = ProviderError(
        ErrorCode.PROVIDER_DOWN,
        permanent=not on_trial,
        provider_at_fault=True,
        detail="its breaker lets nobody through",
        retry_after_seconds=max(TRIAL_REST_SECONDS, job.maker.expected_seconds),
    )
    follow(job, error, number=job.tries)


def after(job: Job, error: ProviderError, *, number: int) -> None:
    """Try `number` at the job's provider of now ended with an error, which counts against it."""
    breaker.failed(job.maker.provider, error, person=job.person)
    follow(job, error, number=number)


def follow(job: Job, error: ProviderError, *, number: int) -> None:
    """What becomes of the job whose try `number` ended so. Another try that has begun meanwhile is left alone."""
    log.warning("job %s, try %d: %s", job.code, number, error)
    ended: dict[str, Any] = {"job_id": job.pk, "code": error.code, "detail": error.detail, "tries": number}
    if not _goes_on(job, error, ended):
        running.fail(**ended)


def _goes_on(job: Job, error: ProviderError, ended: dict[str, Any]) -> bool:
    if job.failover and error.provider_at_fault and (model := equivalents.of_job(job)):
        return running.give_back(**ended, stand_in=model)
    rest_seconds = _rest(job, error)
    if error.permanent or not _is_in_time(job, rest_seconds):
        return False
    return running.give_back(**ended, rest_seconds=rest_seconds)


def _rest(job: Job, error: ProviderError) -> float:
    """Seconds before the next try: what the provider asked for or a back-off, bounded either way."""
    own = REST_SECONDS[min(job.tries, len(REST_SECONDS)) - 1]
    jittered = own * random.uniform(1, 1 + JITTER)  # noqa: S311  (no secret)
    return min(REST_SECONDS_MAX, max(error.retry_after_seconds, jittered))


def _is_in_time(job: Job, rest_seconds: float) -> bool:
    """Whether anything could still be made after the rest."""
    return (job.deadline_at - timezone.now()).total_seconds() > rest_seconds
