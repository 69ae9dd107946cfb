"""Whatever is changed in a downloaded statement is found: single changes by hypothesis, and each rule by a case."""

import copy
import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from credits import checkpoints, downloads, ledger
from credits.verify_statement import AMOUNT, AT, ENDS, FROM, ID, KIND, PHASE, REASON, SUBJECT, TO, problems
from tests.credits.history import gift, spend
from tests.funds import give
from tests.funds import spend as spend_now

pytestmark = pytest.mark.django_db
by_hypothesis = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture
def statement(alice: User) -> Any:
    """Three sealed days of everything, and an open one."""
    for number in range(3):
        day = date(2026, 1, 30) + timedelta(number)
        gift(alice, day, 20 + number)
        spend(alice, day, 8, 5)
        spend(alice, day, 3, 0)
    checkpoints.seal_all()
    spend_now(alice, 85, 30)
    ledger.clawback(owner_id=alice.pk, amount=70, key="refund:1", reason="dispute lost")
    give(alice, bonus=7, purchased=2)
    found = json.loads("".join(downloads.whole(downloads.cut(owner_id=alice.pk))))
    assert problems(found) == []
    return found


# --- Single changes --------------------------------------------------------------------------------------------------

Change = Callable[[Any], None]
WORDS = {
    PHASE: ["final", "reserve", "capture", "release"],
    KIND: ["welcome", "daily", "purchase", "generation", "refund", "goodwill"],
    FROM: ["daily", "bonus", "purchased", "debt", "issuance", "revenue"],
    TO: ["daily", "bonus", "purchased", "debt", "issuance", "revenue"],
}


def set_cell(statement: Any, part: str, index: int, cell: tuple[int, Any]) -> None:
    row = statement[part][index % len(statement[part])]
    row[cell[0]] = cell[1]


def add_to_cell(statement: Any, part: str, index: int, cell: int, by: int) -> None:
    statement[part][index % len(statement[part])][cell] += by


def move_in_time(statement: Any, index: int, days: int, micros: int) -> None:
    row = statement["transfers"][index % len(statement["transfers"])]
    row[AT] = f"{date.fromisoformat(row[AT][:10]) + timedelta(days)}{row[AT][10:20]}{micros:06}Z"


def add_to_wallet(statement: Any, index: int, name: str, by: int) -> None:
    statement["wallets"][index % len(statement["wallets"])][name] += by


def set_open(statement: Any, name: str, value: Any) -> None:
    statement["open"][name] = value


def remove(statement: Any, part: str, index: int) -> None:
    del statement[part][index % len(statement[part])]


def repeat(statement: Any, part: str, index: int, at: int) -> None:
    things = statement[part]
    things.insert(at % (len(things) + 1), copy.deepcopy(things[index % len(things)]))


def swap(statement: Any, part: str, index: int, other: int) -> None:
    things = statement[part]
    index, other = index % len(things), other % len(things)
    things[index], things[other] = things[other], things[index]


def calls(change: Callable[..., None], **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Change]:
    return st.builds(partial, st.just(change), **values)


def cells(columns: list[int], values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[int, Any]]:
    return st.tuples(st.sampled_from(columns), values)


some = st.integers(0, 10_000)
by = st.integers(-50, 50).filter(bool)
rows, seals, either = st.just("transfers"), st.just("checkpoints"), st.sampled_from(["transfers", "checkpoints"])
words = st.one_of([cells([column], st.sampled_from(values)) for column, values in WORDS.items()])
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex) | st.text(max_size=5)
changes = st.one_of(
    calls(add_to_cell, part=rows, index=some, cell=st.sampled_from([ID, AMOUNT]), by=by),
    calls(move_in_time, index=some, days=st.integers(-2, 2), micros=st.integers(0, 999_999)),
    calls(set_cell, part=rows, index=some, cell=words),
    calls(set_cell, part=rows, index=some, cell=cells([SUBJECT, REASON], st.text(max_size=5))),
    calls(set_cell, part=rows, index=some, cell=cells([ENDS], st.none() | some)),
    calls(add_to_cell, part=seals, index=some, cell=st.sampled_from([1, 2]), by=by),
    calls(set_cell, part=seals, index=some, cell=cells([0], st.dates().map(date.isoformat))),
    calls(set_cell, part=seals, index=some, cell=cells([3], hashes)),
    calls(add_to_wallet, index=some, name=st.sampled_from(["balance", "reserved"]), by=by),
    calls(set_open, name=st.sampled_from(["rows", "last", "hash"]), value=st.none() | some | hashes),
    calls(remove, part=either, index=some),
    calls(repeat, part=either | st.just("wallets"), index=some, at=some),
    calls(swap, part=either, index=some, other=some),
)


