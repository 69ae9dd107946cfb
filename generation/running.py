"""A job from its first try to its end. The only writer of its state, but for the claim (lanes.py).

Whoever ends a job settles its reserve in the same transaction. Nothing here calls a provider: worker.py and remote.py
do, between `begin` and `store`.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce, Now

from credits import ledger
from generation import assets, intake, lanes, limits, predictions
from generation.models import Attempt, ErrorCode, InferenceModel, Job, JobState
from generation.models.job import OPEN_STATES
from generation.pricing import price

# --- Run: called by the worker, each a short transaction of its own --------------------------------------------------


def begin(job: Job, *, is_remote: bool = False) -> Attempt | None:
    """Write the attempt, then the provider may be called. None when the job has ended meanwhile.

    A job runs from now on; one at a remote provider does when that says so (`runs`).
    """
    with transaction.atomic():
        begun = not is_remote and _move(job, JobState.STARTING, JobState.RUNNING)
        if not (begun or _is_held(job, is_remote=is_remote)):
            return None
        return Attempt.objects.create(job=job, number=job.tries, provider=job.maker.provider, model=job.maker)


def _move(job: Job, since: JobState, to: JobState) -> bool:
    return bool(Job.objects.filter(pk=job.pk, state=since).update(state=to))


def _is_held(job: Job, *, is_remote: bool) -> bool:
    """Whether it is open, and locked now, so that it does not end meanwhile. A lost worker's job may have come further
    than to its start, and states never go back.
    """
    states = (JobState.RUNNING, JobState.STORING) + ((JobState.STARTING,) if is_remote else ())
    locked = Job.objects.select_for_update(no_key=True).filter(pk=job.pk, state__in=states)
    return locked.values_list("pk").first() is not None


def runs(*, job_id: int, tries: int, percent: int) -> None:
    """A remote provider says that this try runs, and how far it is; 0 where it does not tell."""
    mine = Job.objects.filter(pk=job_id, tries=tries, waiting=False)
    mine.filter(state=JobState.STARTING).update(state=JobState.RUNNING)
    if percent:
        mine.filter(state=JobState.RUNNING, progress__lt=percent).update(progress=percent)


def report(job: Job, *, percent: int) -> bool:
    """Show progress and renew the lease. False when the job has ended, so that the worker stops.

    A job whose pictures were being stored when its worker was lost, or its storage, is drawn again as it is.
    """
    lease = Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    drawn = Job.objects.filter(pk=job.pk, state__in=(JobState.RUNNING, JobState.STORING), tries=job.tries)
    return bool(drawn.update(progress=percent, lease_until=lease))


def renew(job: Job) -> bool:
    """Renew the lease alone: no new version, nothing to tell. False when the job is no longer this worker's."""
    lease = Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    mine = Job.objects.filter(pk=job.pk, state__in=OPEN_STATES, tries=job.tries, lease_until__isnull=False)
    return bool(mine.update(lease_until=lease))


def store(job: Job, attempt: Attempt, pictures: Sequence[intake.Stored], *, run_seconds: float) -> JobState:
    """Whole end of a successful run: assets, capture and state in one commit. Doing it twice changes nothing.

    `pictures` lie in storage already. What comes after the job has ended is kept for the owner and not charged,
    except after a cancel; bytes that no row points at then are taken out of storage. The first try to arrive ends the
    job, whichever it was. Returns the state that the job is in afterwards.
    """
    with transaction.atomic():
        row = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        if row.is_open:
            _succeed(row, attempt, pictures, run_seconds=run_seconds)
            _delivered(attempt, pictures=len(pictures), run_seconds=run_seconds)
            if row.tries > 1:
                _end_attempts(row, code=ErrorCode.CANCELLED, detail="another try was first")
            return JobState.SUCCEEDED
        if row.state == JobState.FAILED:
            assets.insert(row, pictures, model_id=attempt.model_id, is_late=True)
        else:
            assets.discard_spare(row, pictures)
        Attempt.objects.filter(pk=attempt.pk, poll_at__isnull=False).update(poll_at=None)
    return JobState(row.state)


def _delivered(attempt: Attempt, *, pictures: int, run_seconds: float) -> None:
    """Also when the attempt had been given up as lost: it came back, and this is what the receipt tells of it."""
    Attempt.objects.filter(pk=attempt.pk).update(
        finished_at=Coalesce("finished_at", Now()),
        run_seconds=run_seconds,
        pictures=pictures,
        error_code="",
        error_detail="",
        poll_at=None,
    )


