"""Staff give credits and correct wallets in the admin, each with a reason; nobody else does."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from credits import audit, ledger
from credits.models import Transfer, TransferKind, Wallet

pytestmark = pytest.mark.django_db

VIEWS = ["give", "correct"]


@pytest.fixture
def desk(client: Client, alice: User, sam: User) -> Callable[..., Any]:
    """Sends a form about Alice; without a form it opens the page."""
    client.force_login(sam)

    def send(view: str, **form: Any) -> Any:
        path = f"/admin/credits/wallet/of/{alice.pk}/{view}/"
        whole = {"amount": 7, "wallet": "purchased", "reason": "a slow evening", "key": str(uuid4())} | form
        return client.post(path, whole) if form else client.get(path)

    return send


def balances(user: User) -> dict[str, int]:
    return dict(Wallet.objects.filter(owner=user).values_list("kind", "balance"))


def helper(**fields: Any) -> User:
    return User.objects.create_user("helper@example.org", "correct horse", handle="helper", **fields)


def test_staff_give_credits(desk: Callable[..., Any], client: Client, alice: User, sam: User) -> None:
    key = str(uuid4())
    answer = desk("give", amount=7, key=key)
    assert answer.status_code == 302
    row = Transfer.objects.latest("pk")
    assert (row.kind, row.amount, row.target.kind, row.actor, row.reason) == (
        TransferKind.GOODWILL, 7, "bonus", sam, "a slow evening",
    )  # fmt: skip
    assert balances(alice)["bonus"] == 57
    page = client.get(answer.headers["Location"]).content.decode()
    assert "7 given to" in page
    assert f'href="/admin/credits/transfer/?q=staff%3A{key}"' in page
    assert client.get(f"/admin/credits/transfer/?q=staff%3A{key}").context["cl"].result_count == 1
    assert audit.run().ok


@pytest.mark.parametrize(("wallet", "amount", "now"), [("purchased", -30, 0), ("daily", 3, 3), ("bonus", -1, 49)])
def test_staff_correct_a_wallet(
    desk: Callable[..., Any], alice: User, sam: User, wallet: str, amount: int, now: int
) -> None:
    assert desk("correct", wallet=wallet, amount=amount).status_code == 302
    row = Transfer.objects.latest("pk")
    assert (row.kind, row.amount, row.actor, row.reason) == ("adjustment", abs(amount), sam, "a slow evening")
    assert balances(alice)[wallet] == now
    assert audit.run().ok


@pytest.mark.parametrize("view", VIEWS)
def test_a_form_sent_twice_is_one_transfer(desk: Callable[..., Any], view: str) -> None:
    before, key = Transfer.objects.count(), str(uuid4())
    answers = [desk(view, key=key).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert Transfer.objects.count() == before + 1


@pytest.mark.parametrize("view", VIEWS)
def test_a_form_sent_again_with_another_amount_is_refused(desk: Callable[..., Any], view: str) -> None:
    key = str(uuid4())
    desk(view, key=key)
    before = Transfer.objects.count()
    answer = desk(view, key=key, amount=8)
    assert answer.status_code == 422
    assert "was sent before with other values" in answer.content.decode()
    assert Transfer.objects.count() == before


@pytest.mark.parametrize(
    ("view", "changes", "field"),
    [
        ("give", {"amount": 0}, "amount"),
        ("give", {"amount": -5}, "amount"),
        ("give", {"amount": "many"}, "amount"),
        ("give", {"amount": 100_001}, "amount"),
        ("give", {"reason": ""}, "reason"),
        ("give", {"reason": "    x    "}, "reason"),
        ("give", {"reason": "x" * 301}, "reason"),
        ("give", {"key": "mine"}, "key"),
        ("correct", {"amount": 0}, "amount"),
        ("correct", {"amount": -31}, "amount"),
        ("correct", {"wallet": "debt", "amount": 1}, "amount"),
        ("correct", {"wallet": "revenue"}, "wallet"),
        ("correct", {"reason": " "}, "reason"),
    ],
)
def test_a_bad_form_is_refused_by_its_field(
    desk: Callable[..., Any], view: str, changes: dict[str, Any], field: str
) -> None:
    before = Transfer.objects.count()
    answer = desk(view, **changes)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Transfer.objects.count() == before


def test_a_correction_forgives_what_is_owed(desk: Callable[..., Any], alice: User) -> None:
    ledger.clawback(owner_id=alice.pk, amount=40, key="dispute:1", reason="lost")
    assert desk("correct", wallet="debt", amount=10).status_code == 302
    assert balances(alice)["debt"] == 0


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_opens_and_shows_what_there_is(desk: Callable[..., Any], view: str) -> None:
    page = desk(view).content.decode()
    assert "30 available, 0 reserved" in page
    assert 'type="hidden" name="key"' in page


def test_staff_find_the_forms_on_the_wallet_and_on_the_person(client: Client, alice: User, sam: User) -> None:
    client.force_login(sam)
    wallet = Wallet.objects.filter(owner=alice).latest("pk")
    for path in (f"/admin/credits/wallet/{wallet.pk}/change/", f"/admin/accounts/user/{alice.pk}/change/"):
        page = client.get(path).content.decode()
        assert all(f"/admin/credits/wallet/of/{alice.pk}/{view}/" in page for view in VIEWS)
    house = Wallet.objects.get(owner=None, kind="sales")
    assert "Give credits" not in client.get(f"/admin/credits/wallet/{house.pk}/change/").content.decode()


def test_nobody_is_not_found(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert client.get("/admin/credits/wallet/of/999999/give/").status_code == 404


@pytest.mark.parametrize(("view", "permission"), [("give", "grant"), ("correct", "correct")])
def test_each_form_needs_its_permission(desk: Callable[..., Any], client: Client, view: str, permission: str) -> None:
    user = helper(is_staff=True)
    others = Permission.objects.filter(content_type__app_label="credits").exclude(codename=permission)
    user.user_permissions.set(others)
    client.force_login(user)
    before = Transfer.objects.count()
    assert [desk(view).status_code, desk(view, amount=7).status_code] == [403, 403]
    assert Transfer.objects.count() == before
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="credits", codename=permission))
    assert [desk(view).status_code, desk(view, amount=7).status_code] == [200, 302]


@pytest.mark.parametrize("view", VIEWS)
def test_strangers_and_the_anonymous_are_sent_to_the_door(
    desk: Callable[..., Any], client: Client, charlie: User, view: str
) -> None:
    before = Transfer.objects.count()
    client.force_login(charlie)
    assert desk(view, amount=7).status_code == 302
    client.logout()
    answer = desk(view, amount=7)
    assert (answer.status_code, "login" in answer.headers["Location"]) == (302, True)
    assert Transfer.objects.count() == before


@pytest.mark.parametrize("view", VIEWS)
def test_other_methods_are_refused(client: Client, alice: User, sam: User, view: str) -> None:
    client.force_login(sam)
    assert client.put(f"/admin/credits/wallet/of/{alice.pk}/{view}/").status_code == 405
