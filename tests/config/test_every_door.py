"""Every door there is, for everybody, with every method and whatever people may send: an answer, and never a 500."""

from itertools import cycle, islice
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.browsers import As
from tests.every_door import HEADERS, NAMES, TEXTS, Door, doors, sent, things, undone

pytestmark = pytest.mark.django_db
EACH = 1  # texts that one door gets from one person; over all doors every text meets many doors
OTHER_METHODS = ("put", "patch", "delete", "options", "trace")
# Signed by their senders; Google's has a token of its own, and here no Google.
NEED_NONE = {("replicate_webhook", 400), ("replicate_webhook", 503), ("google_login_by_token", 404)}
# They say themselves that a part is away, and which: 503.
AWAY = {"readyz", "replicate_webhook"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def codes(settings: Any, alice: User, charlie: User) -> dict[str, str]:
    """Things behind the addresses; how often somebody may do something is not the subject."""
    for name in ("GENERATE", "UPLOAD", "REACT", "COMMENT", "REPORT"):
        setattr(settings, f"RATE_LIMIT_{name}", (1_000_000, 1))
    return things(alice, charlie)


@pytest.fixture
def people(alice: User, gwen: User, sam: User) -> dict[str, User | None]:
    return {"nobody": None, "guest": gwen, "member": alice, "staff": sam}


def said(text: str) -> str:
    """All names with this text, as a browser writes a form."""
    return "&".join(f"{name}={sent(text)}" for name in NAMES)


def answers(client: Client, door: Door, texts: list[str]) -> dict[str, int]:
    """Everything that is sent to one door, and the statuses that came back."""
    found: dict[str, int] = {}
    for text in texts:
        form = said(TEXTS[text])
        # A line of a request has room for so much.
        found[f"GET {text}"] = client.get(door.path, QUERY_STRING=form[:20_000]).status_code
        found[f"POST {text}"] = client.post(door.path, form, content_type=FORM).status_code
        found[f"POST {text} by htmx"] = client.post(door.path, form, content_type=FORM, headers=HEADERS).status_code
    found["HEAD"] = client.head(door.path, headers=HEADERS).status_code
    found["GET by htmx"] = client.get(door.path, headers=HEADERS).status_code
    for method in OTHER_METHODS:
        found[method] = client.generic(method.upper(), door.path, b"{}", "application/json").status_code
    return found


@pytest.mark.parametrize("who", ["nobody", "guest", "member", "staff"])
def test_no_door_answers_500_whatever_is_sent(
    browse: As, codes: dict[str, str], people: dict[str, User | None], who: str
) -> None:
    everything, broken = cycle(TEXTS), []
    for door in doors(codes):
        texts = list(islice(everything, EACH))
        with undone():
            client = browse(people[who])
            client.raise_request_exception = False
            broken += [
                f"{door}: {what}, {status}"
                for what, status in answers(client, door, texts).items()
                if status >= 500 and door.name not in AWAY
            ]
    assert not broken


@pytest.mark.parametrize("who", ["member", "staff"])
def test_every_post_needs_a_csrf_token_but_those_of_webhooks(
    browse: As, codes: dict[str, str], people: dict[str, User | None], who: str
) -> None:
    passed = set()
    for door in doors(codes):
        client = browse(people[who])
        client.handler.enforce_csrf_checks = True
        for headers in ({}, {"Origin": "https://evil.example"}):
            with undone():
                status = client.post(door.path, "{}", content_type="text/plain", headers=headers).status_code
            if status != 403:
                passed.add((door.name, status))
    assert passed <= NEED_NONE


def test_a_method_that_a_door_does_not_have_is_405(
    browse: As, codes: dict[str, str], people: dict[str, User | None]
) -> None:
    other = []
    for door in doors(codes):
        if not door.is_ours or door.path.startswith("/admin/") or door.name == "":
            continue
        with undone():
            client = browse(people["member"])
            statuses = {client.generic(method, door.path).status_code for method in ("PUT", "PATCH", "DELETE")}
            other += [(door.path, statuses)] if statuses != {405} else []
    assert other == []


def test_an_address_with_more_fields_than_any_form_is_refused(browse: As, codes: dict[str, str], alice: User) -> None:
    many = "&".join(f"model=m{number}" for number in range(1001))
    for path in ("/explore", "/library", "/", "/collections", "/library/trash", "/following", f"/art/{codes['/art/']}"):
        for htmx in ({}, {"HX-Request": "true"}):
            client = browse(alice)
            assert client.get(path, QUERY_STRING=many, headers=htmx).status_code in (200, 400), path
            assert client.post("/library/bulk", many, content_type=FORM, headers=htmx).status_code == 400
