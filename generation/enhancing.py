"""Enhancements: asked for, worked off, found, forgotten. Free, counted by the day, and a proposal: who asked decides.

Only this module writes them. The language model is called between two short transactions, by a worker.
"""

import hashlib
import json
import logging
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generation import access, breaker, limits, moderation, prompts, references, visitors
from generation.access import Feature
from generation.errors import BlockedPrompt, FileGone, ModelUnavailable, TooManyJobs
from generation.models import Enhancement, EnhancementState, ErrorCode, InferenceModel, Reference
from generation.prompts import enhance, merge, vision
from generation.providers.base import ProviderError
from generation.visitors import Visitor

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

# The language model has a breaker of its own: while it hangs, nobody's enhancement may hold a worker for long.
WRITER = "language-model"
DEADLINE = timedelta(seconds=60)
OPEN_MAX = 3  # at a time and person
TRIES_MAX = 2
ANOTHER_TRY = timedelta(seconds=20)  # what must be left until the deadline
LOST_AFTER = timedelta(seconds=5)  # a message that no worker took by then is sent again
KEPT = timedelta(hours=24)
BATCH = 200
# A refusal of the words is an answer; whatever else goes wrong gives its count back.
COUNTED = (ErrorCode.BLOCKED_PROMPT, ErrorCode.BLOCKED_OUTPUT)


# --- Ask -------------------------------------------------------------------------------------------------------------


def ask(
    *,
    owner: "User | None",
    visitor: Visitor,
    written: str,
    style: str,
    model: InferenceModel,
    reference: Reference | None,
    key: str,
    address: str,
) -> Enhancement:
    """The enhancement of these words for this form; the same words again are the same one, unless it failed.

    `visitor` becomes a guest where there is no `owner`. Raises the errors of generation/errors.py; nothing is written
    then, and nothing counted but the address's request.
    """
    moderation.check(written)
    if not prompts.available():
        raise ModelUnavailable(name="Prompt enhancement", message="")
    row = Enhancement(
        written=written,
        style=style,
        model=model,
        reference=reference,
        form_key=f"form:{key}:{_digest(written, style, model, reference)}",
        deadline_at=timezone.now() + DEADLINE,
    )
    return _ask_as(owner, visitor, row, address) if owner else _ask_first(visitor, row, address)


def _ask_as(owner: "User", visitor: Visitor, row: Enhancement, address: str) -> Enhancement:
    keys = [f"user:{owner.pk}:{row.form_key}", f"visitor:{visitor.key}:{row.form_key}"]
    if known := _known(keys, owner.pk):
        return known
    tier = access.tier(owner_id=owner.pk, is_guest=owner.is_guest)
    with ExitStack() as unless_accepted:
        asked = limits.ask(Feature.ENHANCE, address=address, owner_id=owner.pk, tier=tier)
        unless_accepted.callback(limits.take_back, asked)
        with transaction.atomic():
            visitors.take_turns(f"enhance:{owner.pk}")
            if known := _known(keys, owner.pk):
                return known
            _accept(owner, keys[0], row)
        unless_accepted.pop_all()
    return row


def _ask_first(visitor: Visitor, row: Enhancement, address: str) -> Enhancement:
    """The request that makes a guest, as in jobs.py: two clicks of a browser take turns, and are one."""
    form_key = f"visitor:{visitor.key}:{row.form_key}"
    limits.rate(Feature.ENHANCE, address=address)
    with transaction.atomic():
        visitors.take_turns(visitor.key)
        if first := Enhancement.objects.filter(form_key=form_key).first():
            visitor.become(first.owner_id)
            return first
        guest = visitor.become(None)
        _accept(guest, form_key, row)
    limits.daily(Feature.ENHANCE, owner_id=guest.pk, tier=access.Tier.GUEST)
    return row


def _digest(*told: object) -> str:
    return hashlib.sha256(json.dumps([str(one) for one in told]).encode()).hexdigest()[:16]


def _known(keys: list[str], owner_id: int) -> Enhancement | None:
    """One that failed may be asked for again, so it is not the one that is meant."""
    rows = Enhancement.objects.filter(form_key__in=keys, owner_id=owner_id).exclude(state=EnhancementState.FAILED)
    return rows.first()


def _accept(owner: "User", form_key: str, row: Enhancement) -> None:
    open_now = Enhancement.objects.filter(owner=owner, finished_at=None).count()
    if open_now >= OPEN_MAX:
        raise TooManyJobs(maximum=OPEN_MAX, open=open_now)
    if row.reference:
        references.hold(reference_id=row.reference.pk, owner_id=owner.pk)
    Enhancement.objects.filter(form_key=form_key, state=EnhancementState.FAILED).delete()
    row.owner, row.form_key = owner, form_key
    row.save(force_insert=True)
    _hint(row.pk)


