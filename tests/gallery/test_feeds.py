"""Atom feeds: valid, of what everybody may see alone, one price however many there are."""

import re
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import atom, posts
from gallery.models import Collection, CollectionItem, Level, Post, Visibility
from generation.models import Asset
from tests.browsers import As
from tests.pictures import PROMPT, make, one, show

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "<b>\"Nine\" & 'ten'</b> ]]> \x0b\x1f\ufffe 🌊 שלום \u202eabc </title><script>alert(1)</script>"
AS_TEXT = "<b>\"Nine\" & 'ten'</b> ]]>  🌊 שלום \u202eabc </title><script>alert(1)</script>"


def read(browse: As, address: str, user: User | None = None) -> ElementTree.Element:
    answer = browse(user).get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=300"
    return ElementTree.fromstring(answer.content)


def entries(feed: ElementTree.Element) -> list[ElementTree.Element]:
    return feed.findall(f"{ATOM}entry")


def text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(ATOM + name, default="")


def collection(owner: User, *assets: Asset, visibility: str = Visibility.PUBLIC, **told: Any) -> Collection:
    made = Collection.objects.create(owner=owner, visibility=visibility, **{"name": "Harbours", **told})
    CollectionItem.objects.bulk_create(CollectionItem(collection=made, asset=asset) for asset in assets)
    return made


def addresses(alice: User, made: Collection) -> list[str]:
    return ["/feeds/latest.atom", f"/feeds/@{alice.handle}.atom", f"/feeds/collections/{made.code}.atom"]


# --- What a feed says ------------------------------------------------------------------------------------------------


def test_feeds_hold_the_newest_public_pictures(browse: As, alice: User, charlie: User) -> None:
    first, second, foreign = one(alice), one(alice), one(charlie)
    for asset in (first, second, foreign):
        show(asset, title=f"Number {asset.pk}")
    made = collection(charlie, first, foreign)
    site, hers, kept = (entries(read(browse, address)) for address in addresses(alice, made))
    assert [text(entry, "title") for entry in site] == [f"Number {one.pk}" for one in (foreign, second, first)]
    assert [text(entry, "title") for entry in hers] == [f"Number {one.pk}" for one in (second, first)]
    assert [text(entry, "title") for entry in kept] == [f"Number {one.pk}" for one in (foreign, first)]


def test_a_feed_has_all_that_the_standard_asks_for(browse: As, settings: Any, alice: User) -> None:
    settings.PUBLIC_URL = "https://atelier.example"
    post = show(one(alice), title="Harbour")
    for address in addresses(alice, collection(alice, post.asset)):
        feed = read(browse, address)
        assert feed.tag == f"{ATOM}feed"
        assert text(feed, "id") == f"tag:atelier.example,2026:{address}"
        assert text(feed, "title")
        assert text(feed, "updated") == post.published_at.isoformat()
        assert feed.find(f"{ATOM}author/{ATOM}name") is not None
        links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
        assert links["self"] == f"https://atelier.example{address}"
        assert str(links["alternate"]).startswith("https://atelier.example/")
        [entry] = entries(feed)
        assert text(entry, "id") == f"urn:uuid:{post.code}"
        assert text(entry, "updated") == text(entry, "published") == post.published_at.isoformat()
        assert entry.find(f"{ATOM}author/{ATOM}uri").text == "https://atelier.example/@alice"  # type: ignore[union-attr]
        [link] = entry.findall(f"{ATOM}link")
        assert (link.get("rel"), link.get("href")) == ("alternate", f"https://atelier.example{post.url}")
        [content] = entry.findall(f"{ATOM}content")
        assert content.get("type") == "html"
        assert f'<img src="https://atelier.example/files/{post.code}/1280.webp"' in (content.text or "")
        assert f'alt="{PROMPT}"' in (content.text or "")


def test_addresses_are_the_sites_own_whatever_host_was_asked_for(browse: As, settings: Any, alice: User) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    show(one(alice))
    page = browse(None).get("/feeds/latest.atom", HTTP_HOST="evil.example").content.decode()
    assert "evil.example" not in page
    assert f"{settings.PUBLIC_URL}/art/" in page


