"""Reads of the ledger: a person's balance, their statement page by page, and what one subject cost. Writes nothing."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date
from functools import cached_property
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.db import connection
from django.db.models import BigIntegerField, Exists, F, Q, QuerySet, Subquery, Sum
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.db.models.functions import TruncDate

from config import cursors
from credits import allowance, lines
from credits.models import SPENDABLE, Checkpoint, Phase, Transfer, TransferKind, Wallet, WalletKind
from credits.seals import UtcDay

PAGE_ROWS = 60
BATCH_ROWS = 1_000  # of a download
MONTHS_MAX = 120  # offered; an older one can still be named in the address
MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")

# What an index of its own finds, however many jobs were paid for in between.
_RARE = ~Q(kind=TransferKind.GENERATION)
# The filter's words in the address, and the rows that they mean. A capture of less than its reserve also gave back.
FILTERS: dict[str, Q] = {
    "reserve": Q(phase=Phase.RESERVE),
    "capture": Q(phase=Phase.CAPTURE),
    "release": Q(phase=Phase.RELEASE) | Q(phase=Phase.CAPTURE, amount__lt=F("reserve__amount")),
    "purchase": Q(_RARE, kind__in=[TransferKind.PURCHASE, TransferKind.RESTORE]),
    "refund": Q(_RARE, kind__in=[TransferKind.REFUND, TransferKind.CLAWBACK, TransferKind.DEBT]),
    "free": Q(
        _RARE,
        kind__in=[TransferKind.DAILY, TransferKind.WELCOME, TransferKind.GOODWILL, TransferKind.ADJUSTMENT],
    ),
}
OF_JOBS = ("reserve", "capture", "release")
_RESERVED = Q(phase=Phase.RESERVE)
_REFUNDED = Q(kind=TransferKind.REFUND, source__kind=WalletKind.REVENUE)


class BadCursor(ValueError):
    """The `after` of a page address is none that we have given out."""


class BadFilter(ValueError):
    """A filter's value that does not exist."""


@dataclass(frozen=True)
class Pocket:
    """One wallet as its owner sees it, in credits."""

    spendable: int = 0
    reserved: int = 0


@dataclass(frozen=True)
class Balance:
    """A person's credits now; today's top-up counts as there even before the first spending makes it happen."""

    daily: Pocket
    bonus: Pocket
    purchased: Pocket
    debt: int  # what is owed, 0 or more
    daily_amount: int  # what the daily wallet is filled up to at 00:00 UTC
    has_purchased: bool = False  # ever: raises the limits

    @property
    def available(self) -> int:
        return self.daily.spendable + self.bonus.spendable + self.purchased.spendable

    @property
    def reserved(self) -> int:
        return self.daily.reserved + self.bonus.reserved + self.purchased.reserved


@dataclass(frozen=True)
class Charges:
    """What one subject cost, in credits: reserved == captured + released + open; `refunded` is a part of captured."""

    reserved: int = 0
    captured: int = 0
    released: int = 0
    open: int = 0
    refunded: int = 0


@dataclass(frozen=True)
class Seal:
    """The newest checkpoint: everything up to the end of this UTC day is hashed into it."""

    day: date
    hash: bytes

    @property
    def short(self) -> str:
        digits = self.hash.hex()
        return f"{digits[:4]} {digits[4:8]} … {digits[-4:]}"


@dataclass(frozen=True)
class Overview:
    """What stands above the lines. `since` is the UTC day of the first one."""

    balance: Balance
    since: date | None = None
    today: date | None = None
    seal: Seal | None = None

    @cached_property
    def months(self) -> list[date]:
        """The first days of the months that may have lines, newest first, at most MONTHS_MAX."""
        if self.since is None or self.today is None:
            return []
        first, last = _month_number(self.since), _month_number(self.today)
        return [_first_day(number) for number in range(last, first - 1, -1)][:MONTHS_MAX]


@dataclass(frozen=True)
class Filter:
    """Which transfers a statement shows; empty words show all. A month is a UTC one: 2026-11."""

    kind: str = ""
    wallet: str = ""
    month: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("", *FILTERS) or self.wallet not in ("", *SPENDABLE):
            raise BadFilter(self.kind, self.wallet)
        if self.month and not MONTH.fullmatch(self.month):
            raise BadFilter(self.month)

    @property
    def first_day(self) -> date | None:
        """Of the month."""
        return date.fromisoformat(f"{self.month}-01") if self.month else None

    def of(self, owner_id: int) -> list[QuerySet[Any]]:
        """The owner's transfers that it shows, with their `day`: one set, or two that an index each has in order."""
        transfers: QuerySet[Any] = Transfer.objects.filter(owner_id=owner_id).annotate(day=UtcDay("created_at"))
        if self.kind:
            transfers = transfers.filter(FILTERS[self.kind])
        first = self.first_day
        if first:
            transfers = transfers.filter(day__gte=first, day__lt=_first_day(_month_number(first) + 1))
        if not self.wallet:
            return [transfers]
        own = Subquery(Wallet.objects.filter(owner_id=owner_id, kind=self.wallet).values("id"))
        jobs = transfers.filter(kind=TransferKind.GENERATION, source=own)
        others = transfers.filter(_RARE).filter(Q(source=own) | Q(target=own))
        return [jobs] if self.kind in OF_JOBS else [others] if self.kind else [jobs, others]

    def __bool__(self) -> bool:
        return bool(self.kind or self.wallet or self.month)


