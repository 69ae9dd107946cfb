"""Staff look at the ledger in the admin and change nothing there."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from credits.models import Transfer, Wallet
from tests.funds import give

pytestmark = pytest.mark.django_db

LISTS = ["/admin/credits/wallet/", "/admin/credits/transfer/", "/admin/credits/audit/"]


@pytest.fixture
def staff(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


@pytest.mark.parametrize("path", LISTS)
def test_staff_see_the_lists_and_cannot_add(staff: Client, alice: User, path: str) -> None:
    assert staff.get(path).status_code == 200
    assert staff.get(f"{path}add/").status_code == 403


@pytest.mark.parametrize("path", LISTS)
def test_others_do_not_see_them(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    assert client.get(path).status_code == 302


@pytest.mark.parametrize("model", [Wallet, Transfer])
def test_a_row_can_be_looked_at_and_not_changed(staff: Client, alice: User, model: type[Wallet | Transfer]) -> None:
    row = model.objects.first()
    assert row
    path = f"/admin/credits/{model._meta.model_name}/{row.pk}"
    assert staff.get(f"{path}/change/").status_code == 200
    assert staff.post(f"{path}/change/", {"amount": 9}).status_code == 403
    assert staff.post(f"{path}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("query", ["alice@example.org", "charlie@example.org"])
def test_a_persons_transfers_are_found_by_their_address(staff: Client, alice: User, charlie: User, query: str) -> None:
    response = staff.get("/admin/credits/transfer/", {"q": query})
    assert response.context["cl"].result_count == (2 if query.startswith("alice") else 0)


def test_the_list_costs_the_same_at_any_length(staff: Client, alice: User, charlie: User) -> None:
    staff.get("/admin/credits/transfer/")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            staff.get("/admin/credits/transfer/")
        counts.append(len(queries))
        give(charlie, bonus=1, purchased=1)
    assert counts[0] == counts[1]
