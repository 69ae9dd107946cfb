"""Credits for tests, given and spent the only way there is: through the ledger."""

from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.models import User
from credits import ledger
from credits.models import TransferKind, WalletKind


def give(user: User, *, bonus: int = 0, purchased: int = 0) -> None:
    """Add credits to the wallets named. Daily credits come by themselves with the first `ledger.lock` of a day."""
    if bonus:
        ledger.grant(
            owner_id=user.pk,
            wallet_kind=WalletKind.BONUS,
            amount=bonus,
            kind=TransferKind.GOODWILL,
            key=f"test:{uuid4()}",
            reason="for a test",
            actor_id=user.pk,
        )
    if purchased:
        ledger.grant(
            owner_id=user.pk,
            wallet_kind=WalletKind.PURCHASED,
            amount=purchased,
            kind=TransferKind.PURCHASE,
            key=f"test:{uuid4()}",
        )


def set_aside(user: User, amount: int, subject: str = "", **options: Any) -> str:
    """Reserve as a submit does; the subject, a new one where none is given."""
    subject = subject or f"test:{uuid4()}"
    with transaction.atomic():
        purse = ledger.lock(owner_id=user.pk, is_guest=user.is_guest)
        ledger.reserve(purse=purse, amount=amount, subject=subject, kind=TransferKind.GENERATION, **options)
    return subject


def spend(user: User, reserved: int, charged: int, subject: str = "") -> str:
    """Reserve and settle at once; the subject."""
    subject = set_aside(user, reserved, subject)
    ledger.settle(subject=subject, amount=charged)
    return subject