@by_hypothesis
@given(change=changes)
def test_any_single_change_is_found(statement: Any, change: Change) -> None:
    changed = copy.deepcopy(statement)
    change(changed)
    assert bool(problems(changed)) == (changed != statement)


# --- What each problem says ------------------------------------------------------------------------------------------


def forged(statement: Any) -> Any:
    """A copy without seals, as somebody would forge it who hashes anew what they changed: the rules remain."""
    copied = copy.deepcopy(statement)
    copied["checkpoints"] = []
    return copied


def rules_broken(statement: Any) -> list[str]:
    return [line for line in problems(statement) if "since the last checkpoint" not in line]


def row_of(statement: Any, **cells: Any) -> Any:
    names = {"phase": PHASE, "kind": KIND, "amount": AMOUNT, "wallet": FROM}
    return next(row for row in statement["transfers"] if all(row[names[name]] == cells[name] for name in cells))


def test_a_reserve_that_ends_twice_is_told(statement: Any) -> None:
    copied = forged(statement)
    release = row_of(copied, phase="release", wallet="bonus")
    again = [copied["transfers"][-1][ID] + 1, copied["transfers"][-1][AT], *release[2:]]
    copied["transfers"].append(again)
    assert f"the reserve {release[ENDS]} ends twice, again with transfer {again[ID]}" in rules_broken(copied)


def test_an_end_of_more_than_was_reserved_is_told(statement: Any) -> None:
    copied = forged(statement)
    capture = row_of(copied, phase="capture", amount=5)
    capture[AMOUNT] = 9
    assert f"transfer {capture[ID]} ends a reserve of 8 with 9" in rules_broken(copied)


def test_a_release_of_a_part_is_told(statement: Any) -> None:
    copied = forged(statement)
    release = row_of(copied, phase="release", amount=3)
    release[AMOUNT] = 2
    assert rules_broken(copied) == [f"transfer {release[ID]} ends a reserve of 3 with 2"]


def test_an_end_of_a_foreign_reserve_is_told(statement: Any) -> None:
    copied = forged(statement)
    release = row_of(copied, phase="release", amount=3)
    held, release[ENDS] = release[ENDS], 999_999
    assert f"transfer {release[ID]} ends a reserve that is not there: 999999" in rules_broken(copied)
    release[ENDS], release[SUBJECT] = held, "job:another"
    assert rules_broken(copied) == [f"transfer {release[ID]} does not fit the reserve that it ends, {held}"]


def test_an_end_that_comes_before_its_reserve_is_told(statement: Any) -> None:
    copied = forged(statement)
    release = row_of(copied, phase="release", amount=3)
    held = next(row for row in copied["transfers"] if row[ID] == release[ENDS])
    held[ID] = release[ENDS] = 999_999
    assert f"transfer {release[ID]} does not fit the reserve that it ends, 999999" in rules_broken(copied)


def test_a_balance_that_its_rows_do_not_give_is_told(statement: Any) -> None:
    copied = copy.deepcopy(statement)
    wallet = next(wallet for wallet in copied["wallets"] if wallet["kind"] == "bonus")
    was, wallet["balance"] = wallet["balance"], wallet["balance"] + 1
    assert problems(copied) == [
        f"the bonus wallet says balance and reserved {[was + 1, 0]}, its transfers give {[was, 0]}"
    ]


@pytest.mark.parametrize(
    "broken",
    [
        None, [], 7, {}, {"format": "atelier-statement-1"},
        {"transfers": None}, {"open": []}, {"wallets": [7]}, {"wallets": [{"kind": "bonus"}]},
        {"wallets": [{"kind": [], "balance": 1, "reserved": 0}]}, {"checkpoints": [[]]}, {"checkpoints": ["x"]},
        {"transfers": [[]]}, {"transfers": ["x" * 10]}, {"transfers": [[True] * 10]},
        {"transfers": [[1, "x", "final", "daily", "issuance", "daily", 1, None, "", ""]]},
        {"format": "another"}, {"columns": []},
    ],
)  # fmt: skip
def test_what_is_no_statement_is_said_so_and_breaks_nothing(statement: Any, broken: Any) -> None:
    is_part = isinstance(broken, dict) and broken and len(broken) == 1 and "format" not in broken
    assert problems({**statement, **broken} if is_part else broken)
