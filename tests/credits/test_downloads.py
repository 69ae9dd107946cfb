"""The statement as a file: the table, the whole with its seals, and the script that checks it without the site."""

import csv
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from credits import checkpoints, downloads, ledger, statements, verify_statement
from credits.statements import Filter
from tests.credits.history import gift, spend
from tests.funds import give
from tests.funds import spend as spend_now
from tests.races import race, wait_for_a_waiter

pytestmark = pytest.mark.django_db

JANUARY, MARCH = date(2026, 1, 31), date(2026, 3, 1)


def streamed(response: Any) -> str:
    assert isinstance(response, StreamingHttpResponse)
    assert response["Cache-Control"] == "private, no-store"
    return response.getvalue().decode()


def table(client: Client, **query: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(streamed(client.get("/credits/statement.csv", query)), newline="")))


def whole(client: Client) -> Any:
    return json.loads(streamed(client.get("/credits/statement.json")))


# --- The table -------------------------------------------------------------------------------------------------------


def test_a_table_has_a_row_for_each_transfer(client: Client, alice: User) -> None:
    client.force_login(alice)
    held, end = spend(alice, MARCH, 4, 3)
    common = {
        "time": "2026-03-01T12:00:00.000000Z",
        "kind": "generation",
        "wallet": "bonus",
        "subject": held.subject,
        "reason": "",
    }
    assert table(client, month="2026-03") == [
        {**common, "phase": "capture", "amount": "3", "change": "1"},
        {**common, "phase": "reserve", "amount": "4", "change": "-4"},
    ]
    assert end.pk > held.pk


def test_the_changes_of_a_table_add_up_to_what_is_available(client: Client, alice: User) -> None:
    spend_now(alice, 85, 30)
    spend_now(alice, 20, 0)
    ledger.clawback(owner_id=alice.pk, amount=40, key="refund:1", reason="dispute lost")
    give(alice, bonus=7)
    client.force_login(alice)
    balance = statements.balance(owner_id=alice.pk, is_guest=False)
    assert sum(int(row["change"]) for row in table(client)) == balance.available


@pytest.mark.parametrize("query", [{}, {"kind": "free"}, {"wallet": "bonus"}, {"month": "2026-01"}, {"kind": "refund"}])
def test_a_table_is_filtered_as_the_page_is(client: Client, alice: User, query: dict[str, str]) -> None:
    gift(alice, JANUARY)
    gift(alice, MARCH)
    client.force_login(alice)
    rows = [row for batch in statements.batches(owner_id=alice.pk, wanted=Filter(**query)) for row in batch]
    assert [int(row["amount"]) for row in table(client, **query)] == [row.amount for row in rows]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_a_formula(client: Client, alice: User, start: str) -> None:
    text = f'{start}HYPERLINK("https://example.org"),"é"'
    gift(alice, JANUARY, reason=text, subject=text)
    client.force_login(alice)
    (row,) = table(client, month="2026-01")
    assert row["reason"] == row["subject"] == f"'{text}"


def test_a_table_names_its_file_by_its_filter(client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.get("/credits/statement.csv", {"month": "2026-01", "wallet": "bonus"})
    assert response["Content-Disposition"] == 'attachment; filename="atelier-statement-2026-01-bonus.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("query", ["month=2026-13", "month=%00", "kind=secret", "wallet=revenue", "month=%C3%A9"])
def test_a_filter_that_does_not_exist_is_400(client: Client, alice: User, query: str) -> None:
    client.force_login(alice)
    assert client.get(f"/credits/statement.csv?{query}").status_code == 400


def test_a_long_table_comes_in_pieces_and_holds_every_row_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "BATCH_ROWS", 2)
    for number in range(5):
        gift(alice, date(2026, 1, 1 + number), 1 + number)
    with CaptureQueriesContext(connection) as queries:
        pieces = list(downloads.table(owner_id=alice.pk, wanted=Filter(month="2026-01")))
    assert [piece.count("\r\n") for piece in pieces] == [1, 2, 2, 1]
    assert len(queries) == 3
    amounts = [row["amount"] for row in csv.DictReader(io.StringIO("".join(pieces)))]
    assert amounts == ["5", "4", "3", "2", "1"]


# --- The whole -------------------------------------------------------------------------------------------------------


def test_a_whole_statement_is_in_order(client: Client, alice: User) -> None:
    gift(alice, JANUARY, reason='é "quoted" \\ \n\t\x01 \u2028 \U0001f3a8')
    spend(alice, MARCH, 4, 3)
    checkpoints.seal_all()
    spend_now(alice, 85, 30)
    client.force_login(alice)
    statement = whole(client)
    assert verify_statement.problems(statement) == []
    assert [checkpoint[:2] for checkpoint in statement["checkpoints"]] == [["2026-01-31", 1], ["2026-03-01", 2]]
    assert (len(statement["transfers"]), statement["open"]["rows"]) == (12, 9)
    assert {wallet["kind"]: wallet["balance"] for wallet in statement["wallets"]} == {
        "daily": 0, "bonus": 42, "purchased": 30, "debt": 0
    }  # fmt: skip


@pytest.mark.parametrize("owner", ["charlie", "gwen", "bob"])
def test_every_owner_has_a_statement_even_an_empty_one(client: Client, owner: str, browse: Any, request: Any) -> None:
    user: User = request.getfixturevalue(owner)
    assert verify_statement.problems(json.loads("".join(downloads.whole(downloads.cut(owner_id=user.pk))))) == []


