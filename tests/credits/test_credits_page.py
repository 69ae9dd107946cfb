"""The door `/credits`: who sees what, bad input, and what it costs."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from credits import checkpoints, ledger, statements
from credits.models import Checkpoint
from tests.credits import history
from tests.funds import spend

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_an_account_sees_its_wallets_and_what_moved(client: Client, alice: User) -> None:
    code = uuid4()
    spend(alice, 85, 30, f"job:{code}")
    client.force_login(alice)
    page = text(client.get("/credits"))
    assert '<span class="stat__value">70</span>' in page
    assert "Set aside from 20 daily, 50 bonus and 15 purchased" in page
    assert "30 charged" in page
    assert '<span class="plus">+55</span>' in page
    assert f'href="/jobs/{code}"' in page


def test_a_visitor_sees_what_a_guest_has_and_an_empty_statement(client: Client) -> None:
    page = text(client.get("/credits"))
    assert '<span class="stat__value">10</span>' in page
    assert "No movements yet" in page


def test_nobody_else_sees_it(client: Client, alice: User, charlie: User) -> None:
    code = uuid4()
    spend(alice, 85, 30, f"job:{code}")
    client.force_login(charlie)
    assert str(code) not in text(client.get("/credits"))


def test_the_page_is_never_kept_by_a_cache(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/credits")["Cache-Control"] == "private, no-store"


def test_a_debt_is_said_first(client: Client, charlie: User) -> None:
    ledger.clawback(owner_id=charlie.pk, amount=12, key="refund:1", reason="dispute lost")
    client.force_login(charlie)
    assert "You owe 12 credits" in text(client.get("/credits"))


def test_older_lines_are_a_link_away(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        spend(alice, 85, 1)
    monkeypatch.setattr(statements, "PAGE_ROWS", 10)
    client.force_login(alice)
    first = client.get("/credits")
    older = client.get(f"/credits{first.context['older']}")
    assert older.status_code == 200
    assert "Newest" in text(older)
    assert first.context["page"].entries[-1] != older.context["page"].entries[0]


@pytest.mark.parametrize("kind", ["", "reserve", "capture", "release", "purchase", "refund", "free"])
def test_each_filter_is_a_page(client: Client, alice: User, kind: str) -> None:
    spend(alice, 85, 30)
    client.force_login(alice)
    assert client.get("/credits", {"kind": kind, "wallet": "bonus"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=%00",
        "after=%C3%A9",
        "kind=secret",
        "wallet=revenue",
        "kind=%00",
        "month=2026-13",
        "month=11",
        "month=%00",
        "month=2026-11&kind=secret",
    ],
)
def test_what_we_never_offered_is_400(client: Client, alice: User, query: str) -> None:
    client.force_login(alice)
    assert client.get(f"/credits?{query}").status_code == 400
    assert Client().get(f"/credits?{query}").status_code == 400


def test_a_month_is_chosen_in_a_form_that_keeps_the_kind(client: Client, alice: User) -> None:
    history.gift(alice, date(2026, 1, 31))
    client.force_login(alice)
    page = text(client.get("/credits", {"kind": "free", "month": "2026-01"}))
    assert '<option value="2026-01" selected>January 2026</option>' in page
    assert '<input type="hidden" name="kind" value="free">' in page
    assert 'href="/credits?kind=refund&amp;month=2026-01"' in page
    assert 'href="/credits/statement.csv?kind=free&amp;month=2026-01"' in page


def test_a_month_without_lines_is_said_to_be_chosen(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = text(client.get("/credits", {"month": "2020-01"}))
    assert '<option value="2020-01" selected>January 2020</option>' in page
    assert "No movement like this" in page


def test_the_older_lines_of_a_month_stay_in_it(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        history.spend(alice, date(2026, 1, 1 + number), 2, 1)
    monkeypatch.setattr(statements, "PAGE_ROWS", 5)
    client.force_login(alice)
    older = client.get("/credits", {"month": "2026-01"}).context["older"]
    entries = client.get(f"/credits{older}").context["page"].entries
    assert {line.at.date() for line in entries} <= {date(2026, 1, 1), date(2026, 1, 2)}


def test_the_page_shows_the_newest_seal_and_where_to_check_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert "The <a" in text(client.get("/credits"))
    history.gift(alice, date(2026, 1, 31))
    checkpoints.seal_all()
    page = text(client.get("/credits"))
    seal = Checkpoint.objects.get().hash.hex()
    assert f'31 Jan 2026 is <code class="u-nowrap">{seal[:4]} {seal[4:8]} … {seal[-4:]}</code>.' in page
    assert 'href="/credits/statement.json"' in page
    assert 'href="/credits/verify_statement.py"' in page


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_refused(client: Client, alice: User, method: str) -> None:
    client.force_login(alice)
    assert getattr(client, method)("/credits").status_code == 405


@pytest.mark.parametrize("query", ["", "kind=free", "kind=release&wallet=bonus", "month=2026-01", "after"])
def test_the_page_costs_two_queries_at_any_length(
    client: Client, alice: User, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        history.gift(alice, date(2026, 1, 24 + number))
    monkeypatch.setattr(statements, "PAGE_ROWS", 7)
    query = f"after={statements.page(owner_id=alice.pk).older}&month=2026-01" if query == "after" else query
    client.force_login(alice)
    client.get("/credits")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/credits?{query}").status_code == 200
        counts.append(len([q for q in queries if "credits_" in q["sql"]]))
        assert len(queries) - counts[-1] <= 1  # the user
        for _ in range(10):
            spend(alice, 85, 0)
            history.spend(alice, date(2026, 1, 20 + number), 2, 1)
    assert counts == [2, 2]
