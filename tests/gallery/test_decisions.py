"""What staff decide, and all that follows: visibility, level, listing, reports, strikes, mail. Once, whoever clicks."""

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import User
from gallery import decisions, mails, posts, reports, strikes
from gallery.decisions import Ruling
from gallery.errors import AlreadyDecided, Barred, NotDecidable, NotPassed, OwnThing
from gallery.models import Action, Decision, Level, Post, Reason, Report, ReportState, Strike
from generation.models import Asset, Moderation, Visibility
from tests.gallery.cases import decide, fresh, moderator, say, standing
from tests.pictures import one, show
from tests.races import race, together
from tests.rules import refused_by


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour")
    return asset


def report(reporter: User, asset: Asset, reason: str = Reason.PERSON) -> None:
    reports.send(reporter=reporter, thing=asset, reason=reason, note="")


# --- A picture -------------------------------------------------------------------------------------------------------


def test_keeping_closes_all_reports_and_changes_nothing_else(
    mona: User, asset: Asset, bob: User, charlie: User
) -> None:
    report(bob, asset)
    report(charlie, asset)
    before = standing(asset)
    decision = decide(mona, asset, Action.KEEP)
    assert standing(asset) == before
    assert set(Report.objects.values_list("state", "decision")) == {(ReportState.DISMISSED, decision.pk)}


def test_withdrawing_hides_it_at_once_and_its_owner_cannot_show_it_again(mona: User, asset: Asset, bob: User) -> None:
    report(bob, asset)
    decide(mona, asset, Action.WITHDRAW)
    assert standing(asset) == (Visibility.PRIVATE, Moderation.WITHHELD, Level.GENERAL, Level.GENERAL)
    assert not Post.objects.get().is_listed
    assert Report.objects.get().state == ReportState.UPHELD
    with pytest.raises(NotPassed):
        show(fresh(asset))
    with refused_by("asset_shown_only_when_passed"):
        Asset.objects.update(visibility=Visibility.PUBLIC)


def test_refusing_gives_the_fifth_level(mona: User, asset: Asset) -> None:
    decision = decide(mona, asset, Action.REFUSE)
    assert standing(asset) == (Visibility.PRIVATE, Moderation.REFUSED, Level.REFUSED, Level.REFUSED)
    post = Post.objects.get()
    assert (post.level, post.is_listed) == (Level.REFUSED, False)
    assert (decision.level_before, decision.level_after) == (Level.GENERAL, Level.REFUSED)


def test_refused_twice_and_given_back_it_can_be_shown(mona: User, asset: Asset) -> None:
    decide(mona, asset, Action.REFUSE)
    second = decide(mona, asset, Action.REFUSE)
    decisions.restore(decision=second, actor=mona, note="")
    assert standing(asset) == (Visibility.PRIVATE, Moderation.PASSED, Level.GENERAL, Level.GENERAL)
    show(fresh(asset))
    assert standing(asset)[0] == Visibility.PUBLIC


def test_what_has_the_fifth_level_is_shown_by_nobody(asset: Asset) -> None:
    """Whatever else its row says: the owner is told, and the database never has to refuse it."""
    Asset.objects.filter(pk=asset.pk).update(visibility="private", level="refused", level_floor="refused")
    with pytest.raises(NotPassed):
        show(fresh(asset))


def test_choosing_the_fifth_level_is_refusing(mona: User, asset: Asset) -> None:
    assert decide(mona, asset, Action.KEEP, level=Level.REFUSED).action == Action.REFUSE


def test_a_level_set_by_staff_is_the_least_that_the_owner_may_choose(mona: User, asset: Asset) -> None:
    assert decide(mona, asset, Action.KEEP, level=Level.NUDITY).action == Action.LEVEL
    assert standing(asset) == (Visibility.PUBLIC, Moderation.PASSED, Level.NUDITY, Level.NUDITY)
    assert Post.objects.get().level == Level.NUDITY
    show(fresh(asset), level=Level.GENERAL)
    assert Post.objects.get().level == Level.NUDITY
    show(fresh(asset), level=Level.EXPLICIT)
    assert Post.objects.get().level == Level.EXPLICIT


