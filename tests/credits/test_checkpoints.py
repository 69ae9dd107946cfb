"""Days are sealed once, whole and in order, and what comes too late is refused."""

import base64
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from celery.schedules import crontab
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from credits import audit, checkpoints, ledger, tasks
from credits.models import Checkpoint, Transfer, TransferKind
from credits.triggers import broken_rule
from tests.breaches import breaches, execute, guards_down
from tests.credits.history import gift, spend
from tests.funds import give
from tests.races import race, together, wait_for_a_waiter
from tests.rediswatch import watched
from tests.rules import refused_by

FIRST, SECOND, FOURTH = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 4)


def days(user: User) -> list[tuple[date, int]]:
    return list(Checkpoint.objects.filter(owner=user).order_by("day").values_list("day", "rows"))


def insert(user: User, day: date) -> None:
    execute("INSERT INTO credits_checkpoint (owner_id, day) VALUES (%s, %s)", user.pk, day)


# --- What is sealed --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_closed_day_with_transfers_is_sealed_once(alice: User) -> None:
    gift(alice, FIRST)
    spend(alice, FOURTH, 4, 3)
    gift(alice, FIRST)
    done = checkpoints.seal_all()
    assert (done.owners, done.days) == (1, 2)
    assert days(alice) == [(FIRST, 2), (FOURTH, 2)]
    assert checkpoints.seal_all() == checkpoints.Batch()


