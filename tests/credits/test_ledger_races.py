"""The ledger under real races: threads, each with its own connection, from one start."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.db import transaction

from accounts.models import User
from credits import audit, ledger
from credits.models import Phase, Transfer, TransferKind, Wallet, WalletKind
from credits.purse import Settlement
from tests.funds import give, set_aside
from tests.races import race, together

pytestmark = pytest.mark.django_db(transaction=True)


def names(results: Sequence[object]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def assert_books_in_order() -> None:
    ours = {"job_money_fits_state", "reserve_of_no_job"}  # these tests reserve without jobs
    assert [breach for breach in audit.run().breaches if breach.check not in ours] == []


def test_locking_outside_a_transaction_is_refused(charlie: User) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        ledger.lock(owner_id=charlie.pk, is_guest=False)


def test_fifty_reserves_on_ten_credits_are_exactly_ten(gwen: User) -> None:
    results = race([partial(set_aside, gwen, 1, f"job:{number}") for number in range(50)])
    assert names(results) == {"str": 10, "InsufficientCredits": 40}
    wallet = Wallet.objects.get(owner=gwen, kind=WalletKind.DAILY)
    assert (wallet.balance, wallet.reserved) == (10, 10)
    assert_books_in_order()


def test_fifty_reserves_over_three_wallets_spend_each_credit_once(alice: User) -> None:
    results = race([partial(set_aside, alice, 7, f"job:{number}") for number in range(50)])
    assert names(results) == {"str": 14, "InsufficientCredits": 36}
    assert_books_in_order()


def test_one_subject_reserved_at_once_is_reserved_once(alice: User) -> None:
    results = together(20, partial(set_aside, alice, 25, "job:1"))
    assert names(results) == {"str": 20}
    assert sum(Transfer.objects.filter(phase=Phase.RESERVE).values_list("amount", flat=True)) == 25
    assert_books_in_order()


def test_twenty_charges_against_twenty_releases_have_one_outcome(alice: User) -> None:
    set_aside(alice, 85, "job:1")
    works: list[Callable[[], Settlement]] = [
        partial(ledger.settle, subject="job:1", amount=amount) for amount in [85, 0] * 20
    ]
    results = race(works)
    outcomes = {result for result in results if isinstance(result, Settlement)}
    assert len(outcomes) == 1
    assert names(results) == {"Settlement": 20, "ReserveEnded": 20}
    assert Transfer.objects.exclude(reserve=None).count() == 3
    assert_books_in_order()


def test_thirty_first_visits_of_a_day_top_up_once(charlie: User) -> None:
    def visit() -> int:
        with transaction.atomic():
            return ledger.lock(owner_id=charlie.pk, is_guest=False).available()

    assert together(30, visit) == [20] * 30
    assert Transfer.objects.filter(owner=charlie, kind=TransferKind.DAILY).count() == 1
    assert Wallet.objects.filter(owner=charlie).count() == 4


def test_the_first_visits_of_many_people_open_one_set_of_house_wallets() -> None:
    people = [User.objects.create_guest() for _ in range(20)]

    def visit(user: User) -> int:
        with transaction.atomic():
            return ledger.lock(owner_id=user.pk, is_guest=True).available()

    assert race([partial(visit, user) for user in people]) == [10] * 20
    assert Wallet.objects.filter(owner=None).count() == 4


def test_one_key_at_once_is_one_grant(charlie: User) -> None:
    def buy() -> int:
        return ledger.grant(
            owner_id=charlie.pk, wallet_kind=WalletKind.PURCHASED, amount=100, kind=TransferKind.PURCHASE, key="pi:1"
        ).pk

    assert len(set(together(20, buy))) == 1
    assert Wallet.objects.get(owner=charlie, kind=WalletKind.PURCHASED).balance == 100


def test_one_key_at_once_for_two_people_is_one_grant_and_one_refusal(charlie: User, bob: User) -> None:
    def buy(user: User) -> int:
        return ledger.grant(
            owner_id=user.pk, wallet_kind=WalletKind.PURCHASED, amount=100, kind=TransferKind.PURCHASE, key="pi:1"
        ).pk

    results = race([partial(buy, user) for user in (charlie, bob) * 5])
    assert names(results) == {"int": 5, "KeyReused": 5}
    assert_books_in_order()


def test_welcome_credits_asked_for_at_once_come_once(charlie: User) -> None:
    results = together(20, partial(ledger.welcome, owner_id=charlie.pk))
    assert names(results) == {"Transfer": 20}
    assert Wallet.objects.get(owner=charlie, kind=WalletKind.BONUS).balance == 50


def test_one_clawback_at_once_takes_once(charlie: User) -> None:
    give(charlie, purchased=60)
    claim = partial(ledger.clawback, owner_id=charlie.pk, amount=100, key="dispute:1", reason="lost")
    assert len(set(together(10, claim))) == 1
    assert_books_in_order()


def test_reserving_against_a_clawback_never_overdraws(charlie: User) -> None:
    give(charlie, purchased=10)
    claim = partial(ledger.clawback, owner_id=charlie.pk, amount=10, key="dispute:1", reason="lost")
    works: list[Callable[[], object]] = [claim, *(partial(set_aside, charlie, 3, f"job:{n}") for n in range(19))]
    results = race(works)
    assert set(names(results)) <= {"Clawback", "str", "InsufficientCredits", "InDebt"}
    assert_books_in_order()


def test_everything_at_once_for_two_people_deadlocks_nobody(alice: User, charlie: User) -> None:
    give(charlie, bonus=50, purchased=30)
    works: list[Callable[[], object]] = []
    for user in (alice, charlie):
        for number in range(6):
            subject = set_aside(user, 6, f"job:{user.pk}:{number}")
            works += [
                partial(ledger.settle, subject=subject, amount=6),
                partial(ledger.settle, subject=subject, amount=0),
                partial(set_aside, user, 1, f"{subject}:again"),
                partial(give, user, bonus=1, purchased=1),
            ]
    results = race(works)
    assert set(names(results)) <= {"Settlement", "ReserveEnded", "str", "NoneType"}
    assert_books_in_order()
