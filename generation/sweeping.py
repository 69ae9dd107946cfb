"""The sweep: what must happen even when messages, workers or Redis are lost. Safe to run twice at once."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from generation import enhancing, predictions, public_copies, running, tasks
from generation.models import Asset, Attempt, ErrorCode, Job
from generation.providers import registry

BATCH = 200
HINTS_MAX = 20
RENDER_GRACE = timedelta(minutes=2)
# A prediction is looked at once more at its deadline; where nobody came to do that, its job ends without.
DEADLINE_GRACE = timedelta(seconds=45)


@dataclass(frozen=True)
class Swept:
    expired: int
    lost: int
    hints: int


def sweep() -> Swept:
    """End what is past its deadline, take back what a dead worker held, send again what nobody picked up."""
    enhancing.sweep()
    return Swept(expired=_expire(), lost=_take_back(), hints=_resend() + _collect() + _render_again() + _settle())


def _is_asked_about() -> Exists:
    """Whether a prediction holds the job, which needs no worker then."""
    return Exists(Attempt.objects.filter(job=OuterRef("pk"), finished_at=None, poll_at__isnull=False))


def _expire() -> int:
    late = Job.objects.filter(finished_at=None, deadline_at__lt=Now()).order_by("deadline_at")
    late = late.filter(~_is_asked_about() | Q(deadline_at__lt=Now() - DEADLINE_GRACE))
    return sum(
        running.fail(job_id=pk, code=ErrorCode.TIMEOUT, detail="past its deadline")
        for pk in late.values_list("pk", flat=True)[:BATCH]
    )


def _take_back() -> int:
    lost = Job.objects.filter(finished_at=None, waiting=False, lease_until__lt=Now()).order_by("lease_until")
    taken = 0
    for pk, tries in lost.filter(~_is_asked_about()).values_list("pk", "tries")[:BATCH]:
        taken += 1
        if _seek(pk):
            continue
        if not running.give_back(job_id=pk, code=ErrorCode.INTERNAL, detail="the worker's lease ran out", tries=tries):
            running.fail(job_id=pk, code=ErrorCode.INTERNAL, detail="three workers were lost", tries=tries)
    return taken


def _seek(job_id: int) -> bool:
    """A worker that was lost with a remote provider may have begun a prediction: no second one before that is known."""
    attempt = Attempt.objects.filter(job_id=job_id, finished_at=None).first()
    if attempt is None or not registry.is_remote(attempt.provider):
        return False
    return predictions.seek(attempt_id=attempt.pk)


def _collect() -> int:
    """Predictions to ask about: polls, and whatever a lost webhook or hint forgot."""
    due = predictions.due()
    for attempt_id in due:
        tasks.collect_soon(attempt_id, is_again=True)
    return len(due)


def _resend() -> int:
    """Hints for lanes where jobs wait. Too many are harmless: a worker without a job to claim returns at once."""
    sent = 0
    ready = Q(not_before=None) | Q(not_before__lte=Now())
    waiting = Job.objects.filter(ready, waiting=True).values_list("lane").annotate(jobs=Count("pk"))
    for lane, number in waiting:
        for _ in range(min(number, HINTS_MAX)):
            tasks.hint(lane, is_again=True)
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


def _settle() -> int:
    """Public copies to make or to delete: whoever changed the asset may have sent no task, or it was lost."""
    due = public_copies.due()
    for pk in due:
        tasks.settle_public_soon(pk, is_again=True)
    return len(due)
