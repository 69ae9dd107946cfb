"""What one subject cost, transfer by transfer, in a person's words. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from credits.models import SPENDABLE, Phase, Transfer, TransferKind, WalletKind

# What a movement is called and which of the stylesheet's tags it wears.
LABELS: dict[str, tuple[str, str]] = {
    Phase.RESERVE: ("Reserved", "reserve"),
    Phase.CAPTURE: ("Charged", ""),
    Phase.RELEASE: ("Released", "done"),
    TransferKind.REFUND: ("Refunded", "done"),
    TransferKind.DEBT: ("Debt paid", ""),
}
PARTS_MAX = 50


@dataclass(frozen=True)
class Movement:
    """One line of a receipt. `amount` in credits, always positive; `change` is what it did to the available ones;
    `wallet` is the person's side of it and `owner_id` that person."""

    label: str
    look: str
    amount: int
    change: int
    at: datetime
    wallet: str
    owner_id: int


def of_subject(subject: str) -> list[Movement]:
    """Every transfer about a subject, in order. What a capture left of its reserve is a line of its own."""
    rows = Transfer.objects.filter(subject=subject).select_related("source", "target", "reserve").order_by("pk")
    movements: list[Movement] = []
    for row in rows[:PARTS_MAX]:
        movements.append(_movement(row, row.kind if row.phase == Phase.FINAL else row.phase, row.amount))
        left = row.reserve.amount - row.amount if row.phase == Phase.CAPTURE and row.reserve else 0
        if left:
            movements.append(_movement(row, Phase.RELEASE, left))
    return movements


def _movement(row: Transfer, what: str, amount: int) -> Movement:
    own = row.source if row.source.owner_id else row.target
    label, look = LABELS.get(what, ("Moved", ""))
    return Movement(
        label=label,
        look=look,
        amount=amount,
        change=amount * _direction(row, what),
        at=row.created_at,
        wallet=WalletKind(own.kind).label,
        owner_id=row.owner_id,
    )


def _direction(row: Transfer, what: str) -> int:
    """Of the available credits: a reserve took them away, so its charge takes nothing more."""
    if row.phase == Phase.FINAL:
        return (row.target.kind in SPENDABLE) - (row.source.kind in SPENDABLE)
    return {Phase.RESERVE: -1, Phase.RELEASE: 1}.get(Phase(what), 0)