def _hint(pk: int) -> None:
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    tasks.enhance_soon(pk)


# --- Run: called by a worker -----------------------------------------------------------------------------------------


def run(*, enhancement_id: int) -> None:
    """Have the words rewritten, once: whoever comes second finds it taken."""
    row = _claim(enhancement_id)
    if row is None:
        return
    if not breaker.allow(WRITER):
        _fail(row, ErrorCode.PROVIDER_DOWN)
        return
    try:
        text = _rewritten(row)
        moderation.check(text)
    except BlockedPrompt:
        _fail(row, ErrorCode.BLOCKED_OUTPUT)
    except FileGone:
        _fail(row, ErrorCode.BAD_REFERENCE)
    except ProviderError as error:
        log.warning("enhancement %s: %s", row.code, error)
        breaker.failed(WRITER, error)
        if error.permanent or not _back(row):
            _fail(row, error.code)
    except Exception:
        log.exception("enhancement %s broke", row.code)
        _fail(row, ErrorCode.INTERNAL)
    else:
        breaker.delivered(WRITER)
        _waiting(row).update(state=EnhancementState.DONE, text=text, finished_at=Now())


def _claim(pk: int) -> Enhancement | None:
    free = Enhancement.objects.filter(pk=pk, finished_at=None, started_at=None, deadline_at__gt=Now())
    if not free.update(started_at=Now(), tries=F("tries") + 1):
        return None
    return Enhancement.objects.select_related("model", "reference").get(pk=pk)


def _rewritten(row: Enhancement) -> str:
    """Both branches: words alone, or words with what was seen in a picture. Raises ProviderError, FileGone."""
    seen = _seen(row.reference) if row.reference else None
    name = row.model.name if row.model else ""
    try:
        return enhance.enhance(prompt=row.written, style=row.style, model_name=name, seen=seen)
    except ProviderError as error:
        if seen is None or error.code in COUNTED:
            raise
        breaker.failed(WRITER, error)
        return merge.merge(words=row.written, seen=seen)  # what was seen is worth having without a rewriter


def _seen(reference: Reference) -> vision.Seen:
    """A picture is looked at once, however often it is used."""
    if reference.seen:
        return vision.read(reference.seen)
    seen = vision.look(picture=references.read(reference), content_type=reference.content_type)
    Reference.objects.filter(pk=reference.pk).update(seen=seen.told())
    return seen


def _back(row: Enhancement) -> bool:
    """Let another worker try, if there is a try and the time for it left. The sweep sends it."""
    again = _waiting(row).filter(tries__lt=TRIES_MAX, deadline_at__gt=Now() + ANOTHER_TRY)
    return bool(again.update(started_at=None))


def _fail(row: Enhancement, code: ErrorCode) -> bool:
    failed = _waiting(row).update(state=EnhancementState.FAILED, error_code=code, finished_at=Now())
    if failed and code not in COUNTED:
        limits.take_back_later(Feature.ENHANCE, owner_id=row.owner_id, since=row.created_at)
    return bool(failed)


def _waiting(row: Enhancement) -> QuerySet[Enhancement]:
    return Enhancement.objects.filter(pk=row.pk, state=EnhancementState.WAITING)


# --- Sweep -----------------------------------------------------------------------------------------------------------


def sweep() -> int:
    """End what is past its deadline, send again what no worker took; how many that was."""
    late = Enhancement.objects.filter(finished_at=None, deadline_at__lt=Now()).order_by("deadline_at")[:BATCH]
    ended = sum(_fail(row, ErrorCode.TIMEOUT) for row in late)
    lost = Enhancement.objects.filter(finished_at=None, started_at=None, created_at__lt=timezone.now() - LOST_AFTER)
    again = list(lost.order_by("deadline_at").values_list("pk", flat=True)[:BATCH])
    for pk in again:
        _hint(pk)
    return ended + len(again)


def forget_old() -> int:
    """Drop what a form no longer stands on: jobs keep copies of the words. How many there were."""
    old = Enhancement.objects.filter(finished_at__lt=timezone.now() - KEPT)
    return old.delete()[0]


# --- Read ------------------------------------------------------------------------------------------------------------


def find(*, code: UUID, owner_id: int | None) -> Enhancement | None:
    """One's own; None for anybody else."""
    if owner_id is None:
        return None
    return Enhancement.objects.select_related("model", "reference").filter(code=code, owner_id=owner_id).first()


def text_for(*, code: str, owner_id: int | None, written: str) -> str:
    """What the model made of exactly these words; "" for another's, an unfinished one, or one of other words."""
    try:
        row = find(code=UUID(code), owner_id=owner_id)
    except ValueError:
        return ""
    return row.text if row is not None and row.written == written else ""
