"""What one subject cost, transfer by transfer, in a person's words. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from credits.models import Phase, Transfer, TransferKind, WalletKind

LABELS: dict[str, str] = {
    Phase.RESERVE: "Reserved",
    Phase.CAPTURE: "Charged",
    Phase.RELEASE: "Released",
    TransferKind.REFUND: "Refunded",
    TransferKind.DEBT: "Debt paid",
}
PARTS_MAX = 50


@dataclass(frozen=True)
class Movement:
    """One line of a receipt. `amount` in credits, always positive; `wallet` is the person's side of it."""

    label: str
    amount: int
    at: datetime
    wallet: str


def of_subject(subject: str) -> list[Movement]:
    """Every transfer about a subject, in order. What a capture left of its reserve is a line of its own."""
    rows = Transfer.objects.filter(subject=subject).select_related("source", "target", "reserve").order_by("pk")
    movements: list[Movement] = []
    for row in rows[:PARTS_MAX]:
        own = row.source if row.source.owner_id else row.target
        wallet = WalletKind(own.kind).label
        label = LABELS.get(row.kind if row.phase == Phase.FINAL else row.phase, "Moved")
        movements.append(Movement(label, row.amount, row.created_at, wallet))
        left = row.reserve.amount - row.amount if row.phase == Phase.CAPTURE and row.reserve else 0
        if left:
            movements.append(Movement(LABELS[Phase.RELEASE], left, row.created_at, wallet))
    return movements
