"""What the database refuses to whoever goes past the ledger: models, SQL, replica mode, pgtrigger's own switch."""

from typing import Any
from uuid import uuid4

import pgtrigger
import pytest
from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils import timezone

from accounts.models import User
from credits import ledger
from credits.models import HOUSE, PERSONAL, Phase, Transfer, TransferKind, Wallet, WalletKind
from tests.breaches import execute
from tests.funds import give
from tests.rules import refused_by

pytestmark = pytest.mark.django_db


def wallet(user: User | None, kind: WalletKind) -> Wallet:
    return Wallet.objects.get(owner=user, kind=kind)


def move(user: User, source: Wallet, target: Wallet, **fields: Any) -> Transfer:
    """A transfer past the ledger; by default a legal gift of 5."""
    values: dict[str, Any] = {
        "owner": user,
        "source": source,
        "target": target,
        "amount": 5,
        "phase": Phase.FINAL,
        "kind": TransferKind.GOODWILL,
        "key": f"by hand:{uuid4()}",
        "reason": "a test",
        "actor": user,
    } | fields
    return Transfer.objects.create(**values)


def gift(user: User, **fields: Any) -> Transfer:
    return move(user, wallet(None, WalletKind.ISSUANCE), wallet(user, WalletKind.BONUS), **fields)


def hold(user: User, kind: WalletKind = WalletKind.BONUS, **fields: Any) -> Transfer:
    values = {"phase": Phase.RESERVE, "kind": TransferKind.GENERATION, "subject": "job:x", "reason": "", "actor": None}
    return move(user, wallet(user, kind), wallet(None, WalletKind.REVENUE), **(values | fields))


def end(held: Transfer, phase: Phase, **fields: Any) -> Transfer:
    values: dict[str, Any] = {
        "phase": phase,
        "kind": held.kind,
        "subject": held.subject,
        "reserve": held,
        "amount": held.amount,
    }
    return move(held.owner, held.source, held.target, **(values | fields))


def balances(user: User) -> dict[str, tuple[int, int]]:
    return {w.kind: (w.balance, w.reserved) for w in Wallet.objects.filter(owner=user)}


# --- Wallets ---------------------------------------------------------------------------------------------------------


def test_a_legal_gift_passes_every_rule(alice: User) -> None:
    gift(alice)
    assert balances(alice)["bonus"] == (55, 0)


@pytest.mark.parametrize("column", ["balance", "reserved"])
def test_a_balance_written_by_hand_is_refused(alice: User, column: str) -> None:
    with refused_by("wallet_moved_by_transfers_only"):
        Wallet.objects.filter(owner=alice, kind=WalletKind.BONUS).update(**{column: F(column) + 1})
    with refused_by("wallet_moved_by_transfers_only"):
        execute(f"UPDATE credits_wallet SET {column} = {column} + 1")


def test_a_wallet_is_never_saved(alice: User) -> None:
    with refused_by("wallet_keeps_owner_and_kind"):
        wallet(alice, WalletKind.BONUS).save()


@pytest.mark.parametrize("fields", [{"balance": 1}, {"reserved": 1}, {"topped_up_on": timezone.now().date()}])
def test_a_wallet_that_starts_with_something_is_refused(charlie: User, fields: dict[str, Any]) -> None:
    with refused_by("wallet_starts_empty"):
        Wallet.objects.create(owner=charlie, kind=WalletKind.DAILY, **fields)


def test_a_second_wallet_of_one_kind_is_refused(alice: User) -> None:
    with refused_by("wallet_one_per_kind"):
        Wallet.objects.create(owner=alice, kind=WalletKind.BONUS)


def test_a_second_house_wallet_of_one_kind_is_refused(alice: User) -> None:
    with refused_by("wallet_one_per_kind"):
        Wallet.objects.create(owner=None, kind=WalletKind.ISSUANCE)


@pytest.mark.parametrize("kind", HOUSE)
def test_a_persons_house_wallet_is_refused(charlie: User, kind: WalletKind) -> None:
    with refused_by("wallet_kind_fits_owner"):
        Wallet.objects.create(owner=charlie, kind=kind)


@pytest.mark.parametrize("kind", PERSONAL)
def test_a_house_wallet_of_a_persons_kind_is_refused(kind: WalletKind) -> None:
    with refused_by("wallet_kind_fits_owner"):
        Wallet.objects.create(owner=None, kind=kind)


