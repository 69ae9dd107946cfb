"""Transfers as the lines of a statement, in a person's words. Pure: rows in, lines out; no query, no markup.

A payment from several wallets is several transfers and one line; a part that came back is a line of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from credits.models import PERSONAL, SPENDABLE, Phase, TransferKind, WalletKind

ENDS = (Phase.CAPTURE, Phase.RELEASE)


@dataclass(frozen=True)
class Row:
    """A transfer as the statement reads it."""

    id: int
    at: datetime
    phase: str
    kind: str
    subject: str
    reason: str
    amount: int
    source: str
    target: str
    held: int | None  # the amount of the reserve that it ends
    available_now: int  # the owner's, today; the same on every row

    @property
    def day(self) -> date:
        return self.at.astimezone(UTC).date()

    @property
    def wallet(self) -> str:
        """The person's side of it; of a debt that was paid, what paid it."""
        return self.source if self.source in PERSONAL else self.target

    @property
    def change(self) -> int:
        """What it did to the available credits."""
        if self.phase == Phase.RESERVE:
            return -self.amount
        if self.phase in ENDS:
            return self.returned
        return self.amount * ((self.target in SPENDABLE) - (self.source in SPENDABLE))

    @property
    def captured(self) -> int:
        return self.amount if self.phase == Phase.CAPTURE else 0

    @property
    def returned(self) -> int:
        return (self.held or 0) - self.captured


@dataclass(frozen=True)
class Line:
    """One line: `change` is what it did to the available credits, `available` what there was after it."""

    at: datetime
    what: str
    detail: str
    tag: str
    look: str  # which of the stylesheet's tags: reserve, done, live, fail or none
    change: int
    note: str  # what stands in place of a change of 0: "27 charged", "90 owed"
    available: int | None
    job: str  # the code of the job it is about

    @property
    def spent(self) -> int:
        return -self.change


# What a final transfer is called, its tag, and the tag's look.
WORDS: dict[str, tuple[str, str, str]] = {
    TransferKind.WELCOME: ("Welcome credits", "Welcome", "done"),
    TransferKind.DAILY: ("Daily credits", "Daily", "done"),
    TransferKind.GOODWILL: ("A gift from Atelier", "Gift", "done"),
    TransferKind.PURCHASE: ("Credits bought", "Purchase", "live"),
    TransferKind.RESTORE: ("Payment restored", "Purchase", "live"),
    TransferKind.REFUND: ("Purchase refunded", "Refund", "live"),
    TransferKind.CLAWBACK: ("Payment withdrawn", "Refund", "fail"),
    TransferKind.DEBT: ("Debt paid", "Debt", ""),
    TransferKind.ADJUSTMENT: ("Correction", "Correction", ""),
}
CHARGE_BACK = ("Pictures refunded", "Refund", "done")


def group(rows: Iterable[Row]) -> list[list[Row]]:
    """Neighbouring rows that were written together: the reserves of one submit, or the ends of one job."""

    def together(row: Row) -> tuple[str, str, str, int]:
        phase = Phase.CAPTURE if row.phase in ENDS else row.phase
        return (row.subject, row.kind, phase, row.id if row.phase == Phase.FINAL else 0)

    return [list(rows) for _, rows in groupby(rows, key=together)]


def of(groups: Sequence[Sequence[Row]], *, available: int | None, only: str = "") -> tuple[list[Line], int | None]:
    """The groups' lines, newest first, and what was available before the oldest of them.

    `available` is what there was after the newest; None when that is not known, as behind a filter. `only` drops the
    other half of an end: "capture" shows no returns, "release" shows no charges.
    """
    lines: list[Line] = []
    for rows in groups:
        for line in _lines(rows, available):
            if only not in ENDS or line.tag.lower() == only:
                lines.append(line)
            available = None if available is None else available - line.change
    return lines, available


def _lines(rows: Sequence[Row], available: int | None) -> list[Line]:
    if rows[0].phase == Phase.FINAL:
        return [_final(rows[0], available)]
    if rows[0].phase == Phase.RESERVE:
        return [_reserve(rows, available)]
    return _end(rows, available)


def _final(row: Row, available: int | None) -> Line:
    is_charge_back = row.source == WalletKind.REVENUE
    what, tag, look = CHARGE_BACK if is_charge_back else WORDS[row.kind]
    return Line(
        at=row.at,
        what="Added to your debt" if row.source == WalletKind.DEBT else what,
        detail=row.reason or _wallet_words(row),
        tag=tag,
        look=look,
        change=row.change,
        note="" if row.change else f"{row.amount:,} {'owed' if row.source == WalletKind.DEBT else 'forgiven'}",
        available=available,
        job=_job_code(row) if is_charge_back else "",
    )


def _reserve(rows: Sequence[Row], available: int | None) -> Line:
    change = -sum(row.amount for row in rows)
    detail = f"Set aside from {_parts((row.source, row.amount) for row in rows)}"
    return _job_line(rows[0], detail, tag="Reserve", look="reserve", change=change, note="", available=available)


def _end(rows: Sequence[Row], available: int | None) -> list[Line]:
    """What came back and what was charged: the later of the two first, as in the rest of the statement."""
    lines = []
    returned = sum(row.returned for row in rows)
    captured = sum(row.captured for row in rows)
    if returned:
        detail = f"Back to {_parts((row.source, row.returned) for row in rows)}"
        lines.append(
            _job_line(rows[0], detail, tag="Release", look="done", change=returned, note="", available=available)
        )
    if captured:
        before = None if available is None else available - returned
        detail = f"Paid from {_parts((row.source, row.captured) for row in rows)}"
        note = f"{captured:,} charged"
        lines.append(_job_line(rows[0], detail, tag="Capture", look="", change=0, note=note, available=before))
    return lines


def _job_line(row: Row, detail: str, *, tag: str, look: str, change: int, note: str, available: int | None) -> Line:
    return Line(row.at, "Pictures", detail, tag, look, change, note, available, _job_code(row))


def _job_code(row: Row) -> str:
    return row.subject.removeprefix("job:") if row.subject.startswith("job:") else ""


def _parts(amounts: Iterable[tuple[str, int]]) -> str:
    """20 daily and 7 bonus; the wallet alone where there is only one."""
    parts = sorted(
        ((wallet, amount) for wallet, amount in amounts if amount), key=lambda part: SPENDABLE.index(part[0])
    )
    if len(parts) == 1:
        return parts[0][0]
    words = [f"{amount} {wallet}" for wallet, amount in parts]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _wallet_words(row: Row) -> str:
    if row.target in SPENDABLE:
        return f"Into {row.target}"
    return f"From {row.source}" if row.source in SPENDABLE else ""
