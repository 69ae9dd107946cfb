"""What becomes of a job whose try failed: another try, or its end. The same for direct and remote providers."""

import logging

from generation import jobs
from generation.models import Job
from generation.providers.base import ProviderError

log = logging.getLogger(__name__)


def fail(job: Job, error: ProviderError, *, number: int) -> None:
    """End try `number`; what may pass is tried again, three times at most. Another try that has begun is left alone."""
    log.warning("job %s, try %d: %s", job.code, number, error)
    code, detail = error.code, error.detail
    if error.permanent or not jobs.give_back(job_id=job.pk, code=code, detail=detail, tries=number):
        jobs.fail(job_id=job.pk, code=code, detail=detail, tries=number)
