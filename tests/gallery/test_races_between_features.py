"""Two things at once to one picture: whoever is first, what is left fits together, and the audit finds no breach."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts import guests
from accounts.models import User
from credits import audit
from gallery import appeals, archives, collecting, comments, decisions, packing, posts, reactions, reports, trash
from gallery.errors import AlreadyDecided, GalleryError, NotPassed, NotYours
from gallery.models import Action, Archive, ArchiveState, Decision, Level, Post, Reason, Strike, Visibility
from generation.models import Asset, Moderation
from tests.gallery.cases import decide, fresh, moderator
from tests.pictures import make, one, show
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


@pytest.fixture(autouse=True)
def proven() -> Iterator[None]:
    """After every race all invariants of the site are looked at."""
    yield
    assert not [breach for breach in audit.run().breaches if breach.check != "guards_stand"]


@pytest.fixture
def mona(db: None) -> User:
    return moderator("mona")


def refuse(actor: User, asset: Asset) -> Decision:
    ruling = decisions.Ruling(Action.REFUSE, seen=0, reason=Reason.PERSON)
    return decisions.about_asset(code=asset.code, actor=actor, ruling=ruling)


def _show(asset: Asset) -> Post:
    return show(fresh(asset))


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each came to; they answer with different things."""
    return race(works)


def only(results: list[Any], *allowed: type[Exception]) -> None:
    """No deadlock, no broken rule of the database: only refusals that have words."""
    assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, allowed)], results


@pytest.mark.parametrize("act", ["publish", "describe", "publish_many"])
def test_what_staff_refuse_while_its_owner_shows_it_is_private(alice: User, mona: User, act: str) -> None:
    for _ in range(ROUNDS):
        asset = one(alice)
        acts: dict[str, Callable[[], Any]] = {
            "publish": partial(_show, asset),
            "describe": partial(posts.describe, asset=asset, owner=alice, words="A nude figure"),
            "publish_many": partial(
                posts.publish_many,
                owner=alice,
                asset_ids=[asset.pk],
                visibility=Visibility.PUBLIC,
            ),
        }
        only(at_once([acts[act], partial(refuse, mona, asset)]), NotPassed)
        now = fresh(asset)
        assert (now.visibility, now.moderation, now.level) == ("private", Moderation.REFUSED, Level.REFUSED)
        assert not Post.objects.filter(asset=asset, is_listed=True).exists()


def test_of_two_members_of_staff_one_decides(alice: User, mona: User) -> None:
    mike = moderator("mike")
    for _ in range(ROUNDS):
        asset = one(alice)
        show(asset)
        results = at_once([partial(refuse, mona, asset), partial(refuse, mike, asset)])
        only(results, AlreadyDecided)
        assert Decision.objects.filter(asset=asset).count() == 1


def test_withdrawing_while_others_like_comment_and_keep_it(alice: User, bob: User, charlie: User) -> None:
    collection = collecting.create(owner=charlie, name="Coasts")
    for _ in range(ROUNDS):
        asset = one(alice)
        show(asset)
        results = at_once(
            [
                partial(posts.withdraw, asset=asset, owner=alice),
                partial(reactions.like, code=asset.code, user_id=bob.pk),
                partial(reactions.rate, code=asset.code, user_id=charlie.pk, stars=4),
                partial(comments.add, code=asset.code, author=charlie, text="Lovely light"),
                partial(
                    collecting.add_many,
                    owner=charlie,
                    collection_code=collection.code,
                    asset_ids=[asset.pk],
                ),
            ]
        )
        only(results, NotYours)
        assert not Asset.objects.visible_to(charlie).filter(pk=asset.pk).exists()
        assert not Post.objects.get(asset=asset).is_listed


