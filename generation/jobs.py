"""A job's whole life, and the only writer of its state. Whoever ends a job settles its reserve in the same transaction.

Nothing here calls a provider: worker.py and remote.py do, between `begin` and `store`.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from config import throttle
from credits import allowance, ledger
from credits.purse import Purse
from generation import (
    access,
    assets,
    breaker,
    equivalents,
    forecast,
    lanes,
    limits,
    moderation,
    predictions,
    references,
    visitors,
)
from generation.access import Feature
from generation.errors import (
    GenerationError,
    InsufficientCredits,
    KeyReused,
    LaneFull,
    ModelResting,
    ModelUnavailable,
    NotOpen,
    SignedInElsewhere,
    TooManyJobs,
)
from generation.models import Asset, Attempt, Enhancement, ErrorCode, InferenceModel, Job, JobState, Reference
from generation.models.job import OPEN_STATES
from generation.pricing import price
from generation.pricing import quote as quotes
from generation.providers import registry
from generation.visitors import Visitor
from generation.wish import Wish

if TYPE_CHECKING:
    from accounts.models import User

# New accounts share the budget of free credits of their address for so long, until they buy.
NEW_ACCOUNT = timedelta(days=7)


@dataclass(frozen=True)
class Submitted:
    """An accepted request's job and whose limits counted.

    Of a new one it is told how many wait before it (`place`), and how much of today it used up.
    """

    job: Job
    is_new: bool
    tier: access.Tier
    place: int = 0
    used: limits.Used | None = None


# --- Submit ----------------------------------------------------------------------------------------------------------


def submit(
    *, owner: "User | None", visitor: Visitor | None, wish: Wish, quote_token: str, key: str, address: str
) -> Submitted:
    """Accept a request: job and reserve in one commit, or neither. The same key again returns the first job.

    Either `owner` or `visitor` is given. Raises the errors of generation/errors.py; nothing is written then.
    """
    if owner is not None:
        return _submit_as(owner, _keys(owner, visitor, key), wish, quote_token, address)
    assert visitor is not None
    return _submit_first(visitor, f"visitor:{visitor.key}:form:{key}", wish, quote_token, address)


def _submit_as(owner: "User", keys: list[str], wish: Wish, quote_token: str, address: str) -> Submitted:
    tier = access.tier(owner_id=owner.pk, is_guest=owner.is_guest)
    with ExitStack() as unless_accepted:
        try:
            asked = limits.ask(Feature.GENERATE, address=address, owner_id=owner.pk, tier=tier)
            unless_accepted.callback(limits.take_back, asked)
            quote = _admit(wish=wish, quote_token=quote_token)
        except GenerationError:
            # A retry of an answer that was lost must find its job, whatever has expired or filled up meanwhile.
            if known := Job.objects.filter(form_key__in=keys, owner_id=owner.pk).first():
                return Submitted(_same_or_refuse(known, wish), is_new=False, tier=tier)
            raise
        with transaction.atomic():
            submitted = _accept(owner, keys, wish, quote, tier, address)
        if not submitted.is_new:
            return submitted
        unless_accepted.pop_all()
    return replace(submitted, used=asked.used)


def _submit_first(visitor: Visitor, form_key: str, wish: Wish, quote_token: str, address: str) -> Submitted:
    """The request that makes a guest: whose day it is counted to once there is somebody to count it to."""
    try:
        limits.rate(Feature.GENERATE, address=address)
        quote = _admit(wish=wish, quote_token=quote_token)
    except GenerationError:
        if known := _known(visitor, form_key, wish):
            return known
        raise
    with transaction.atomic():
        # Two clicks of a browser without a session would make two guests: they take turns here instead.
        visitors.take_turns(visitor.key)
        if known := _known(visitor, form_key, wish):
            return known
        guest = visitor.become(None)
        submitted = _accept(guest, [form_key], wish, quote, access.Tier.GUEST, address)
    asked = limits.daily(Feature.GENERATE, owner_id=guest.pk, tier=access.Tier.GUEST)
    return replace(submitted, used=asked.used)


def _known(visitor: Visitor, form_key: str, wish: Wish) -> Submitted | None:
    """The job of an earlier click of this browser, which is its guest's again."""
    first = Job.objects.filter(form_key=form_key).first()
    if first is None:
        return None
    visitor.become(first.owner_id)
    return Submitted(_same_or_refuse(first, wish), is_new=False, tier=access.Tier.GUEST)


def _keys(owner: "User", visitor: Visitor | None, key: str) -> list[str]:
    """The key that a job of this owner is stored under, then the key of the submit that made the guest."""
    return [f"user:{owner.pk}:form:{key}"] + ([f"visitor:{visitor.key}:form:{key}"] if visitor else [])


def _same_or_refuse(job: Job, wish: Wish) -> Job:
    if job.form_digest != wish.digest():
        raise KeyReused
    return job


def _admit(*, wish: Wish, quote_token: str) -> quotes.Quote:
    """What can be said before anything is reserved: the words, the model's switch, the price."""
    for words in {wish.written, wish.prompt}:
        moderation.check(words)
    _refuse_what_cannot_run(wish)
    return quotes.accept(
        quote_token,
        model=wish.model,
        aspect_ratio=wish.aspect_ratio,
        count=wish.count,
        steps=wish.steps,
        references=wish.references,
    )


def _refuse_what_cannot_run(wish: Wish) -> None:
    """Before anything is reserved: the staff's switch, the provider's keys, its breaker. One round trip to Redis."""
    model = wish.model
    if not (model.available and registry.is_configured(model.provider)):
        raise ModelUnavailable(name=model.name, message=model.message)
    resting = breaker.state(model.provider)
    if resting.is_open and not (wish.failover and equivalents.of_wish(wish)):
        raise ModelResting(name=model.name, retry_after_seconds=resting.seconds_left)


