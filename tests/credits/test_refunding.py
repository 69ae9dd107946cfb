"""What was charged comes back: into which wallets, how often, and never more than was taken."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import User
from credits import audit, errors, ledger, lines, receipts, statements
from credits.models import Phase, Transfer, TransferKind, Wallet, WalletKind
from credits.purse import Refund
from credits.statements import Charges
from tests.breaches import execute, triggers_asleep
from tests.races import together
from tests.rules import refused_by

pytestmark = pytest.mark.django_db

SUBJECT = "job:refunded"


def charge(user: User, amount: int, *, reserved: int = 0, subject: str = SUBJECT) -> None:
    with transaction.atomic():
        purse = ledger.lock(owner_id=user.pk, is_guest=user.is_guest)
        ledger.reserve(purse=purse, amount=reserved or amount, subject=subject, kind=TransferKind.GENERATION)
    ledger.settle(subject=subject, amount=amount)


def refund(actor: User, amount: int, **changes: Any) -> Refund:
    told: dict[str, Any] = {"subject": SUBJECT, "key": "staff:1", "reason": "a broken picture", "actor_id": actor.pk}
    return ledger.refund(amount=amount, **(told | changes))


def by_hand(user: User, staff: User, amount: int, **changes: Any) -> Transfer:
    """A refund past the ledger, into the bonus wallet."""
    told: dict[str, Any] = {
        "owner": user,
        "source": Wallet.objects.get(owner=None, kind=WalletKind.REVENUE),
        "target": Wallet.objects.get(owner=user, kind=WalletKind.BONUS),
        "amount": amount,
        "phase": Phase.FINAL,
        "kind": TransferKind.REFUND,
        "key": f"by hand:{uuid4()}",
        "subject": SUBJECT,
        "reason": "a test",
        "actor": staff,
    }
    return Transfer.objects.create(**(told | changes))


def balances(user: User) -> dict[str, int]:
    return dict(Wallet.objects.filter(owner=user).values_list("kind", "balance"))


def assert_books_in_order() -> None:
    ours = {"reserve_of_no_job"}  # these tests reserve without jobs
    assert [breach for breach in audit.run().breaches if breach.check not in ours] == []


# --- Where it goes ---------------------------------------------------------------------------------------------------


def test_a_refund_goes_back_in_reverse_order_and_daily_credits_return_as_bonus(alice: User, sam: User) -> None:
    charge(alice, 75)  # 20 daily, 50 bonus, 5 purchased
    assert refund(sam, 15) == Refund(alice.pk, bonus=10, purchased=5)
    assert balances(alice) == {"daily": 0, "bonus": 10, "purchased": 30, "debt": 0}
    assert refund(sam, 60, key="staff:2") == Refund(alice.pk, bonus=60, purchased=0)
    assert balances(alice) == {"daily": 0, "bonus": 70, "purchased": 30, "debt": 0}
    assert_books_in_order()


def test_a_guest_is_refunded_too(gwen: User, sam: User) -> None:
    charge(gwen, 10)
    assert refund(sam, 4) == Refund(gwen.pk, bonus=4, purchased=0)
    assert_books_in_order()


def test_a_debt_is_paid_first_and_once(alice: User, sam: User) -> None:
    charge(alice, 80)  # 10 of them purchased
    ledger.clawback(owner_id=alice.pk, amount=35, key="dispute:1", reason="lost")  # 20 there, 15 owed
    refund(sam, 40)  # 10 purchased, 30 bonus
    assert balances(alice) == {"daily": 0, "bonus": 25, "purchased": 0, "debt": 0}
    assert_books_in_order()


def test_a_refund_keeps_who_made_it_and_why(alice: User, sam: User) -> None:
    charge(alice, 5)
    refund(sam, 5)
    row = Transfer.objects.get(kind=TransferKind.REFUND)
    assert (row.actor, row.reason, row.subject, row.source.kind) == (sam, "a broken picture", SUBJECT, "revenue")


# --- Once, and never more --------------------------------------------------------------------------------------------


def test_the_same_key_refunds_once(alice: User, sam: User) -> None:
    charge(alice, 75)
    assert refund(sam, 15) == refund(sam, 15)
    assert Transfer.objects.filter(kind=TransferKind.REFUND).count() == 2
    refund(sam, 60, key="staff:2")
    assert refund(sam, 15) == Refund(alice.pk, bonus=10, purchased=5)  # also when nothing is left


@pytest.mark.parametrize("change", [{"reason": "another"}, {"subject": "job:other"}, {"amount": 4}, {"actor_id": 0}])
def test_the_same_key_with_another_payload_is_refused(alice: User, sam: User, change: dict[str, Any]) -> None:
    charge(alice, 5)
    charge(alice, 5, subject="job:other")
    refund(sam, 3)
    with pytest.raises(errors.KeyReused):
        refund(sam, **({"amount": 3} | change))
    assert statements.of_subject(SUBJECT).refunded == 3


def test_more_than_is_left_is_refused(alice: User, sam: User) -> None:
    charge(alice, 30, reserved=40)
    refund(sam, 20)
    with pytest.raises(errors.OverRefund) as caught:
        refund(sam, 11, key="staff:2")
    assert (caught.value.amount, caught.value.left) == (11, 10)
    refund(sam, 10, key="staff:2")


def test_what_was_never_charged_is_not_refunded(alice: User, sam: User) -> None:
    charge(alice, 0, reserved=5)
    for subject in (SUBJECT, "job:unknown"):
        with pytest.raises(errors.OverRefund) as caught:
            refund(sam, 1, subject=subject)
        assert caught.value.left == 0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"amount": 0}, "transfer_positive"),
        ({"amount": -1}, "transfer_positive"),
        ({"reason": " "}, "transfer_by_hand_has_reason_and_actor"),
        ({"actor_id": None}, "transfer_by_hand_has_reason_and_actor"),
    ],
)
def test_a_refund_without_amount_reason_or_actor_is_refused(
    alice: User, sam: User, changes: dict[str, Any], rule: str
) -> None:
    charge(alice, 5)
    with pytest.raises(errors.Refused) as caught:
        refund(sam, **({"amount": 5} | changes))
    assert caught.value.rule == rule
    assert statements.of_subject(SUBJECT).refunded == 0


def test_a_grant_is_no_way_round(alice: User, sam: User) -> None:
    charge(alice, 5)
    with pytest.raises(errors.Refused):
        ledger.grant(
            owner_id=alice.pk,
            wallet_kind=WalletKind.BONUS,
            amount=50,
            kind=TransferKind.REFUND,
            key="k",
            reason="more",
            actor_id=sam.pk,
            subject=SUBJECT,
        )


# --- The database ----------------------------------------------------------------------------------------------------


def test_the_database_refuses_more_than_was_charged(alice: User, charlie: User, sam: User) -> None:
    charge(alice, 75)
    charge(charlie, 1, subject="job:charlie")
    by_hand(alice, sam, 70)
    with refused_by("transfer_refunds_what_was_charged"):
        by_hand(alice, sam, 1)
    with refused_by("transfer_refunds_what_was_charged"):
        by_hand(alice, sam, 6, target=Wallet.objects.get(owner=alice, kind=WalletKind.PURCHASED))
    with refused_by("transfer_refunds_what_was_charged"):  # to somebody else, and of nothing
        by_hand(alice, sam, 1, subject="job:charlie")
    with refused_by("transfer_refunds_what_was_charged"):
        by_hand(alice, sam, 1, subject="")


def test_the_database_refuses_more_than_was_charged_in_one_statement(alice: User, sam: User) -> None:
    charge(alice, 10)
    revenue, bonus = Wallet.objects.get(owner=None, kind="revenue"), Wallet.objects.get(owner=alice, kind="bonus")
    with refused_by("transfer_refunds_what_was_charged"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO credits_transfer (owner_id, source_id, target_id, amount, phase, kind, key, subject, reason,"
            " actor_id) SELECT %s, %s, %s, 4, 'final', 'refund', 'k' || n, %s, 'why', %s FROM generate_series(1, 3) n",
            [alice.pk, revenue.pk, bonus.pk, SUBJECT, sam.pk],
        )


@pytest.mark.parametrize("changes", [{"reason": " "}, {"actor": None}])
def test_the_database_refuses_a_refund_without_reason_or_actor(alice: User, sam: User, changes: dict[str, Any]) -> None:
    charge(alice, 10)
    by_hand(alice, sam, 1)
    with refused_by("transfer_by_hand_has_reason_and_actor"):
        by_hand(alice, sam, 1, **changes)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE credits_transfer SET subject = 'job:none' WHERE kind = 'refund'", "refunds_what_was_charged"),
        ("UPDATE credits_transfer SET reason = '' WHERE kind = 'refund'", "by_hand_has_reason_and_actor"),
    ],
)
def test_the_audit_finds_what_went_past_the_guards(alice: User, sam: User, sql: str, found: str) -> None:
    charge(alice, 10)
    refund(sam, 10)
    with triggers_asleep("credits_transfer"):
        execute(sql)
    assert {breach.check for breach in audit.run().breaches} - {"reserve_of_no_job"} == {found}


# --- Races -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_ten_refunds_at_once_give_back_what_was_charged(alice: User, sam: User) -> None:
    charge(alice, 75)
    results = together(10, lambda: refund(sam, 20, key=f"staff:{uuid4()}"))
    assert sorted(type(result).__name__ for result in results) == ["OverRefund"] * 7 + ["Refund"] * 3
    assert statements.of_subject(SUBJECT).refunded == 60
    assert_books_in_order()


@pytest.mark.django_db(transaction=True)
def test_one_refund_sent_ten_times_at_once_is_made_once(alice: User, sam: User) -> None:
    charge(alice, 75)
    results = together(10, partial(refund, sam, 20))
    assert results == [Refund(alice.pk, bonus=15, purchased=5)] * 10
    assert statements.of_subject(SUBJECT).refunded == 20


@pytest.mark.django_db(transaction=True)
def test_ten_refunds_past_the_ledger_take_turns(alice: User, sam: User) -> None:
    charge(alice, 70)
    results = together(10, lambda: by_hand(alice, sam, 20))
    assert sorted(type(result).__name__ for result in results) == ["IntegrityError"] * 7 + ["Transfer"] * 3
    assert_books_in_order()


# --- What people read ------------------------------------------------------------------------------------------------


def test_receipt_statement_and_sum_tell_of_it(alice: User, sam: User) -> None:
    charge(alice, 75, reserved=80)
    refund(sam, 15)
    assert statements.of_subject(SUBJECT) == Charges(reserved=80, captured=75, released=5, refunded=15)
    told = [(line.label, line.amount, line.wallet) for line in receipts.of_subject(SUBJECT)]
    assert told[-2:] == [("Refunded", 5, "Purchased"), ("Refunded", 10, "Bonus")]
    entries = statements.page(owner_id=alice.pk).entries
    assert [(line.what, line.detail, line.tag, line.change, line.available, line.job) for line in entries[:2]] == [
        (lines.CHARGE_BACK[0], "a broken picture", "Refund", 10, 40, "refunded"),
        (lines.CHARGE_BACK[0], "a broken picture", "Refund", 5, 30, "refunded"),
    ]
    found = statements.page(owner_id=alice.pk, wanted=statements.Filter(kind="refund")).entries
    assert [line.change for line in found] == [10, 5]
