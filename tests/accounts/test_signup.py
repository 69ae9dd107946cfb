"""Signing up: a new row, the code of the mail, then welcome credits and the guest's work, each once."""

import time

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django import Settings

from accounts import guests
from accounts.models import User
from credits.models import Transfer
from generation import worker
from generation.models import Job
from tests import races
from tests.accounts import steps

pytestmark = pytest.mark.django_db


def test_a_visitor_signs_up_with_the_code_from_the_mail(client: Client) -> None:
    answer = steps.sign_up(client)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/confirm-email/")
    assert steps.signed_in_as(client) is None
    page = client.get("/accounts/confirm-email/")
    assert "We sent six digits to" in page.content.decode()

    answer = steps.enter(client, steps.code_in_mail())
    assert (answer.status_code, answer["Location"]) == (302, "/")
    mara = User.objects.get()
    assert steps.signed_in_as(client) == mara.pk
    assert (mara.email, mara.handle, mara.is_guest, mara.is_staff) == (steps.MARA, "mara", False, False)
    assert EmailAddress.objects.get(user=mara).verified


def test_the_code_may_be_typed_in_two_groups(client: Client) -> None:
    steps.sign_up(client)
    code = steps.code_in_mail()
    steps.enter(client, f"{code[:3]} {code[3:]}")
    assert steps.signed_in_as(client)


def test_welcome_credits_come_once_and_not_before_the_address_is_verified(client: Client) -> None:
    steps.sign_up(client)
    assert not Transfer.objects.filter(kind="welcome").exists()
    steps.enter(client, steps.code_in_mail())
    assert Transfer.objects.get(kind="welcome").amount == 50
    client.post("/accounts/logout/")
    steps.sign_in(client)
    assert steps.signed_in_as(client)
    assert Transfer.objects.filter(kind="welcome").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_the_guest_made_comes_along(client: Client) -> None:
    guest = steps.as_guest(client)
    worker.work(steps.submit(guest).lane)
    assert "Your picture comes along." in client.get("/accounts/signup/").content.decode()
    before = client.session.session_key

    steps.sign_up(client)
    steps.enter(client, steps.code_in_mail())
    mara = User.objects.get(is_guest=False)
    assert mara.pk != guest.pk
    assert Job.objects.get().owner == mara
    assert guests.SESSION_KEY not in client.session
    assert client.session.session_key != before
    guest.refresh_from_db()
    assert guest.merged_into == mara


def test_a_sign_up_that_is_never_verified_leaves_the_guest_its_work(client: Client) -> None:
    guest = steps.as_guest(client)
    steps.sign_up(client, "mistyped@example.org")
    assert client.get("/pricing").wsgi_request.user == guest
    steps.enter(client, "000000")
    assert guests.find(guest_id=guest.pk) == guest


def test_the_sign_up_page_says_nothing_of_pictures_to_who_has_none(client: Client) -> None:
    steps.as_guest(client)
    assert "along" not in client.get("/accounts/signup/").content.decode()


def test_a_wrong_code_is_named_and_the_third_ends_it(client: Client) -> None:
    steps.sign_up(client)
    right = steps.code_in_mail()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(2):
        answer = steps.enter(client, wrong)
        assert answer.status_code == 200
        assert "Not the code we sent." in answer.content.decode()
        assert 'aria-invalid="true"' in answer.content.decode()
    assert steps.enter(client, wrong)["Location"] == "/accounts/login/"
    steps.enter(client, right)
    assert steps.signed_in_as(client) is None
    assert not EmailAddress.objects.get().verified


def test_a_code_is_too_old_after_a_quarter_of_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.sign_up(client)
    later = time.time() + 15 * 60 + 1
    monkeypatch.setattr("time.time", lambda: later)
    assert steps.enter(client, steps.code_in_mail())["Location"] == "/accounts/login/"
    assert steps.signed_in_as(client) is None


def test_a_code_works_once(client: Client) -> None:
    steps.sign_up(client)
    code = steps.code_in_mail()
    steps.enter(client, code)
    client.post("/accounts/logout/")
    assert steps.enter(client, code)["Location"] == "/accounts/login/"
    assert steps.signed_in_as(client) is None


def test_another_browser_cannot_use_the_code(client: Client) -> None:
    steps.sign_up(client)
    stranger = Client()
    steps.enter(stranger, steps.code_in_mail())
    assert steps.signed_in_as(stranger) is None


