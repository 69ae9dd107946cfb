"""Guests: a row for who generates without an account, and its one merge into an account.

Moves work, never credits: a guest's wallet stays the guest's, and an open reserve ends there.
"""

from django.db import transaction

from accounts.models import User
from credits.models import Wallet
from gallery import archives, strikes
from generation import jobs
from generation.models import Asset

# The one name under which a session knows its guest. Not Django's own: to Django a guest is not signed in.
SESSION_KEY = "guest_id"
COUNTED_MAX = 100


def create() -> User:
    return User.objects.create_guest()


def find(*, guest_id: int) -> User | None:
    """The guest, unless its work has moved into an account: then it is nobody any more."""
    return User.objects.filter(pk=guest_id, is_guest=True, merged_into=None).first()


def count_pictures(*, guest_id: int) -> int:
    """How many pictures a sign-up would bring along, at most COUNTED_MAX."""
    return Asset.objects.filter(owner_id=guest_id)[:COUNTED_MAX].count()


def merge(*, guest_id: int, account_id: int) -> int | None:
    """Move a guest's jobs and pictures into an account, once. Returns how many pictures; None when nothing was merged.

    A guest who was banned is not merged: the ban would otherwise be undone by signing up.
    """
    with transaction.atomic():
        people = User.objects.select_for_update(no_key=True).filter(pk__in=[guest_id, account_id]).order_by("pk")
        if not any(person.pk == account_id and not person.is_guest for person in people):
            return None
        guest = User.objects.filter(pk=guest_id, is_guest=True, is_active=True, merged_into=None)
        if guest.update(merged_into=account_id) != 1:
            return None
        moved = jobs.hand_over(from_id=guest_id, to_id=account_id)
        archives.hand_over(from_id=guest_id, to_id=account_id)
        strikes.hand_over(from_id=guest_id, to_id=account_id)
    return moved + _follow(guest_id=guest_id, account_id=account_id)


def _follow(*, guest_id: int, account_id: int) -> int:
    """Fetch the job that another tab was submitting for the guest while the merge ran.

    A submit holds the guest's wallets from before its job is inserted until it commits. Waiting for them is enough,
    and they are let go before the second pass: a worker that stores holds its job and then wants the wallets.
    """
    with transaction.atomic():
        list(Wallet.objects.select_for_update(no_key=True).filter(owner_id=guest_id).order_by("pk").values_list("pk"))
    with transaction.atomic():
        return jobs.hand_over(from_id=guest_id, to_id=account_id)
