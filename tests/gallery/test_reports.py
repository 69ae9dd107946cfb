"""Reporting a picture or a comment: the page, the dialog's answer, who may, and what is said when it goes wrong."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery.models import Comment, Reason, Report, ReportState
from generation.models import Asset
from tests.browsers import As
from tests.gallery.cases import decide, moderator, say
from tests.pictures import one, show

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
TOLD = {"reason": "person", "note": "That is my neighbour."}


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour")
    return asset


@pytest.fixture
def comment(asset: Asset, bob: User) -> Comment:
    return say(bob, asset, "Lovely <b>light</b>")


@pytest.fixture(params=["picture", "comment"])
def door(request: pytest.FixtureRequest, asset: Asset, comment: Comment) -> str:
    return f"{asset.url}/report" if request.param == "picture" else f"/comments/{comment.code}/report"


# --- It works --------------------------------------------------------------------------------------------------------


def test_the_form_has_a_page_of_its_own(browse: As, charlie: User, asset: Asset, comment: Comment) -> None:
    page = browse(charlie).get(f"{asset.url}/report").content.decode()
    assert "Report this picture" in page
    assert "Harbour" in page
    page = browse(charlie).get(f"/comments/{comment.code}/report").content.decode()
    assert "Report this comment" in page
    assert "Lovely &lt;b&gt;light&lt;/b&gt;" in page


def test_a_report_is_kept_and_thanked_for(browse: As, charlie: User, asset: Asset, door: str) -> None:
    answer = browse(charlie).post(door, TOLD, follow=True)
    assert answer.redirect_chain == [(asset.url, 303)]
    assert "Thank you. A person will look at it." in answer.content.decode()
    report = Report.objects.get()
    assert (report.reporter, report.reason, report.note, report.state) == (
        charlie,
        Reason.PERSON,
        TOLD["note"],
        ReportState.OPEN,
    )


def test_to_htmx_the_thanks_stand_in_the_form_s_place(browse: As, charlie: User, door: str) -> None:
    answer = browse(charlie).post(door, TOLD, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.lstrip().startswith('<div class="stack stack--s" id="report-form"') or 'id="report-form"' in page
    assert "<html" not in page


def test_sent_twice_it_is_one_report(browse: As, charlie: User, door: str) -> None:
    client = browse(charlie)
    for reason in ("person", "other"):
        assert client.post(door, {"reason": reason}).status_code == 303
    assert Report.objects.get().reason == "person"


def test_after_a_decision_it_may_be_reported_again(browse: As, charlie: User, asset: Asset) -> None:
    for _ in range(2):
        assert browse(charlie).post(f"{asset.url}/report", TOLD).status_code == 303
        decide(moderator(f"mod{Report.objects.count()}"), asset, "keep")
    assert Report.objects.count() == 2


def test_the_picture_s_page_leads_to_it(browse: As, alice: User, charlie: User, asset: Asset) -> None:
    member, visitor, owner = (browse(user).get(asset.url).content.decode() for user in (charlie, None, alice))
    assert 'popovertarget="report"' in member
    assert f'hx-post="{asset.url}/report"' in member
    assert f'href="{asset.url}/report"' in visitor
    assert 'popovertarget="report"' not in visitor
    assert "/report" not in owner.partition("<main")[2]


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_guests_and_visitors_are_sent_to_sign_in_and_back(browse: As, gwen: User, door: str, method: str) -> None:
    for user in (gwen, None):
        answer = getattr(browse(user), method)(door, TOLD if method == "post" else {})
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={door.replace('/', '%2F')}"
    assert not Report.objects.exists()


def test_nobody_reports_their_own(browse: As, alice: User, bob: User, asset: Asset, comment: Comment) -> None:
    for user, door in ((alice, f"{asset.url}/report"), (bob, f"/comments/{comment.code}/report")):
        answer = browse(user).post(door, TOLD, follow=True)
        assert "yours" in answer.content.decode()
    assert not Report.objects.exists()


def test_what_one_may_not_see_is_not_there_to_report(browse: As, alice: User, charlie: User) -> None:
    private = one(alice)
    client = browse(charlie)
    absent = client.get(f"/art/{uuid4()}/report")
    there = client.get(f"{private.url}/report")
    assert (there.status_code, absent.status_code) == (404, 404)
    assert client.post(f"{private.url}/report", TOLD).status_code == 404
    assert client.post(f"/comments/{uuid4()}/report", TOLD).status_code == 404


def test_a_removed_comment_is_not_there(browse: As, charlie: User, comment: Comment, sam: User) -> None:
    decide(sam, comment, "remove")
    assert browse(charlie).get(f"/comments/{comment.code}/report").status_code == 404


# --- What goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [{}, HTMX])
@pytest.mark.parametrize(
    ("told", "field"),
    [({}, "reason"), ({"reason": "ugly"}, "reason"), ({"reason": "person", "note": "x" * 1001}, "note")],
)
def test_bad_input_names_its_field_and_keeps_what_was_typed(
    browse: As, charlie: User, door: str, told: dict[str, str], field: str, extra: dict[str, Any]
) -> None:
    answer = browse(charlie).post(door, {"note": "Look closely", **told}, **extra)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert (told.get("note") or "Look closely") in page
    assert not Report.objects.exists()


def test_a_level_is_no_reason_to_report_a_comment(browse: As, charlie: User, comment: Comment) -> None:
    assert browse(charlie).post(f"/comments/{comment.code}/report", {"reason": "level"}).status_code == 422


def test_too_many_are_too_fast(browse: As, charlie: User, asset: Asset, settings: Any) -> None:
    settings.RATE_LIMIT_REPORT = (1, 60)
    client = browse(charlie)
    assert client.post(f"{asset.url}/report", TOLD).status_code == 303
    answer = client.post(f"{asset.url}/report", TOLD)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_other_methods_and_a_missing_token_are_refused(charlie: User, asset: Asset, browse: As) -> None:
    assert browse(charlie).put(f"{asset.url}/report").status_code == 405
    client = Client(enforce_csrf_checks=True)
    client.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{asset.url}/report", TOLD).status_code == 403


def test_the_page_costs_two_queries(
    browse: As, charlie: User, door: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = browse(charlie)
    client.get(door)
    with django_assert_num_queries(2):
        client.get(door)