def test_staff_may_lower_what_a_check_has_set(mona: User, alice: User) -> None:
    asset = one(alice, prompt="Sculpture of a nude, weathered")
    show(asset)
    assert standing(asset)[2:] == (Level.NUDITY, Level.NUDITY)
    decide(mona, asset, Action.KEEP, level=Level.GENERAL)
    assert standing(asset)[2:] == (Level.GENERAL, Level.GENERAL)
    show(fresh(asset), level=Level.GENERAL)
    assert Post.objects.get().level == Level.GENERAL


def test_what_was_looked_at_and_kept_may_be_shown(mona: User, alice: User) -> None:
    asset = one(alice)
    Asset.objects.filter(pk=asset.pk).update(moderation=Moderation.UNKNOWN)
    decide(mona, asset, Action.KEEP)
    assert standing(asset)[:2] == (Visibility.PRIVATE, Moderation.PASSED)
    show(fresh(asset))


def test_what_lies_in_the_trash_is_decided_too(mona: User, asset: Asset) -> None:
    Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now())
    decide(mona, asset, Action.WITHDRAW)
    assert standing(asset)[:2] == (Visibility.PRIVATE, Moderation.WITHHELD)


def test_a_decision_without_a_reason_takes_nothing_away(mona: User, asset: Asset) -> None:
    for action in (Action.WITHDRAW, Action.REFUSE):
        with pytest.raises(NotDecidable):
            decide(mona, asset, action, reason="")
    assert standing(asset)[0] == Visibility.PUBLIC
    assert not Decision.objects.exists()


def test_nobody_decides_in_their_own_case(alice: User, asset: Asset) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    with pytest.raises(OwnThing):
        decide(alice, asset, Action.KEEP)
    with refused_by("decision_not_in_ones_own_case"):
        Decision.objects.create(asset=asset, owner=alice, actor=alice, action=Action.KEEP)


# --- A comment -------------------------------------------------------------------------------------------------------


def test_a_comment_is_removed_and_its_reports_closed(mona: User, asset: Asset, bob: User, charlie: User) -> None:
    comment = say(bob, asset)
    reports.send(reporter=charlie, thing=comment, reason=Reason.HARASSMENT, note="")
    decide(mona, comment, Action.REMOVE, with_strike=True)
    comment.refresh_from_db()
    assert (comment.removed_by, Report.objects.get().state) == (mona, ReportState.UPHELD)
    assert Post.objects.get().comment_count == 0
    assert strikes.live(user_id=bob.pk)
    assert standing(asset)[0] == Visibility.PUBLIC


def test_a_comment_has_no_level(mona: User, asset: Asset, bob: User) -> None:
    with pytest.raises(NotDecidable):
        decide(mona, say(bob, asset), Action.WITHDRAW)


# --- Twice, and at once ----------------------------------------------------------------------------------------------


def test_the_second_who_decides_is_told_that_it_is_decided(mona: User, sam: User, asset: Asset) -> None:
    decide(mona, asset, Action.WITHDRAW)
    with pytest.raises(AlreadyDecided):
        decide(sam, asset, Action.REFUSE, seen=0)
    assert standing(asset)[1] == Moderation.WITHHELD


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does(sam: User, alice: User, bob: User) -> None:
    asset, mona = one(alice), moderator("mona")
    show(asset)
    report(bob, asset)
    ruling = Ruling(Action.WITHDRAW, seen=0, reason=Reason.PERSON, with_strike=True)
    decided = partial(decisions.about_asset, code=asset.code, ruling=ruling)
    outcomes = race([partial(decided, actor=mona), partial(decided, actor=sam)] * 2)
    assert sorted(type(one).__name__ for one in outcomes) == ["AlreadyDecided"] * 3 + ["Decision"]
    assert (Decision.objects.count(), Strike.objects.count()) == (1, 1)
    assert Report.objects.get().state == ReportState.UPHELD


