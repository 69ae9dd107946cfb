"""Strikes: what a decision costs its person, for a while. Three live ones bar from publishing and commenting; making,
keeping and downloading go on. The only writer of strikes; the caller's transaction is the decision's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from gallery.errors import Barred
from gallery.models import Decision, Strike

MOST = 3
# A person who has more is barred anyway; no page lists them all.
READ_MAX = 50


def give(*, decision: Decision) -> Strike:
    expires = timezone.now() + timedelta(days=settings.STRIKE_DAYS)
    return Strike.objects.create(decision=decision, owner_id=decision.owner_id, expires_at=expires)


def lift(*, decision: Decision) -> None:
    """Take back what a decision cost; one that cost nothing, or was lifted before, is no error."""
    Strike.objects.filter(decision=decision, lifted_at__isnull=True).update(lifted_at=timezone.now())


def hand_over(*, from_id: int, to_id: int) -> None:
    """A guest's strikes are the account's that the guest became. Inside the merge's transaction."""
    Strike.objects.filter(owner=from_id).update(owner=to_id)


def live(*, user_id: int) -> list[datetime]:
    """When each of a person's live strikes expires, the first to go first."""
    alive = Strike.objects.filter(owner=user_id, lifted_at__isnull=True, expires_at__gt=timezone.now())
    return list(alive.order_by("expires_at").values_list("expires_at", flat=True)[:READ_MAX])


def barred_until(ends: Sequence[datetime]) -> datetime | None:
    """When fewer than three will be left, of strikes that expire then; None while there are fewer."""
    return ends[len(ends) - MOST] if len(ends) >= MOST else None


def check(*, user_id: int) -> None:
    """For whoever shows or says something to others. Raises Barred."""
    if until := barred_until(live(user_id=user_id)):
        raise Barred(until=until)