def test_an_unknown_kind_of_wallet_is_refused(charlie: User) -> None:
    with refused_by("wallet_kind_fits_owner"):
        Wallet.objects.create(owner=charlie, kind="secret")


@pytest.mark.parametrize("column", ["owner_id", "kind"])
def test_a_wallet_keeps_its_owner_and_kind(alice: User, column: str) -> None:
    with refused_by("wallet_keeps_owner_and_kind"):
        execute(f"UPDATE credits_wallet SET {column} = {column} WHERE owner_id = {alice.pk}")


@pytest.mark.parametrize("days", [-1, 1, 365])
def test_a_top_up_dated_on_another_day_than_the_databases_is_refused(charlie: User, days: int) -> None:
    Wallet.objects.create(owner=charlie, kind=WalletKind.DAILY)
    with refused_by("wallet_topped_up_today_only"):
        execute(
            "UPDATE credits_wallet SET topped_up_on = (now() AT TIME ZONE 'utc')::date + %s WHERE owner_id = %s",
            days,
            charlie.pk,
        )


def test_taking_back_the_date_of_a_top_up_is_refused(alice: User) -> None:
    with transaction.atomic():
        ledger.lock(owner_id=alice.pk, is_guest=False)
    with refused_by("wallet_topped_up_today_only"):
        Wallet.objects.filter(owner=alice, kind=WalletKind.DAILY).update(topped_up_on=None)


def test_only_a_daily_wallet_is_topped_up(alice: User) -> None:
    with refused_by("wallet_only_daily_is_topped_up"):
        execute(
            "UPDATE credits_wallet SET topped_up_on = (now() AT TIME ZONE 'utc')::date"
            " WHERE owner_id = %s AND kind = 'bonus'",
            alice.pk,
        )


def test_a_wallet_with_history_is_not_deleted(alice: User) -> None:
    with pytest.raises(ProtectedError):
        wallet(alice, WalletKind.BONUS).delete()


def test_a_person_with_a_wallet_is_not_deleted(alice: User) -> None:
    with pytest.raises(ProtectedError):
        alice.delete()


# --- Transfers: what one may be --------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0, -5])
def test_an_amount_that_is_not_positive_is_refused(alice: User, amount: int) -> None:
    with refused_by("transfer_positive"):
        gift(alice, amount=amount)


def test_a_transfer_to_its_own_source_is_refused(alice: User) -> None:
    bonus = wallet(alice, WalletKind.BONUS)
    with refused_by("transfer_takes_a_legal_route"):
        move(alice, bonus, bonus)


def test_a_key_is_used_once(alice: User) -> None:
    gift(alice, key="twice")
    with refused_by("transfer_key_once"):
        gift(alice, key="twice")


def test_an_empty_key_is_refused(alice: User) -> None:
    with refused_by("transfer_has_key"):
        gift(alice, key="")


@pytest.mark.parametrize("fields", [{"reason": ""}, {"reason": "  "}, {"actor": None}])
def test_a_gift_without_reason_or_actor_is_refused(alice: User, fields: dict[str, Any]) -> None:
    with refused_by("transfer_by_hand_has_reason_and_actor"):
        gift(alice, **fields)


def test_credits_never_go_from_person_to_person(alice: User, charlie: User) -> None:
    give(charlie, bonus=5)
    with refused_by("transfer_has_one_owner"):
        move(alice, wallet(alice, WalletKind.BONUS), wallet(charlie, WalletKind.BONUS))


def test_a_transfer_on_someone_elses_statement_is_refused(alice: User, charlie: User) -> None:
    with refused_by("transfer_has_one_owner"):
        gift(alice, owner=charlie)


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        (WalletKind.REVENUE, WalletKind.BONUS, TransferKind.GOODWILL),
        (WalletKind.ISSUANCE, WalletKind.PURCHASED, TransferKind.PURCHASE),
        (WalletKind.ISSUANCE, WalletKind.PURCHASED, TransferKind.WELCOME),
        (WalletKind.ISSUANCE, WalletKind.BONUS, TransferKind.DAILY),
        (WalletKind.ISSUANCE, WalletKind.DEBT, TransferKind.DEBT),
        (WalletKind.ISSUANCE, WalletKind.BONUS, "unknown"),
    ],
)
def test_an_illegal_route_into_a_wallet_is_refused(
    alice: User, source: WalletKind, target: WalletKind, kind: str
) -> None:
    with refused_by("transfer_takes_a_legal_route"):
        move(alice, wallet(None, source), wallet(alice, target), kind=kind)


