"""Staff see people, never their money, and come in by the common door."""

import pytest
from django.test import Client

from accounts import guests
from accounts.models import User
from tests.accounts import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(client: Client) -> User:
    sam = steps.account("sam@example.org", is_staff=True, is_superuser=True)
    client.force_login(sam)
    return sam


def test_staff_find_people_by_the_beginning_of_address_or_handle(client: Client, sam: User) -> None:
    mara = steps.account(handle="north_light")
    for words in ("mara@ex", "north"):
        page = client.get("/admin/accounts/user/", {"q": words}).content.decode()
        assert f"/admin/accounts/user/{mara.pk}/change/" in page
        assert f"/admin/accounts/user/{sam.pk}/change/" not in page


def test_guests_can_be_filtered(client: Client, sam: User) -> None:
    guest = guests.create()
    page = client.get("/admin/accounts/user/", {"is_guest__exact": "1"}).content.decode()
    assert f"/user/{guest.pk}/" in page
    assert f"/user/{sam.pk}/" not in page


def test_staff_ban_by_a_switch_and_change_no_address(client: Client, sam: User) -> None:
    mara = steps.account()
    answer = client.post(f"/admin/accounts/user/{mara.pk}/change/", {"handle": "mara", "email": "x@example.org"})
    assert answer.status_code == 302
    mara.refresh_from_db()
    assert (mara.is_active, mara.email) == (False, steps.MARA)


def test_a_guests_page_opens_and_saves(client: Client, sam: User) -> None:
    guest = guests.create()
    path = f"/admin/accounts/user/{guest.pk}/change/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"is_active": "on"}).status_code == 302


def test_nobody_is_added_or_deleted_there(client: Client, sam: User) -> None:
    mara = steps.account()
    assert client.get("/admin/accounts/user/add/").status_code == 403
    assert client.post(f"/admin/accounts/user/{mara.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=mara.pk).exists()


def test_others_are_kept_out(client: Client) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    client.force_login(steps.account())
    assert client.get("/admin/", follow=True).status_code == 403