@pytest.mark.django_db
def test_a_checkpoint_is_the_hash_that_the_documentation_promises(alice: User) -> None:
    awkward = 'é "quoted" \\ back\nline\t\x01\x7f \u2028 <&> \U0001f3a8'
    one, two = gift(alice, FIRST, reason=awkward), gift(alice, SECOND, 7)
    checkpoints.seal(owner_id=alice.pk)
    chain = bytes(32)
    for transfer, checkpoint in zip((one, two), Checkpoint.objects.order_by("day"), strict=True):
        at = f"{transfer.created_at:%Y-%m-%d}T12:00:00.000000Z"
        row = [transfer.pk, at, "final", "goodwill", "issuance", "bonus", transfer.amount, None, "", transfer.reason]
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        chain = hashlib.sha256(chain + hashlib.sha256(text.encode()).digest()).digest()
        assert (checkpoint.hash.hex(), checkpoint.rows, checkpoint.last_id) == (chain.hex(), 1, transfer.pk)


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_is_written_by_postgresql_as_python_writes_it(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_json(%s::text)::text", [text])
        assert cursor.fetchone()[0] == json.dumps(text, ensure_ascii=False)


@pytest.mark.django_db
def test_days_missed_by_a_downtime_are_caught_up(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    gift(alice, FIRST)
    checkpoints.seal_all()
    for number in range(5):
        gift(alice, FOURTH + timedelta(number))
        gift(bob, SECOND + timedelta(number))
    monkeypatch.setattr(checkpoints, "OWNERS_MAX", 1)
    first = checkpoints.seal_batch()
    assert (first.owners, first.days, first.next_after) == (1, 5, min(alice.pk, bob.pk))
    assert checkpoints.seal_all().days == 5
    assert len(days(alice)) == 6
    assert len(days(bob)) == 5


@pytest.mark.django_db
def test_more_days_than_one_transaction_takes_are_sealed_in_several(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "DAYS_MAX", 2)
    for number in range(5):
        gift(alice, FIRST + timedelta(number))
    assert checkpoints.seal(owner_id=alice.pk) == 5
    assert len(days(alice)) == 5


@pytest.mark.django_db
def test_today_and_the_first_hour_after_a_day_stay_open(alice: User) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    checkpoints.seal_all()
    assert days(alice) == []
    with refused_by("checkpoint_day_is_over"):
        insert(alice, hour_ago.date())


@pytest.mark.django_db
def test_a_day_is_the_utc_day_whatever_the_session_says(alice: User) -> None:
    execute("SET LOCAL TIME ZONE 'Pacific/Auckland'")
    gift(alice, FIRST, created_at=datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC))
    gift(alice, FIRST, created_at=datetime(2026, 3, 2, tzinfo=UTC))
    checkpoints.seal_all()
    assert days(alice) == [(FIRST, 1), (SECOND, 1)]


@pytest.mark.django_db
def test_people_with_nothing_to_seal_cost_one_statement_together(alice: User, bob: User) -> None:
    gift(alice, FIRST)
    checkpoints.seal_all()
    with CaptureQueriesContext(connection) as queries:
        checkpoints.seal_all()
    assert len(queries) == 1


@pytest.mark.django_db
def test_an_owner_costs_the_same_statements_however_many_days_are_open(alice: User, bob: User) -> None:
    counts = []
    for user, number in ((alice, 1), (bob, 9)):
        for day in range(number):
            gift(user, FIRST + timedelta(day))
        with CaptureQueriesContext(connection) as queries:
            checkpoints.seal(owner_id=user.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- Doors -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_does_at_once_what_beat_does(alice: User) -> None:
    gift(alice, FIRST)
    out = StringIO()
    call_command("seal_statements", stdout=out)
    assert out.getvalue() == "1 days of 1 owners sealed, 0 owners were busy.\n"


@pytest.mark.django_db
def test_beat_asks_after_the_day_is_closed(alice: User) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["seal_statements"]
    assert (entry["task"], entry["schedule"]) == (tasks.seal_statements.name, crontab(hour="1", minute="5"))
    gift(alice, FIRST)
    tasks.seal_statements()
    assert days(alice) == [(FIRST, 1)]


@pytest.mark.django_db
def test_a_batch_that_leaves_people_asks_for_the_next_one(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift(alice, FIRST)
    gift(bob, FIRST)
    monkeypatch.setattr(checkpoints, "OWNERS_MAX", 1)
    first, second = sorted([alice, bob], key=lambda user: user.pk)
    with watched() as calls:
        tasks.seal_statements()
    [message] = [call for call in calls if call.startswith("0 LPUSH ")]
    (body,) = re.findall(r'"body": "([^"]+)"', message.replace("\\", ""))
    assert json.loads(base64.b64decode(body))[0] == [first.pk]
    assert (days(first), days(second)) == ([(FIRST, 1)], [])


# --- What the database refuses ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_transfer_into_a_sealed_day_is_refused(alice: User) -> None:
    gift(alice, SECOND)
    checkpoints.seal_all()
    for day in (FIRST, SECOND):
        with refused_by("transfer_day_is_open"):
            gift(alice, day)
    gift(alice, FOURTH)
    give(alice, bonus=1)


@pytest.mark.django_db
def test_a_seal_is_kept_for_each_owner_alone(alice: User, bob: User) -> None:
    gift(alice, SECOND)
    checkpoints.seal_all()
    gift(bob, FIRST)
    checkpoints.seal_all()
    assert days(bob) == [(FIRST, 1)]


@pytest.mark.django_db
def test_what_a_caller_says_about_a_day_counts_for_nothing(alice: User) -> None:
    last = gift(alice, FIRST)
    execute(
        "INSERT INTO credits_checkpoint (owner_id, day, rows, last_id, hash) VALUES (%s, %s, 9, %s, 'made up')",
        alice.pk, FIRST, Transfer.objects.earliest("pk").pk,
    )  # fmt: skip
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.rows, checkpoint.last_id, len(checkpoint.hash)) == (1, last.pk, 32)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "rule"),
    [
        (FIRST, "checkpoint_follows_the_last"),
        (SECOND, "checkpoint_follows_the_last"),
        (date(2026, 3, 3), "checkpoint_has_rows"),
        (date(2026, 3, 5), "checkpoint_leaves_no_day_out"),
        (date(2999, 1, 1), "checkpoint_day_is_over"),
    ],
)
def test_a_chain_only_goes_on_with_the_next_day(alice: User, day: date, rule: str) -> None:
    gift(alice, SECOND)
    checkpoints.seal_all()
    gift(alice, FOURTH)
    with refused_by(rule):
        insert(alice, day)
    insert(alice, FOURTH)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE credits_checkpoint SET hash = 'x'",
        "DELETE FROM credits_checkpoint",
        "TRUNCATE credits_checkpoint",
    ],
)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_a_checkpoint_is_never_changed(alice: User, sql: str, role: str) -> None:
    gift(alice, SECOND)
    checkpoints.seal_all()
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(f"SET LOCAL session_replication_role = {role}")
    with refused_by("checkpoint_append_only"):
        execute(sql)


