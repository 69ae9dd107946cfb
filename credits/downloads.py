"""A statement as a file: a table for a spreadsheet, and the whole of it with its seals for verify_statement.py.

Both come in pieces of a bounded number of rows, a query each; no transaction stays open while somebody downloads.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction

from credits import lines, statements
from credits.models import Checkpoint
from credits.seals import BEGINNING, COLUMNS, DAY, LINE, ROWS

FORMAT = "atelier-statement-1"
HEADER = ("time", "kind", "phase", "wallet", "amount", "change", "subject", "reason")
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")

# FOR SHARE waits for whoever is writing a transfer of this owner: after it, all that have an id are there.
WALLETS = "SELECT kind, balance, reserved FROM credits_wallet WHERE owner_id = %(owner)s ORDER BY id FOR SHARE"
# Statements of their own, after the locks. The highest id of the table is not below the owner's.
BOUNDS = """
    SELECT coalesce(max(id), 0), (SELECT max(day) FROM credits_checkpoint WHERE owner_id = %(owner)s), clock_timestamp()
      FROM credits_transfer
"""
BATCH = f"""
    SELECT {DAY}, transfer.id, {LINE} FROM {ROWS}
     WHERE transfer.owner_id = %(owner)s AND transfer.id <= %(last)s AND ({DAY}, transfer.id) > (%(day)s, %(after)s)
     ORDER BY {DAY}, transfer.id LIMIT %(most)s
"""  # noqa: S608  (our own text)


@dataclass(frozen=True)
class Cut:
    """A moment at which the owner's wallets and transfers agree. All rows up to `last_id` are there, for good."""

    owner_id: int
    wallets: list[dict[str, Any]]
    last_id: int
    sealed_on: date | None
    at: datetime


def table(*, owner_id: int, wanted: statements.Filter) -> Iterator[str]:
    """The filtered statement as CSV, newest first."""
    yield _csv([HEADER])
    for rows in statements.batches(owner_id=owner_id, wanted=wanted):
        yield _csv([_cells(row) for row in rows])


@transaction.atomic
def cut(*, owner_id: int) -> Cut:
    """Where a whole statement ends. Waits for the owner's writers and keeps the next ones waiting, for two reads."""
    with connection.cursor() as cursor:
        cursor.execute(WALLETS, {"owner": owner_id})
        wallets = [dict(zip(("kind", "balance", "reserved"), row, strict=True)) for row in cursor.fetchall()]
        cursor.execute(BOUNDS, {"owner": owner_id})
        last_id, sealed_on, at = cursor.fetchone()
    # Without a wallet there was nothing to lock, and nothing was moved either.
    return Cut(owner_id, wallets, last_id if wallets else 0, sealed_on, at)


def whole(end: Cut) -> Iterator[str]:
    """Everything up to the cut as one JSON object, oldest first, a row a line; docs/ledger.md describes it."""
    head = {"format": FORMAT, "made_at": _moment(end.at), "columns": COLUMNS}
    yield f'{_json(head)[:-1]},\n"wallets":{_json(end.wallets)},\n"checkpoints":[\n'
    seal = BEGINNING
    comma = ""
    for checkpoint in _checkpoints(end):
        seal = bytes(checkpoint.hash)
        line = [checkpoint.day.isoformat(), checkpoint.rows, checkpoint.last_id, seal.hex()]
        yield f"{comma}{_json(line)}"
        comma = ",\n"
    yield '\n],\n"transfers":[\n'
    tail = _Open(hashlib.sha256(seal))
    comma = ""
    for batch in _batches(end):
        tail.add([row for row in batch if end.sealed_on is None or row[0] > end.sealed_on])
        yield comma + ",\n".join(line for _, _, line in batch)
        comma = ",\n"
    yield f'\n],\n"open":{_json(tail.told())}}}\n'


# --- The table -------------------------------------------------------------------------------------------------------


def _csv(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cells(row: lines.Row) -> tuple[str | int, ...]:
    told = _harmless(row.subject), _harmless(row.reason)
    return (_moment(row.at), row.kind, row.phase, row.wallet, row.amount, row.change, *told)


def _harmless(text: str) -> str:
    """A spreadsheet takes such a beginning for a formula. Numbers are not touched: they are none, also below zero."""
    return f"'{text}" if text.startswith(FORMULAS) else text


# --- The whole -------------------------------------------------------------------------------------------------------


class _Open:
    """The rows of days that no checkpoint has sealed yet, hashed as if the next one did."""

    def __init__(self, digest: Any) -> None:
        self._digest = digest
        self._rows = 0
        self._last: int | None = None

    def add(self, rows: list[tuple[date, int, str]]) -> None:
        for _, number, line in rows:
            self._digest.update(hashlib.sha256(line.encode()).digest())
            self._rows, self._last = self._rows + 1, number

    def told(self) -> dict[str, Any]:
        return {"rows": self._rows, "last": self._last, "hash": self._digest.hexdigest()}


def _checkpoints(end: Cut) -> Iterator[Checkpoint]:
    """All up to the cut, by the day, a query for each batch."""
    if end.sealed_on is None:
        return
    sealed = Checkpoint.objects.filter(owner_id=end.owner_id, day__lte=end.sealed_on).order_by("day")
    batch = list(sealed[: statements.BATCH_ROWS])
    while batch:
        yield from batch
        batch = list(sealed.filter(day__gt=batch[-1].day)[: statements.BATCH_ROWS])


def _batches(end: Cut) -> Iterator[list[tuple[date, int, str]]]:
    day, after = date.min, 0
    while True:
        with connection.cursor() as cursor:
            values: dict[str, Any] = {"owner": end.owner_id, "last": end.last_id, "day": day, "after": after}
            cursor.execute(BATCH, {**values, "most": statements.BATCH_ROWS})
            rows: list[tuple[date, int, str]] = cursor.fetchall()
        if rows:
            yield rows
        if len(rows) < statements.BATCH_ROWS:
            return
        day, after, _ = rows[-1]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
