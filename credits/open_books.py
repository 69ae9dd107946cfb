"""The books as anybody may see them: the last audit and the ones before it. Reads what audit.py kept; sums nothing.

Nothing here names a person: of a breach only how many rows broke which sentence, never which.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import F
from django.utils import timezone

from credits import audit
from credits.models import HOUSE, PERSONAL, Audit, WalletKind

# Beat audits hourly: after so long something is wrong with beat or its worker.
STALE_AFTER = timedelta(hours=3)
HISTORY_ROWS = 24

# The house gives credits out of its wallets, so a person's gain is its loss.
WORDS: dict[WalletKind, str] = {
    WalletKind.ISSUANCE: "Given away: daily, welcome and goodwill",
    WalletKind.SALES: "Sold, less what was taken back",
    WalletKind.REVENUE: "Spent on pictures, less refunds",
    WalletKind.ADJUSTMENT: "Corrected by staff",
    WalletKind.DAILY: "In daily wallets",
    WalletKind.BONUS: "In bonus wallets",
    WalletKind.PURCHASED: "In wallets of bought credits",
    WalletKind.DEBT: "Owed after payments were taken back",
}


class State(StrEnum):
    OK = "ok"
    BREACH = "breach"
    STALE = "stale"


@dataclass(frozen=True)
class Outcome:
    """One sentence that was checked, and how many rows broke it."""

    sentence: str
    rows: int


@dataclass(frozen=True)
class Sum:
    """Credits of all wallets of one kind."""

    words: str
    credits: int


@dataclass(frozen=True)
class Books:
    """The last audit."""

    state: State
    at: datetime
    seconds: float
    outcomes: list[Outcome]
    house: list[Sum]
    people: list[Sum]
    transfers: int
    open_reserves: int

    @property
    def broken(self) -> int:
        return sum(outcome.rows > 0 for outcome in self.outcomes)

    @property
    def house_total(self) -> int:
        return sum(one.credits for one in self.house)

    @property
    def people_total(self) -> int:
        return sum(one.credits for one in self.people)

    @property
    def total(self) -> int:
        return self.house_total + self.people_total


@dataclass(frozen=True)
class Past:
    """A line of the history. `transfers` is None where an audit kept no figures."""

    at: datetime
    ok: bool
    seconds: float
    transfers: int | None


def last() -> Books | None:
    """The newest audit; None when none has run yet, or none that kept its checks. One query."""
    row = Audit.objects.exclude(checks=[]).order_by("-at", "-pk").first()
    return _books(row) if row else None


def history() -> list[Past]:
    """The newest audits, newest first. One query, whose rows hold no breaches."""
    rows = Audit.objects.order_by("-at", "-pk").values_list("at", "ok", "seconds", F("figures__transfers"))
    return [Past(*row) for row in rows[:HISTORY_ROWS]]


def _books(row: Audit) -> Books:
    sums: dict[str, int] = row.sums
    return Books(
        state=_state(row),
        at=row.at,
        seconds=row.seconds,
        outcomes=_outcomes(row),
        house=[Sum(WORDS[kind], sums.get(kind, 0)) for kind in HOUSE],
        people=[Sum(WORDS[kind], sums.get(kind, 0)) for kind in PERSONAL],
        transfers=row.figures["transfers"],
        open_reserves=row.figures["open_reserves"],
    )


def _state(row: Audit) -> State:
    """A breach stays one however old it is."""
    if not row.ok:
        return State.BREACH
    return State.STALE if timezone.now() - row.at > STALE_AFTER else State.OK


def _outcomes(row: Audit) -> list[Outcome]:
    """In the order of checking. The words are today's; a check that is gone keeps its name."""
    sentences = {check.name: check.sentence for check in audit.checks()}
    broken = {breach["check"]: breach["rows"] for breach in row.breaches}
    return [Outcome(sentences.get(name, name), broken.get(name, 0)) for name in row.checks]
