"""Credits that come in and go out again: welcome, purchases, gifts, claw-backs, debts, corrections."""

from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from credits import errors, ledger
from credits.models import Transfer, TransferKind, Wallet, WalletKind
from credits.purse import Clawback, Purse
from tests.funds import set_aside

pytestmark = pytest.mark.django_db


def purse_of(user: User) -> Purse:
    with transaction.atomic():
        return ledger.lock(owner_id=user.pk, is_guest=user.is_guest)


def buy(user: User, amount: int, key: str = "purchase:1", **options: Any) -> Transfer:
    return ledger.grant(
        owner_id=user.pk,
        wallet_kind=WalletKind.PURCHASED,
        amount=amount,
        kind=TransferKind.PURCHASE,
        key=key,
        **options,
    )


def spend(user: User, amount: int) -> None:
    ledger.settle(subject=set_aside(user, amount), amount=amount)


def take_back(user: User, amount: int, key: str = "refund:1", reason: str = "dispute lost") -> Clawback:
    return ledger.clawback(owner_id=user.pk, amount=amount, key=key, reason=reason)


# --- Grants ----------------------------------------------------------------------------------------------------------


def test_a_purchase_adds_to_the_purchased_wallet_from_sales(charlie: User) -> None:
    transfer = buy(charlie, 500, subject="purchase:pi_1")
    assert (transfer.source.kind, transfer.target.kind, transfer.subject) == ("sales", "purchased", "purchase:pi_1")
    purse = purse_of(charlie)
    assert (purse.purchased, purse.has_purchased) == (500, True)


def test_someone_who_spent_all_that_they_bought_still_has_bought(charlie: User) -> None:
    buy(charlie, 10)
    spend(charlie, 30)
    assert purse_of(charlie).has_purchased


def test_gifts_are_no_purchase(bob: User) -> None:
    ledger.welcome(owner_id=bob.pk)
    assert not purse_of(bob).has_purchased


def test_the_same_key_and_payload_give_the_first_result(charlie: User) -> None:
    assert buy(charlie, 500) == buy(charlie, 500)
    assert purse_of(charlie).purchased == 500


@pytest.mark.parametrize("fields", [{"amount": 501}, {"reason": "other"}, {"subject": "other"}])
def test_the_same_key_with_another_payload_is_refused(charlie: User, fields: dict[str, Any]) -> None:
    buy(charlie, 500)
    with pytest.raises(errors.KeyReused) as caught:
        buy(charlie, **({"amount": 500} | fields))
    assert caught.value.key == "purchase:1"
    assert purse_of(charlie).purchased == 500


def test_the_key_of_another_person_is_refused(charlie: User, bob: User) -> None:
    buy(charlie, 500)
    with pytest.raises(errors.KeyReused):
        buy(bob, 500)
    assert purse_of(bob).purchased == 0


@pytest.mark.parametrize("amount", [0, -1])
def test_a_grant_of_nothing_is_refused(charlie: User, amount: int) -> None:
    with pytest.raises(errors.Refused) as caught:
        buy(charlie, amount)
    assert caught.value.rule == "transfer_positive"


@pytest.mark.parametrize(
    ("kind", "wallet"),
    [
        (TransferKind.PURCHASE, WalletKind.BONUS),
        (TransferKind.WELCOME, WalletKind.PURCHASED),
        (TransferKind.DAILY, WalletKind.DAILY),
        (TransferKind.GENERATION, WalletKind.BONUS),
        (TransferKind.ADJUSTMENT, WalletKind.BONUS),
        (TransferKind.PURCHASE, WalletKind.SALES),
    ],
)
def test_a_grant_on_an_illegal_route_is_refused(charlie: User, kind: TransferKind, wallet: WalletKind) -> None:
    with pytest.raises(errors.Refused) as caught:
        ledger.grant(owner_id=charlie.pk, wallet_kind=wallet, amount=5, kind=kind, key="k")
    assert caught.value.rule == "transfer_takes_a_legal_route"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_gift_without_a_reason_is_refused(charlie: User, sam: User, reason: str) -> None:
    with pytest.raises(errors.Refused) as caught:
        ledger.grant(
            owner_id=charlie.pk,
            wallet_kind=WalletKind.BONUS,
            amount=5,
            kind=TransferKind.GOODWILL,
            key="k",
            reason=reason,
            actor_id=sam.pk,
        )
    assert caught.value.rule == "transfer_by_hand_has_reason_and_actor"