@pytest.mark.django_db(transaction=True)
def test_publishing_while_it_is_withdrawn_leaves_it_private(alice: User) -> None:
    asset, mona = one(alice), moderator("mona")
    race([lambda: show(asset), lambda: decide(mona, asset, Action.WITHDRAW), lambda: show(asset)])
    assert standing(asset)[:2] == (Visibility.PRIVATE, Moderation.WITHHELD)
    assert not Post.objects.filter(is_listed=True).exists()


@pytest.mark.django_db(transaction=True)
def test_one_person_s_report_sent_many_times_at_once_is_one(alice: User, bob: User) -> None:
    asset = one(alice)
    show(asset)
    together(4, lambda: report(bob, asset))
    assert Report.objects.count() == 1


# --- Restoring -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.UNLISTED])
@pytest.mark.parametrize("action", [Action.WITHDRAW, Action.REFUSE])
def test_restoring_gives_back_all_that_was_taken(mona: User, alice: User, action: str, visibility: str) -> None:
    asset = one(alice)
    show(asset, visibility=visibility, level=Level.SUGGESTIVE)
    decision = decide(mona, asset, action, with_strike=True)
    restored = decisions.restore(decision=decision, actor=mona, note="Sorry")
    assert restored.action == Action.RESTORE
    assert standing(asset) == (visibility, Moderation.PASSED, Level.SUGGESTIVE, Level.GENERAL)
    post = Post.objects.get()
    assert (post.level, post.is_listed) == (Level.SUGGESTIVE, visibility == Visibility.PUBLIC)
    assert strikes.live(user_id=alice.pk) == []


def test_a_level_is_given_back(mona: User, asset: Asset) -> None:
    decision = decide(mona, asset, Action.KEEP, level=Level.EXPLICIT)
    decisions.restore(decision=decision, actor=mona, note="")
    assert standing(asset) == (Visibility.PUBLIC, Moderation.PASSED, Level.GENERAL, Level.GENERAL)


def test_a_comment_is_given_back(mona: User, asset: Asset, bob: User) -> None:
    comment = say(bob, asset)
    decisions.restore(decision=decide(mona, comment, Action.REMOVE), actor=mona, note="")
    comment.refresh_from_db()
    assert comment.removed_at is None
    assert Post.objects.get().comment_count == 1


def test_restoring_an_older_decision_lifts_its_strike_and_leaves_the_newer_one(mona: User, asset: Asset) -> None:
    older = decide(mona, asset, Action.KEEP, level=Level.NUDITY, with_strike=True)
    decide(mona, asset, Action.WITHDRAW)
    decisions.restore(decision=older, actor=mona, note="")
    assert standing(asset) == (Visibility.PRIVATE, Moderation.WITHHELD, Level.NUDITY, Level.NUDITY)
    assert strikes.live(user_id=asset.owner_id) == []


def test_nothing_is_restored_twice(mona: User, asset: Asset) -> None:
    decision = decide(mona, asset, Action.WITHDRAW)
    decisions.restore(decision=decision, actor=mona, note="", seen=decision.pk)
    with pytest.raises(AlreadyDecided):
        decisions.restore(decision=decision, actor=mona, note="", seen=decision.pk)
    with pytest.raises(NotDecidable):
        decisions.restore(decision=decide(mona, asset, Action.KEEP), actor=mona, note="")


def test_what_was_deleted_meanwhile_is_restored_private(mona: User, asset: Asset) -> None:
    decision = decide(mona, asset, Action.WITHDRAW)
    Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now())
    decisions.restore(decision=decision, actor=mona, note="")
    assert standing(asset)[:2] == (Visibility.PRIVATE, Moderation.PASSED)
    assert not Post.objects.get().is_listed


