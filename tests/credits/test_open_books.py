"""The door `/transparency`: each state of the last proof, no person in it, and what it costs."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from credits import audit, ledger, open_books
from credits.models import Audit
from tests.breaches import execute, guards_down

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_before_the_first_proof_it_says_so(client: Client) -> None:
    assert "Not proven yet" in text(client.get("/transparency"))


def test_everybody_sees_what_was_proven_and_that_all_is_zero(client: Client, alice: User) -> None:
    audit.record()
    page = text(client.get("/transparency"))
    assert 'data-state="ok"' in page
    for check in audit.checks():
        assert check.sentence.replace("'", "&#x27;") in page
    books = open_books.last()
    assert books
    assert {one.words: one.credits for one in books.people}["In bonus wallets"] == 50
    assert (books.house_total, books.people_total, books.total) == (-80, 80, 0)
    assert "The house, −80, and people, +80" in page
    assert "2 transfers in all" in page


def test_a_breach_is_said_with_its_rows_and_without_who(client: Client, alice: User) -> None:
    with guards_down():
        execute("UPDATE credits_wallet SET reserved = 987654 WHERE kind = 'purchased'")
    audit.record()
    assert "987654" in json.dumps(Audit.objects.get().breaches)
    page = text(client.get("/transparency"))
    assert 'data-state="breach"' in page
    assert "Broken by 1 row<" in page
    assert "987654" not in page.replace(",", "")


def test_an_old_proof_is_called_old_but_a_breach_stays_a_breach(client: Client, alice: User) -> None:
    audit.record()
    old = timezone.now() - open_books.STALE_AFTER - timedelta(minutes=1)
    Audit.objects.update(at=old)
    assert 'data-state="stale"' in text(client.get("/transparency"))
    Audit.objects.update(ok=False)
    assert 'data-state="breach"' in text(client.get("/transparency"))


def test_a_proof_of_an_earlier_version_is_history_only(client: Client) -> None:
    Audit.objects.create(ok=True, breaches=[], seconds=1)
    assert "Not proven yet" in text(client.get("/transparency"))
    audit.record()
    assert [past.transfers for past in open_books.history()] == [0, None]
    assert client.get("/transparency").status_code == 200


def test_the_history_is_no_longer_than_a_table_should_be() -> None:
    rows = open_books.HISTORY_ROWS + 2
    Audit.objects.bulk_create(Audit(ok=True, breaches=[], seconds=number) for number in range(rows))
    assert [past.seconds for past in open_books.history()] == list(range(rows - 1, 1, -1))


def test_a_check_that_is_gone_keeps_its_name(client: Client) -> None:
    audit.record()
    kept = Audit.objects.get()
    kept.checks.append("an_old_check")
    kept.save(update_fields=["checks"])
    assert "an_old_check" in text(client.get("/transparency"))


def test_a_browser_may_keep_it_for_a_minute_and_nobody_else(client: Client) -> None:
    assert client.get("/transparency")["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert getattr(client, method)("/transparency").status_code == 405


def test_it_costs_two_queries_and_touches_neither_wallets_nor_transfers(client: Client, alice: User) -> None:
    counts = []
    for _ in range(2):
        audit.record()
        ledger.welcome(owner_id=alice.pk)
        with CaptureQueriesContext(connection) as queries:
            client.get("/transparency")
        counts.append(len(queries))
        assert not any("credits_transfer" in query["sql"] or "credits_wallet" in query["sql"] for query in queries)
    assert counts == [2, 2]


@pytest.mark.parametrize("path", ["/transparency", "/pricing"])
def test_the_foot_of_each_page_leads_there(client: Client, path: str) -> None:
    assert '<a href="/transparency">Open books</a>' in text(client.get(path))
