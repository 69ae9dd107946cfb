"""What an account wants to be shown of each level, and what its downloads carry: the part "Content" of the settings."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.browsers import As
from tests.rules import refused_by

DOOR = "/settings/content"
CHOSEN = {"show_suggestive": "blur", "show_nudity": "show", "show_explicit": "blur", "writes_metadata": "on"}


def chosen(user: User) -> tuple[str, str, str, bool]:
    user.refresh_from_db()
    return user.show_suggestive, user.show_nudity, user.show_explicit, user.writes_metadata


def test_the_page_shows_what_holds(browse: As, alice: User) -> None:
    page = browse(alice).get("/settings").content.decode()
    assert 'name="show_suggestive" value="show" checked' in page
    assert 'name="show_nudity" value="blur" checked' in page
    assert 'name="show_explicit" value="hide" checked' in page
    assert 'name="writes_metadata" checked' in page


def test_choices_are_kept_however_often_they_are_sent(browse: As, alice: User) -> None:
    client = browse(alice)
    for _ in range(2):
        answer = client.post(DOOR, CHOSEN)
        assert (answer.status_code, answer["Location"]) == (303, "/settings#content")
        assert chosen(alice) == ("blur", "show", "blur", True)
    assert "Saved." in client.get("/settings").content.decode()


def test_a_switch_that_is_off_is_off(browse: As, alice: User) -> None:
    browse(alice).post(DOOR, {name: value for name, value in CHOSEN.items() if name != "writes_metadata"})
    assert chosen(alice)[3] is False


def test_nothing_else_of_the_account_changes(browse: As, alice: User) -> None:
    browse(alice).post(DOOR, {**CHOSEN, "is_staff": "1", "handle": "root", "display_name": "Root"})
    alice.refresh_from_db()
    assert (alice.is_staff, alice.handle, alice.display_name) == (False, "alice", "")


@pytest.mark.parametrize("field", ["show_suggestive", "show_nudity", "show_explicit"])
@pytest.mark.parametrize("value", ["", "never", "SHOW", "\x00"])
def test_bad_input_names_its_field_and_keeps_what_was_chosen(browse: As, alice: User, field: str, value: str) -> None:
    answer = browse(alice).post(DOOR, {**CHOSEN, field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="{field}-e"' in page
    for name, wish in CHOSEN.items():
        if name not in {field, "writes_metadata"}:
            assert f'name="{name}" value="{wish}" checked' in page
    assert chosen(alice) == ("show", "blur", "hide", True)


def test_guests_and_visitors_are_sent_to_sign_in(browse: As, gwen: User) -> None:
    for user in (gwen, None):
        assert browse(user).post(DOOR, CHOSEN)["Location"].startswith("/accounts/login/")


def test_only_post_with_its_token_acts(browse: As, alice: User) -> None:
    assert browse(alice).get(DOOR).status_code == 405
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(DOOR, CHOSEN).status_code == 403


@pytest.mark.parametrize("change", [{"show_nudity": "seen"}, {"show_explicit": ""}, {"show_suggestive": "SHOW"}])
def test_the_database_knows_three_wishes(alice: User, change: dict[str, Any]) -> None:
    with refused_by("user_showing_is_known"):
        User.objects.filter(pk=alice.pk).update(**change)
