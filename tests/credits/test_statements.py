"""What people read about their credits: balances, lines, pages, receipts."""

import base64
import itertools
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from credits import checkpoints, ledger, statements
from credits.models import Checkpoint
from credits.statements import Charges, Filter, Pocket
from tests.credits.history import gift, spend
from tests.funds import give, set_aside

pytestmark = pytest.mark.django_db


def entries(user: User, **wanted: str) -> list[tuple[Any, ...]]:
    page = statements.page(owner_id=user.pk, wanted=Filter(**wanted))
    return [(line.tag, line.detail, line.note or line.change, line.available) for line in page.entries]


# --- Balance ---------------------------------------------------------------------------------------------------------


def test_nobody_has_what_a_guest_begins_with_and_asks_no_database(settings: Any) -> None:
    settings.GUEST_DAILY_FREE_CREDITS = 7
    with CaptureQueriesContext(connection) as queries:
        balance = statements.balance(owner_id=None, is_guest=False)
    assert len(queries) == 0
    assert (balance.available, balance.daily_amount) == (7, 7)


@pytest.mark.parametrize("owner", ["charlie", "gwen"])
def test_todays_credits_count_before_the_top_up_has_happened(owner: str, request: pytest.FixtureRequest) -> None:
    user: User = request.getfixturevalue(owner)
    expected = 10 if user.is_guest else 20
    assert statements.balance(owner_id=user.pk, is_guest=user.is_guest).available == expected
    give(user, bonus=1)  # opens the wallets and tops nothing up
    assert statements.balance(owner_id=user.pk, is_guest=user.is_guest).daily.spendable == expected


def test_spent_daily_credits_do_not_count_again_on_the_same_day(bob: User) -> None:
    assert statements.balance(owner_id=bob.pk, is_guest=False).available == 0


def test_a_balance_tells_the_wallets_and_what_is_reserved(alice: User) -> None:
    set_aside(alice, 30)
    with CaptureQueriesContext(connection) as queries:
        balance = statements.balance(owner_id=alice.pk, is_guest=False)
    assert len(queries) == 1
    assert (balance.daily, balance.bonus, balance.purchased) == (Pocket(0, 20), Pocket(40, 10), Pocket(30, 0))
    assert (balance.available, balance.reserved, balance.debt) == (70, 30, 0)


def test_a_debt_is_told_as_what_is_owed(charlie: User) -> None:
    ledger.clawback(owner_id=charlie.pk, amount=12, key="refund:1", reason="dispute lost")
    assert statements.balance(owner_id=charlie.pk, is_guest=False).debt == 12


def test_a_purchase_is_known(alice: User, charlie: User) -> None:
    assert statements.has_purchased(owner_id=alice.pk)
    assert not statements.has_purchased(owner_id=charlie.pk)


# --- Lines -----------------------------------------------------------------------------------------------------------


def test_the_lines_tell_what_was_available_after_each(charlie: User) -> None:
    give(charlie, bonus=10)
    subject = set_aside(charlie, 25)
    ledger.settle(subject=subject, amount=22)
    assert entries(charlie) == [
        ("Release", "Back to bonus", 3, 8),
        ("Capture", "Paid from 20 daily and 2 bonus", "22 charged", 5),
        ("Reserve", "Set aside from 20 daily and 5 bonus", -25, 5),
        ("Daily", "Into daily", 20, 30),
        ("Gift", "for a test", 10, 10),
    ]


def test_a_release_of_everything_is_one_line(alice: User) -> None:
    ledger.settle(subject=set_aside(alice, 100), amount=0)
    assert entries(alice)[0] == ("Release", "Back to 20 daily, 50 bonus and 30 purchased", 100, 100)


def test_a_clawback_and_its_debt_are_told_apart(charlie: User) -> None:
    give(charlie, purchased=10)
    ledger.clawback(owner_id=charlie.pk, amount=15, key="refund:1", reason="dispute lost")
    give(charlie, bonus=7)
    assert entries(charlie) == [
        ("Debt", "From bonus", -5, 2),
        ("Gift", "for a test", 7, 7),
        ("Refund", "dispute lost", "5 owed", 0),
        ("Refund", "dispute lost", -10, 0),
        ("Purchase", "Into purchased", 10, 10),
    ]


def test_a_line_names_the_job_it_is_about(alice: User) -> None:
    code = str(uuid4())
    set_aside(alice, 5, f"job:{code}")
    assert statements.page(owner_id=alice.pk).entries[0].job == code


def test_a_statement_shows_nobody_elses_transfers(alice: User, charlie: User) -> None:
    set_aside(alice, 5)
    assert statements.page(owner_id=charlie.pk).entries == []
    assert statements.page(owner_id=None).entries == []


# --- Pages and filters -----------------------------------------------------------------------------------------------


def every_page(user: User, wanted: Filter | None = None) -> list[list[Any]]:
    pages, after = [], ""
    while True:
        page = statements.page(owner_id=user.pk, after=after, wanted=wanted)
        pages.append(page.entries)
        after = page.older
        if not after:
            return pages


