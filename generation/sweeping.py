"""The sweep: what must happen even when messages, workers or Redis are lost. Safe to run twice at once."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from generation import enhancing, jobs, tasks
from generation.models import Asset, ErrorCode, Job

BATCH = 200
HINTS_MAX = 20
RENDER_GRACE = timedelta(minutes=2)


@dataclass(frozen=True)
class Swept:
    expired: int
    lost: int
    hints: int


def sweep() -> Swept:
    """End what is past its deadline, take back what a dead worker held, send again what nobody picked up."""
    enhancing.sweep()
    return Swept(expired=_expire(), lost=_take_back(), hints=_resend() + _render_again())


def _expire() -> int:
    late = Job.objects.filter(finished_at=None, deadline_at__lt=Now()).order_by("deadline_at")
    return sum(
        jobs.fail(job_id=pk, code=ErrorCode.TIMEOUT, detail="past its deadline")
        for pk in late.values_list("pk", flat=True)[:BATCH]
    )


def _take_back() -> int:
    lost = Job.objects.filter(finished_at=None, waiting=False, lease_until__lt=Now()).order_by("lease_until")
    taken = 0
    for pk, tries in lost.values_list("pk", "tries")[:BATCH]:
        if not jobs.give_back(job_id=pk, code=ErrorCode.INTERNAL, detail="the worker's lease ran out", tries=tries):
            jobs.fail(job_id=pk, code=ErrorCode.INTERNAL, detail="three workers were lost", tries=tries)
        taken += 1
    return taken


def _resend() -> int:
    """Hints for lanes where jobs wait. Too many are harmless: a worker without a job to claim returns at once."""
    sent = 0
    waiting = Job.objects.filter(waiting=True).values_list("lane").annotate(jobs=Count("pk"))
    for lane, number in waiting:
        for _ in range(min(number, HINTS_MAX)):
            tasks.hint(lane)
            sent += 1
    return sent


def _render_again() -> int:
    """Renditions whose task was lost. Old assets are left alone: their original serves."""
    now = timezone.now()
    missing = Asset.objects.filter(
        rendered_at=None, deleted_at=None, created_at__lt=now - RENDER_GRACE, created_at__gt=now - timedelta(days=1)
    )
    pks = list(missing.values_list("pk", flat=True)[:HINTS_MAX])
    for pk in pks:
        tasks.render_soon(pk)
    return len(pks)
