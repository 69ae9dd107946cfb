"""The profile: three fields, of oneself alone."""

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts import steps

pytestmark = pytest.mark.django_db

WELL = {"display_name": "Mara Lindqvist", "handle": "mara_l", "bio": "Paper, rivers, slow light."}


@pytest.fixture
def mara(client: Client) -> User:
    mara = steps.account()
    client.force_login(mara)
    return mara


def test_the_page_shows_what_is_there(client: Client, mara: User) -> None:
    page = client.get("/settings").content.decode()
    assert 'value="mara"' in page
    assert "/accounts/password/change/" in page
    assert "/accounts/email/" in page


def test_a_profile_is_saved_and_again_with_the_same_result(client: Client, mara: User) -> None:
    for _ in range(2):
        answer = client.post("/settings", WELL)
        assert (answer.status_code, answer["Location"]) == (303, "/settings")
    mara.refresh_from_db()
    assert (mara.display_name, mara.handle, mara.bio) == tuple(WELL.values())
    assert "Profile saved." in client.get("/settings").content.decode()


def test_a_handle_is_taken_in_any_case(client: Client, mara: User) -> None:
    steps.account("bob@example.org")
    answer = client.post("/settings", {**WELL, "handle": "BOB"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody has this one already." in page
    assert "Paper, rivers, slow light." in page
    assert "Mara Lindqvist" in page
    mara.refresh_from_db()
    assert (mara.handle, mara.bio) == ("mara", "")


def test_nobody_calls_themselves_the_house(client: Client, mara: User) -> None:
    assert client.post("/settings", {**WELL, "handle": "admin"}).status_code == 422


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("handle", "", "Your page needs a handle."),
        ("handle", "ab", "at least 3"),
        ("handle", "a" * 31, "at most 30"),
        ("handle", "ma ra", "Use letters a to z"),
        ("handle", "_mara", "Use letters a to z"),
        ("handle", "mará", "Use letters a to z"),
        ("handle", "ma\x00ra", "Null characters"),
        ("display_name", "x" * 61, "at most 60"),
        ("display_name", "nul\x00", "cannot be stored"),
        ("bio", "x" * 501, "at most 500"),
        ("bio", "nul\x00", "cannot be stored"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    client: Client, mara: User, field: str, value: str, said: str
) -> None:
    answer = client.post("/settings", {**WELL, field: value})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    mara.refresh_from_db()
    assert (mara.display_name, mara.handle, mara.bio) == ("", "mara", "")


def test_a_name_is_one_visible_line(client: Client, mara: User) -> None:
    client.post("/settings", {**WELL, "display_name": "  Mara\u202e \n  Lindqvist\u200b "})
    mara.refresh_from_db()
    assert mara.display_name == "Mara Lindqvist"


def test_a_form_changes_these_three_fields_and_no_other(client: Client, mara: User) -> None:
    more = {"is_staff": "on", "is_superuser": "on", "is_active": "", "email": "x@example.org", "user_id": "1"}
    client.post("/settings", {**WELL, **more})
    mara.refresh_from_db()
    assert (mara.is_staff, mara.is_superuser, mara.is_active, mara.email) == (False, False, True, steps.MARA)


def test_markup_in_a_profile_is_text(client: Client, mara: User) -> None:
    client.post("/settings", {**WELL, "bio": "</textarea><script>alert(1)</script>"})
    assert "<script>alert" not in client.get("/settings").content.decode()


def test_strangers_and_guests_are_sent_to_sign_in(client: Client) -> None:
    for _ in range(2):
        for answer in (client.get("/settings"), client.post("/settings", WELL)):
            assert answer.status_code == 302
            assert answer["Location"] == "/accounts/login/?next=/settings"
        steps.as_guest(client)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client: Client, mara: User, method: str) -> None:
    assert getattr(client, method)("/settings").status_code == 405


@pytest.mark.parametrize(
    ("field", "value"), [("display_name", "Rapist"), ("handle", "a_rapist"), ("bio", "I draw bestiality.")]
)
def test_words_that_the_rules_refuse_name_their_field_and_change_nothing(
    client: Client, mara: User, field: str, value: str
) -> None:
    answer = client.post("/settings", {**WELL, field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "It breaks the rule “Sexual violence”" in page
    assert page.count("It breaks the rule") == 1
    assert value in page
    mara.refresh_from_db()
    assert (mara.display_name, mara.handle, mara.bio) == ("", "mara", "")


def test_a_bio_is_lines_of_text(client: Client, mara: User) -> None:
    client.post("/settings", {**WELL, "bio": " Paper,\r\n\r\n\r\n\r\nrivers\t\x07 "})
    mara.refresh_from_db()
    assert mara.bio == "Paper,\n\nrivers"