def test_what_people_wrote_is_text(browse: As, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(display_name=HOSTILE[:60])
    asset = one(alice, prompt="A harbour & <i>lamps</i>")
    show(asset, title="x")
    Post.objects.update(title=HOSTILE, alt='"><script>alert(2)</script>')
    made = collection(alice, asset, name=HOSTILE[:60], about=HOSTILE)
    for address in addresses(alice, made):
        [entry] = entries(read(browse, address))
        assert text(entry, "title") == AS_TEXT
        content = text(entry, "content")
        assert set(re.findall(r"<(\w+)", content)) == {"p", "a", "img"}
        assert "A harbour &amp; &lt;i&gt;lamps&lt;/i&gt;" in content
    feed = read(browse, addresses(alice, made)[2])
    assert text(feed, "subtitle") == AS_TEXT


def test_a_lone_surrogate_cannot_break_the_document() -> None:
    assert atom.plain("a\ud800b\x00c\uffffd") == "abcd"


# --- Who may see what ------------------------------------------------------------------------------------------------


def test_a_hidden_prompt_is_in_no_feed(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset, hide_prompt=True)
    for user in (None, alice):
        for address in addresses(alice, collection(alice, asset)):
            page = browse(user).get(address).content.decode()
            assert str(asset.code) in page
            assert PROMPT not in page


def test_what_is_not_for_everybody_is_in_no_feed(browse: As, alice: User) -> None:
    private, unlisted, explicit, trashed = (one(alice) for _ in range(4))
    show(unlisted, visibility=Visibility.UNLISTED)
    show(explicit, level=Level.EXPLICIT)
    show(trashed)
    Asset.objects.filter(pk=trashed.pk).update(deleted_at=trashed.created_at)
    made = collection(alice, private, unlisted, explicit, trashed)
    for user in (None, alice):
        for address in addresses(alice, made):
            assert entries(read(browse, address, user)) == []


def test_withdrawing_acts_at_once_and_past_a_readers_tag(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    client = browse(None)
    for address in addresses(alice, collection(alice, asset)):
        show(asset)
        tag = client.get(address)["ETag"]
        assert client.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 304
        posts.withdraw(asset=asset, owner=alice)
        answer = client.get(address, HTTP_IF_NONE_MATCH=tag)
        assert answer.status_code == 200
        assert str(asset.code) not in answer.content.decode()
        assert "Last-Modified" not in answer


def test_an_empty_feed_stays_the_same(browse: As, alice: User) -> None:
    for address in addresses(alice, collection(alice)):
        client = browse(None)
        assert client.get(address)["ETag"] == client.get(address)["ETag"]


def test_an_unlisted_collection_has_a_feed_and_a_private_one_none(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    unlisted = collection(alice, asset, visibility=Visibility.UNLISTED)
    private = collection(alice, asset, visibility=Visibility.PRIVATE)
    assert len(entries(read(browse, f"/feeds/collections/{unlisted.code}.atom"))) == 1
    absent = browse(None).get(f"/feeds/collections/{uuid4()}.atom")
    for user in (None, alice):
        answer = browse(user).get(f"/feeds/collections/{private.code}.atom")
        assert answer.status_code == absent.status_code == 404


def test_whoever_is_not_there_has_no_feed(browse: As, alice: User) -> None:
    assert browse(None).get("/feeds/@nobody_here.atom").status_code == 404
    answer = browse(None).get("/feeds/@ALICE.atom")
    assert (answer.status_code, answer["Location"]) == (301, "/feeds/@alice.atom")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert browse(None).get("/feeds/@alice.atom").status_code == 404


def test_feeds_are_only_read(browse: As, alice: User) -> None:
    for address in addresses(alice, collection(alice)):
        assert browse(alice).post(address).status_code == 405
        assert browse(None).head(address).status_code == 200


# --- What a feed costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 44])
def test_feeds_cost_the_same_however_much_there_is(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [asset for _ in range(-(-number // 4)) for asset in make(alice, pictures=4)][:number]
    for asset in made:
        show(asset)
    kept = collection(alice, *made)
    for address, queries in zip(addresses(alice, kept), (1, 2, 2), strict=True):
        with django_assert_num_queries(queries):
            assert len(entries(read(browse, address))) == min(number, atom.SIZE)
        client = browse(alice)
        with django_assert_num_queries(queries):  # whose session it is nobody asks
            client.get(address)