def test_the_pages_hold_every_line_once_and_their_sums_go_on(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for amount in (30, 70, 45, 21):
        ledger.settle(subject=set_aside(alice, amount), amount=amount // 10)
    whole = statements.page(owner_id=alice.pk).entries
    monkeypatch.setattr(statements, "PAGE_ROWS", 7)
    pages = every_page(alice)
    assert len(pages) > 2
    assert [line for page in pages for line in page] == whole
    for later, earlier in itertools.pairwise(whole):
        assert later.available == (earlier.available or 0) + later.change


def test_a_page_is_one_query_however_long_the_statement(alice: User) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            statements.page(owner_id=alice.pk)
        counts.append(len(queries))
        for _ in range(15):
            ledger.settle(subject=set_aside(alice, 1), amount=0)
    assert counts == [1, 1]


@pytest.mark.parametrize(
    ("wanted", "tags"),
    [
        ({"kind": "reserve"}, ["Reserve", "Reserve"]),
        ({"kind": "capture"}, ["Capture"]),
        ({"kind": "release"}, ["Release", "Release"]),
        ({"kind": "purchase"}, ["Purchase"]),
        ({"kind": "free"}, ["Daily", "Gift"]),
        ({"kind": "refund"}, []),
        ({"wallet": "purchased"}, ["Purchase"]),
        ({"kind": "reserve", "wallet": "bonus"}, ["Reserve", "Reserve"]),
        ({"kind": "reserve", "wallet": "daily"}, ["Reserve"]),
    ],
)
def test_a_filter_shows_its_lines_only(alice: User, wanted: dict[str, str], tags: list[str]) -> None:
    ledger.settle(subject=set_aside(alice, 30), amount=22)  # 20 daily and 2 of 10 bonus
    ledger.settle(subject=set_aside(alice, 5), amount=0)  # bonus
    assert [line.tag for line in statements.page(owner_id=alice.pk, wanted=Filter(**wanted)).entries] == tags


@pytest.mark.parametrize("wanted", [{"kind": "secret"}, {"wallet": "revenue"}, {"wallet": "debt"}])
def test_a_filter_that_does_not_exist_is_refused(wanted: dict[str, str]) -> None:
    with pytest.raises(statements.BadFilter):
        Filter(**wanted)


@pytest.mark.parametrize("cursor", ["x", "????", "MQ", "MS4x", "é", "\0"])
def test_a_cursor_that_we_never_gave_out_is_refused(alice: User, cursor: str) -> None:
    with pytest.raises(statements.BadCursor):
        statements.page(owner_id=alice.pk, after=cursor)


@pytest.mark.parametrize(
    "told",
    ["0.1.0", "-1.1.0", "9999999.1.0", f"{10**30}.1.0", "1.0.0", "1.-1.0", f"1.{2**63}.0", f"1.1.{2**63}", "1.1.x"],
)
def test_a_cursor_of_numbers_that_no_row_has_is_refused(alice: User, told: str) -> None:
    def after(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    assert statements.page(owner_id=alice.pk, after=after("1.1.0")).entries == []
    with pytest.raises(statements.BadCursor):
        statements.page(owner_id=alice.pk, after=after(told))


# --- Months ----------------------------------------------------------------------------------------------------------

JANUARY, MARCH = date(2026, 1, 31), date(2026, 3, 1)


def test_the_months_go_from_the_first_line_to_now(alice: User) -> None:
    gift(alice, date(2025, 12, 31))
    overview = statements.overview(owner_id=alice.pk, is_guest=False)
    assert overview.today
    assert overview.months[0] == overview.today.replace(day=1)
    assert overview.months[-2:] == [date(2026, 1, 1), date(2025, 12, 1)]
    assert overview.months == sorted(set(overview.months), reverse=True)


def test_the_months_are_told_by_the_one_query_of_the_balance(alice: User, charlie: User) -> None:
    for user in (alice, charlie):
        with CaptureQueriesContext(connection) as queries:
            overview = statements.overview(owner_id=user.pk, is_guest=False)
        assert len(queries) == 1
        assert overview.balance == statements.balance(owner_id=user.pk, is_guest=False)
    assert (overview.months, overview.seal) == ([], None)
    assert statements.overview(owner_id=None, is_guest=False).months == []


def test_no_more_months_are_offered_than_a_menu_holds(alice: User) -> None:
    gift(alice, date(2001, 1, 1))
    assert len(statements.overview(owner_id=alice.pk, is_guest=False).months) == statements.MONTHS_MAX


def test_a_month_is_utc_and_holds_its_first_and_its_last_moment(alice: User) -> None:
    for moment in (
        datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    ):
        gift(alice, moment.date(), created_at=moment)
    page = statements.page(owner_id=alice.pk, wanted=Filter(month="2026-02"))
    assert [line.at.day for line in page.entries] == [28, 1]


def test_kind_wallet_and_month_are_asked_together(alice: User) -> None:
    for day in (JANUARY, MARCH):
        gift(alice, day, 9)
        spend(alice, day, 4, 3)
    assert entries(alice, month="2026-01") == [
        ("Release", "Back to bonus", 1, None),
        ("Capture", "Paid from bonus", "3 charged", None),
        ("Reserve", "Set aside from bonus", -4, None),
        ("Gift", "a test", 9, None),
    ]
    assert entries(alice, month="2026-01", kind="free", wallet="bonus") == [("Gift", "a test", 9, None)]
    assert entries(alice, month="2026-01", wallet="purchased") == []
    assert entries(alice, month="2026-02") == []


def test_a_december_ends_with_the_year(alice: User) -> None:
    gift(alice, date(2025, 12, 31))
    gift(alice, date(2026, 1, 1))
    assert len(entries(alice, month="2025-12")) == 1


@pytest.mark.parametrize(
    "month",
    ["2026", "2026-13", "2026-00", "2026-1", "1999-12", "x", "2026-11-01", "２０２６-01", "20２６-01", "2026-01\n"],
)
def test_a_month_that_is_none_is_refused(month: str) -> None:
    with pytest.raises(statements.BadFilter):
        Filter(month=month)


def test_pages_of_a_month_hold_every_line_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        spend(alice, date(2026, 1, 1 + number), 2, 1)
        spend(alice, date(2026, 1, 1 + number), 3, 0)
    wanted = Filter(month="2026-01", wallet="bonus")
    whole = statements.page(owner_id=alice.pk, wanted=wanted).entries
    monkeypatch.setattr(statements, "PAGE_ROWS", 5)
    pages = every_page(alice, wanted)
    assert len(pages) > 4
    assert [line for page in pages for line in page] == whole


def test_a_row_of_yesterday_that_came_after_midnight_stands_with_yesterday(alice: User) -> None:
    gift(alice, MARCH, reason="on time")
    gift(alice, JANUARY, reason="late")
    assert [line[1] for line in entries(alice)[-2:]] == ["on time", "late"]


def plan(user: User, **wanted: str) -> str:
    """How PostgreSQL would read this page of a long statement; here it is short, so the quick ways are forbidden."""
    with CaptureQueriesContext(connection) as queries:
        statements.page(owner_id=user.pk, wanted=Filter(**wanted))
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("kind", ["purchase", "refund", "free"])
def test_what_no_job_paid_is_found_by_an_index_of_its_own(alice: User, kind: str) -> None:
    assert "transfer_statement_rare" in plan(alice, kind=kind)
    assert "Sort" not in plan(alice, kind=kind)


@pytest.mark.parametrize("kind", ["", "reserve", "capture", "release"])
def test_the_jobs_that_a_wallet_paid_are_found_by_its_index(alice: User, kind: str) -> None:
    found = plan(alice, kind=kind, wallet="bonus", month="2026-01")
    assert "transfer_statement_wallet" in found
    assert ("transfer_statement_rare" in found) == (not kind)


def test_a_month_is_a_range_of_the_index(alice: User) -> None:
    found = plan(alice, month="2026-01")
    assert "Sort" not in found
    assert any("Index Cond" in line and ">= '2026-01-01'::date" in line for line in found.splitlines())


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def test_the_newest_seal_stands_above_the_statement(alice: User) -> None:
    gift(alice, JANUARY)
    gift(alice, MARCH)
    checkpoints.seal_all()
    seal = statements.overview(owner_id=alice.pk, is_guest=False).seal
    newest = Checkpoint.objects.latest("day")
    assert seal == statements.Seal(MARCH, bytes(newest.hash))
    assert seal.short == f"{newest.hash.hex()[:4]} {newest.hash.hex()[4:8]} … {newest.hash.hex()[-4:]}"


# --- What a subject cost ---------------------------------------------------------------------------------------------


def test_the_charges_of_a_subject_follow_it_through_its_life(alice: User) -> None:
    subject = set_aside(alice, 85)
    assert statements.of_subject(subject) == Charges(reserved=85, open=85)
    ledger.settle(subject=subject, amount=30)
    assert statements.of_subject(subject) == Charges(reserved=85, captured=30, released=55)


def test_the_charges_of_many_subjects_are_one_query(alice: User) -> None:
    subjects = [set_aside(alice, amount) for amount in (10, 20, 30)]
    ledger.settle(subject=subjects[0], amount=10)
    ledger.settle(subject=subjects[1], amount=0)
    with CaptureQueriesContext(connection) as queries:
        charges = statements.of_subjects([*subjects, "job:unknown"])
    assert len(queries) == 1
    assert charges == {
        subjects[0]: Charges(reserved=10, captured=10),
        subjects[1]: Charges(reserved=20, released=20),
        subjects[2]: Charges(reserved=30, open=30),
        "job:unknown": Charges(),
    }


def test_a_subject_paid_with_a_debt_in_between_counts_its_reserves_only(charlie: User) -> None:
    give(charlie, purchased=30)
    subject = set_aside(charlie, 40)
    ledger.clawback(owner_id=charlie.pk, amount=30, key="refund:1", reason="dispute lost")
    ledger.settle(subject=subject, amount=25)
    assert statements.of_subject(subject) == Charges(reserved=40, captured=25, released=15)
    assert entries(charlie)[0][0] == "Debt"