def test_another_code_can_be_sent_and_the_first_is_void(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.sign_up(client)
    first = steps.code_in_mail()
    later = time.time() + 11
    monkeypatch.setattr("time.time", lambda: later)
    client.post("/accounts/confirm-email/", {"action": "resend"})
    assert len(mail.outbox) == 2
    if steps.code_in_mail() != first:
        assert steps.enter(client, first).status_code == 200
    steps.enter(client, steps.code_in_mail())
    assert steps.signed_in_as(client)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": ""}, "This field is required."),
        ({"email": "not an address"}, "Enter a valid email address."),
        ({"email": "a\x00b@example.org"}, "Null characters are not allowed."),
        ({"email": "x" * 300 + "@example.org"}, "Enter a valid email address."),
        ({"password1": ""}, "This field is required."),
        ({"password1": "short"}, "too short"),
        ({"password1": "12345678901"}, "entirely numeric"),
        ({"password1": "nul\x00 in the middle"}, "Null characters are not allowed."),
    ],
)
def test_bad_input_names_its_field_and_keeps_the_address(client: Client, fields: dict[str, str], said: str) -> None:
    answer = client.post("/accounts/signup/", {"email": "typed@example.org", "password1": steps.PASSWORD, **fields})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert said in page
    assert page.count("field__error") == 1
    assert "email" in fields or "typed@example.org" in page
    assert not User.objects.exists()
    assert not mail.outbox


def test_a_form_cannot_make_itself_staff(client: Client) -> None:
    steps.sign_up(client, is_staff="on", is_superuser="on", is_guest="on", handle="admin", balance="1000000")
    mara = User.objects.get()
    assert (mara.is_staff, mara.is_superuser, mara.is_guest, mara.handle) == (False, False, False, "mara")


def test_the_second_mara_gets_another_handle(client: Client) -> None:
    steps.account()
    steps.sign_up(client, "mara@elsewhere.example.org")
    assert User.objects.get(email="mara@elsewhere.example.org").handle == "mara_2"


def test_a_known_address_gets_the_same_answers_as_an_unknown_one() -> None:
    steps.account()
    pages = []
    for email in (steps.MARA, "nora@example.org"):
        client = Client()
        answer = steps.sign_up(client, email)
        page = client.get("/accounts/confirm-email/")
        wrong = steps.enter(client, "000000")
        pages.append(
            [answer.status_code, answer["Location"], answer.content]
            + [part.content.decode().replace(email, "<address>") for part in (page, wrong)]
        )
    known, unknown = ([_without_tokens(part) for part in page] for page in pages)
    assert known == unknown


def _without_tokens(part: object) -> object:
    if not isinstance(part, str):
        return part
    return "\n".join(line for line in part.splitlines() if "csrf" not in line)


def test_who_has_an_account_learns_it_from_the_mail_alone(client: Client) -> None:
    steps.account()
    steps.sign_up(client)
    assert mail.outbox[0].subject == "You have an account at Atelier already"
    assert "/accounts/password/reset/" in mail.outbox[0].body
    assert User.objects.count() == 1


def test_the_mail_carries_the_code_as_text_and_as_html(client: Client, settings: Settings) -> None:
    steps.sign_up(client)
    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    code = steps.code_in_mail()
    html = str(message.alternatives[0][0])
    assert message.to == [steps.MARA]
    assert message.subject == f"{code} is your code for Atelier"
    assert "50 credits" in message.body
    assert f">{code}</p>" in html
    assert settings.PUBLIC_URL in html
    assert "Type it into the page" in html


def test_links_in_mails_come_from_the_settings_and_not_from_the_request() -> None:
    steps.account()
    steps.sign_up(Client(SERVER_NAME="localhost"))
    assert "localhost" not in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_one_address_signed_up_twice_at_once_is_one_account() -> None:
    answers = races.together(4, lambda: steps.sign_up(Client()).status_code)
    assert set(answers) <= {302, 429}
    assert 302 in answers
    assert User.objects.count() == 1


def test_a_mail_server_that_is_away_is_said_and_breaks_nothing(client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert steps.sign_up(client).status_code == 302
    assert "could not send you a mail" in client.get("/accounts/confirm-email/").content.decode()


def test_sign_up_sends_who_is_signed_in_away(client: Client) -> None:
    client.force_login(steps.account())
    assert client.get("/accounts/signup/")["Location"] == "/"


def test_too_many_sign_ups_from_one_address_are_429_with_a_wait(client: Client) -> None:
    answers = [client.post("/accounts/signup/", {"email": ""}) for _ in range(21)]
    assert answers[19].status_code == 200
    assert answers[20].status_code == 429
    assert int(answers[20]["Retry-After"]) > 0
