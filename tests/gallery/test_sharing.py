"""What pages say of themselves to other sites: true, for everybody, and never more than everybody may know."""

import json
import re
from html import unescape
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import sharing
from gallery.models import Collection, Level, Post, Visibility
from generation.models import Asset
from tests.browsers import As
from tests.pictures import PROMPT, one, show, solid

HOSTILE = "</script><script>alert(1)</script> <b>\"Nine\"</b> & 'ten' ]]> <!-- 🌊 שלום \u202eabc"


@pytest.fixture(autouse=True)
def of_a_site_with_a_name(settings: Any) -> None:
    settings.PUBLIC_URL = "https://atelier.example"


@pytest.fixture
def asset(alice: User) -> Asset:
    return one(alice)


def told(page: str) -> dict[str, str]:
    """The meta elements of a page's head, by property or name."""
    head = page.partition("</head>")[0]
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter|article|profile):?[\w:]*)" content="([^"]*)">', head)
    assert len({name for name, _ in found}) == len(found)
    return {name: unescape(value) for name, value in found}


def linked(page: str) -> list[dict[str, Any]]:
    """The nodes of a page's JSON-LD, of which there is one block at most."""
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert len(blocks) <= 1
    return list(json.loads(blocks[0])["@graph"]) if blocks else []


def page_of(browse: As, address: str, user: User | None = None) -> str:
    return browse(user).get(address).content.decode()


# --- A picture -------------------------------------------------------------------------------------------------------


def test_a_public_picture_has_a_card_and_linked_data(browse: As, alice: User, asset: Asset) -> None:
    post = show(asset, title="Harbour")
    page = page_of(browse, asset.url)
    url = f"https://atelier.example{asset.url}"
    assert told(page) == {
        "og:site_name": "Atelier",
        "og:type": "article",
        "og:title": "Harbour",
        "og:description": PROMPT,
        "og:url": url,
        "og:image": f"https://atelier.example/files/{asset.code}/card.jpg",
        "og:image:type": "image/jpeg",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": PROMPT,
        "article:published_time": post.first_published_at.isoformat(timespec="seconds"),
        "article:author": "https://atelier.example/@alice",
        "twitter:card": "summary_large_image",
    }
    picture, trail = linked(page)
    assert picture["@type"] == "ImageObject"
    assert picture["contentUrl"] == f"https://atelier.example/files/{asset.code}/1280.webp"
    assert picture["creator"] == {"@type": "Person", "name": "@alice", "url": "https://atelier.example/@alice"}
    assert picture["digitalSourceType"] == "https://schema.org/AlgorithmicMediaDigitalSource"  # drawn by the demo
    assert trail["itemListElement"][1]["item"] == url
    assert f'<link rel="canonical" href="{url}">' in page
    assert 'type="application/atom+xml" title="Pictures by @alice"' in page


def test_what_it_names_is_there(browse: As, asset: Asset) -> None:
    show(asset)
    page = page_of(browse, asset.url)
    picture = linked(page)[0]
    for address in (told(page)["og:image"], picture["contentUrl"], picture["thumbnailUrl"]):
        answer = browse(None).get(address.removeprefix("https://atelier.example"))
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("image/")


def test_a_model_is_a_model_with_a_poster(browse: As, alice: User) -> None:
    vase = solid(alice)
    show(vase)
    node = linked(page_of(browse, vase.url))[0]
    assert node["@type"] == "3DModel"
    assert node["encoding"]["contentUrl"] == f"https://atelier.example/files/{vase.code}/model.glb"
    assert node["image"].endswith("/1280.webp")


def test_a_hidden_prompt_is_in_none_of_it_also_on_its_owners_page(browse: As, alice: User, asset: Asset) -> None:
    show(asset, hide_prompt=True)
    for user in (None, alice):
        head = page_of(browse, asset.url, user).partition("</head>")[0]
        said = " ".join(told(head).values()) + json.dumps(linked(head))
        assert "made with" in said
        assert PROMPT not in said
    assert PROMPT not in page_of(browse, asset.url)


def test_an_unlisted_picture_has_a_card_and_is_not_to_be_found(browse: As, asset: Asset) -> None:
    show(asset, visibility=Visibility.UNLISTED)
    page = page_of(browse, asset.url)
    assert told(page)["og:image"].endswith("/card.jpg")
    assert linked(page) == []
    assert '<meta name="robots" content="noindex">' in page


def test_a_private_picture_says_nothing(browse: As, alice: User, asset: Asset) -> None:
    page = page_of(browse, asset.url, alice)
    assert told(page) == {}
    assert linked(page) == []


@pytest.mark.parametrize("level", [Level.NUDITY, Level.EXPLICIT])
def test_above_suggestive_no_other_site_is_given_a_picture(browse: As, alice: User, asset: Asset, level: str) -> None:
    show(asset, level=level)
    for address in (asset.url, "/@alice", "/explore"):
        for user in (None, alice):
            page = page_of(browse, address, user)
            assert "og:image" not in told(page)
            assert told(page)["twitter:card"] == "summary"
            assert "/files/" not in json.dumps(linked(page))


# --- Walls -----------------------------------------------------------------------------------------------------------


def test_explore_describes_the_site_and_shows_its_newest(browse: As, asset: Asset) -> None:
    show(asset)
    page = page_of(browse, "/explore")
    assert told(page)["og:title"] == "Explore"
    assert told(page)["og:image"] == f"https://atelier.example/files/{asset.code}/card.jpg"
    [site] = linked(page)
    assert (site["@type"], site["url"]) == ("WebSite", "https://atelier.example/")
    assert 'href="https://atelier.example/feeds/latest.atom"' in page


def test_an_artist_has_a_profile(browse: As, alice: User, asset: Asset) -> None:
    User.objects.filter(pk=alice.pk).update(display_name="Alice A.", bio="Paper and ink")
    show(asset)
    page = page_of(browse, "/@alice")
    assert told(page)["og:type"] == "profile"
    assert told(page)["profile:username"] == "alice"
    assert told(page)["og:description"] == "Paper and ink"
    [profile] = linked(page)
    assert profile["mainEntity"] == {
        "@type": "Person",
        "name": "Alice A.",
        "url": "https://atelier.example/@alice",
        "alternateName": "alice",
        "description": "Paper and ink",
    }
    assert 'href="https://atelier.example/feeds/@alice.atom"' in page


def test_an_empty_wall_has_a_card_without_a_picture(browse: As, alice: User) -> None:
    for address in ("/explore", "/@alice"):
        assert told(page_of(browse, address))["twitter:card"] == "summary"


def test_a_wall_that_goes_on_says_so_in_its_head(browse: As, alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("gallery.feed.PAGE_SIZE", 1)
    for _ in range(2):
        show(one(alice))
    head = page_of(browse, "/@alice").partition("</head>")[0]
    assert '<link rel="next" href="https://atelier.example/@alice?after=' in head


def test_a_collection_says_what_it_is_unless_it_is_private(alice: User, asset: Asset) -> None:
    post = show(asset)
    made = Collection(owner=alice, name="Harbours", about="At dusk", visibility=Visibility.UNLISTED)
    meta = sharing.of_collection(made, [post])
    assert meta is not None
    assert (meta.title, meta.description) == ("Harbours", "At dusk")
    assert meta.url == f"https://atelier.example/collections/{made.code}"
    assert meta.image == sharing.image_of(post)
    made.visibility = Visibility.PRIVATE
    assert sharing.of_collection(made, [post]) is None


# --- Hostile words, costs --------------------------------------------------------------------------------------------


def test_what_people_wrote_is_text(browse: As, alice: User, asset: Asset) -> None:
    User.objects.filter(pk=alice.pk).update(display_name=HOSTILE[:60], bio=HOSTILE)
    show(asset, title=HOSTILE)
    Post.objects.update(alt=HOSTILE, prompt=HOSTILE)
    for address in (asset.url, "/@alice", "/explore"):
        page = page_of(browse, address)
        assert "<script>alert" not in page
        assert "<b>" not in page
        assert linked(page)
    page = page_of(browse, asset.url)
    assert told(page)["og:description"] == HOSTILE
    assert told(page)["og:image:alt"] == HOSTILE
    assert linked(page)[0]["caption"] == HOSTILE
    assert linked(page_of(browse, "/@alice"))[0]["mainEntity"]["description"] == HOSTILE


def test_addresses_are_the_sites_own_whatever_host_was_asked_for(browse: As, settings: Any, asset: Asset) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    show(asset)
    for address in (asset.url, "/@alice", "/explore"):
        assert "evil.example" not in browse(None).get(address, HTTP_HOST="evil.example").content.decode()


def test_it_asks_the_database_nothing(
    alice: User, asset: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    show(asset)
    page = list(Post.objects.listed())
    with django_assert_num_queries(0):
        assert sharing.of_artist(alice, page).json
        assert sharing.of_explore(page).image