# --- Races -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_seal_each_day_once(alice: User, bob: User) -> None:
    for number in range(4):
        gift(alice, FIRST + timedelta(number))
        gift(bob, FIRST + timedelta(number))
    done = together(4, checkpoints.seal_all)
    assert sum(batch.days for batch in done if isinstance(batch, checkpoints.Batch)) == 8
    assert len(days(alice)) == len(days(bob)) == 4
    assert audit.run().ok


@pytest.mark.django_db(transaction=True)
def test_a_late_row_is_sealed_with_its_day_or_refused(alice: User) -> None:
    gift(alice, FIRST)
    works = [checkpoints.seal_all, *[lambda: gift(alice, FIRST)] * 5]
    refused = [result for result in race(works) if isinstance(result, Exception)]
    assert all(isinstance(error, IntegrityError) for error in refused)
    assert {broken_rule(error) for error in refused if isinstance(error, IntegrityError)} <= {"transfer_day_is_open"}
    assert days(alice) == [(FIRST, 6 - len(refused))]
    assert audit.run().ok


@pytest.mark.django_db(transaction=True)
def test_a_seal_waits_for_a_row_that_is_not_committed_yet(alice: User) -> None:
    gift(alice, FIRST)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            gift(alice, FIRST)
            sealing = pool.submit(race, [checkpoints.seal_all])
            wait_for_a_waiter()
        assert sealing.result() == [checkpoints.Batch(owners=1, days=1)]
    assert days(alice) == [(FIRST, 2)]


@pytest.mark.django_db(transaction=True)
def test_spending_and_sealing_do_not_wait_for_each_other_for_ever(alice: User) -> None:
    for number in range(3):
        gift(alice, FIRST + timedelta(number))

    def spend_now(subject: str) -> None:
        with transaction.atomic():
            purse = ledger.lock(owner_id=alice.pk, is_guest=False)
            ledger.reserve(purse=purse, amount=2, subject=subject, kind=TransferKind.GENERATION)
        ledger.settle(subject=subject, amount=1)

    works: list[Any] = [lambda number=number: spend_now(f"test:{number}") for number in range(6)]
    results = race([*works, checkpoints.seal_all, checkpoints.seal_all])
    assert not [result for result in results if isinstance(result, Exception)]
    assert len(days(alice)) == 3
    assert audit.run().ok


@pytest.mark.django_db(transaction=True)
def test_an_owner_whose_wallets_stay_locked_is_left_for_the_next_run(alice: User, bob: User) -> None:
    gift(alice, FIRST)
    gift(bob, FIRST)

    def seal_impatiently() -> checkpoints.Batch:
        execute("SET lock_timeout = '50ms'")
        return checkpoints.seal_all()

    with transaction.atomic():
        ledger.lock(owner_id=alice.pk, is_guest=False)
        (done,) = race([seal_impatiently])
    assert done == checkpoints.Batch(owners=1, days=1, busy=1)
    assert checkpoints.seal_all().days == 1


# --- The audit -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE credits_transfer SET reason = 'another' WHERE created_at < '2026-03-02'",
        "UPDATE credits_transfer SET created_at = created_at + interval '1 second' WHERE created_at < '2026-03-02'",
        "UPDATE credits_transfer SET created_at = '2026-03-03' WHERE created_at < '2026-03-02'",
        "UPDATE credits_checkpoint SET hash = sha256('x') WHERE day = '2026-03-02'",
        "UPDATE credits_checkpoint SET rows = rows + 1 WHERE day = '2026-03-02'",
        "UPDATE credits_checkpoint SET last_id = last_id - 1 WHERE day = '2026-03-02'",
        "UPDATE credits_checkpoint SET day = '2026-03-03' WHERE day = '2026-03-02'",
        "UPDATE credits_checkpoint SET previous_id = NULL WHERE day = '2026-03-04'",
        "DELETE FROM credits_checkpoint WHERE day = '2026-03-01'",
    ],
)
def test_the_audit_finds_what_the_chain_does_not_seal(alice: User, sql: str) -> None:
    for day in (FIRST, SECOND, FOURTH):
        gift(alice, day)
    checkpoints.seal_all()
    assert audit.run().ok
    with guards_down("credits_transfer", "credits_checkpoint"):
        execute(sql)
    assert breaches() == {"checkpoint_seals_its_rows"}
