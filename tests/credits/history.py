"""Days that are over, for tests: rows that the database accepts, written past the ledger, which knows today alone."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from accounts.models import User
from credits.models import Phase, Transfer, TransferKind, Wallet, WalletKind


def wallet(user: User | None, kind: WalletKind) -> Wallet:
    return Wallet.objects.get(owner=user, kind=kind)


def gift(user: User, day: date, amount: int = 5, **fields: Any) -> Transfer:
    """Bonus credits, at noon. The user has wallets already."""
    values: dict[str, Any] = {
        "owner": user,
        "source": wallet(None, WalletKind.ISSUANCE),
        "target": wallet(user, WalletKind.BONUS),
        "amount": amount,
        "phase": Phase.FINAL,
        "kind": TransferKind.GOODWILL,
        "key": f"test:{uuid4()}",
        "reason": "a test",
        "actor": user,
        "created_at": noon(day),
    }
    return Transfer.objects.create(**(values | fields))


def spend(user: User, day: date, reserved: int, charged: int) -> tuple[Transfer, Transfer]:
    """A job of that day, paid from bonus credits: the reserve, and what ended it."""
    subject = f"job:{uuid4()}"
    values: dict[str, Any] = {
        "owner": user,
        "source": wallet(user, WalletKind.BONUS),
        "target": wallet(None, WalletKind.REVENUE),
        "kind": TransferKind.GENERATION,
        "subject": subject,
        "created_at": noon(day),
    }
    held = Transfer.objects.create(**values, amount=reserved, phase=Phase.RESERVE, key=f"{subject}:reserve")
    phase = Phase.CAPTURE if charged else Phase.RELEASE
    amount = charged or reserved
    return held, Transfer.objects.create(**values, amount=amount, phase=phase, reserve=held, key=f"{subject}:end")


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
