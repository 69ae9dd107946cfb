"""The audit of posts finds what was written past the guards."""

import pytest

from accounts.models import User
from tests.breaches import breaches, execute, guards_down
from tests.pictures import one, show

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE gallery_post SET code = gen_random_uuid()", "post_fits_its_asset"),
        ("UPDATE gallery_post SET owner_id = (SELECT max(id) FROM accounts_user)", "post_fits_its_asset"),
        ("UPDATE generation_asset SET visibility = 'private'", "post_listed_only_when_public"),
        ("UPDATE generation_asset SET deleted_at = now()", "post_listed_only_while_kept"),
    ],
)
def test_a_post_that_does_not_fit_its_asset_is_found(alice: User, charlie: User, sql: str, found: str) -> None:
    show(one(alice))
    assert breaches() == set()
    with guards_down("gallery_post", "generation_asset"):
        execute(sql)
    assert breaches() == {found}
