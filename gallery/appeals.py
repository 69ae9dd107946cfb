"""Appeals: free, once per decision, answered by somebody else than who decided. The only writer of appeals."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from gallery import decisions, mails
from gallery.errors import AlreadyDecided, AnotherMustAnswer, NotAppealable, NotYours, OwnThing
from gallery.models import Action, Appeal, AppealState, Decision

if TYPE_CHECKING:
    from accounts.models import User

PAGE_SIZE = 20
PERMISSION = "gallery.add_decision"


def concerning(*, user_id: int, before: UUID | None = None) -> list[Decision]:
    """Decisions that a person may want to read, the newest first, one more than a page holds. Codes grow with time."""
    mine = Decision.objects.filter(_about(user_id)).exclude(action=Action.KEEP).order_by("-code")
    if before:
        mine = mine.filter(code__lt=before)
    return list(mine.select_related("asset__post", "asset__job", "comment", "strike", "appeal")[: PAGE_SIZE + 1])


def send(*, code: UUID, owner: "User", text: str) -> None:
    """Appeal a decision. Sent twice it stays the first. Raises NotYours, NotAppealable."""
    if (decision := Decision.objects.filter(_about(owner.pk), code=code).first()) is None:
        raise NotYours(code=code)
    if decision.action not in decisions.TAKING:
        raise NotAppealable
    appeal = Appeal(decision=decision, owner_id=decision.owner_id, text=text)
    Appeal.objects.bulk_create([appeal], ignore_conflicts=True)


def answer(*, code: UUID, actor: "User", is_granted: bool, words: str) -> Appeal:
    """Grant or refuse an appeal. Granted, all that was taken is given back by a decision of its own.

    Raises NotYours, OwnThing, AlreadyDecided, AnotherMustAnswer.
    """
    with transaction.atomic():
        appeal = _locked(code)
        owner_id = appeal.owner.merged_into_id or appeal.owner_id
        if owner_id == actor.pk:
            raise OwnThing
        if appeal.state != AppealState.OPEN:
            raise AlreadyDecided
        if appeal.decision.actor_id == actor.pk and others(than=actor, owner_id=owner_id).exists():
            raise AnotherMustAnswer
        appeal.state = AppealState.GRANTED if is_granted else AppealState.REFUSED
        appeal.answer, appeal.answered_by, appeal.answered_at = words, actor, timezone.now()
        appeal.save(update_fields=["state", "answer", "answered_by", "answered_at"])
        if is_granted:
            decisions.restore(decision=appeal.decision, actor=actor, note=words)
        else:
            mails.answer_soon(appeal_id=appeal.pk)
        return appeal


def others(*, than: "User", owner_id: int) -> "QuerySet[User]":
    """Other members of staff who may decide, the person concerned left out."""
    right = Permission.objects.filter(content_type__app_label="gallery", codename="add_decision")
    able = Q(is_superuser=True) | Q(user_permissions__in=right) | Q(groups__permissions__in=right)
    people = get_user_model()._default_manager.filter(able, is_staff=True, is_active=True)
    return people.exclude(pk__in=(than.pk, owner_id))


def _about(user_id: int) -> Q:
    """A person's own, also from when they were a guest: decisions never change, so those still name the guest."""
    return Q(owner=user_id) | Q(owner__merged_into=user_id)


def _locked(code: UUID) -> Appeal:
    """The appeal, after the thing that it is about: decisions lock in that order too."""
    appeals = Appeal.objects.select_related("owner", "decision__asset", "decision__comment")
    if (appeal := appeals.filter(code=code).first()) is None:
        raise NotYours(code=code)
    decisions.lock(decision=appeal.decision)
    return appeals.select_for_update(no_key=True, of=("self",)).get(pk=appeal.pk)