# --- Strikes ---------------------------------------------------------------------------------------------------------


def strike(mona: User, alice: User, number: int) -> list[Strike]:
    for _ in range(number):
        decide(mona, one(alice), Action.WITHDRAW, with_strike=True)
    return list(Strike.objects.filter(owner=alice).order_by("pk"))


def test_three_live_strikes_bar_from_publishing_until_one_expires(mona: User, alice: User) -> None:
    own = one(alice)
    strike(mona, alice, 2)
    show(own)
    posts.withdraw(asset=own, owner=alice)
    given = strike(mona, alice, 1)
    with pytest.raises(Barred) as caught:
        show(own)
    assert caught.value.data["until"] == given[0].expires_at
    assert 89 < (given[0].expires_at - timezone.now()).days + 1 <= 90
    Strike.objects.filter(pk=given[0].pk).update(
        created_at=timezone.now() - timedelta(days=91), expires_at=timezone.now() - timedelta(seconds=1)
    )
    show(own)


def test_with_more_than_three_it_takes_longer(mona: User, alice: User) -> None:
    given = strike(mona, alice, 5)
    assert strikes.barred_until(strikes.live(user_id=alice.pk)) == given[2].expires_at


def test_a_lifted_strike_bars_nobody(mona: User, alice: User) -> None:
    given = strike(mona, alice, 3)
    decisions.restore(decision=given[1].decision, actor=mona, note="")
    strikes.check(user_id=alice.pk)


def test_keeping_costs_no_strike(mona: User, asset: Asset) -> None:
    with pytest.raises(NotDecidable):
        decide(mona, asset, Action.KEEP, with_strike=True)


# --- Mail ------------------------------------------------------------------------------------------------------------


def test_the_owner_is_told_with_reason_note_and_strike(mona: User, alice: User) -> None:
    asset = one(alice)
    show(asset, title="<b>Harbour</b> & co")
    decision = decide(mona, asset, Action.WITHDRAW, note="A face that is known.", with_strike=True)
    mails.tell_decision(decision_id=decision.pk)
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.org"]
    assert sent.subject == "Your picture was withdrawn"
    assert "“<b>Harbour</b> & co”" in sent.body
    assert "Reason: Shows a real person." in sent.body
    assert "A face that is known." in sent.body
    assert "This is a strike." in sent.body
    assert "/appeals" in sent.body
    html = str(sent.alternatives[0][0])  # type: ignore[attr-defined]
    assert "&lt;b&gt;Harbour&lt;/b&gt; &amp; co" in html


def test_what_was_kept_sends_no_mail(mona: User, asset: Asset) -> None:
    mails.tell_decision(decision_id=decide(mona, asset, Action.KEEP).pk)
    assert mail.outbox == []


# --- What the database holds by itself -------------------------------------------------------------------------------


def test_a_decision_is_never_changed_or_deleted(mona: User, asset: Asset) -> None:
    decision = decide(mona, asset, Action.WITHDRAW)
    with refused_by("decision_is_append_only"):
        Decision.objects.update(note="other")
    with refused_by("decision_is_append_only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM gallery_decision WHERE id = %s", [decision.pk])


def test_a_decision_that_takes_away_names_its_reason(mona: User, asset: Asset) -> None:
    with refused_by("decision_names_its_reason"):
        Decision.objects.create(asset=asset, owner=asset.owner, actor=mona, action=Action.WITHDRAW)


def test_nobody_reports_what_is_their_own(asset: Asset, alice: User, bob: User) -> None:
    comment = say(bob, asset)
    for told in ({"asset": asset, "reporter": alice}, {"comment": comment, "reporter": bob}):
        with refused_by("report_is_about_anothers"):
            Report.objects.create(reason=Reason.SPAM, **told)
