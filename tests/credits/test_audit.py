"""The audit finds what the database would normally refuse, here with its guards taken down inside a transaction."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from credits import audit, ledger, tasks
from credits.models import Audit, TransferKind

pytestmark = pytest.mark.django_db


def set_aside(user: User, amount: int) -> str:
    subject = f"test:{uuid4()}"
    with transaction.atomic():
        purse = ledger.lock(owner_id=user.pk, is_guest=user.is_guest)
        ledger.reserve(purse=purse, amount=amount, subject=subject, kind=TransferKind.GENERATION)
    return subject


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def guards_down() -> Iterator[None]:
    """As someone who may alter tables could; constraints and unique indexes go for the rest of the test."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("credits_wallet", "credits_transfer"):
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for name in names("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '{}'::regclass", table):
            execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table in ("credits_wallet", "credits_transfer"):
        for name in names("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '{}'::regclass", table):
            execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def names(sql: str, table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table))
        return [row[0] for row in cursor.fetchall()]


def breaches() -> set[str]:
    """Without the constraints that `guards_down` has dropped."""
    return {breach.check for breach in audit.run().breaches} - {"guards_stand"}


def test_the_books_of_an_ordinary_day_are_in_order(alice: User, bob: User, charlie: User) -> None:
    ledger.settle(subject=set_aside(alice, 85), amount=30)
    ledger.settle(subject=set_aside(charlie, 20), amount=0)
    set_aside(alice, 5)
    ledger.clawback(owner_id=alice.pk, amount=100, key="refund:1", reason="dispute lost")
    report = audit.run()
    assert (report.ok, report.breaches) == (True, [])
    assert report.figures == {"open_reserves": 1, "open_jobs": 0}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            "UPDATE credits_wallet SET balance = balance + 1000000 WHERE kind = 'bonus'",
            {"books_sum_to_zero", "balance_equals_transfers"},
        ),
        ("UPDATE credits_wallet SET reserved = 0", {"balance_equals_transfers"}),
        (
            "UPDATE credits_wallet SET balance = -1 WHERE kind = 'bonus'",
            {"books_sum_to_zero", "balance_equals_transfers", "wallet_never_overdrawn"},
        ),
        ("UPDATE credits_wallet SET balance = 5 WHERE kind = 'sales'", {"wallet_never_overdrawn"}),
        (
            "UPDATE credits_transfer SET amount = amount + 1 WHERE phase = 'capture'",
            {"books_sum_to_zero", "balance_equals_transfers", "reserve_ends_once"},
        ),
        ("UPDATE credits_transfer SET amount = amount - 1 WHERE phase = 'release'", {"reserve_ends_once"}),
        (
            "DELETE FROM credits_transfer WHERE phase = 'release'",
            {"balance_equals_transfers", "subject_ends_whole"},
        ),
        ("UPDATE credits_transfer SET kind = 'refund' WHERE kind = 'goodwill'", {"transfer_takes_a_legal_route"}),
        ("UPDATE credits_transfer SET reason = ' ' WHERE kind = 'goodwill'", {"by_hand_has_reason_and_actor"}),
        ("UPDATE credits_transfer SET key = 'daily:any' WHERE kind = 'daily'", {"daily_once_per_utc_day"}),
    ],
)
def test_tampering_is_found(alice: User, sql: str, found: set[str]) -> None:
    ledger.settle(subject=set_aside(alice, 85), amount=20)  # captures daily, releases bonus and purchased
    set_aside(alice, 5)
    with guards_down():
        execute(sql)
    assert breaches() == found


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE credits_transfer DISABLE TRIGGER USER",
        "ALTER TABLE credits_wallet DROP CONSTRAINT wallet_never_overdrawn",
        "DROP INDEX transfer_reserve_ends_once",
    ],
)
def test_a_guard_that_was_taken_down_is_found(alice: User, sql: str) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(sql)
    assert [breach.check for breach in audit.run().breaches] == ["guards_stand"]


def test_a_breach_counts_its_rows_and_shows_a_few(alice: User, bob: User) -> None:
    with guards_down():
        execute("UPDATE credits_wallet SET balance = 5 WHERE owner_id IS NULL")
    breach = next(breach for breach in audit.run().breaches if breach.check == "wallet_never_overdrawn")
    assert breach.rows == 4
    assert {example["kind"] for example in breach.examples} == {"issuance", "sales", "revenue", "adjustment"}


def run_command(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit_ledger", *arguments, stdout=out)
    except SystemExit as leave:
        return int(leave.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_all_is_well(alice: User) -> None:
    code, out = run_command()
    assert code == 0
    assert "The books are in order." in out
    answer: dict[str, Any] = json.loads(run_command("--json")[1])
    assert (answer["ok"], answer["breaches"], answer["open_reserves"], answer["open_jobs"]) == (True, [], 0, 0)


def test_the_command_fails_on_a_breach(alice: User) -> None:
    with guards_down():
        execute("UPDATE credits_wallet SET balance = 5 WHERE kind = 'sales'")
    code, out = run_command()
    assert code == 1
    assert "BREACH  No wallet holds less" in out
    code, out = run_command("--json")
    assert code == 1
    assert not json.loads(out)["ok"]


def test_the_task_keeps_the_result(alice: User) -> None:
    tasks.audit()
    kept = Audit.objects.get()
    assert (kept.ok, kept.breaches) == (True, [])


def test_the_task_logs_a_breach_as_an_error(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    with guards_down():
        execute("UPDATE credits_wallet SET balance = 5 WHERE kind = 'sales'")
    with caplog.at_level(logging.ERROR):
        tasks.audit()
    assert "ledger breach" in caplog.text
    assert not Audit.objects.get().ok
