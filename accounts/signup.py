"""Becoming an account: the new row with its handle, and what the first verified sign-in brings."""

from dataclasses import dataclass
from itertools import islice

from django.db import IntegrityError, transaction

from accounts import guests, handles
from accounts.models import User
from credits import ledger
from credits.triggers import broken_rule

TRIES = 20


@dataclass(frozen=True)
class Arrival:
    """What a sign-in brought. `pictures` is None when no guest was merged."""

    pictures: int | None


def save_new(*, user: User) -> User:
    """Insert a new account under the first free handle. Raises IntegrityError when the address is taken."""
    for handle in islice(handles.candidates(user.display_name or user.email or ""), TRIES):
        user.handle = handle
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            if broken_rule(error) != "user_handle_once":
                raise
        else:
            return user
    raise RuntimeError(f"no free handle after {TRIES} tries")


def arrive(*, account_id: int, guest_id: int | None) -> Arrival:
    """What every sign-in does, all of it once: welcome credits, and the work of this browser's guest.

    A sign-in implies a verified address: nobody gets past the code of the mail without one.
    """
    ledger.welcome(owner_id=account_id)
    return Arrival(guests.merge(guest_id=guest_id, account_id=account_id) if guest_id else None)