def _accept(
    owner: "User", keys: list[str], wish: Wish, quote: quotes.Quote, tier: access.Tier, address: str
) -> Submitted:
    """Inside the transaction: lock the wallets first, then count, then reserve; so no race passes a cap."""
    purse = ledger.lock(owner_id=owner.pk, is_guest=owner.is_guest)
    # Signing up in another tab moves a guest's work under these locks: later work would be left behind.
    if owner.is_guest and not get_user_model().objects.filter(pk=owner.pk, merged_into=None).exists():
        raise SignedInElsewhere
    now = lanes.standing(
        owner_id=owner.pk, lane=wish.model.lane, form_keys=keys, count_to=forecast.places_max(wish.model)
    )
    if now.known_job_id:
        return Submitted(_same_or_refuse(Job.objects.get(pk=now.known_job_id), wish), is_new=False, tier=tier)
    if now.open_jobs >= access.open_jobs_max(tier):
        raise TooManyJobs(maximum=access.open_jobs_max(tier), open=now.open_jobs)
    if purse.debt or purse.available(purchased_only=wish.model.is_pro) < quote.total_credits:
        raise _too_few(purse, quote.total_credits, purchased_only=wish.model.is_pro, is_guest=owner.is_guest)
    if late := forecast.seconds_late(wish.model, place=now.place):
        raise LaneFull(name=wish.model.name, retry_after_seconds=late)
    if wish.reference_id:
        references.hold(reference_id=wish.reference_id, owner_id=owner.pk)
    free_address = ""
    if tier is not access.Tier.CUSTOMER and (owner.is_guest or owner.date_joined > timezone.now() - NEW_ACCOUNT):
        free_address = limits.address_key(address)
        limits.spend_free(address=free_address, amount=quote.total_credits)
    job = _insert(owner, keys[0], wish, quote, now, free_address)
    ledger.reserve(
        purse=purse,
        amount=quote.total_credits,
        subject=job.subject,
        kind="generation",
        purchased_only=wish.model.is_pro,
    )
    _hint(job.lane)
    return Submitted(job, is_new=True, tier=tier, place=min(now.place, lanes.PLACE_MAX + 1))


def _too_few(purse: Purse, needed: int, *, purchased_only: bool, is_guest: bool) -> InsufficientCredits:
    """When it is today's free credits that are missing, tomorrow's are a matter of time."""
    available = purse.available(purchased_only=purchased_only)
    refill = 0 if purchased_only or purse.debt else allowance.daily_amount(is_guest=is_guest)
    is_enough = refill and available - purse.daily + refill >= needed
    return InsufficientCredits(
        needed=needed,
        available=available,
        purchased_only=purchased_only,
        refill=refill,
        owed=purse.debt,
        retry_after_seconds=throttle.seconds_left_today() if is_enough else 0,
    )


def _insert(
    owner: "User", form_key: str, wish: Wish, quote: quotes.Quote, now: lanes.Standing, free_address: str
) -> Job:
    due = forecast.due(wish.model, place=now.place, count=wish.count)
    return Job.objects.create(
        **wish.fields(),
        owner=owner,
        form_key=form_key,
        form_digest=wish.digest(),
        price_credits=quote.price_credits,
        quote=quote.as_json(),
        free_address=free_address,
        free_credits=quote.total_credits if free_address else 0,
        lane=wish.model.lane,
        turn=now.turn,
        expected_low=due.low,
        expected_high=due.high,
        deadline_at=timezone.now() + timedelta(seconds=settings.JOB_DEADLINE_SECONDS),
    )


def _hint(lane: str, *, seconds: float = 0.0) -> None:
    """Tell the lane's workers that there is work, now or after so long. Lost hints are the sweep's to find."""
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    tasks.hint(lane, seconds=seconds)


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


def store(job: Job, attempt: Attempt, pictures: Sequence[assets.Stored], *, run_seconds: float) -> JobState:
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


def _succeed(row: Job, attempt: Attempt, pictures: Sequence[assets.Stored], *, run_seconds: float) -> None:
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
    return _end(job_id, JobState.FAILED, code=code, detail=detail, tries=tries)


def cancel(*, code: UUID, owner_id: int) -> Job:
    """The owner's wish to stop: honoured until the pictures are being stored. Raises Job.DoesNotExist, NotOpen."""
    job = Job.objects.get(code=code, owner_id=owner_id)
    if job.state != JobState.CANCELLED and not _end(job.pk, JobState.CANCELLED, code=ErrorCode.CANCELLED):
        raise NotOpen(state=Job.objects.values_list("state", flat=True).get(pk=job.pk))
    job.refresh_from_db()
    return job


def _end(job_id: int, state: JobState, *, code: ErrorCode, detail: str = "", tries: int | None = None) -> bool:
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
    _hint(changes.get("lane", row.lane), seconds=rest_seconds)


# --- People ----------------------------------------------------------------------------------------------------------


def hand_over(*, from_id: int, to_id: int) -> int:
    """Give a guest's work to an account; returns how many assets that is. Inside the merge's transaction.

    Money stays where it is: an open reserve is the guest's and ends there.
    """
    for kind in (Job, Reference, Enhancement):
        kind._default_manager.filter(owner_id=from_id).update(owner_id=to_id)
    return Asset.objects.filter(owner_id=from_id).update(owner_id=to_id)