def test_welcome_credits_come_once_whatever_the_setting_says_later(charlie: User, settings: Any) -> None:
    first = ledger.welcome(owner_id=charlie.pk)
    settings.WELCOME_CREDITS = 70
    assert ledger.welcome(owner_id=charlie.pk) == first
    assert purse_of(charlie).bonus == 50


def test_no_welcome_credits_are_given_when_there_are_none(charlie: User, settings: Any) -> None:
    settings.WELCOME_CREDITS = 0
    assert ledger.welcome(owner_id=charlie.pk) is None


# --- Claw-backs and debts --------------------------------------------------------------------------------------------


def test_a_clawback_takes_what_is_there_and_books_the_rest_as_debt(charlie: User) -> None:
    buy(charlie, 100)
    spend(charlie, 110)  # 20 daily and 90 bought
    assert take_back(charlie, 100) == Clawback(taken=10, owed=90)
    purse = purse_of(charlie)
    assert (purse.purchased, purse.debt) == (0, 90)


def test_a_debt_is_paid_first_from_the_next_purchase(charlie: User) -> None:
    buy(charlie, 100)
    spend(charlie, 110)
    take_back(charlie, 100)
    buy(charlie, 100, key="purchase:2")
    purse = purse_of(charlie)
    assert (purse.purchased, purse.debt) == (10, 0)


def test_a_debt_is_paid_first_from_bonus_credits_too(charlie: User) -> None:
    take_back(charlie, 20)
    ledger.welcome(owner_id=charlie.pk)
    purse = purse_of(charlie)
    assert (purse.bonus, purse.debt) == (30, 0)


def test_a_repeated_purchase_pays_no_second_debt(charlie: User) -> None:
    buy(charlie, 100)
    take_back(charlie, 130)
    buy(charlie, 100)
    purse = purse_of(charlie)
    assert (purse.purchased, purse.debt) == (0, 30)


def test_daily_credits_pay_no_debt_and_cannot_be_spent_while_one_is_open(charlie: User) -> None:
    take_back(charlie, 5)
    assert (purse_of(charlie).daily, purse_of(charlie).debt) == (20, 5)
    with pytest.raises(errors.InDebt) as caught:
        set_aside(charlie, 1)
    assert caught.value.owed == 5


def test_a_clawback_leaves_what_open_jobs_have_reserved(charlie: User) -> None:
    buy(charlie, 100)
    subject = set_aside(charlie, 60, purchased_only=True)
    assert take_back(charlie, 100) == Clawback(taken=40, owed=60)
    ledger.settle(subject=subject, amount=60)
    purse = purse_of(charlie)
    assert (purse.purchased, purse.debt) == (0, 60)


def test_reserved_credits_pay_the_debt_when_they_return(charlie: User) -> None:
    buy(charlie, 100)
    subject = set_aside(charlie, 60, purchased_only=True)
    take_back(charlie, 90)
    ledger.settle(subject=subject, amount=20)  # 40 return, 50 are owed
    purse = purse_of(charlie)
    assert (purse.purchased, purse.debt) == (0, 10)


def test_what_returns_beyond_the_debt_stays(charlie: User) -> None:
    buy(charlie, 100)
    subject = set_aside(charlie, 60, purchased_only=True)
    take_back(charlie, 50)
    ledger.settle(subject=subject, amount=0)
    purse = purse_of(charlie)
    assert (purse.purchased, purse.debt) == (50, 0)


def test_a_repeated_clawback_gives_the_first_result(charlie: User) -> None:
    buy(charlie, 100)
    first = take_back(charlie, 60)
    assert take_back(charlie, 60) == first  # only 40 are there now
    assert purse_of(charlie).purchased == 40


