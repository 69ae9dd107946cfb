"""The staff's moderation queue: who gets in, what each tab holds, and what its forms do, with htmx and without."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import appeals, cases, reports
from gallery.cases import Tab
from gallery.models import Action, Appeal, AppealState, Decision, Level, Reason, Report, ReportState, Strike
from generation.models import Asset, Moderation, Visibility
from tests.browsers import As
from tests.gallery.cases import decide, say, standing
from tests.pictures import make, one, show

QUEUE = "/admin/gallery/moderation/"
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour <i>at</i> dusk")
    return asset


def report(reporter: User, thing: Any, *, note: str = "") -> Report:
    reports.send(reporter=reporter, thing=thing, reason=Reason.PERSON, note=note)
    return Report.objects.latest("pk")


def case_url(asset: Asset) -> str:
    return f"{QUEUE}art/{asset.code}/"


def told(asset: Asset, **more: Any) -> dict[str, Any]:
    return {"do": "withdraw", "seen": 0, "level": "general", "reason": "person", "note": "", **more}


# --- Who gets in -----------------------------------------------------------------------------------------------------


def test_the_menu_leads_there_for_those_who_may_decide(browse: As, mona: User, alice: User) -> None:
    bob = User.objects.create_user("bo@example.org", "four words are enough", handle="bo_staff", is_staff=True)
    leads = [f'href="{QUEUE}"' in browse(person).get("/rules").content.decode() for person in (mona, bob, alice)]
    assert leads == [True, False, False]


def doors(asset: Asset) -> list[str]:
    return [
        QUEUE,
        case_url(asset),
        f"{QUEUE}comments/{uuid4()}/",
        f"{QUEUE}appeals/{uuid4()}/",
        f"{QUEUE}files/{asset.code}",
        f"{QUEUE}decisions/{uuid4()}/restore",
    ]


def test_people_and_visitors_are_sent_to_the_staff_s_sign_in(browse: As, alice: User, gwen: User, asset: Asset) -> None:
    for user in (None, gwen, alice):
        for door in doors(asset):
            answer = browse(user).post(door, told(asset))
            assert answer.status_code in {302, 403}, door
            assert browse(user).get(door).status_code in {302, 403}, door
    assert standing(asset)[0] == Visibility.PUBLIC


def test_staff_without_the_right_are_refused(browse: As, charlie: User, asset: Asset) -> None:
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    for door in doors(asset):
        assert browse(charlie).post(door, told(asset)).status_code in {403, 405}, door
        assert browse(charlie).get(door).status_code in {403, 405}, door
    assert standing(asset)[0] == Visibility.PUBLIC


def test_a_post_without_the_token_is_refused(mona: User, asset: Asset) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mona, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(case_url(asset), told(asset)).status_code == 403
    assert not Decision.objects.exists()


# --- What waits ------------------------------------------------------------------------------------------------------


def test_reports_of_one_thing_are_one_case_the_oldest_first(
    browse: As, mona: User, alice: User, bob: User, charlie: User
) -> None:
    first, second = make(alice, pictures=2)
    show(first)
    show(second)
    for reporter, asset in ((bob, second), (bob, first), (charlie, second)):
        report(reporter, asset, note=f"<b>{reporter.handle}</b> says so")
    comment = say(bob, first, "Go <away>")
    report(charlie, comment)
    page = browse(mona).get(QUEUE).content.decode()
    places = [page.index(f'id="case-{thing.code}"') for thing in (second, first, comment)]
    assert places == sorted(places)
    assert page.count("data-case>") == 3
    assert "<strong>2 people</strong>" in page
    assert "&lt;b&gt;charlie&lt;/b&gt; says so" in page
    assert "Go &lt;away&gt;" in page
    assert "Reports, 3" in page
    assert f'src="{QUEUE}files/{second.code}"' in page


def test_pages_follow_each_other_without_gap_or_repeat(browse: As, mona: User, alice: User, bob: User) -> None:
    made = [asset for _ in range(3) for asset in make(alice, pictures=4)]
    for asset in made:
        show(asset)
        report(bob, asset)
    first = cases.page(Tab.REPORTS)
    second = cases.page(Tab.REPORTS, after=first.after)
    assert [case.thing for case in (*first.items, *second.items)] == made  # type: ignore[union-attr]
    assert second.after == 0
    page = browse(mona).get(QUEUE).content.decode()
    assert f"?tab=reports&amp;after={first.after}" in page


def test_what_a_check_flagged_waits_on_a_tab_of_its_own(browse: As, mona: User, alice: User) -> None:
    asset = one(alice)
    Asset.objects.filter(pk=asset.pk).update(moderation=Moderation.UNKNOWN)
    page = browse(mona).get(QUEUE, {"tab": "automatic"}).content.decode()
    assert f'id="case-{asset.code}"' in page
    assert browse(mona).get(f"{QUEUE}files/{asset.code}").status_code == 200
    assert browse(mona).post(case_url(asset), told(asset, do="keep")).status_code == 303
    assert standing(asset)[:2] == (Visibility.PRIVATE, Moderation.PASSED)
    assert f'id="case-{asset.code}"' not in browse(mona).get(QUEUE, {"tab": "automatic"}).content.decode()


def test_done_lists_the_last_decisions(browse: As, mona: User, sam: User, asset: Asset) -> None:
    decide(sam, asset, Action.WITHDRAW, note="A <known> face", with_strike=True)
    page = browse(mona).get(QUEUE, {"tab": "done"}).content.decode()
    assert "Harbour &lt;i&gt;at&lt;/i&gt; dusk" in page
    assert "Withdrawn, strike" in page
    assert "A &lt;known&gt; face" in page
    assert "@sam" in page


@pytest.mark.parametrize("query", ["tab=other", "after=x", "after=-1", "after=1e9", f"after={10**30}", "after=²"])
def test_unknown_tabs_and_broken_pages_are_400(browse: As, mona: User, query: str) -> None:
    assert browse(mona).get(f"{QUEUE}?{query}").status_code == 400


def test_nothing_waits_is_said(browse: As, mona: User) -> None:
    for tab in Tab.values:
        assert "Nothing waits here" in browse(mona).get(QUEUE, {"tab": tab}).content.decode()


@pytest.mark.parametrize("number", [1, 4])
def test_a_page_costs_the_same_whatever_waits(
    browse: As, sam: User, alice: User, bob: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for asset in make(alice, pictures=number):
        show(asset)
        report(bob, asset)
        report(sam, say(bob, asset))
    client = browse(sam)
    client.get(QUEUE)
    with django_assert_num_queries(8):  # the viewer, a page, its reports, decisions and strikes, three bounded numbers
        client.get(QUEUE)


# --- Privacy ---------------------------------------------------------------------------------------------------------


def test_private_pictures_of_which_nobody_spoke_are_not_staff_s_to_see(browse: As, mona: User, alice: User) -> None:
    asset = one(alice)
    assert browse(mona).get(f"{QUEUE}files/{asset.code}").status_code == 404
    assert browse(mona).get(case_url(asset)).status_code == 404
    show(asset)
    answer = browse(mona).get(f"{QUEUE}files/{asset.code}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


# --- Deciding --------------------------------------------------------------------------------------------------------


def test_the_form_without_htmx_leads_back_to_its_tab(browse: As, mona: User, bob: User, asset: Asset) -> None:
    report(bob, asset)
    answer = browse(mona).post(case_url(asset), told(asset, note="A known face.", tab="reports"), follow=True)
    assert answer.redirect_chain == [(f"{QUEUE}?tab=reports", 303)]
    assert "Withdrawn." in answer.content.decode()
    decision = Decision.objects.get()
    assert (decision.actor, decision.action, decision.reason, decision.note) == (
        mona,
        Action.WITHDRAW,
        Reason.PERSON,
        "A known face.",
    )
    assert standing(asset)[:2] == (Visibility.PRIVATE, Moderation.WITHHELD)
    assert Report.objects.get().state == ReportState.UPHELD


def test_with_htmx_the_decided_case_takes_the_place_of_the_open_one(browse: As, mona: User, asset: Asset) -> None:
    answer = browse(mona).post(case_url(asset), told(asset, do="keep"), **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="case-{asset.code}"' in page
    assert "data-done" in page
    assert "Kept" in page
    assert "<html" not in page


@pytest.mark.parametrize(
    ("do", "level", "action", "with_strike"),
    [
        ("keep", "general", Action.KEEP, False),
        ("keep", "nudity", Action.LEVEL, False),
        ("withdraw", "general", Action.WITHDRAW, False),
        ("refuse", "general", Action.REFUSE, False),
        ("strike", "general", Action.WITHDRAW, True),
        ("strike", "refused", Action.REFUSE, True),
    ],
)
def test_each_button_does_what_it_says(
    browse: As, mona: User, asset: Asset, do: str, level: str, action: str, with_strike: bool
) -> None:
    assert browse(mona).post(case_url(asset), told(asset, do=do, level=level)).status_code == 303
    assert Decision.objects.get().action == action
    assert Strike.objects.exists() == with_strike


def test_a_comment_is_removed_by_its_own_door(browse: As, mona: User, bob: User, asset: Asset) -> None:
    comment = say(bob, asset)
    door = f"{QUEUE}comments/{comment.code}/"
    assert browse(mona).get(door).status_code == 200
    assert browse(mona).post(door, {"do": "withdraw", "seen": 0, "reason": "spam"}).status_code == 422
    assert browse(mona).post(door, {"do": "remove_strike", "seen": 0, "reason": "spam"}).status_code == 303
    comment.refresh_from_db()
    assert comment.removed_by == mona
    assert Strike.objects.get().owner == bob


@pytest.mark.parametrize("extra", [{}, HTMX])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "Say which rule it breaks."),
        ({"reason": "ugly"}, "Choose one of the reasons."),
        ({"level": "mild"}, "Choose one of the five levels."),
        ({"do": "burn"}, "Choose what to do."),
        ({"note": "x" * 1001}, "At most 1,000 characters"),
    ],
)
def test_bad_input_names_its_field_and_keeps_what_was_typed(
    browse: As, mona: User, asset: Asset, change: dict[str, str], words: str, extra: dict[str, Any]
) -> None:
    answer = browse(mona).post(case_url(asset), told(asset, **{"note": "Look closely", **change}), **extra)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert change.get("note", "Look closely") in page
    assert not Decision.objects.exists()


@pytest.mark.parametrize("extra", [{}, HTMX])
def test_the_second_sees_what_the_first_decided(
    browse: As, mona: User, sam: User, asset: Asset, extra: dict[str, Any]
) -> None:
    assert browse(sam).post(case_url(asset), told(asset, do="keep")).status_code == 303
    answer = browse(mona).post(case_url(asset), told(asset), **extra)
    assert answer.status_code == 409
    assert "decided this already" in answer.content.decode()
    assert Decision.objects.count() == 1
    assert f'name="seen" value="{Decision.objects.get().pk}"' in answer.content.decode()


def test_staff_s_own_pictures_are_for_somebody_else(browse: As, mona: User, sam: User) -> None:
    own = one(sam)
    show(own)
    page = browse(sam).get(case_url(own)).content.decode()
    assert "This is your own: somebody else decides." in page
    assert 'name="do"' not in page
    assert browse(sam).post(case_url(own), told(own)).status_code == 409
    assert not Decision.objects.exists()


# --- Appeals and restoring -------------------------------------------------------------------------------------------


@pytest.fixture
def appeal(mona: User, asset: Asset) -> Appeal:
    decision = decide(mona, asset, Action.WITHDRAW, with_strike=True)
    appeals.send(code=decision.code, owner=decision.owner, text="It is a <statue>.")
    return Appeal.objects.get()


@pytest.mark.parametrize(("do", "state"), [("grant", AppealState.GRANTED), ("refuse", AppealState.REFUSED)])
def test_an_appeal_is_answered(browse: As, sam: User, asset: Asset, appeal: Appeal, do: str, state: str) -> None:
    page = browse(sam).get(QUEUE, {"tab": "appeals"}).content.decode()
    assert "It is a &lt;statue&gt;." in page
    door = f"{QUEUE}appeals/{appeal.code}/"
    answer = browse(sam).post(door, {"do": do, "answer": "Seen."}, follow=True)
    assert answer.redirect_chain[0][1] == 303
    appeal.refresh_from_db()
    assert (appeal.state, appeal.answer, appeal.answered_by) == (state, "Seen.", sam)
    assert (standing(asset)[0] == Visibility.PUBLIC) == (do == "grant")
    assert browse(sam).post(door, {"do": do, "answer": "Again."}, **HTMX).status_code == 409


def test_an_answer_needs_words(browse: As, sam: User, appeal: Appeal) -> None:
    for told_, words in (({"do": "grant", "answer": " "}, "Say why"), ({"answer": "Seen."}, "")):
        answer = browse(sam).post(f"{QUEUE}appeals/{appeal.code}/", told_)
        assert answer.status_code == 422
        assert words in answer.content.decode()


def test_who_decided_does_not_answer(browse: As, mona: User, sam: User, appeal: Appeal) -> None:
    answer = browse(mona).post(f"{QUEUE}appeals/{appeal.code}/", {"do": "refuse", "answer": "No."}, **HTMX)
    assert answer.status_code == 409
    assert "another member of staff" in answer.content.decode()


def test_staff_give_back_what_they_took(browse: As, mona: User, asset: Asset) -> None:
    decision = decide(mona, asset, Action.REFUSE)
    page = browse(mona).get(case_url(asset)).content.decode()
    door = f"{QUEUE}decisions/{decision.code}/restore"
    assert f'action="{door}"' in page
    told_ = {"seen": decision.pk, "note": "Our mistake", "tab": "done"}
    assert browse(mona).post(door, told_).status_code == 303
    assert standing(asset) == (Visibility.PUBLIC, Moderation.PASSED, Level.GENERAL, Level.GENERAL)
    assert browse(mona).post(door, told_).status_code == 409
    assert browse(mona).post(door, {"seen": "x"}).status_code == 422
    assert browse(mona).get(door).status_code == 405
    assert browse(mona).post(f"{QUEUE}decisions/{uuid4()}/restore", told_).status_code == 404


# --- The admin -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["decision", "report", "strike", "appeal"])
def test_records_are_read_only_in_the_admin(
    browse: As, sam: User, asset: Asset, appeal: Appeal, charlie: User, model: str
) -> None:
    client = browse(sam)
    assert client.get(f"/admin/gallery/{model}/").status_code == 200
    assert client.get(f"/admin/gallery/{model}/add/").status_code == 403


def test_the_admin_leads_to_the_queue(browse: As, sam: User, charlie: User) -> None:
    assert f'href="{QUEUE}"' in browse(sam).get("/admin/").content.decode()
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    assert QUEUE not in browse(charlie).get("/admin/").content.decode()
