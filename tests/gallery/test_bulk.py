"""Acts on many pictures: the chosen ones or all that match, one's own alone, bounded, honest about what was left."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from gallery import bulk, library, posts, trash
from gallery.bulk import Action, Choice
from gallery.errors import NothingChosen
from gallery.models import Archive, Artist, Post
from generation.models import Asset
from tests.breaches import breaches
from tests.browsers import As
from tests.gallery.shelves import fill
from tests.pictures import make, one, show

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def press(browse: As, owner: User | None, action: str, *assets: Asset, **more: Any) -> Any:
    told = {"action": action, "codes": [asset.code for asset in assets], **more}
    headers = told.pop("headers", {})
    return browse(owner).post("/library/bulk", told, **headers)


def visibilities(owner: User) -> list[str]:
    return list(Asset.objects.filter(owner=owner, deleted_at=None).order_by("pk").values_list("visibility", flat=True))


def said(browse: As, answer: Any, owner: User) -> str:
    """What stands on the page that the answer leads to."""
    client = answer.wsgi_request
    browser = browse(owner)
    browser.cookies["sessionid"] = client.session.session_key
    return browser.get(answer["Location"]).content.decode()


# --- Each act --------------------------------------------------------------------------------------------------------


def test_chosen_pictures_are_published_unlisted_and_withdrawn_with_titles_and_levels_kept(
    browse: As, alice: User
) -> None:
    first, second, third = make(alice, pictures=3)
    show(first, title="Harbour", level="suggestive", hide_prompt=True)
    posts.withdraw(asset=first, owner=alice)
    answer = press(browse, alice, "publish", first, second)
    assert "2 pictures published. Anyone can see them." in said(browse, answer, alice)
    assert visibilities(alice) == ["public", "public", "private"]
    post = Post.objects.get(asset=first)
    assert (post.title, post.level, post.prompt, post.is_listed) == ("Harbour", "suggestive", "", True)
    assert Artist.objects.get(owner=alice).post_count == 2
    press(browse, alice, "unlist", first)
    press(browse, alice, "withdraw", second)
    assert visibilities(alice) == ["unlisted", "private", "private"]
    assert Artist.objects.get(owner=alice).post_count == 0
    press(browse, alice, "visibility", third, visibility="public")
    assert visibilities(alice) == ["unlisted", "private", "public"]
    assert breaches() == set()


def test_a_post_that_a_bulk_act_writes_is_what_publishing_one_would_write(alice: User) -> None:
    one_by_one, at_once = make(alice, pictures=2)
    now = timezone.now()
    posts.publish(
        asset=one_by_one, owner=alice, title="", visibility="public", hide_prompt=False, level="general", when=now
    )
    posts.publish_many(owner=alice, asset_ids=[at_once.pk], visibility="public", when=now)
    left, right = (Post.objects.filter(asset=asset).values().get() for asset in (one_by_one, at_once))
    own = {"id", "asset_id", "code", "placeholder", "tone"}
    assert {name: value for name, value in left.items() if name not in own} == {
        name: value for name, value in right.items() if name not in own
    }


def test_what_moderation_has_not_passed_stays_private_and_is_counted(browse: As, alice: User) -> None:
    fine, unknown, refused = make(alice, pictures=3)
    Asset.objects.filter(pk=unknown.pk).update(moderation="unknown")
    Asset.objects.filter(pk=refused.pk).update(level="refused")
    answer = press(browse, alice, "publish", fine, unknown, refused)
    page = said(browse, answer, alice)
    assert "1 picture published. Anyone can see it. 2 did not pass the content check" in page
    assert visibilities(alice) == ["public", "private", "private"]


def test_deleting_many_can_be_undone_in_one_press(browse: As, alice: User) -> None:
    made = make(alice, pictures=3)
    show(made[0])
    answer = press(browse, alice, "delete", *made[:2])
    page = said(browse, answer, alice)
    assert "2 pictures moved to the trash." in page
    [moment] = re.findall(r'name="moment" value="(\d+)"', page)
    press(browse, alice, "undo", moment=moment)
    assert visibilities(alice) == ["public", "private", "private"]
    assert Post.objects.get(asset=made[0]).is_listed


def test_restoring_and_deleting_for_good_take_only_what_is_in_the_trash(browse: As, alice: User) -> None:
    first, second, third = make(alice, pictures=3)
    trash.discard(owner_id=alice.pk, asset_ids=[first.pk, second.pk], when=timezone.now())
    answer = press(browse, alice, "restore", first, third)
    assert answer["Location"] == "/library/trash"
    assert "1 picture restored, as visible as before. 1 is not there any more." in said(browse, answer, alice)
    press(browse, alice, "purge", second, third)
    assert list(Asset.objects.filter(purged_at__isnull=False)) == [second]
    assert Asset.objects.get(pk=third.pk).deleted_at is None


def test_the_whole_trash_is_restored_or_emptied(browse: As, alice: User, charlie: User) -> None:
    mine, theirs = make(alice, pictures=4), one(charlie)
    for owner, assets in ((alice, mine), (charlie, [theirs])):
        trash.discard(owner_id=owner.pk, asset_ids=[asset.pk for asset in assets], when=timezone.now())
    press(browse, alice, "restore", all="1")
    assert len(visibilities(alice)) == 4
    trash.discard(owner_id=alice.pk, asset_ids=[mine[0].pk], when=timezone.now())
    press(browse, alice, "purge", all="1")
    assert list(Asset.objects.filter(purged_at__isnull=False)) == [mine[0]]


# --- All that match --------------------------------------------------------------------------------------------------


def test_all_matching_takes_what_matches_over_all_pages_and_nothing_else(
    browse: As, alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "BATCH", 20)
    fill(alice, 50)
    other, foreign = one(alice, prompt="A desert"), one(charlie)
    answer = press(browse, alice, "delete", all="1", q="harbour")
    assert answer["Location"] == "/library?q=harbour"
    assert "50 pictures moved to the trash." in said(browse, answer, alice)
    left = set(Asset.objects.filter(deleted_at=None).values_list("pk", flat=True))
    assert left == {other.pk, foreign.pk}
    moments = set(Asset.objects.filter(owner=alice, deleted_at__isnull=False).values_list("deleted_at", flat=True))
    [when] = moments
    assert when is not None
    assert bulk.undo(owner_id=alice.pk, when=when) == 50


def test_a_picture_that_came_after_the_page_was_made_is_not_touched(browse: As, alice: User) -> None:
    fill(alice, 41)
    client = browse(alice)
    page = client.get("/library").content.decode()
    [upto] = re.findall(r'name="upto" value="([^"]+)"', page)
    [address] = re.findall(r'id="next" href="([^"]+)"', page)
    late = one(alice)
    further = client.get(address.replace("&amp;", "&")).content.decode()
    assert re.findall(r'name="upto" value="([^"]+)"', further) == [upto]
    client.post("/library/bulk", {"action": "delete", "all": "1", "upto": upto})
    assert list(Asset.objects.filter(owner=alice, deleted_at=None)) == [late]


def test_a_picture_that_comes_while_the_act_runs_is_not_touched(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "BATCH", 5)
    fill(alice, 12)
    late: list[Asset] = []
    plain = trash.discard

    def discard(**told: Any) -> int:
        if not late:
            late.append(one(alice))
        return plain(**told)

    monkeypatch.setattr(trash, "discard", discard)
    done = bulk.act(owner=alice, action=Action.DELETE, choice=Choice(is_all=True))
    assert done.done == 12
    assert list(Asset.objects.filter(owner=alice, deleted_at=None)) == late


def test_a_press_takes_so_many_and_says_that_there_are_more(browse: As, alice: User, settings: Any) -> None:
    settings.LIBRARY_BULK_MAX = 7
    fill(alice, 10)
    answer = press(browse, alice, "delete", all="1")
    assert "7 pictures moved to the trash. One press takes 7: press again for the rest." in said(browse, answer, alice)
    answer = press(browse, alice, "delete", all="1")
    page = said(browse, answer, alice)
    assert "3 pictures moved to the trash." in page
    assert "press again" not in page


def test_each_piece_costs_the_same_number_of_queries(alice: User, django_assert_max_num_queries: Any) -> None:
    fill(alice, 2 * library.BATCH)
    for action, most in ((Action.PUBLISH, 24), (Action.WITHDRAW, 20), (Action.DELETE, 20)):
        with django_assert_max_num_queries(most):
            assert bulk.act(owner=alice, action=action, choice=Choice(is_all=True)).done == 2 * library.BATCH


# --- Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["publish", "unlist", "withdraw", "zip", "delete", "restore", "purge"])
def test_anothers_pictures_are_never_touched(browse: As, alice: User, charlie: User, action: str) -> None:
    asset, trashed = make(alice, pictures=2)
    show(asset)
    trash.discard(owner_id=alice.pk, asset_ids=[trashed.pk], when=timezone.now())
    before = list(Asset.objects.order_by("pk").values())
    for code in (asset.code, trashed.code, uuid4()):
        answer = browse(charlie).post("/library/bulk", {"action": action, "codes": [code]})
        assert answer.status_code in (303, 422)
    assert list(Asset.objects.order_by("pk").values()) == before
    assert not Archive.objects.exists()


@pytest.mark.parametrize("action", ["publish", "unlist"])
def test_guests_and_visitors_are_sent_to_sign_in_to_publish(browse: As, gwen: User, action: str) -> None:
    asset = one(gwen)
    for person in (gwen, None):
        answer = press(browse, person, action, asset)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=%2Flibrary")
    assert visibilities(gwen) == ["private"]


def test_a_guest_deletes_and_packs_in_bulk(browse: As, gwen: User) -> None:
    asset = one(gwen)
    assert press(browse, gwen, "zip", asset).status_code == 303
    assert press(browse, gwen, "delete", asset).status_code == 303
    assert visibilities(gwen) == []
    assert Archive.objects.get().owner_id == gwen.pk


@pytest.mark.parametrize("action", ["delete", "publish", "zip", "restore", "purge"])
def test_without_a_choice_nothing_is_done_and_the_page_says_so(browse: As, alice: User, action: str) -> None:
    asset = one(alice)
    answer = browse(alice).post("/library/bulk", {"action": action, "q": "quiet"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "No picture is chosen" in page
    assert "<html" in page
    if action not in ("restore", "purge"):
        assert 'value="quiet"' in page
        assert asset.url in page
    answer = browse(alice).post("/library/bulk", {"action": action}, **HTMX)
    assert (answer.status_code, answer["HX-Reswap"]) == (422, "none")
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize(
    "told",
    [
        {"action": "explode", "all": "1"},
        {"all": "1"},
        {"action": "visibility", "visibility": "secret", "all": "1"},
        {"action": "delete", "codes": "not-a-code"},
        {"action": "delete", "codes": "\0"},
        {"action": "delete", "all": "1", "shape": "round"},
        {"action": "delete", "all": "1", "upto": "broken"},
        {"action": "delete", "all": "1", "since": "soon"},
    ],
)
def test_what_does_not_add_up_is_400_and_changes_nothing(browse: As, alice: User, told: dict[str, str]) -> None:
    one(alice)
    assert browse(alice).post("/library/bulk", told).status_code == 400
    assert visibilities(alice) == ["private"]


def test_the_door_is_for_posts_alone(browse: As, alice: User) -> None:
    assert browse(alice).get("/library/bulk").status_code == 405


def test_codes_may_travel_in_one_field_and_are_bounded(browse: As, alice: User, settings: Any) -> None:
    made = make(alice, pictures=3)
    joined = ",".join(str(asset.code) for asset in [*made, made[0]])
    answer = browse(alice).post("/library/bulk", {"action": "delete", "codes": joined})
    assert "3 pictures moved to the trash." in said(browse, answer, alice)
    settings.LIBRARY_BULK_MAX = 2
    answer = browse(alice).post("/library/bulk", {"action": "restore", "codes": joined})
    assert answer.status_code == 422
    assert "One press takes 2 pictures" in answer.content.decode()


def test_an_act_that_matches_nothing_says_none(alice: User) -> None:
    with pytest.raises(NothingChosen):
        bulk.act(owner=alice, action=Action.ZIP, choice=Choice(is_all=True))
    assert bulk.act(owner=alice, action=Action.DELETE, choice=Choice(is_all=True)).done == 0


# --- To htmx ---------------------------------------------------------------------------------------------------------


def test_to_htmx_tiles_that_left_are_taken_away_and_the_toast_offers_undo(browse: As, alice: User) -> None:
    asset, kept = make(alice, pictures=2)
    body = press(browse, alice, "delete", asset, headers=HTMX).content.decode()
    assert f'<li id="own-{asset.code}" hx-swap-oob="delete"></li>' in body
    assert str(kept.code) not in body
    assert 'name="action" value="undo"' in body
    assert "csrfmiddlewaretoken" in body


def test_to_htmx_tiles_that_stay_say_who_sees_them(browse: As, alice: User) -> None:
    asset = one(alice)
    body = press(browse, alice, "publish", asset, headers=HTMX).content.decode()
    assert f'<span id="note-{asset.code}" hx-swap-oob="true" class="work__note tag">Public</span>' in body
    body = press(browse, alice, "withdraw", asset, headers=HTMX).content.decode()
    assert f'<span id="note-{asset.code}" hx-swap-oob="true"></span>' in body


def test_to_htmx_an_act_on_all_loads_the_page_anew(browse: As, alice: User) -> None:
    one(alice)
    answer = press(browse, alice, "publish", all="1", headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/library")
