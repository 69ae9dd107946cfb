"""Decisions as the person concerned reads them, and the appeal: once, answered by somebody else, granted or not."""

from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import appeals, mails, strikes
from gallery.errors import AlreadyDecided, AnotherMustAnswer, NotAppealable, NotYours, OwnThing
from gallery.models import Action, Appeal, AppealState, Decision
from generation.models import Asset, Level, Moderation, Visibility
from tests.browsers import As
from tests.gallery.cases import decide, moderator, say, standing
from tests.pictures import one, show
from tests.races import race
from tests.rules import refused_by


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour <i>at</i> dusk")
    return asset


@pytest.fixture
def withdrawn(mona: User, asset: Asset) -> Decision:
    return decide(mona, asset, Action.WITHDRAW, note="A known face.\nSorry.", with_strike=True)


def sent(decision: Decision, text: str = "It is a statue.") -> Appeal:
    appeals.send(code=decision.code, owner=decision.owner, text=text)
    return Appeal.objects.get(decision=decision)


# --- The person concerned --------------------------------------------------------------------------------------------


def test_the_person_reads_what_was_decided_and_why(browse: As, alice: User, withdrawn: Decision) -> None:
    page = browse(alice).get("/appeals").content.decode()
    assert "Harbour &lt;i&gt;at&lt;/i&gt; dusk" in page
    assert "Withdrawn" in page
    assert "Shows a real person" in page
    assert "A known face.<br>Sorry." in page
    assert "1 live strike" in page
    assert f'action="/appeals/{withdrawn.code}"' in page
    page = browse(alice).get(withdrawn.asset.url).content.decode()  # type: ignore[union-attr]
    assert "Withdrawn by our staff" in page