@pytest.mark.parametrize("kind", [WalletKind.BONUS, WalletKind.PURCHASED])
def test_free_credits_of_the_day_never_become_others(alice: User, kind: WalletKind) -> None:
    with refused_by("transfer_takes_a_legal_route"):
        move(alice, wallet(alice, WalletKind.DAILY), wallet(alice, kind), kind=TransferKind.ADJUSTMENT)


@pytest.mark.parametrize("day", ["2020-01-01", "2999-01-01", ""])
def test_a_daily_top_up_for_another_day_is_refused(charlie: User, day: str) -> None:
    give(charlie, bonus=1)
    daily = wallet(charlie, WalletKind.DAILY)
    with refused_by("transfer_daily_once_per_utc_day"):
        move(
            charlie,
            wallet(None, WalletKind.ISSUANCE),
            daily,
            kind=TransferKind.DAILY,
            key=f"daily:{daily.pk}:{day}",
        )


def test_a_second_daily_top_up_of_a_day_is_refused(charlie: User) -> None:
    with transaction.atomic():
        ledger.lock(owner_id=charlie.pk, is_guest=False)
    first = Transfer.objects.get(owner=charlie, kind=TransferKind.DAILY)
    with refused_by("transfer_daily_once_per_utc_day"):
        move(charlie, first.source, first.target, kind=TransferKind.DAILY, key=first.key)


# --- Transfers: reserves and their ends ------------------------------------------------------------------------------


def test_a_legal_reserve_and_capture_pass_every_rule(alice: User) -> None:
    end(hold(alice, amount=10), Phase.CAPTURE, amount=4)
    assert balances(alice)["bonus"] == (46, 0)


@pytest.mark.parametrize(("kind", "amount"), [(WalletKind.BONUS, 51), (WalletKind.PURCHASED, 31)])
def test_reserving_more_than_a_wallet_holds_is_refused(alice: User, kind: WalletKind, amount: int) -> None:
    with refused_by("wallet_never_overdrawn"):
        hold(alice, kind, amount=amount)


def test_taking_what_is_reserved_is_refused(alice: User) -> None:
    hold(alice, WalletKind.PURCHASED, amount=30)
    with refused_by("wallet_never_overdrawn"):
        move(alice, wallet(alice, WalletKind.PURCHASED), wallet(None, WalletKind.SALES), kind=TransferKind.REFUND)


def test_a_debt_above_zero_is_refused(alice: User) -> None:
    with refused_by("wallet_never_overdrawn"):
        move(alice, wallet(None, WalletKind.ADJUSTMENT), wallet(alice, WalletKind.DEBT), kind=TransferKind.ADJUSTMENT)


def test_spending_without_a_reserve_is_refused(alice: User) -> None:
    with refused_by("transfer_spending_is_reserved"):
        hold(alice, phase=Phase.FINAL)


def test_a_reserve_about_nothing_is_refused(alice: User) -> None:
    with refused_by("transfer_spending_is_reserved"):
        hold(alice, subject="")


def test_reserving_for_anything_but_a_generation_is_refused(alice: User) -> None:
    with refused_by("transfer_spending_is_reserved"):
        gift(alice, phase=Phase.RESERVE)


def test_a_reserve_by_a_debtor_is_refused(alice: User) -> None:
    ledger.clawback(owner_id=alice.pk, amount=31, key="refund:1", reason="dispute")
    with refused_by("transfer_no_reserve_in_debt"):
        hold(alice, amount=1)


@pytest.mark.parametrize("phase", [Phase.CAPTURE, Phase.RELEASE])
def test_an_end_without_a_reserve_is_refused(alice: User, phase: Phase) -> None:
    with refused_by("transfer_resolution_names_reserve"):
        hold(alice, phase=phase)


def test_a_reserve_that_names_a_reserve_is_refused(alice: User) -> None:
    held = hold(alice)
    with refused_by("transfer_resolution_names_reserve"):
        hold(alice, reserve=held, phase=Phase.RESERVE)


