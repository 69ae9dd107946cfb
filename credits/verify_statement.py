"""Checks a statement that was downloaded from Atelier, without the site: python verify_statement.py statement.json

Needs Python 3.10 or newer and nothing else. Prints one line for each problem; exit 0 when there is none, else 1.
It knows nothing of the site's code: docs/ledger.md says what it computes.
"""

import hashlib
import json
import re
import sys
from itertools import groupby, pairwise
from typing import Any

FORMAT = "atelier-statement-1"
COLUMNS = ["id", "at", "phase", "kind", "from", "to", "amount", "ends", "subject", "reason"]
ID, AT, PHASE, KIND, FROM, TO, AMOUNT, ENDS, SUBJECT, REASON = range(10)
TYPES = (int, str, str, str, str, str, int, (int, type(None)), str, str)
OWN = ("daily", "bonus", "purchased", "debt")
HOUSE = ("issuance", "sales", "revenue", "adjustment")
PHASES = ("final", "reserve", "capture", "release")
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(DAY.pattern + r"T\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
NUMBERS = range(-(2**63), 2**63)  # those of the database; Python would not even print sums of far larger ones
BEGINNING = bytes(32)


def problems(statement: Any) -> list[str]:
    """Everything that is wrong with a statement, a line each; empty when it is whole and true."""
    bad_shape = _shape(statement)
    if bad_shape:
        return bad_shape
    rows = statement["transfers"]
    return [
        *_order(rows),
        *_chain(rows, statement["checkpoints"], statement["open"]),
        *_ends(rows),
        *_balances(rows, statement["wallets"]),
    ]


# --- Is it a statement at all ----------------------------------------------------------------------------------------


def _shape(statement: Any) -> list[str]:
    if not isinstance(statement, dict) or statement.get("format") != FORMAT or statement.get("columns") != COLUMNS:
        return [f"this is not a statement of the form {FORMAT}"]
    parts: list[Any] = [statement.get(name) for name in ("wallets", "checkpoints", "transfers")]
    if not all(isinstance(part, list) for part in parts) or not isinstance(statement.get("open"), dict):
        return ["the statement is not complete: wallets, checkpoints, transfers or open are missing"]
    wallets, checkpoints, rows = parts
    found = [f"this is not a wallet: {wallet!r}" for wallet in wallets if not _is_wallet(wallet)]
    found += [f"this is not a checkpoint: {one!r}" for one in checkpoints if not _is_checkpoint(one)]
    return found + [f"this is not a transfer: {row!r}" for row in rows if not _is_row(row)]


def _is_wallet(wallet: Any) -> bool:
    return (
        isinstance(wallet, dict)
        and wallet.get("kind") in OWN
        and _fits([wallet.get("balance"), wallet.get("reserved")], (int, int))
    )


def _is_checkpoint(one: Any) -> bool:
    return _fits(one, (str, int, int, str)) and DAY.fullmatch(one[0]) is not None


def _is_row(row: Any) -> bool:
    return (
        _fits(row, TYPES)
        and row[AMOUNT] > 0
        and row[PHASE] in PHASES
        and {row[FROM], row[TO]} <= {*OWN, *HOUSE}
        and (row[ENDS] is not None) == (row[PHASE] in ("capture", "release"))
        and TIME.fullmatch(row[AT]) is not None
    )


def _fits(values: Any, types: tuple[Any, ...]) -> bool:
    return (
        isinstance(values, list)
        and len(values) == len(types)
        and all(isinstance(value, kind) and _is_plain(value) for value, kind in zip(values, types, strict=True))
    )


def _is_plain(value: Any) -> bool:
    """To Python True is a number, and a number has no end."""
    return not isinstance(value, bool) and (not isinstance(value, int) or value in NUMBERS)


# --- Order and chain -------------------------------------------------------------------------------------------------


def _day(row: Any) -> str:
    return str(row[AT][:10])


def _order(rows: Any) -> list[str]:
    found = []
    for before, row in pairwise(rows):
        if (_day(before), before[ID]) >= (_day(row), row[ID]):
            found.append(f"transfer {row[ID]} of {_day(row)} does not come after transfer {before[ID]}")
    if len({row[ID] for row in rows}) != len(rows):
        found.append("a transfer is there twice")
    return found


def _chain(rows: Any, checkpoints: Any, tail: Any) -> list[str]:
    """Each day's rows and the checkpoint before give the day's hash; what is not sealed yet ends in `open`."""
    days = {day: list(group) for day, group in groupby(rows, key=_day)}
    found = []
    before, last_day = BEGINNING, ""
    for day, count, last, digest in checkpoints:
        if day <= last_day:
            found.append(f"the checkpoint of {day} does not come after that of {last_day}")
        sealed = days.pop(day, [])
        if [count, last, digest] != _seal(before, sealed):
            found.append(f"the transfers of {day} are not those that its checkpoint sealed")
        # Goes on from what the file says, so that one wrong day is not told as all that follow.
        before, last_day = _bytes(digest), max(day, last_day)
    found += [f"the transfers of {day} have no checkpoint" for day in days if day <= last_day]
    unsealed = [row for row in rows if _day(row) > last_day]
    if [tail.get("rows"), tail.get("last"), tail.get("hash")] != _seal(before, unsealed):
        found.append("the transfers since the last checkpoint are not those that were downloaded")
    return found


def _seal(before: bytes, rows: Any) -> list[Any]:
    """Number of rows, last id, hash: SHA-256 of the hash before and the SHA-256 of each row's text."""
    digest = hashlib.sha256(before)
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return [len(rows), rows[-1][ID] if rows else None, digest.hexdigest()]


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


# --- Money -----------------------------------------------------------------------------------------------------------


def _ends(rows: Any) -> list[str]:
    """Each reserve ends at most once, by its like and never for more; a release gives back all of it."""
    reserves = {row[ID]: row for row in rows if row[PHASE] == "reserve"}
    found, ended = [], set()
    for row in rows:
        if row[ENDS] is None:
            continue
        held = reserves.get(row[ENDS])
        if held is None:
            found.append(f"transfer {row[ID]} ends a reserve that is not there: {row[ENDS]}")
            continue
        if row[ENDS] in ended:
            found.append(f"the reserve {row[ENDS]} ends twice, again with transfer {row[ID]}")
        if row[AMOUNT] > held[AMOUNT] or (row[PHASE] == "release" and row[AMOUNT] != held[AMOUNT]):
            found.append(f"transfer {row[ID]} ends a reserve of {held[AMOUNT]} with {row[AMOUNT]}")
        if any(row[at] != held[at] for at in (KIND, FROM, TO, SUBJECT)) or row[ID] < held[ID]:
            found.append(f"transfer {row[ID]} does not fit the reserve that it ends, {row[ENDS]}")
        ended.add(row[ENDS])
    return found


def _balances(rows: Any, wallets: Any) -> list[str]:
    moved = {kind: [0, 0] for kind in OWN}  # balance, reserved
    held = {row[ID]: row[AMOUNT] for row in rows if row[PHASE] == "reserve"}
    for row in rows:
        source = moved.get(row[FROM], [0, 0])
        if row[PHASE] == "reserve":
            source[1] += row[AMOUNT]
            continue
        source[1] -= held.get(row[ENDS], 0)
        if row[PHASE] != "release":
            source[0] -= row[AMOUNT]
            moved.get(row[TO], [0, 0])[0] += row[AMOUNT]
    found = []
    told = {wallet["kind"]: [wallet["balance"], wallet["reserved"]] for wallet in wallets}
    if len(told) != len(wallets):
        found.append("a wallet is there twice")
    for kind, sums in moved.items():
        if sums != told.get(kind, [0, 0]):
            found.append(f"the {kind} wallet says balance and reserved {told.get(kind)}, its transfers give {sums}")
    return found


def _say(line: str) -> None:
    """What a console cannot show, or what is no character at all, is told by its number."""
    print(line.encode("ascii", "backslashreplace").decode())


def main() -> int:
    if len(sys.argv) != 2:
        _say("usage: python verify_statement.py statement.json")
        return 1
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            statement = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        _say(f"this cannot be read as a statement: {error}")
        return 1
    found = problems(statement)
    for line in found:
        _say(line)
    if not found:
        days, rows = len(statement["checkpoints"]), len(statement["transfers"])
        _say(f"in order: {rows} transfers, {days} sealed days, and the balances that they give")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
