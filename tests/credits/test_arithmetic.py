"""The arithmetic of spending, by properties: on plain numbers, and through the ledger's rows."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from credits import ledger
from credits.models import SPENDABLE, TransferKind, WalletKind
from credits.purse import Purse, share, split
from tests.funds import give

amounts = st.integers(0, 500)


@given(amount=amounts, sizes=st.lists(amounts, max_size=5))
def test_a_share_fills_each_size_before_the_next(amount: int, sizes: list[int]) -> None:
    parts = share(amount, sizes)
    assert sum(parts) == min(amount, sum(sizes))
    assert all(0 <= part <= size for part, size in zip(parts, sizes, strict=True))
    first_gap = next((at for at, part in enumerate(parts) if part < sizes[at]), len(parts))
    assert not any(parts[first_gap + 1 :])


@given(daily=amounts, bonus=amounts, purchased=amounts, amount=amounts, purchased_only=st.booleans())
def test_a_split_pays_exactly_what_is_asked_where_it_can(
    daily: int, bonus: int, purchased: int, amount: int, purchased_only: bool
) -> None:
    purse = Purse(
        owner_id=1,
        daily=daily,
        bonus=bonus,
        purchased=purchased,
        debt=0,
        reserved=0,
        has_purchased=False,
        wallet_ids={},
    )
    parts = split(purse, amount, purchased_only=purchased_only)
    assert sum(parts.values()) == min(amount, purse.available(purchased_only=purchased_only))
    assert all(parts.values())
    assert set(parts) <= ({WalletKind.PURCHASED} if purchased_only else set(SPENDABLE))
    left = purse.without(parts)
    assert left.available() + left.reserved == purse.available()


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bonus=st.integers(0, 40), purchased=st.integers(0, 40), part=st.fractions(0, 1), charge=st.fractions(0, 1))
def test_what_is_not_charged_returns_to_where_it_came_from(
    db: None, bonus: int, purchased: int, part: float, charge: float
) -> None:
    user = User.objects.create_user(f"{uuid4()}@example.org")
    give(user, bonus=bonus, purchased=purchased)
    subject = f"job:{uuid4()}"
    with transaction.atomic():
        before = ledger.lock(owner_id=user.pk, is_guest=False)
        reserved = int(before.available() * part)
        ledger.reserve(purse=before, amount=reserved, subject=subject, kind=TransferKind.GENERATION)
    charged = int(reserved * charge)
    outcome = ledger.settle(subject=subject, amount=charged)
    with transaction.atomic():
        after = ledger.lock(owner_id=user.pk, is_guest=False)
    assert (outcome.captured, outcome.released) == (charged, reserved - charged)
    paid = split(before, charged, purchased_only=False)
    assert after == replace(before.without(paid), reserved=0)