@pytest.mark.parametrize("first", [Phase.CAPTURE, Phase.RELEASE])
@pytest.mark.parametrize("second", [Phase.CAPTURE, Phase.RELEASE])
def test_a_second_end_is_refused(alice: User, first: Phase, second: Phase) -> None:
    held = hold(alice)
    end(held, first)
    with refused_by("transfer_reserve_ends_once"):
        end(held, second)


@pytest.mark.parametrize(
    ("phase", "fields"),
    [
        (Phase.CAPTURE, {"amount": 6}),
        (Phase.RELEASE, {"amount": 4}),
        (Phase.RELEASE, {"amount": 6}),
        (Phase.CAPTURE, {"subject": "job:y"}),
    ],
)
def test_an_end_that_does_not_fit_its_reserve_is_refused(alice: User, phase: Phase, fields: dict[str, Any]) -> None:
    held = hold(alice, amount=5)
    with refused_by("transfer_resolution_fits_reserve"):
        end(held, phase, **fields)


def test_an_end_from_another_wallet_is_refused(alice: User) -> None:
    held = hold(alice, WalletKind.PURCHASED)
    held.source = wallet(alice, WalletKind.BONUS)
    with refused_by("transfer_resolution_fits_reserve"):
        end(held, Phase.RELEASE)


def test_an_end_of_what_is_no_reserve_is_refused(alice: User) -> None:
    held = hold(alice)
    held.pk = gift(alice).pk
    with refused_by("transfer_resolution_fits_reserve"):
        end(held, Phase.CAPTURE)


# --- History ---------------------------------------------------------------------------------------------------------


def test_a_transfer_is_never_changed(alice: User) -> None:
    transfer = gift(alice)
    with refused_by("transfer_append_only"):
        Transfer.objects.filter(pk=transfer.pk).update(amount=500)
    with refused_by("transfer_append_only"):
        transfer.save()
    with refused_by("transfer_append_only"):
        execute("UPDATE credits_transfer SET reason = 'another'")


def test_a_transfer_is_never_deleted(alice: User) -> None:
    transfer = gift(alice)
    with refused_by("transfer_append_only"):
        transfer.delete()
    with refused_by("transfer_append_only"):
        execute("DELETE FROM credits_transfer")


@pytest.mark.parametrize(
    "sql",
    [
        "TRUNCATE credits_transfer, credits_checkpoint",
        "TRUNCATE credits_transfer CASCADE",
        "TRUNCATE credits_wallet CASCADE",
        "TRUNCATE accounts_user CASCADE",
    ],
)
def test_the_history_is_never_emptied(alice: User, sql: str) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    with refused_by("transfer_append_only"):
        execute(sql)


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE credits_wallet SET balance = balance + 1000000", "wallet_moved_by_transfers_only"),
        ("UPDATE credits_transfer SET amount = 1", "transfer_append_only"),
        ("DELETE FROM credits_transfer", "transfer_append_only"),
    ],
)
def test_replica_mode_switches_nothing_off(alice: User, sql: str, rule: str) -> None:
    execute("SET LOCAL session_replication_role = replica")
    with refused_by(rule):
        execute(sql)


def test_replica_mode_still_moves_the_credits(alice: User) -> None:
    execute("SET LOCAL session_replication_role = replica")
    gift(alice)
    assert balances(alice)["bonus"] == (55, 0)


def test_pgtriggers_own_switch_switches_nothing_off(alice: User) -> None:
    with pgtrigger.ignore(), refused_by("transfer_append_only"):
        execute("DELETE FROM credits_transfer")
    with pgtrigger.ignore(), refused_by("wallet_moved_by_transfers_only"):
        execute("UPDATE credits_wallet SET balance = 1000000")
    with pgtrigger.ignore():
        gift(alice)
    assert balances(alice)["bonus"] == (55, 0)


def test_a_table_of_the_sessions_own_does_not_shadow_the_ledger(alice: User) -> None:
    execute("CREATE TEMPORARY TABLE credits_wallet (LIKE public.credits_wallet) ON COMMIT DROP")
    columns = "owner_id, source_id, target_id, amount, phase, kind, subject, reason, actor_id"
    execute(
        f"INSERT INTO public.credits_transfer ({columns}, key) SELECT {columns}, 'shadow' FROM public.credits_transfer"
        " WHERE kind = 'goodwill'"
    )
    execute("DROP TABLE pg_temp.credits_wallet")
    assert balances(alice)["bonus"] == (100, 0)
