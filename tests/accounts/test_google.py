"""Google: the button only where the site has keys; a new Google account becomes one of ours with a verified address."""

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal.flows.login import complete_login
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import guests
from accounts.middleware import guests as middleware
from accounts.models import User
from credits.models import Transfer
from tests.accounts import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(settings: Settings) -> None:
    settings.GOOGLE_CLIENT_ID = "an-id"
    providers = dict(settings.SOCIALACCOUNT_PROVIDERS)
    providers["google"] = {**providers["google"], "APPS": [{"client_id": "an-id", "secret": "kept", "key": ""}]}
    settings.SOCIALACCOUNT_PROVIDERS = providers


def test_without_keys_there_is_no_button(client: Client) -> None:
    assert "Google" not in client.get("/accounts/login/").content.decode()
    assert "Google" not in client.get("/accounts/signup/").content.decode()


@pytest.mark.usefixtures("google")
def test_the_button_leads_to_google_by_post_and_back_to_where_one_was(client: Client) -> None:
    page = client.get("/accounts/login/?next=/credits").content.decode()
    assert 'action="/accounts/google/login/?next=%2Fcredits"' in page
    assert client.get("/accounts/google/login/").status_code == 200
    answer = client.post("/accounts/google/login/?next=/credits")
    parts = urlsplit(answer["Location"])
    query = parse_qs(parts.query)
    assert parts.hostname == "accounts.google.com"
    assert query["client_id"] == ["an-id"]
    assert query["code_challenge_method"] == ["S256"]


def come_back_from_google(client: Client, *, email: str, first: str, last: str) -> None:
    """What allauth does after Google's answer was checked: the login of a person with a verified address."""
    request = RequestFactory().get("/accounts/google/login/callback/")
    request.session = client.session
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    request.user = AnonymousUser()
    middleware(lambda request: None)(request)  # type: ignore[arg-type,return-value]
    with context.request_context(request):
        google = get_adapter().get_provider(request, "google")
        told = {"sub": "1", "email": email, "email_verified": True, "given_name": first, "family_name": last}
        answer = complete_login(request, google.sociallogin_from_response(request, told))
    assert answer.status_code == 302, answer.content
    request.session.save()


@pytest.mark.usefixtures("google")
def test_somebody_new_gets_an_account_a_handle_and_the_welcome_and_keeps_the_guests_work(client: Client) -> None:
    guest = steps.as_guest(client)
    come_back_from_google(client, email="Mara.L@example.org", first="Mara", last="Lindqvist")
    mara = User.objects.get(is_guest=False)
    assert (mara.email, mara.handle, mara.display_name) == ("mara.l@example.org", "mara_lindqvist", "Mara Lindqvist")
    assert not mara.has_usable_password()
    assert EmailAddress.objects.get(user=mara).verified
    assert Transfer.objects.filter(kind="welcome").count() == 1
    guest.refresh_from_db()
    assert guest.merged_into == mara
    assert guests.find(guest_id=guest.pk) is None


@pytest.mark.usefixtures("google")
def test_a_disconnected_page_offers_the_connection(client: Client) -> None:
    client.force_login(steps.account())
    assert "Connect Google" in client.get("/accounts/3rdparty/").content.decode()


@pytest.mark.usefixtures("google")
def test_a_name_that_the_rules_refuse_or_nobody_can_see_is_left_out(client: Client) -> None:
    come_back_from_google(client, email="mara.l@example.org", first="Bestiality", last="\u202e")
    mara = User.objects.get(is_guest=False)
    assert (mara.display_name, mara.handle) == ("", "mara_l")
