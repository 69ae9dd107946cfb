"""What was a guest's is the account's that the guest became: archives, trash, decisions, strikes, appeals."""

import pytest
from django.core import mail

from accounts import guests
from accounts.models import User
from gallery import appeals, archives, mails, strikes, trash
from gallery.errors import AnotherMustAnswer, NotYours, OwnThing
from gallery.models import Action, Appeal, Decision, Visibility
from generation.models import Asset, Moderation
from tests.browsers import As
from tests.gallery.cases import decide, fresh, moderator
from tests.pictures import one, show

pytestmark = pytest.mark.django_db


@pytest.fixture
def flagged(gwen: User) -> Asset:
    """A guest's picture that a check was not sure of: staff look at it."""
    asset = one(gwen)
    Asset.objects.filter(pk=asset.pk).update(moderation=Moderation.UNKNOWN)
    return fresh(asset)


def test_strikes_come_along_and_bar(gwen: User, alice: User, flagged: Asset) -> None:
    mona = moderator("mona")
    decide(mona, flagged, Action.WITHDRAW, with_strike=True)
    for asset in (one(gwen), one(gwen)):
        Asset.objects.filter(pk=asset.pk).update(moderation=Moderation.UNKNOWN)
        decide(mona, asset, Action.REFUSE, with_strike=True)
    guests.merge(guest_id=gwen.pk, account_id=alice.pk)
    assert len(strikes.live(user_id=alice.pk)) == strikes.MOST
    assert strikes.live(user_id=gwen.pk) == []


def test_a_decision_about_a_guests_picture_is_read_and_appealed_by_the_account(
    browse: As, gwen: User, alice: User, charlie: User, flagged: Asset
) -> None:
    decision = decide(moderator("mona"), flagged, Action.REFUSE, with_strike=True)
    assert appeals.concerning(user_id=alice.pk) == []
    guests.merge(guest_id=gwen.pk, account_id=alice.pk)
    assert appeals.concerning(user_id=alice.pk) == [decision]
    assert browse(charlie).post(f"/appeals/{decision.code}", {"text": "Mine"}).status_code == 404
    assert browse(alice).post(f"/appeals/{decision.code}", {"text": "It is a harbour"}).status_code == 303
    appeal = Appeal.objects.get()
    appeals.answer(code=appeal.code, actor=moderator("mike"), is_granted=True, words="You are right")
    assert strikes.live(user_id=alice.pk) == []
    show(fresh(flagged))
    assert fresh(flagged).visibility == Visibility.PUBLIC
    assert Decision.objects.order_by("pk").last().owner == alice  # type: ignore[union-attr]
    assert "It is a harbour" in browse(alice).get("/appeals").content.decode()


def test_mails_about_it_go_to_the_account(gwen: User, alice: User, flagged: Asset) -> None:
    decision = decide(moderator("mona"), flagged, Action.REFUSE)
    mails.tell_decision(decision_id=decision.pk)
    assert mail.outbox == []  # a guest has no address
    guests.merge(guest_id=gwen.pk, account_id=alice.pk)
    mails.tell_decision(decision_id=decision.pk)
    appeals.send(code=decision.code, owner=alice, text="It is a harbour")
    appeals.answer(code=decision.appeal.code, actor=moderator("mike"), is_granted=False, words="No")
    mails.tell_answer(appeal_id=decision.appeal.pk)
    assert [letter.to for letter in mail.outbox] == [["alice@example.org"]] * 2


def test_staff_who_were_the_guest_do_not_answer_their_own_appeal(gwen: User, flagged: Asset) -> None:
    mona, mike = moderator("mona"), moderator("mike")
    decision = decide(mona, flagged, Action.REFUSE)
    guests.merge(guest_id=gwen.pk, account_id=mike.pk)
    appeals.send(code=decision.code, owner=mike, text="It is a harbour")
    with pytest.raises(OwnThing):
        appeals.answer(code=decision.appeal.code, actor=mike, is_granted=True, words="Of course")
    # Nobody else is there: Mona alone is left to answer what she decided.
    try:
        appeals.answer(code=decision.appeal.code, actor=mona, is_granted=False, words="No")
    except AnotherMustAnswer:  # pragma: no cover
        pytest.fail("the person concerned was counted among those who may answer")


def test_staff_do_not_give_back_what_was_their_own_as_a_guest(browse: As, gwen: User, flagged: Asset) -> None:
    mike = moderator("mike")
    decision = decide(moderator("mona"), flagged, Action.REFUSE)
    guests.merge(guest_id=gwen.pk, account_id=mike.pk)
    answer = browse(mike).post(
        f"/admin/gallery/moderation/decisions/{decision.code}/restore", {"seen": str(decision.pk)}
    )
    assert answer.status_code == 409
    assert fresh(flagged).moderation == Moderation.REFUSED


def test_trash_and_archives_come_along_and_are_the_guests_no_more(browse: As, gwen: User, alice: User) -> None:
    kept, gone = one(gwen), one(gwen)
    archive = archives.ask(owner_id=gwen.pk, asset_ids=[kept.pk], name="Chosen pictures")
    trash.discard_one(code=gone.code, owner_id=gwen.pk)
    before = browse(gwen)
    guests.merge(guest_id=gwen.pk, account_id=alice.pk)
    assert archives.find(code=archive.code, owner_id=alice.pk) == archive
    trash.restore_one(code=gone.code, owner_id=alice.pk)
    for door in (archive.url, f"{archive.url}/file", gone.url, kept.url):
        assert before.get(door).status_code == 404, door
    with pytest.raises(NotYours):
        archives.ask(owner_id=gwen.pk, asset_ids=[kept.pk], name="Again")