def _succeed(row: Job, attempt: Attempt, pictures: Sequence[intake.Stored], *, run_seconds: float) -> None:
    for since, to in pairwise((JobState.STARTING, JobState.RUNNING, JobState.STORING)):
        if row.state == since:
            Job.objects.filter(pk=row.pk).update(state=to)
            row.state = to
    stored = assets.insert(row, pictures, model_id=attempt.model_id, is_late=False)
    charge = stored * price.charge(
        quoted=row.price_credits,
        expected_seconds=row.quote["expected_seconds"],
        measured_seconds=run_seconds / len(pictures),
    )
    ledger.settle(subject=row.subject, amount=charge)
    _release_budget(row, row.total_credits - charge)
    _finish(row, JobState.SUCCEEDED)


def is_lost(job: Job) -> bool:
    """Whether another worker has taken the job over from this try."""
    return Job.objects.filter(pk=job.pk, state__in=OPEN_STATES).exclude(tries=job.tries).exists()


def storing(job: Job) -> bool:
    """The provider has answered and bytes are going into storage. False when the job has ended meanwhile."""
    if _move(job, JobState.RUNNING, JobState.STORING):
        return True
    if _move(job, JobState.STARTING, JobState.RUNNING):  # nobody was told that it ran
        return storing(job)
    return Job.objects.filter(pk=job.pk, state=JobState.STORING).exists()


# --- Ends without pictures -------------------------------------------------------------------------------------------


def fail(*, job_id: int, code: ErrorCode, detail: str = "", tries: int | None = None) -> bool:
    """End a job as failed: everything reserved is released. False when it had ended already.

    With `tries` it speaks for that try alone: False, too, when another worker has the job by now.
    """
    return end(job_id, JobState.FAILED, code=code, detail=detail, tries=tries)


def end(job_id: int, state: JobState, *, code: ErrorCode, detail: str = "", tries: int | None = None) -> bool:
    with transaction.atomic():
        row = Job.objects.select_for_update(no_key=True).get(pk=job_id)
        if not row.is_open or (state == JobState.CANCELLED and row.state == JobState.STORING):
            return False
        if tries not in (None, row.tries):
            return False
        ledger.settle(subject=row.subject, amount=0)
        _release_budget(row, row.total_credits)
        _finish(row, state, code=code)
        _end_attempts(row, code=code, detail=detail)
    return True


def _end_attempts(row: Job, *, code: str, detail: str) -> None:
    """The job has ended, and so has what is live of it; what may still run elsewhere is called off."""
    Attempt.objects.filter(job=row, finished_at=None).update(
        finished_at=Now(), error_code=code, error_detail=detail[:500]
    )
    predictions.call_off(job_id=row.pk)


def _finish(row: Job, state: JobState, *, code: str = "") -> None:
    Job.objects.filter(pk=row.pk).update(
        state=state, error_code=code, waiting=False, lease_until=None, finished_at=Now()
    )


def _release_budget(row: Job, amount: int) -> None:
    if row.free_address and amount:
        limits.release_free(address=row.free_address, amount=amount, since=row.created_at)


def give_back(
    *,
    job_id: int,
    code: ErrorCode,
    detail: str,
    tries: int | None = None,
    rest_seconds: float = 0.0,
    stand_in: InferenceModel | None = None,
) -> bool:
    """A try that failed or whose worker died: back into the queue for another one. False after the last try.

    With `tries` it speaks for that try alone: when another worker has the job by now, nothing is taken from it.
    After `rest_seconds` it may be claimed again; a `stand_in` takes over on its own lane, with a turn there.
    """
    with transaction.atomic():
        row = Job.objects.select_for_update(no_key=True).get(pk=job_id)
        if not row.is_open or row.waiting or tries not in (None, row.tries):
            return True
        Attempt.objects.filter(job=row, finished_at=None).update(
            finished_at=Now(), error_code=code, error_detail=detail[:500], poll_at=None
        )
        if row.tries >= settings.JOB_ATTEMPTS_MAX:
            return False
        _queue_again(row, rest_seconds, stand_in)
    return True


def _queue_again(row: Job, rest_seconds: float, stand_in: InferenceModel | None) -> None:
    changes: dict[str, Any] = {"waiting": True, "lease_until": None, "not_before": None}
    if rest_seconds:
        changes["not_before"] = Now() + timedelta(seconds=rest_seconds)
    if stand_in is not None:
        changes |= {"stand_in": stand_in, "progress": 0}
        if stand_in.lane != row.lane:
            turn = lanes.turn(owner_id=row.owner_id, lane=stand_in.lane)
            changes |= {"lane": stand_in.lane, "turn": turn}
    Job.objects.filter(pk=row.pk).update(**changes)
    lanes.hint(changes.get("lane", row.lane), seconds=rest_seconds)