def test_an_appeal_is_sent_once(browse: As, alice: User, withdrawn: Decision) -> None:
    client = browse(alice)
    for text in ("It is a statue.", "Really!"):
        answer = client.post(f"/appeals/{withdrawn.code}", {"text": text}, follow=True)
        assert answer.redirect_chain == [("/appeals", 303)]
    assert Appeal.objects.get().text == "It is a statue."
    page = client.get("/appeals").content.decode()
    assert "Your appeal waits for an answer" in page
    assert f'action="/appeals/{withdrawn.code}"' not in page


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 1001])
def test_an_appeal_without_words_or_with_too_many_says_so(
    browse: As, alice: User, withdrawn: Decision, text: str
) -> None:
    answer = browse(alice).post(f"/appeals/{withdrawn.code}", {"text": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="text-error"' in page
    assert text.strip() in page
    assert not Appeal.objects.exists()


def test_another_s_decision_is_not_there(browse: As, bob: User, withdrawn: Decision) -> None:
    client = browse(bob)
    for code in (withdrawn.code, uuid4()):
        assert client.post(f"/appeals/{code}", {"text": "Mine!"}).status_code == 404
    assert "Harbour" not in client.get("/appeals").content.decode()


def test_guests_and_visitors_are_sent_to_sign_in(browse: As, gwen: User, withdrawn: Decision) -> None:
    for user in (gwen, None):
        assert browse(user).get("/appeals")["Location"] == "/accounts/login/?next=%2Fappeals"
        assert browse(user).post(f"/appeals/{withdrawn.code}", {"text": "x"}).status_code == 302


def test_wrong_methods_and_broken_pages(browse: As, alice: User, withdrawn: Decision) -> None:
    assert browse(alice).post("/appeals").status_code == 405
    assert browse(alice).get(f"/appeals/{withdrawn.code}").status_code == 405
    assert browse(alice).get("/appeals?before=yesterday").status_code == 400


def test_what_was_given_back_or_kept_is_not_appealed(mona: User, asset: Asset) -> None:
    kept = decide(mona, asset, Action.KEEP)
    with pytest.raises(NotAppealable):
        appeals.send(code=kept.code, owner=kept.owner, text="Why?")


def test_pages_follow_each_other_and_cost_the_same(
    browse: As, mona: User, alice: User, asset: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(appeals.PAGE_SIZE + 2):
        level = (Level.NUDITY, Level.GENERAL)[number % 2]
        decide(mona, asset, Action.KEEP, level=level)
    client = browse(alice)
    first = client.get("/appeals").content.decode()
    assert first.count('class="decided"') == appeals.PAGE_SIZE
    with django_assert_num_queries(3):
        client.get("/appeals")
    older = first.partition("/appeals?before=")[2].partition('"')[0]
    with django_assert_num_queries(3):
        second = client.get(f"/appeals?before={older}").content.decode()
    assert second.count('class="decided"') == 2


# --- The answer ------------------------------------------------------------------------------------------------------


def test_granted_all_is_given_back_and_told(sam: User, alice: User, withdrawn: Decision, browse: As) -> None:
    answered = appeals.answer(code=sent(withdrawn).code, actor=sam, is_granted=True, words="You are right.")
    assert answered.state == AppealState.GRANTED
    assert standing(withdrawn.asset)[:2] == (Visibility.PUBLIC, Moderation.PASSED)  # type: ignore[arg-type]
    assert strikes.live(user_id=alice.pk) == []
    restored = Decision.objects.get(action=Action.RESTORE)
    assert (restored.actor, restored.note) == (sam, "You are right.")
    mails.tell_decision(decision_id=restored.pk)
    assert "gave back what was taken away" in mail.outbox[0].body
    page = browse(alice).get("/appeals").content.decode()
    assert "Appeal granted" in page
    assert "Its strike was lifted" in page


def test_refused_it_stands_and_is_told(sam: User, alice: User, withdrawn: Decision, browse: As) -> None:
    appeal = appeals.answer(code=sent(withdrawn).code, actor=sam, is_granted=False, words="It is <him>.")
    assert standing(withdrawn.asset)[1] == Moderation.WITHHELD  # type: ignore[arg-type]
    assert strikes.live(user_id=alice.pk)
    assert Decision.objects.count() == 1
    mails.tell_answer(appeal_id=appeal.pk)
    assert "It is <him>." in mail.outbox[0].body
    page = browse(alice).get("/appeals").content.decode()
    assert "Appeal refused" in page
    assert "It is &lt;him&gt;." in page


def test_a_comment_comes_back(sam: User, mona: User, bob: User, asset: Asset) -> None:
    comment = say(bob, asset)
    appeals.answer(code=sent(decide(mona, comment, Action.REMOVE)).code, actor=sam, is_granted=True, words="")
    comment.refresh_from_db()
    assert comment.removed_at is None


def test_somebody_else_answers_where_there_is_somebody_else(sam: User, mona: User, withdrawn: Decision) -> None:
    appeal = sent(withdrawn)
    with pytest.raises(AnotherMustAnswer):
        appeals.answer(code=appeal.code, actor=mona, is_granted=False, words="")
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert appeals.answer(code=appeal.code, actor=mona, is_granted=False, words="").answered_by == mona


def test_staff_without_the_right_are_nobody_else(mona: User, withdrawn: Decision, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    assert not appeals.others(than=mona, owner_id=withdrawn.owner_id).exists()


def test_nobody_answers_their_own(alice: User, withdrawn: Decision) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    with pytest.raises(OwnThing):
        appeals.answer(code=sent(withdrawn).code, actor=alice, is_granted=True, words="")


def test_an_absent_appeal_is_not_there(sam: User) -> None:
    with pytest.raises(NotYours):
        appeals.answer(code=uuid4(), actor=sam, is_granted=True, words="")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_one_does(sam: User, alice: User) -> None:
    asset, mona = one(alice), moderator("mona")
    show(asset)
    appeal, third = sent(decide(mona, asset, Action.WITHDRAW)), moderator("thea")
    outcomes = race(
        [
            lambda: appeals.answer(code=appeal.code, actor=sam, is_granted=True, words=""),
            lambda: appeals.answer(code=appeal.code, actor=third, is_granted=False, words=""),
        ]
        * 2
    )
    assert sum(isinstance(one, Appeal) for one in outcomes) == 1
    assert sum(isinstance(one, AlreadyDecided) for one in outcomes) == 3
    assert Decision.objects.filter(action=Action.RESTORE).count() <= 1


# --- What the database holds by itself -------------------------------------------------------------------------------


def test_the_database_knows_one_appeal_a_decision(withdrawn: Decision) -> None:
    sent(withdrawn)
    with refused_by("gallery_appeal_decision_id_key"):
        Appeal.objects.create(decision=withdrawn, owner=withdrawn.owner, text="Again")


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("appeal_says_why", {"text": ""}),
        ("appeal_answered_by_somebody", {"state": AppealState.GRANTED}),
        ("appeal_answered_by_somebody", {"answered_by": "sam"}),
    ],
)
def test_the_database_refuses_half_an_answer(sam: User, withdrawn: Decision, rule: str, change: dict[str, Any]) -> None:
    sent(withdrawn)
    with refused_by(rule):
        Appeal.objects.update(**{name: sam if value == "sam" else value for name, value in change.items()})


def test_the_database_takes_an_appeal_of_the_person_concerned_alone(withdrawn: Decision, bob: User) -> None:
    with refused_by("appeal_by_whom_it_concerns"):
        Appeal.objects.create(decision=withdrawn, owner=bob, text="Mine")