def test_it_comes_in_pieces_of_bounded_size(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "BATCH_ROWS", 2)
    for number in range(5):
        gift(alice, date(2026, 1, 1 + number))
        spend(alice, date(2026, 1, 1 + number), 2, 1)
    checkpoints.seal_all()
    pieces = list(downloads.whole(downloads.cut(owner_id=alice.pk)))
    assert max(piece.count("\n[") for piece in pieces) <= 2
    assert verify_statement.problems(json.loads("".join(pieces))) == []


def test_what_moves_during_a_download_is_left_for_the_next_one(alice: User) -> None:
    gift(alice, MARCH)
    end = downloads.cut(owner_id=alice.pk)
    spend_now(alice, 85, 30)
    checkpoints.seal_all()
    statement = json.loads("".join(downloads.whole(end)))
    assert verify_statement.problems(statement) == []
    assert (len(statement["transfers"]), statement["checkpoints"]) == (3, [])


@pytest.mark.django_db(transaction=True)
def test_a_download_among_writers_is_of_one_moment(alice: User) -> None:
    def spend_again() -> list[str]:
        for _ in range(4):
            spend_now(alice, 6, 2)
        return []

    def download_again() -> list[str]:
        wrong = []
        for _ in range(6):
            wrong += verify_statement.problems(json.loads("".join(downloads.whole(downloads.cut(owner_id=alice.pk)))))
        return wrong

    assert race([*[spend_again] * 3, *[download_again] * 3]) == [[]] * 6


@pytest.mark.django_db(transaction=True)
def test_a_download_waits_for_a_movement_that_has_begun(alice: User) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            give(alice, bonus=7)
            ending = pool.submit(race, [lambda: downloads.cut(owner_id=alice.pk)])
            wait_for_a_waiter()
        (end,) = ending.result()
    assert isinstance(end, downloads.Cut)
    assert {"kind": "bonus", "balance": 57, "reserved": 0} in end.wallets


def test_a_whole_statement_names_its_file_by_the_day(client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.get("/credits/statement.json")
    assert response["Content-Type"] == "application/json"
    name = f"atelier-statement-{whole(client)['made_at'][:10]}.json"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


# --- Whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/credits/statement.csv", "/credits/statement.json"])
def test_a_download_is_the_owners_alone(client: Client, alice: User, charlie: User, path: str) -> None:
    held, _ = spend(alice, MARCH, 4, 3)
    client.force_login(charlie)
    assert held.subject not in streamed(client.get(path))
    assert Client().get(path).status_code == 404
    assert client.post(path).status_code == 405


def test_a_guest_takes_theirs_along(browse: Any, gwen: User) -> None:
    spend_now(gwen, 10, 4)
    assert len(table(browse(gwen))) == 3
    assert verify_statement.problems(whole(browse(gwen))) == []


# --- The script ------------------------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> tuple[int, str]:
    words = [sys.executable, "-I", "-S", verify_statement.__file__, *map(str, arguments)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_script_runs_alone_and_says_what_it_found(client: Client, alice: User, tmp_path: Path) -> None:
    gift(alice, JANUARY)
    checkpoints.seal_all()
    client.force_login(alice)
    file = tmp_path / "statement.json"
    file.write_text(streamed(client.get("/credits/statement.json")))
    assert run(file) == (0, "in order: 3 transfers, 1 sealed days, and the balances that they give\n")
    file.write_text(file.read_text().replace('"a test"', '"a gift"'))
    assert run(file) == (1, "the transfers of 2026-01-31 are not those that its checkpoint sealed\n")
    file.write_text(file.read_text()[:-9])
    code, out = run(file)
    assert (code, out.count("\n")) == (1, 1)
    assert "cannot be read" in out
    assert run(tmp_path / "nothing")[0] == run()[0] == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"wallets": ["\ud800 \N{SNOWMAN}\n"]},
        {"checkpoints": [["\ud800", 1, 1, ""]]},
        {"checkpoints": [["\N{SNOWMAN}", 1, 1, ""], ["\x1b[2J", 1, 1, ""]]},
        {"transfers": [
            [1, "2026-01-31T12:00:00.000000Z", "final", "daily", "daily", "sales", 9 * 10**4299, None, "", ""]
        ] * 2},
    ],
)  # fmt: skip
def test_the_script_tells_in_plain_lines_what_no_console_could_show(tmp_path: Path, broken: Any) -> None:
    file = tmp_path / "statement.json"
    head = {"format": verify_statement.FORMAT, "columns": verify_statement.COLUMNS, "open": {}}
    file.write_text(json.dumps({**head, "wallets": [], "checkpoints": [], "transfers": [], **broken}))
    code, out = run(file)
    assert code == 1
    assert out.count("\n") == len(next(iter(broken.values())))
    assert out.replace("\n", "").isascii()
    assert out.replace("\n", "").isprintable()


def test_the_site_gives_the_script_to_everybody(client: Client) -> None:
    response = client.get("/credits/verify_statement.py")
    assert response.content == Path(verify_statement.__file__).read_bytes()
    assert response["Content-Disposition"] == 'attachment; filename="verify_statement.py"'