def _month_number(day: date) -> int:
    """Of the day's month, counted through the years."""
    return day.year * 12 + day.month - 1


def _first_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class StatementPage:
    """Newest first. `older` is the cursor of the next page, empty on the last one."""

    entries: list[lines.Line] = field(default_factory=list)
    older: str = ""


def balance(*, owner_id: int | None, is_guest: bool) -> Balance:
    """One query; none for nobody, who sees what a guest has."""
    rows = _wallets(owner_id) if owner_id is not None else {}
    return _balance(rows, allowance.daily_amount(is_guest=is_guest or owner_id is None))


def overview(*, owner_id: int | None, is_guest: bool) -> Overview:
    """The balance, the months to choose from and the newest checkpoint, in the same one query."""
    rows = _wallets(owner_id, **_history(owner_id)) if owner_id is not None else {}
    shown = _balance(rows, allowance.daily_amount(is_guest=is_guest or owner_id is None))
    if not rows:
        return Overview(shown)
    any_row = next(iter(rows.values()))
    seal = Seal(any_row.sealed_on, bytes(any_row.seal)) if any_row.sealed_on and any_row.seal else None
    return Overview(shown, since=any_row.since, today=any_row.today, seal=seal)


def _balance(rows: "dict[str, _Wallet]", amount: int) -> Balance:
    return Balance(
        daily=_daily_pocket(rows.get(WalletKind.DAILY), amount),
        bonus=_pocket(rows.get(WalletKind.BONUS)),
        purchased=_pocket(rows.get(WalletKind.PURCHASED)),
        debt=-rows[WalletKind.DEBT].balance if WalletKind.DEBT in rows else 0,
        daily_amount=amount,
        has_purchased=any(wallet.has_purchased for wallet in rows.values()),
    )


def page(*, owner_id: int | None, after: str = "", wanted: Filter | None = None) -> StatementPage:
    """One keyset page of the owner's transfers, in one query. Raises BadCursor."""
    wanted = wanted or Filter()
    cursor = _read_cursor(after) if after else None
    if owner_id is None:
        return StatementPage()
    rows = _rows(owner_id, cursor, wanted, PAGE_ROWS)
    groups = lines.group(rows)
    is_last = len(rows) < PAGE_ROWS
    if not is_last:
        groups.pop()  # the page may have cut it; it begins the next one
    # With a filter the lines shown are not all there are, so what was available after each cannot be told.
    available = None if wanted or not rows else cursor.available if cursor else rows[0].available_now
    shown, available_before = lines.of(groups, available=available, only=wanted.kind)
    if is_last:
        return StatementPage(shown)
    oldest = groups[-1][-1]
    return StatementPage(shown, _write_cursor(_Cursor(oldest.day, oldest.id, available_before or 0)))


def batches(*, owner_id: int, wanted: Filter) -> Iterator[list[lines.Row]]:
    """All of it, newest first, a query for each BATCH_ROWS: no transaction waits for whoever reads them."""
    cursor = None
    while True:
        rows = _rows(owner_id, cursor, wanted, BATCH_ROWS)
        yield rows
        if len(rows) < BATCH_ROWS:
            return
        cursor = _Cursor(rows[-1].day, rows[-1].id)


def of_subject(subject: str) -> Charges:
    """What this subject cost so far; one query. Nothing but zeros when it never reserved anything."""
    return of_subjects([subject])[subject]


def of_subjects(subjects: Iterable[str]) -> dict[str, Charges]:
    """The same for each of a page's subjects, in one query."""
    totals: dict[str, dict[str, int]] = {subject: defaultdict(int) for subject in subjects}
    ends = (
        Transfer.objects.filter(_RESERVED | _REFUNDED, subject__in=totals)
        .values_list("subject", "kind", "ends__phase")
        .annotate(held=Sum("amount"), ended=Sum("ends__amount"))
        .order_by()
    )
    for subject, kind, phase, held, ended in ends:
        if kind == TransferKind.REFUND:
            totals[subject]["refunded"] += int(held)
            continue
        totals[subject]["reserved"] += int(held)  # PostgreSQL sums bigints into a numeric
        totals[subject]["captured"] += int(ended) if phase == Phase.CAPTURE else 0
        totals[subject]["open"] += int(held) if phase is None else 0
    return {subject: _charges(total) for subject, total in totals.items()}