def test_a_picture_is_either_gone_for_good_or_back(alice: User) -> None:
    for _ in range(ROUNDS):
        asset = one(alice)
        show(asset)
        trash.discard_one(code=asset.code, owner_id=alice.pk)
        results = at_once(
            [
                partial(trash.purge, owner_id=alice.pk, asset_ids=[asset.pk]),
                partial(trash.restore, owner_id=alice.pk, asset_ids=[asset.pk]),
                trash.purge_due,
            ]
        )
        only(results)
        now = fresh(asset)
        assert sorted(results) == [0, 0, 1]
        assert (now.purged_at is None) == (now.deleted_at is None)
        assert Post.objects.get(asset=asset).is_listed == (now.deleted_at is None)


def test_an_appeal_granted_while_its_owner_deletes_shows_nothing(alice: User, mona: User) -> None:
    mike = moderator("mike")
    for _ in range(ROUNDS):
        asset = one(alice)
        show(asset)
        decision = decide(mona, asset, Action.WITHDRAW, with_strike=True)
        appeals.send(code=decision.code, owner=alice, text="It is a harbour")
        code = decision.appeal.code
        results = at_once(
            [
                partial(appeals.answer, code=code, actor=mike, is_granted=True, words="You are right"),
                partial(trash.discard_one, code=asset.code, owner_id=alice.pk),
                partial(appeals.answer, code=code, actor=mike, is_granted=False, words="No"),
            ]
        )
        only(results, AlreadyDecided)
        assert not Asset.objects.visible_to(None).filter(pk=asset.pk).exists()
        assert not Post.objects.get(asset=asset).is_listed
        trash.restore_one(code=asset.code, owner_id=alice.pk)
        is_back = fresh(asset).visibility == Visibility.PUBLIC
        decision.appeal.refresh_from_db()
        # What lay in the trash when it was granted is private again, as judge() has it: its owner shows it.
        assert not is_back or decision.appeal.state == "granted"
        assert Post.objects.get(asset=asset).is_listed == is_back
        Strike.objects.update(lifted_at=timezone.now())


def test_deleting_while_an_archive_is_packed_leaves_a_whole_archive(alice: User) -> None:
    for _ in range(ROUNDS):
        first, second, third = make(alice, pictures=3)
        archive = archives.ask(owner_id=alice.pk, asset_ids=[one.pk for one in (first, second, third)], name="Three")
        ids = [second.pk, third.pk]

        def delete(ids: list[int] = ids) -> int:
            gone = trash.discard(owner_id=alice.pk, asset_ids=ids, when=timezone.now())
            trash.purge(owner_id=alice.pk, asset_ids=ids)
            return gone

        only(at_once([packing.pack_next, delete]))
        archive.refresh_from_db()
        assert archive.state == ArchiveState.READY
        assert archive.packed + archive.missing == 3
        assert archive.packed >= 1
        Archive.objects.filter(pk=archive.pk).update(state=ArchiveState.EXPIRED)


def test_reporting_while_staff_decide_leaves_no_report_without_an_end(
    alice: User, bob: User, charlie: User, mona: User
) -> None:
    for _ in range(ROUNDS):
        asset = one(alice)
        show(asset)
        reports.send(reporter=bob, thing=asset, reason="person", note="")
        results = at_once(
            [
                partial(refuse, mona, asset),
                partial(reports.send, reporter=charlie, thing=asset, reason="person", note=""),
                partial(reports.send, reporter=charlie, thing=asset, reason="spam", note=""),
            ]
        )
        only(results)
        assert asset.reports.count() == 2
        assert asset.reports.get(reporter=bob).state == "upheld"


def test_an_archive_asked_for_during_a_merge_is_the_accounts_or_none(gwen: User, alice: User) -> None:
    for _ in range(ROUNDS):
        guest = User.objects.create_guest()
        asset = one(guest)
        results = at_once(
            [
                partial(guests.merge, guest_id=guest.pk, account_id=alice.pk),
                partial(archives.ask, owner_id=guest.pk, asset_ids=[asset.pk], name="All"),
            ]
        )
        only(results, GalleryError)
        assert not Archive.objects.filter(owner=guest).exists()
        Archive.objects.update(state=ArchiveState.EXPIRED)
        assert fresh(asset).owner == alice
