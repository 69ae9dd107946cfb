"""Signing in and out, resetting and changing the password, addresses: the doors that allauth keeps for us."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxMiddleware

from accounts import guests
from accounts.middleware import htmx_redirects
from accounts.models import User
from tests.accounts import steps

pytestmark = pytest.mark.django_db


def test_an_account_signs_in_and_the_session_key_changes(client: Client) -> None:
    mara = steps.account()
    steps.as_guest(client)
    before = client.session.session_key
    assert steps.sign_in(client)["Location"] == "/"
    assert steps.signed_in_as(client) == mara.pk
    assert client.session.session_key != before
    assert not Client(headers={"cookie": f"sessionid={before}"}).session.get("_auth_user_id")


def test_the_address_may_be_typed_in_any_case(client: Client) -> None:
    mara = steps.account()
    steps.sign_in(client, "MARA@Example.ORG")
    assert steps.signed_in_as(client) == mara.pk


def test_signing_in_takes_the_guests_work_along(client: Client) -> None:
    mara = steps.account()
    guest = steps.as_guest(client)
    steps.sign_in(client)
    guest.refresh_from_db()
    assert guest.merged_into == mara
    assert guests.SESSION_KEY not in client.session


def test_a_stolen_guest_cookie_is_worth_nothing_after_the_merge(client: Client) -> None:
    steps.account()
    steps.as_guest(client)
    thief = Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    steps.sign_in(client)
    assert thief.get("/pricing").wsgi_request.user.pk is None


def test_a_wrong_password_keeps_the_address_and_moves_nothing(client: Client) -> None:
    steps.account()
    guest = steps.as_guest(client)
    answer = steps.sign_in(client, password="wrong")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "E-mail and password do not match." in page
    assert f'value="{steps.MARA}"' in page
    assert "wrong" not in page
    assert guests.find(guest_id=guest.pk) == guest


def test_an_unknown_address_reads_the_same_as_a_wrong_password(client: Client) -> None:
    steps.account()
    pages = [
        steps.sign_in(Client(), email, "wrong").content.decode().replace(email, "")
        for email in (steps.MARA, "nobody@example.org")
    ]
    known, unknown = ([line for line in page.splitlines() if "csrf" not in line] for page in pages)
    assert known == unknown


def test_an_account_that_was_closed_does_not_sign_in(client: Client) -> None:
    steps.account(is_active=False)
    answer = client.post("/accounts/login/", {"login": steps.MARA, "password": steps.PASSWORD}, follow=True)
    assert "This account is closed" in answer.content.decode()
    assert steps.signed_in_as(client) is None


def test_a_ban_ends_the_session_at_once(client: Client) -> None:
    client.force_login(steps.account())
    User.objects.update(is_active=False)
    assert client.get("/settings").status_code == 302


def test_an_account_made_by_a_command_verifies_its_address_first(client: Client) -> None:
    User.objects.create_superuser("root@example.org", steps.PASSWORD)
    assert steps.sign_in(client, "root@example.org")["Location"] == "/accounts/confirm-email/"
    steps.enter(client, steps.code_in_mail())
    assert steps.signed_in_as(client)


@pytest.mark.parametrize("path", ["/credits", "/explore?sort=new", "/jobs/1"])
def test_signing_in_returns_to_where_one_was(client: Client, path: str) -> None:
    steps.account()
    assert steps.sign_in(client, next=path)["Location"] == path


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example.org", "https://evil.example.org/", "https:evil.example.org", "/\\evil.example.org",
        "\\\\evil.example.org", "javascript:alert(1)", "http:///evil.example.org", "https://localhost@evil.example.org",
        " //evil.example.org", "\t//evil.example.org", "https://localhost/", "ftp://testserver/", "data:text/html,x",
    ],
)  # fmt: skip
def test_signing_in_never_leaves_the_site(client: Client, url: str) -> None:
    steps.account()
    assert steps.sign_in(client, next=url)["Location"] == "/"
    assert client.post("/accounts/logout/", {"next": url})["Location"] == "/"


def test_the_way_back_survives_the_code(client: Client) -> None:
    steps.sign_up(client, next="/credits")
    assert steps.enter(client, steps.code_in_mail())["Location"] == "/credits"


def test_five_wrong_passwords_close_the_door_for_a_while(client: Client) -> None:
    steps.account()
    for _ in range(5):
        steps.sign_in(client, password="wrong")
    assert "Too many tries." in steps.sign_in(client).content.decode()
    assert steps.signed_in_as(client) is None


def test_signing_out_takes_a_post(client: Client) -> None:
    mara = steps.account()
    client.force_login(mara)
    assert "Sign out?" in client.get("/accounts/logout/").content.decode()
    assert steps.signed_in_as(client) == mara.pk
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert steps.signed_in_as(client) is None
    assert client.post("/accounts/logout/").status_code == 302


def test_forms_without_a_token_are_refused() -> None:
    steps.account()
    client = Client(enforce_csrf_checks=True)
    assert steps.sign_in(client).status_code == 403
    assert client.post("/accounts/logout/").status_code == 403


# --- The password ----------------------------------------------------------------------------------------------------


def reset(client: Client, email: str = steps.MARA) -> object:
    return client.post("/accounts/password/reset/", {"email": email})


def test_a_lost_password_is_reset_with_the_code_from_the_mail(client: Client) -> None:
    steps.account()
    reset(client)
    client.post("/accounts/password/reset/confirm/", {"code": steps.code_in_mail()})
    new = {"password1": "another four words here", "password2": "another four words here"}
    assert client.post("/accounts/password/reset/complete/", new, follow=True).status_code == 200
    assert mail.outbox[-1].subject == "Your password was reset"
    steps.sign_in(client)
    assert steps.signed_in_as(client) is None
    steps.sign_in(client, password="another four words here")
    assert steps.signed_in_as(client)


def test_a_wrong_reset_code_is_named_and_the_new_password_needs_a_right_one(client: Client) -> None:
    steps.account()
    reset(client)
    wrong = "000000" if steps.code_in_mail() != "000000" else "111111"
    answer = client.post("/accounts/password/reset/confirm/", {"code": wrong})
    assert "Not the code we sent." in answer.content.decode()
    assert client.get("/accounts/password/reset/complete/")["Location"] == "/accounts/password/reset/confirm/"


def test_a_reset_says_the_same_to_known_and_unknown_addresses() -> None:
    steps.account()
    seen = []
    for email in (steps.MARA, "nobody@example.org"):
        client = Client()
        reset(client, email)
        page = client.get("/accounts/password/reset/confirm/").content.decode().replace(email, "")
        seen.append([line for line in page.splitlines() if "csrf" not in line])
    assert seen[0] == seen[1]
    assert [message.subject for message in mail.outbox][1] == "No account at Atelier has this address"


def test_changing_the_password_signs_other_devices_out(client: Client) -> None:
    steps.account()
    steps.sign_in(client)
    elsewhere = Client()
    steps.sign_in(elsewhere)
    new = {"oldpassword": steps.PASSWORD, "password1": "another four words", "password2": "another four words"}
    assert client.post("/accounts/password/change/", new).status_code == 302
    assert client.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 302
    assert mail.outbox[-1].subject == "Your password was changed"


def test_changing_the_password_needs_the_old_one(client: Client) -> None:
    steps.account()
    steps.sign_in(client)
    new = {"oldpassword": "wrong", "password1": "another four words", "password2": "another four words"}
    answer = client.post("/accounts/password/change/", new)
    assert "That is not your password now." in answer.content.decode()


# --- Addresses -------------------------------------------------------------------------------------------------------


def test_a_second_address_is_added_by_code_and_becomes_the_first(client: Client) -> None:
    mara = steps.account()
    steps.sign_in(client)
    page = "/accounts/email/"
    answer = steps.again_with_password(client, page, {"action_add": "", "email": "Studio@example.org"})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert "Cancel" in client.get("/accounts/confirm-email/").content.decode()
    assert not EmailAddress.objects.filter(email="studio@example.org").exists()
    steps.enter(client, steps.code_in_mail())
    client.post(page, {"action_primary": "", "email": "studio@example.org"})
    mara.refresh_from_db()
    assert mara.email == "studio@example.org"
    client.post(page, {"action_remove": "", "email": steps.MARA})
    assert EmailAddress.objects.get().email == "studio@example.org"


def test_an_address_of_somebody_else_cannot_be_added(client: Client) -> None:
    steps.account("bob@example.org")
    steps.account()
    steps.sign_in(client)
    steps.again_with_password(client, "/accounts/email/", {"action_add": "", "email": "bob@example.org"})
    answer = steps.enter(client, steps.code_in_mail())
    assert "Another account has this address." in answer.content.decode()
    assert EmailAddress.objects.filter(email="bob@example.org").count() == 1


def test_the_address_page_asks_for_the_password_once_more(client: Client) -> None:
    client.force_login(steps.account())
    answer = client.post("/accounts/email/", {"action_add": "", "email": "studio@example.org"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert "Is it you?" in client.get("/accounts/reauthenticate/").content.decode()
    assert not mail.outbox


def test_nobody_removes_anothers_address(client: Client) -> None:
    steps.account("bob@example.org")
    steps.account()
    steps.sign_in(client)
    steps.again_with_password(client, "/accounts/email/", {"action_remove": "", "email": "bob@example.org"})
    assert EmailAddress.objects.filter(email="bob@example.org").exists()


@pytest.mark.parametrize(
    "path", ["/accounts/email/", "/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/3rdparty/"]
)
def test_pages_of_an_account_send_guests_and_strangers_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path)["Location"].startswith("/accounts/login/")
    steps.as_guest(client)
    assert client.get(path)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/accounts/email/", "E-mail"),
        ("/accounts/password/change/", "Password"),
        ("/accounts/reauthenticate/", "Is it you?"),
        ("/accounts/logout/", "Sign out"),
        ("/accounts/3rdparty/", "Google"),
    ],
)
def test_pages_of_an_account_are_in_our_look(client: Client, path: str, title: str) -> None:
    client.force_login(steps.account())
    _in_our_look(client.get(path), title)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/accounts/login/", "Sign in"),
        ("/accounts/signup/", "Make an account"),
        ("/accounts/password/reset/", "Reset the password"),
        ("/accounts/password/reset/done/", "Password changed"),
        ("/accounts/inactive/", "Account closed"),
        ("/accounts/3rdparty/login/cancelled/", "Cancelled"),
        ("/accounts/3rdparty/login/error/", "Google did not answer"),
    ],
)
def test_doors_of_the_house_are_in_our_look(client: Client, path: str, title: str) -> None:
    _in_our_look(client.get(path), title)


def _in_our_look(answer: Any, title: str) -> None:
    page = answer.content.decode()
    assert answer.status_code in {200, 401}
    assert f"<title>{title} - Atelier</title>" in page
    assert 'id="main"' in page
    assert "style=" not in page
    assert "<script>" not in page
    assert page.count("<h1") == 1


# --- htmx ------------------------------------------------------------------------------------------------------------


def htmx(response: HttpResponse, **headers: str) -> HttpResponse:
    request = RequestFactory().get("/art/x/like", headers={"HX-Request": "true", **headers})
    stack = HtmxMiddleware(htmx_redirects(lambda request: response))
    answer = stack(request)
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize("status", [302, 303])
def test_a_redirect_reaches_htmx_as_a_header(status: int) -> None:
    response = HttpResponseRedirect("/credits", status=status)
    response.set_cookie("kept", "yes")
    answer = htmx(response)
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (204, "/credits", b"")
    assert "Location" not in answer
    assert answer.cookies["kept"].value == "yes"


def test_sign_in_returns_htmx_to_its_page_and_not_to_the_fragment() -> None:
    answer = htmx(
        HttpResponseRedirect("/accounts/login/?next=/art/x/like"), **{"HX-Current-URL": "http://testserver/art/x?a=1"}
    )
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fart%2Fx%3Fa%3D1"


def test_a_foreign_page_is_no_way_back() -> None:
    answer = htmx(
        HttpResponseRedirect("/accounts/login/?next=/art/x"), **{"HX-Current-URL": "https://evil.example.org/"}
    )
    assert answer["HX-Redirect"] == "/accounts/login/?next=/art/x"


def test_answers_that_speak_htmx_already_and_ordinary_ones_pass_untouched() -> None:
    spoken = HttpResponseRedirect("/credits", headers={"HX-Trigger": "jobs-changed"})
    assert htmx(spoken).status_code == 302
    assert htmx(HttpResponse("part")).content == b"part"

    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect("/credits")

    answer = HtmxMiddleware(htmx_redirects(plain))(RequestFactory().get("/"))
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 302


def test_a_private_door_sends_htmx_to_sign_in(client: Client) -> None:
    answer = client.get("/settings", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/accounts/login/")