def has_purchased(*, owner_id: int) -> bool:
    """Whether this person ever bought credits; an account with a purchase has higher limits."""
    with connection.cursor() as cursor:  # every submit asks; the ORM takes longer to build this than it runs
        cursor.execute(
            "SELECT EXISTS (SELECT FROM credits_transfer WHERE owner_id = %s AND kind = %s)",
            [owner_id, TransferKind.PURCHASE],
        )
        return bool(cursor.fetchone()[0])


# --- Balance ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wallet:
    balance: int
    reserved: int
    topped_up_on: date | None
    today: date  # by the database's clock, which also makes the top-up
    has_purchased: bool
    since: date | None = None
    sealed_on: date | None = None
    seal: bytes | None = None


def _history(owner_id: int) -> dict[str, Subquery]:
    """Both ends of the owner's history: one entry of an index each."""
    transfers = Filter().of(owner_id)[0].order_by("day", "id")
    seals = Checkpoint.objects.filter(owner_id=owner_id).order_by("-day")
    return {
        "since": Subquery(transfers.values("day")[:1]),
        "sealed_on": Subquery(seals.values("day")[:1]),
        "seal": Subquery(seals.values("hash")[:1]),
    }


def _wallets(owner_id: int, **more: Subquery) -> dict[str, _Wallet]:
    purchases = Transfer.objects.filter(owner_id=owner_id, kind=TransferKind.PURCHASE)
    rows = (
        Wallet.objects.filter(owner_id=owner_id)
        .annotate(today=TruncDate(TransactionNow(), tzinfo=UTC), has_purchased=Exists(purchases), **more)
        .values_list("kind", "balance", "reserved", "topped_up_on", "today", "has_purchased", *more)
    )
    return {row[0]: _Wallet(*row[1:]) for row in rows}


def _pocket(wallet: _Wallet | None) -> Pocket:
    return Pocket(wallet.balance - wallet.reserved, wallet.reserved) if wallet else Pocket()


def _daily_pocket(wallet: _Wallet | None, amount: int) -> Pocket:
    if wallet is None:
        return Pocket(spendable=amount)
    is_due = wallet.topped_up_on is None or wallet.topped_up_on < wallet.today
    full = max(wallet.balance, amount) if is_due else wallet.balance
    return Pocket(full - wallet.reserved, wallet.reserved)


# --- Statement -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cursor:
    """Where a page ended, and what was available before its oldest line, so that the next page goes on counting."""

    day: date
    before_id: int
    available: int = 0


def _rows(owner_id: int, cursor: _Cursor | None, wanted: Filter, count: int) -> list[lines.Row]:
    sets = [_newest(transfers, cursor, count) for transfers in wanted.of(owner_id)]
    rows = (sets[0] if len(sets) == 1 else _newest_of(sets[0], sets[1], count)).values_list(
        "id", "created_at", "phase", "kind", "subject", "reason", "amount",
        "source__kind", "target__kind", "reserve__amount", Subquery(_spendable_now(owner_id)),
    )  # fmt: skip
    return [lines.Row(*row) for row in rows]


def _newest(transfers: QuerySet[Any], cursor: _Cursor | None, count: int) -> QuerySet[Any]:
    if cursor:
        # One row comparison, which walks the index; the same as two conditions would read all of the cursor's day.
        transfers = transfers.filter(TupleLessThan(Tuple(F("day"), F("id")), (cursor.day, cursor.before_id)))
    return transfers.order_by("-day", "-id")[:count]


def _newest_of(one: QuerySet[Any], other: QuerySet[Any], count: int) -> QuerySet[Any]:
    """Of two sets that each have their newest `count`: no more of either can be among them."""
    found = one.values("id").union(other.values("id"), all=True)
    return _newest(Transfer.objects.filter(id__in=found).annotate(day=UtcDay("created_at")), None, count)


def _spendable_now(owner_id: int) -> QuerySet[Wallet, Any]:
    """Asked inside the page's own statement: one snapshot, so no movement falls between the sum and the rows."""
    wallets = Wallet.objects.filter(owner_id=owner_id, kind__in=SPENDABLE).values("owner_id")
    return wallets.annotate(total=Sum(F("balance") - F("reserved"), output_field=BigIntegerField())).values("total")


def _write_cursor(cursor: _Cursor) -> str:
    return cursors.write(cursor.day.toordinal(), cursor.before_id, cursor.available)


def _read_cursor(text: str) -> _Cursor:
    try:
        day, before_id, available = cursors.read(text, 3, least=-cursors.NUMBER_MAX)
        cursor = _Cursor(date.fromordinal(day), before_id, available)
    except (ValueError, OverflowError) as error:
        raise BadCursor(text) from error
    if cursor.before_id < 1:
        raise BadCursor(text)
    return cursor


def _charges(total: dict[str, int]) -> Charges:
    reserved, captured, still_open = total["reserved"], total["captured"], total["open"]
    return Charges(reserved, captured, reserved - captured - still_open, still_open, total["refunded"])
