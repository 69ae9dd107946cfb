"""The audit of guests that became accounts finds what was written past the guards."""

import pytest

from accounts import guests
from accounts.models import User
from tests import pictures
from tests.breaches import breaches, execute, guards_down

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE accounts_user SET merged_into_id = {guest} WHERE id = {account}", {"guest_merged_once"}),
        ("UPDATE accounts_user SET merged_into_id = {guest} WHERE id = {guest}", {"guest_merged_once"}),
        (
            "UPDATE generation_job SET owner_id = {guest}, created_at = created_at - interval '1 hour'",
            {"guest_left_nothing_behind", "asset_fits_its_job"},
        ),
    ],
)
def test_a_merge_that_went_wrong_is_found(gwen: User, charlie: User, sql: str, found: set[str]) -> None:
    pictures.one(gwen)
    assert guests.merge(guest_id=gwen.pk, account_id=charlie.pk) == 1
    assert breaches() == set()
    with guards_down("accounts_user", "generation_job"):
        execute(sql.format(guest=gwen.pk, account=charlie.pk))
    assert breaches() == found
