"""Who sees which collection, and what of it: a collection gives nobody a right to see a picture."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import collecting, posts
from gallery.models import Collection, CollectionItem, Visibility
from gallery.paging import PAGE_SIZE
from generation.models import Asset
from tests.browsers import As
from tests.pictures import PROMPT, make, one, show

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
ABSENT = "/collections/00000000-0000-7000-8000-000000000000"
VIEWERS = ("owner", "maker", "stranger", "guest", "nobody")
STATES = ("private", "unlisted", "public", "withdrawn", "deleted", "nudity")


@pytest.fixture
def viewers(browse: As, alice: User, bob: User, charlie: User, gwen: User) -> dict[str, Client]:
    """Alice keeps the collection; Charlie made the picture."""
    people = {"owner": alice, "maker": charlie, "stranger": bob, "guest": gwen, "nobody": None}
    return {name: browse(user) for name, user in people.items()}


def tiles(page: str) -> list[str]:
    return re.findall(r'class="work__frame" href="([^"]+)"', page)


def next_of(page: str) -> str:
    found = re.search(r'href="([^"]+)" rel="next"', page)
    return found.group(1).replace("&amp;", "&") if found else ""


def hold(collection: Collection, *assets: Asset) -> None:
    """Whatever may see what: as rows that were put in while it was to be seen."""
    CollectionItem.objects.bulk_create(CollectionItem(collection=collection, asset=asset) for asset in assets)


def bring(asset: Asset, state: str) -> None:
    if state == "nudity":
        show(asset, level="nudity")
    elif state != "private":
        show(asset, visibility="unlisted" if state == "unlisted" else "public")
    if state == "withdrawn":
        posts.withdraw(asset=asset, owner=asset.owner)
    if state == "deleted":
        Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now())


def is_seen(state: str, viewer: str, maker: str) -> bool:
    if state == "deleted":
        return False
    if state in ("private", "withdrawn"):
        return viewer == maker
    return state != "nudity" or viewer not in ("guest", "nobody")


@pytest.mark.parametrize("visibility", Visibility.values)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("maker", ["owner", "maker"])
def test_everyone_sees_of_a_collection_what_they_may_and_nothing_else(
    viewers: dict[str, Client], alice: User, charlie: User, visibility: str, state: str, maker: str
) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility=visibility)
    asset = one(alice if maker == "owner" else charlie)
    bring(asset, state)
    hold(collection, asset)
    for viewer in VIEWERS:
        answer = viewers[viewer].get(collection.url)
        if visibility == Visibility.PRIVATE and viewer != "owner":
            assert answer.status_code == 404
            continue
        page, seen = answer.content.decode(), is_seen(state, viewer, maker)
        assert tiles(page) == ([asset.url] if seen else []), (viewer, state)
        assert (PROMPT in page) is seen
        assert (str(asset.code) in page) is seen
        # To others no count: it would tell of what they may not see.
        assert ("<strong>1</strong> picture" in page) is (viewer == "owner")
        assert ("/remove" in page) is (viewer == "owner" and seen)


@pytest.mark.parametrize("visibility", Visibility.values)
def test_an_artists_page_lists_public_collections_and_to_the_artist_all(
    viewers: dict[str, Client], alice: User, visibility: str
) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility=visibility)
    for viewer, client in viewers.items():
        page = client.get("/@alice/collections").content.decode()
        assert (collection.url in page) is (visibility == Visibility.PUBLIC or viewer == "owner")
        assert 'href="/@alice/collections"' in client.get("/@alice").content.decode()


@pytest.mark.parametrize("state", STATES)
def test_a_cover_shows_only_what_its_viewer_may_see(
    viewers: dict[str, Client], alice: User, charlie: User, state: str
) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    asset = one(charlie)
    bring(asset, state)
    hold(collection, asset)
    for viewer, client in viewers.items():
        page = client.get("/@alice/collections").content.decode()
        assert (f"/files/{asset.code}/" in page) is is_seen(state, viewer, "maker"), viewer


def test_a_hidden_prompt_stays_hidden_in_a_collection(viewers: dict[str, Client], alice: User, charlie: User) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    asset = one(charlie)
    show(asset, hide_prompt=True)
    hold(collection, asset)
    for viewer in ("owner", "stranger", "nobody"):
        page = viewers[viewer].get(collection.url).content.decode()
        assert tiles(page) == [asset.url]
        assert PROMPT not in page
        assert f"{asset.url}/remix" not in page


def test_withdrawing_acts_at_once_and_the_owner_is_told_that_one_is_missing(
    viewers: dict[str, Client], alice: User, charlie: User
) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    kept, gone = make(charlie, pictures=2)
    for asset in (kept, gone):
        show(asset)
    hold(collection, kept, gone)
    assert tiles(viewers["nobody"].get(collection.url).content.decode()) == [gone.url, kept.url]
    posts.withdraw(asset=gone, owner=charlie)
    assert tiles(viewers["nobody"].get(collection.url).content.decode()) == [kept.url]
    page = viewers["owner"].get(collection.url).content.decode()
    assert tiles(page) == [kept.url]
    assert "<strong>2</strong> pictures, of which 1 is not shown any more" in page


def test_anothers_private_collection_and_an_absent_one_have_the_same_answer(
    browse: As, alice: User, charlie: User
) -> None:
    hidden = collecting.create(owner=alice, name="Paper studies")
    client = browse(charlie)
    bodies = [client.get(address) for address in (hidden.url, ABSENT, f"{hidden.url}/edit", f"{ABSENT}/edit")]
    assert {body.status_code for body in bodies} == {404}
    told = [[line for line in body.content.splitlines() if b"csrf" not in line] for body in bodies]
    assert told[0] == told[1] == told[2] == told[3]


def test_a_closed_account_has_no_collections(browse: As, alice: User) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert browse(None).get(collection.url).status_code == 404
    assert browse(None).get("/@alice/collections").status_code == 404


def test_only_public_collections_are_for_search_engines(browse: As, alice: User) -> None:
    for visibility in ("unlisted", "public"):
        collection = collecting.create(owner=alice, name="Paper studies", visibility=visibility)
        page = browse(None).get(collection.url).content.decode()
        assert ('content="noindex"' in page) is (visibility == "unlisted")
        assert ('rel="canonical"' in page) is (visibility == "public")


def test_collections_are_kept_by_no_cache(browse: As, alice: User) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    for address in (collection.url, "/collections", "/@alice/collections", f"{collection.url}/edit"):
        assert "no-store" in browse(alice).get(address)["Cache-Control"]


def test_a_handle_in_other_letters_leads_to_the_artists_collections(browse: As, alice: User) -> None:
    answer = browse(None).get("/@ALICE/collections")
    assert (answer.status_code, answer["Location"]) == (301, "/@alice/collections")


# --- Pages and what they cost ----------------------------------------------------------------------------------------


def test_a_collection_has_keyset_pages_that_stay_right_while_it_changes(browse: As, alice: User, charlie: User) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    assets = [asset for _ in range(12) for asset in make(alice, pictures=4)]
    for asset in assets[:45]:
        show(asset)
    hold(collection, *assets[:45])
    first = browse(None).get(collection.url).content.decode()
    urls = [asset.url for asset in assets[:45]][::-1]
    assert tiles(first) == urls[:PAGE_SIZE]
    hold(collection, assets[46])
    collecting.remove(owner=alice, collection_code=collection.code, asset_code=assets[5].code)
    second = browse(None).get(next_of(first)).content.decode()
    assert tiles(second) == urls[PAGE_SIZE:]
    assert next_of(second) == ""
    appended = browse(None).get(next_of(first), **HTMX).content.decode()
    assert tiles(appended) == urls[PAGE_SIZE:]
    assert "<html" not in appended
    assert 'id="more" hx-swap-oob="true"' in appended


def test_lists_of_collections_have_keyset_pages(browse: As, alice: User) -> None:
    made = [collecting.create(owner=alice, name=f"No. {number}", visibility="public") for number in range(30)][::-1]
    for client, address in ((browse(alice), "/collections"), (browse(None), "/@alice/collections")):
        first = client.get(address).content.decode()
        found = re.findall(r'class="shelf" href="([^"]+)"', first)
        assert found == [one.url for one in made[: collecting.LIST_SIZE]]
        second = client.get(next_of(first), **HTMX).content.decode()
        assert re.findall(r'class="shelf" href="([^"]+)"', second) == [one.url for one in made[collecting.LIST_SIZE :]]
        assert next_of(second) == ""


def test_a_cover_has_the_four_newest(alice: User) -> None:
    collection = collecting.create(owner=alice, name="Paper studies")
    assets = [asset for _ in range(2) for asset in make(alice, pictures=4)]
    hold(collection, *assets)
    (shelf,) = collecting.shelves(owner=alice, viewer=alice).items
    assert [picture.code for picture in shelf.pictures] == [str(asset.code) for asset in assets[:-5:-1]]
    assert shelf.pictures[0].src == assets[-1].src
    assert shelf.pictures[0].sources == assets[-1].sources


@pytest.mark.parametrize("after", ["x", "!!!", "\x00", "A" * 500, "MS4yLjM"])
def test_a_broken_cursor_is_400(browse: As, alice: User, after: str) -> None:
    collection = collecting.create(owner=alice, name="Paper studies", visibility="public")
    for address in (collection.url, "/collections", "/@alice/collections"):
        assert browse(alice).get(address, {"after": after}).status_code == 400


@pytest.mark.parametrize("number", [1, 40])
def test_collections_cost_the_same_with_one_and_with_forty(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assets = [asset for _ in range(-(-number // 4)) for asset in make(alice, pictures=4)][:number]
    collections = [collecting.create(owner=alice, name="One", visibility="public") for _ in range(number)]
    for collection in (collections[0], collections[-1]):
        CollectionItem.objects.filter(collection=collection).delete()
        hold(collection, *assets)
    for asset in assets:
        show(asset)
    address = collections[0].url
    nobody, owner = browse(None), browse(alice)

    def costs(client: Client, address: str, queries: int, **told: Any) -> None:
        client.get(address)  # the session, and whatever else a first request warms
        with django_assert_num_queries(queries):
            assert client.get(address, **told).status_code == 200

    costs(nobody, address, 3)  # the collection, its pictures, others of its owner's
    costs(nobody, address, 2, **HTMX)
    costs(owner, address, 4)  # and the person
    costs(owner, "/collections", 2)
    costs(nobody, "/@alice/collections", 2)
    costs(owner, f"{assets[0].url}/collect", 3)
    costs(owner, f"{address}/edit", 2)