@pytest.mark.parametrize("fields", [{"amount": 61}, {"amount": 60, "reason": "other"}])
def test_a_clawback_with_a_reused_key_is_refused(charlie: User, fields: dict[str, Any]) -> None:
    buy(charlie, 100)
    take_back(charlie, 60)
    with pytest.raises(errors.KeyReused):
        take_back(charlie, **fields)


def test_a_clawback_of_nothing_is_refused(charlie: User) -> None:
    with pytest.raises(errors.Refused):
        take_back(charlie, 0)


def test_a_won_dispute_restores(charlie: User) -> None:
    buy(charlie, 100)
    take_back(charlie, 100)
    ledger.grant(
        owner_id=charlie.pk,
        wallet_kind=WalletKind.PURCHASED,
        amount=100,
        kind=TransferKind.RESTORE,
        key="dispute:1:won",
    )
    assert purse_of(charlie).purchased == 100


# --- Corrections -----------------------------------------------------------------------------------------------------


def correct(user: User, staff: User, amount: int, wallet: str = WalletKind.BONUS, **options: Any) -> Transfer:
    values = {"key": "correction:1", "reason": "counted wrongly"} | options
    return ledger.adjust(owner_id=user.pk, wallet_kind=wallet, amount=amount, actor_id=staff.pk, **values)


def test_a_correction_adds_or_takes_and_says_why_and_who(alice: User, sam: User) -> None:
    added = correct(alice, sam, 7)
    taken = correct(alice, sam, -57, key="correction:2")
    assert (added.reason, added.actor) == ("counted wrongly", sam)
    assert (taken.source.kind, taken.target.kind, taken.amount) == ("bonus", "adjustment", 57)
    assert purse_of(alice).bonus == 0


def test_a_correction_beyond_what_is_there_is_refused(alice: User, sam: User) -> None:
    with pytest.raises(errors.InsufficientCredits) as caught:
        correct(alice, sam, -51)
    assert (caught.value.needed, caught.value.available) == (51, 50)


def test_a_repeated_correction_gives_the_first_result(alice: User, sam: User) -> None:
    assert correct(alice, sam, -50) == correct(alice, sam, -50)
    assert purse_of(alice).bonus == 0


def test_a_correction_with_a_reused_key_is_refused(alice: User, sam: User) -> None:
    correct(alice, sam, 5)
    with pytest.raises(errors.KeyReused):
        correct(alice, sam, -5)


@pytest.mark.parametrize("reason", ["", " "])
def test_a_correction_without_a_reason_is_refused(alice: User, sam: User, reason: str) -> None:
    with pytest.raises(errors.Refused):
        correct(alice, sam, 5, reason=reason)


def test_a_correction_of_nothing_is_refused(alice: User, sam: User) -> None:
    with pytest.raises(errors.Refused):
        correct(alice, sam, 0)


def test_a_correction_of_a_house_wallet_is_refused(alice: User, sam: User) -> None:
    with pytest.raises(errors.Refused):
        correct(alice, sam, 5, wallet=WalletKind.SALES)


def test_a_correction_forgives_a_debt(charlie: User, sam: User) -> None:
    take_back(charlie, 20)
    correct(charlie, sam, 20, wallet=WalletKind.DEBT)
    assert purse_of(charlie).debt == 0


def test_all_balances_and_the_house_sum_to_zero(alice: User, bob: User, charlie: User, sam: User) -> None:
    ledger.welcome(owner_id=bob.pk)
    buy(charlie, 100)
    spend(alice, 85)
    set_aside(bob, 3)
    take_back(charlie, 130)
    correct(alice, sam, -5, wallet=WalletKind.PURCHASED)
    people = sum(wallet.balance for wallet in Wallet.objects.exclude(owner=None))
    house = sum(
        row.amount * ((row.target.owner_id is None) - (row.source.owner_id is None))
        for row in Transfer.objects.filter(phase__in=["final", "capture"]).select_related("source", "target")
    )
    assert people + house == 0
