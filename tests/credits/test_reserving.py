"""Locking a purse, setting credits aside, charging and giving back: the way of every job."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from credits import errors, ledger
from credits.models import Phase, Transfer, TransferKind, Wallet, WalletKind
from credits.purse import Purse, Settlement
from tests.breaches import triggers_asleep
from tests.funds import give, set_aside

pytestmark = pytest.mark.django_db


def new_subject() -> str:
    return f"job:{uuid4()}"


def purse_of(user: User) -> Purse:
    with transaction.atomic():
        return ledger.lock(owner_id=user.pk, is_guest=user.is_guest)


def set_aside_all(user: User, amounts: list[int]) -> None:
    with transaction.atomic():
        purse = ledger.lock(owner_id=user.pk, is_guest=user.is_guest)
        for amount in amounts:
            purse = ledger.reserve(purse=purse, amount=amount, subject=new_subject(), kind=TransferKind.GENERATION)


def stored(user: User) -> dict[str, tuple[int, int]]:
    return {w.kind: (w.balance, w.reserved) for w in Wallet.objects.filter(owner=user)}


def test_the_first_lock_opens_the_wallets_and_tops_up_today(charlie: User) -> None:
    purse = purse_of(charlie)
    assert (purse.daily, purse.bonus, purse.purchased, purse.debt, purse.reserved) == (20, 0, 0, 0, 0)
    assert purse.available() == 20
    assert purse.available(purchased_only=True) == 0
    assert set(stored(charlie)) == {"daily", "bonus", "purchased", "debt"}


def test_a_guest_has_the_daily_wallet_only_and_less_in_it(gwen: User) -> None:
    assert purse_of(gwen).available() == 10
    assert stored(gwen) == {"daily": (10, 0)}


def test_locking_again_on_the_same_day_is_one_statement(alice: User) -> None:
    purse_of(alice)
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        ledger.lock(owner_id=alice.pk, is_guest=False)
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) == 1


def test_a_top_up_fills_the_wallet_and_never_adds_to_it(charlie: User) -> None:
    set_aside(charlie, 5)
    backdate_top_up(charlie)
    purse = purse_of(charlie)
    assert (purse.daily, purse.reserved) == (15, 5)
    assert Transfer.objects.filter(owner=charlie, kind=TransferKind.DAILY).count() == 1


def test_a_second_top_up_of_one_day_is_refused_even_to_a_wallet_that_was_set_back(charlie: User) -> None:
    ledger.settle(subject=set_aside(charlie, 5), amount=5)
    backdate_top_up(charlie)
    with pytest.raises(IntegrityError, match="transfer_key_once"), transaction.atomic():
        purse_of(charlie)


def test_a_full_wallet_is_marked_as_topped_up_without_a_transfer(charlie: User) -> None:
    purse_of(charlie)
    backdate_top_up(charlie)
    purse_of(charlie)
    wallet = Wallet.objects.get(owner=charlie, kind=WalletKind.DAILY)
    assert wallet.topped_up_on == database_today()
    assert Transfer.objects.filter(owner=charlie, kind=TransferKind.DAILY).count() == 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_day_is_the_utc_day_whatever_the_sessions_time_zone(charlie: User, zone: str) -> None:
    today = database_today().isoformat()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL TIME ZONE '{zone}'")
    purse_of(charlie)
    wallet = Wallet.objects.get(owner=charlie, kind=WalletKind.DAILY)
    assert Transfer.objects.get(owner=charlie).key == f"daily:{wallet.pk}:{today}"
    assert str(wallet.topped_up_on) == today


def test_an_allowance_of_nothing_tops_up_nothing(charlie: User, settings: Any) -> None:
    settings.DAILY_FREE_CREDITS = 0
    assert purse_of(charlie).available() == 0
    assert not Transfer.objects.filter(owner=charlie).exists()


def test_a_reserve_takes_daily_then_bonus_then_purchased(alice: User) -> None:
    subject = set_aside(alice, 85)
    rows = Transfer.objects.filter(subject=subject).order_by("id").values_list("key", "amount", "phase", "target__kind")
    assert list(rows) == [
        (f"{subject}:reserve:daily", 20, "reserve", "revenue"),
        (f"{subject}:reserve:bonus", 50, "reserve", "revenue"),
        (f"{subject}:reserve:purchased", 15, "reserve", "revenue"),
    ]
    assert purse_of(alice).available() == 15


def test_a_reserve_is_one_insert(alice: User) -> None:
    with transaction.atomic():
        purse = ledger.lock(owner_id=alice.pk, is_guest=False)
        with CaptureQueriesContext(connection) as queries:
            left = ledger.reserve(purse=purse, amount=85, subject=new_subject(), kind=TransferKind.GENERATION)
    assert len(queries) == 1
    assert (left.daily, left.bonus, left.purchased, left.reserved) == (0, 0, 15, 85)


def test_a_pro_model_is_paid_from_purchased_credits_alone(alice: User) -> None:
    subject = set_aside(alice, 30, purchased_only=True)
    assert list(Transfer.objects.filter(subject=subject).values_list("source__kind", "amount")) == [("purchased", 30)]


def test_a_pro_model_is_refused_when_only_free_credits_are_left(alice: User) -> None:
    with pytest.raises(errors.InsufficientCredits) as caught:
        set_aside(alice, 31, purchased_only=True)
    assert (caught.value.needed, caught.value.available) == (31, 30)


def test_more_than_there_is_is_refused_and_nothing_is_written(alice: User) -> None:
    with pytest.raises(errors.InsufficientCredits) as caught:
        set_aside(alice, 101)
    assert (caught.value.needed, caught.value.available) == (101, 100)
    assert not Transfer.objects.filter(phase=Phase.RESERVE).exists()


def test_someone_without_credits_is_refused(bob: User) -> None:
    with pytest.raises(errors.InsufficientCredits) as caught:
        set_aside(bob, 1)
    assert (caught.value.needed, caught.value.available) == (1, 0)


def test_a_repeated_reserve_changes_nothing(alice: User) -> None:
    subject = set_aside(alice, 30)
    set_aside(alice, 30, subject)
    assert purse_of(alice).reserved == 30


def test_a_repeated_reserve_is_known_even_when_its_split_would_differ(alice: User) -> None:
    subject = set_aside(alice, 20)  # all of it daily
    set_aside(alice, 20, subject)  # would be bonus now
    assert Transfer.objects.filter(subject=subject).count() == 1


def test_a_repeated_reserve_is_known_when_nothing_is_left(alice: User) -> None:
    subject = set_aside(alice, 100)
    set_aside(alice, 100, subject)
    assert purse_of(alice).reserved == 100


def test_a_subject_reserved_with_another_amount_is_refused(alice: User) -> None:
    subject = set_aside(alice, 30)
    with pytest.raises(errors.KeyReused):
        set_aside(alice, 31, subject)
    assert purse_of(alice).reserved == 30


def test_a_subject_of_another_person_is_refused(alice: User, charlie: User) -> None:
    subject = set_aside(alice, 10)
    with pytest.raises(errors.KeyReused):
        set_aside(charlie, 10, subject)


def test_a_reserve_of_nothing_writes_nothing_and_settles_at_nothing(alice: User) -> None:
    subject = set_aside(alice, 0)
    assert not Transfer.objects.filter(subject=subject).exists()
    assert ledger.settle(subject=subject, amount=0) == Settlement(subject, 0, 0)


def test_a_negative_reserve_is_refused(alice: User) -> None:
    with pytest.raises(errors.Refused):
        set_aside(alice, -1)


def test_a_set_is_reserved_as_a_whole_or_not_at_all(alice: User) -> None:
    with pytest.raises(errors.InsufficientCredits):
        set_aside_all(alice, [40, 40, 40])
    assert purse_of(alice).reserved == 0


def test_a_set_is_paid_from_one_purse(alice: User) -> None:
    set_aside_all(alice, [40, 40])
    assert stored(alice) == {"daily": (20, 20), "bonus": (50, 50), "purchased": (30, 10), "debt": (0, 0)}


def test_a_full_charge_leaves_nothing_reserved(alice: User) -> None:
    subject = set_aside(alice, 85)
    assert ledger.settle(subject=subject, amount=85) == Settlement(subject, captured=85, released=0)
    assert stored(alice) == {"daily": (0, 0), "bonus": (0, 0), "purchased": (15, 0), "debt": (0, 0)}


def test_a_partial_charge_takes_daily_first_and_returns_the_rest(alice: User) -> None:
    subject = set_aside(alice, 85)
    assert ledger.settle(subject=subject, amount=30) == Settlement(subject, captured=30, released=55)
    assert stored(alice) == {"daily": (0, 0), "bonus": (40, 0), "purchased": (30, 0), "debt": (0, 0)}


def test_no_charge_releases_everything(alice: User) -> None:
    subject = set_aside(alice, 85)
    assert ledger.settle(subject=subject, amount=0) == Settlement(subject, captured=0, released=85)
    assert purse_of(alice).available() == 100


def test_settling_is_three_statements_and_a_commit(alice: User) -> None:
    subject = set_aside(alice, 85)
    with CaptureQueriesContext(connection) as queries:
        ledger.settle(subject=subject, amount=30)
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) == 3


def test_settling_again_in_the_same_way_returns_the_first_result(alice: User) -> None:
    subject = set_aside(alice, 85)
    first = ledger.settle(subject=subject, amount=30)
    assert ledger.settle(subject=subject, amount=30) == first
    assert purse_of(alice).available() == 70


@pytest.mark.parametrize(("first", "second"), [(30, 0), (0, 30), (30, 31)])
def test_settling_again_in_another_way_is_refused(alice: User, first: int, second: int) -> None:
    subject = set_aside(alice, 85)
    ledger.settle(subject=subject, amount=first)
    with pytest.raises(errors.ReserveEnded) as caught:
        ledger.settle(subject=subject, amount=second)
    assert caught.value.captured == first
    assert purse_of(alice).available() == 100 - first


def test_a_charge_above_the_reserve_is_refused(alice: User) -> None:
    subject = set_aside(alice, 30)
    with pytest.raises(errors.OverCapture) as caught:
        ledger.settle(subject=subject, amount=31)
    assert (caught.value.amount, caught.value.reserved) == (31, 30)
    assert purse_of(alice).reserved == 30


def test_a_charge_without_a_reserve_is_refused(alice: User) -> None:
    with pytest.raises(errors.OverCapture):
        ledger.settle(subject=new_subject(), amount=1)


def test_a_released_reserve_can_be_spent_again(charlie: User) -> None:
    ledger.settle(subject=set_aside(charlie, 20), amount=0)
    set_aside(charlie, 20)
    give(charlie, bonus=1)
    assert purse_of(charlie).available() == 1


def database_today() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'utc')::date")
        return cursor.fetchone()[0]


def backdate_top_up(user: User) -> None:
    """Make yesterday of the last top-up's date, which only someone who may disable triggers can."""
    yesterday = database_today() - timedelta(days=1)
    with triggers_asleep("credits_wallet"):
        Wallet.objects.filter(owner=user, kind=WalletKind.DAILY).update(topped_up_on=yesterday)
