"""What people do with a job: submit one, with its reserve in the same commit; cancel it; hand it to an account.

What comes between and every other change of its state is running.py's.
"""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from config import throttle
from credits import allowance, ledger
from credits.purse import Purse
from generation import (
    access,
    breaker,
    equivalents,
    forecast,
    lanes,
    limits,
    moderation,
    references,
    running,
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
from generation.models import Asset, Enhancement, ErrorCode, Job, JobState, Reference
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
    lanes.hint(job.lane)
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


# --- Afterwards ------------------------------------------------------------------------------------------------------


def cancel(*, code: UUID, owner_id: int) -> Job:
    """The owner's wish to stop: honoured until the pictures are being stored. Raises Job.DoesNotExist, NotOpen."""
    job = Job.objects.get(code=code, owner_id=owner_id)
    if job.state != JobState.CANCELLED and not running.end(job.pk, JobState.CANCELLED, code=ErrorCode.CANCELLED):
        raise NotOpen(state=Job.objects.values_list("state", flat=True).get(pk=job.pk))
    job.refresh_from_db()
    return job


def hand_over(*, from_id: int, to_id: int) -> int:
    """Give a guest's work to an account; returns how many assets that is. Inside the merge's transaction.

    Money stays where it is: an open reserve is the guest's and ends there.
    """
    for kind in (Job, Reference, Enhancement):
        kind._default_manager.filter(owner_id=from_id).update(owner_id=to_id)
    return Asset.objects.filter(owner_id=from_id).update(owner_id=to_id)
