"""The audit finds what the database would normally refuse, here with its guards taken down inside a transaction."""

import json
import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from credits import audit, ledger, tasks
from credits.models import Audit
from tests.breaches import breaches, execute, guards_down, trigger_of
from tests.funds import set_aside

pytestmark = pytest.mark.django_db

COLUMNS = "owner_id, source_id, target_id, amount, phase, kind, subject, reserve_id, reason"
AGAIN = f"INSERT INTO credits_transfer ({COLUMNS}, key) SELECT {COLUMNS}, key || ':again'"

WEAKER = (
    "CREATE OR REPLACE FUNCTION {append_only}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = pg_catalog, public, pg_temp AS 'BEGIN RETURN NEW; END'"
)


def test_the_books_of_an_ordinary_day_are_in_order(alice: User, bob: User, charlie: User) -> None:
    ledger.settle(subject=set_aside(alice, 85), amount=30)
    ledger.settle(subject=set_aside(charlie, 20), amount=0)
    set_aside(alice, 5)
    ledger.clawback(owner_id=alice.pk, amount=100, key="refund:1", reason="dispute lost")
    report = audit.run()
    assert (report.ok, report.breaches) == (True, [])
    assert report.figures == {"open_reserves": 1, "open_jobs": 0, "transfers": 18}
    assert sum(report.sums.values()) == 0
    assert report.sums["revenue"] == 50
    assert (report.sums["sales"], report.sums["purchased"], report.sums["debt"]) == (70, 0, -70)
    assert report.checks == [check.name for check in audit.checks()]


BREACHES: list[tuple[str, set[str]]] = [
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
        "DELETE FROM credits_wallet WHERE kind = 'bonus' AND owner_id IS NOT NULL",
        {"books_sum_to_zero", "transfer_takes_a_legal_route"},
    ),
    (
        "INSERT INTO credits_wallet (owner_id, kind, balance, reserved) VALUES (NULL, 'sales', 0, 0)",
        {"wallet_one_per_kind"},
    ),
    (
        "UPDATE credits_transfer SET amount = amount + 1 WHERE phase = 'capture'",
        {"books_sum_to_zero", "balance_equals_transfers", "reserve_ends_once"},
    ),
    ("UPDATE credits_transfer SET amount = amount - 1 WHERE phase = 'release'", {"reserve_ends_once"}),
    (
        "DELETE FROM credits_transfer WHERE phase = 'release'",
        {"balance_equals_transfers", "subject_ends_whole"},
    ),
    (f"{AGAIN} FROM credits_transfer WHERE phase = 'release'", {"reserve_ends_once"}),
    (
        "UPDATE credits_transfer SET created_at = created_at - interval '8 days' WHERE phase = 'reserve'",
        {"subject_ends_whole"},
    ),
    (
        "UPDATE credits_transfer SET phase = 'final' WHERE phase = 'release'",
        {"transfer_takes_a_legal_route", "books_sum_to_zero", "balance_equals_transfers"},
    ),
    ("UPDATE credits_transfer SET kind = 'refund' WHERE kind = 'goodwill'", {"transfer_takes_a_legal_route"}),
    (
        "UPDATE credits_transfer SET owner_id = (SELECT max(id) FROM accounts_user) WHERE kind = 'purchase'",
        {"transfer_takes_a_legal_route"},
    ),
    ("UPDATE credits_transfer SET key = 'twice' WHERE kind IN ('purchase', 'goodwill')", {"transfer_key_once"}),
    ("UPDATE credits_transfer SET reason = ' ' WHERE kind = 'goodwill'", {"by_hand_has_reason_and_actor"}),
    ("UPDATE credits_transfer SET actor_id = NULL WHERE kind = 'goodwill'", {"by_hand_has_reason_and_actor"}),
    ("UPDATE credits_transfer SET key = 'daily:any' WHERE kind = 'daily'", {"daily_once_per_utc_day"}),
    (
        "UPDATE credits_transfer SET created_at = created_at - interval '1 day' WHERE kind = 'daily'",
        {"daily_once_per_utc_day"},
    ),
    ("UPDATE credits_wallet SET topped_up_on = NULL", {"daily_once_per_utc_day"}),
]


@pytest.mark.parametrize(("sql", "found"), BREACHES)
def test_tampering_is_found(alice: User, charlie: User, sql: str, found: set[str]) -> None:
    ledger.settle(subject=set_aside(alice, 85), amount=20)  # captures daily, releases bonus and purchased
    set_aside(alice, 5)
    assert breaches() == set()
    with guards_down():
        execute(sql)
    assert breaches() == found


def test_a_reserve_in_debt_is_found(alice: User, charlie: User) -> None:
    for user in (alice, charlie):
        set_aside(user, 5)
        ledger.clawback(owner_id=user.pk, amount=40, key=f"refund:{user.pk}", reason="dispute lost")
    ledger.grant(owner_id=charlie.pk, wallet_kind="purchased", amount=50, kind="purchase", key="payment:1")
    set_aside(charlie, 5)
    assert breaches() == set()
    with guards_down():
        execute(
            "UPDATE credits_transfer SET id = (SELECT max(id) + 1 FROM credits_transfer) WHERE phase = 'reserve'"
            f" AND owner_id = {alice.pk}"
        )
    assert breaches() == {"nothing_reserved_in_debt"}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE credits_transfer DISABLE TRIGGER USER",
        "ALTER TABLE credits_wallet DROP CONSTRAINT wallet_never_overdrawn",
        "DROP INDEX transfer_reserve_ends_once",
        "ALTER TABLE credits_transfer DROP CONSTRAINT {foreign_key}",
        "ALTER TABLE credits_transfer DISABLE TRIGGER {append_only}",
        "ALTER TABLE credits_transfer ENABLE TRIGGER {append_only}",
        "DROP TRIGGER {append_only} ON credits_transfer",
        "ALTER FUNCTION {append_only}() SECURITY INVOKER",
        WEAKER,
        "ALTER TABLE generation_attempt DROP CONSTRAINT attempt_at_most_three",
    ],
)
def test_a_guard_that_was_taken_down_is_found(alice: User, sql: str) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    trigger = trigger_of("credits_transfer", "append_only")
    [[key]] = execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname LIKE 'credits_transfer_source%'"
    )
    execute(sql.format(append_only=trigger, foreign_key=key))
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
    assert kept.checks == [check.name for check in audit.checks()]
    assert sum(kept.sums.values()) == 0


def test_results_are_kept_for_their_time_and_no_longer(alice: User) -> None:
    for age in (audit.KEPT + timedelta(minutes=1), audit.KEPT - timedelta(minutes=1)):
        audit.record()
        Audit.objects.filter(pk=Audit.objects.latest("pk").pk).update(at=timezone.now() - age)
    younger = Audit.objects.latest("pk")
    tasks.audit()
    assert list(Audit.objects.order_by("pk")) == [younger, Audit.objects.latest("pk")]


def test_the_task_logs_a_breach_as_an_error(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    with guards_down():
        execute("UPDATE credits_wallet SET balance = 5 WHERE kind = 'sales'")
    with caplog.at_level(logging.ERROR):
        tasks.audit()
    assert "ledger breach" in caplog.text
    assert not Audit.objects.get().ok
