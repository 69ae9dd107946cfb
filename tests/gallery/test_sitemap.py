"""The sitemap: only what every visitor may see, in ranges of ids, by the site's own address."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import posts, sitemaps
from gallery.models import Collection, CollectionItem, Level, Post, Visibility
from generation.models import Asset
from tests.browsers import As
from tests.pictures import one, show

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(autouse=True)
def of_a_site_with_a_name(settings: Any) -> None:
    settings.PUBLIC_URL = "https://atelier.example"


def read(client: Client, address: str) -> ElementTree.Element:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def addresses(client: Client, kind: str = "") -> list[str]:
    """Every address of the parts of this kind, as a crawler finds them."""
    found = []
    for part in read(client, "/sitemap.xml").findall(f"{MAP}sitemap"):
        path = part.findtext(f"{MAP}loc", default="").removeprefix("https://atelier.example")
        assert path.startswith("/sitemaps/")
        if path.startswith(f"/sitemaps/{kind}"):
            found += [url.findtext(f"{MAP}loc", default="") for url in read(client, path).findall(f"{MAP}url")]
    return found


def test_it_names_pages_posts_artists_and_collections(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    made = Collection.objects.create(owner=alice, name="Harbours", visibility=Visibility.PUBLIC)
    CollectionItem.objects.create(collection=made, asset=asset)
    client = browse(None)
    site = "https://atelier.example"
    assert addresses(client, "posts") == [site + asset.url]
    assert addresses(client, "artists") == [f"{site}/@alice"]
    assert addresses(client, "collections") == [f"{site}/collections/{made.code}"]
    assert addresses(client, "pages") == [
        f"{site}{path}" for path in ("/", "/explore", "/pricing", "/limits", "/transparency")
    ]


def test_every_page_that_it_names_is_there_for_nobody_in_particular(browse: As, alice: User) -> None:
    show(one(alice))
    client = browse(None)
    for address in addresses(client):
        answer = client.get(address.removeprefix("https://atelier.example"))
        assert answer.status_code == 200
        assert 'content="noindex' not in answer.content.decode()
        assert f'<link rel="canonical" href="{address}">' in answer.content.decode() or "/art/" not in address


def test_a_post_has_its_day_and_its_picture(browse: As, alice: User) -> None:
    post = show(one(alice))
    page = browse(None).get("/sitemaps/posts-0.xml").content.decode()
    assert f"<lastmod>{post.published_at.isoformat(timespec='seconds')}</lastmod>" in page
    assert f"<image:loc>https://atelier.example/files/{post.code}/1280.webp</image:loc>" in page


def test_what_is_not_for_everybody_is_not_in_it(browse: As, alice: User, charlie: User, gwen: User) -> None:
    one(gwen)
    private, unlisted, explicit, trashed, withdrawn = (one(alice) for _ in range(5))
    show(unlisted, visibility=Visibility.UNLISTED)
    show(explicit, level=Level.EXPLICIT)
    show(trashed)
    Asset.objects.filter(pk=trashed.pk).update(deleted_at=trashed.created_at)
    show(withdrawn)
    posts.withdraw(asset=withdrawn, owner=alice)
    show(one(charlie))
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    made = [Collection.objects.create(owner=alice, name=kind, visibility=kind) for kind in Visibility.values]
    CollectionItem.objects.bulk_create(CollectionItem(collection=one, asset=private) for one in made[:2])
    told = addresses(browse(alice))
    for asset in (private, unlisted, explicit, trashed, withdrawn):
        assert not any(str(asset.code) in address for address in told)
    assert not any("/collections/" in address for address in told)
    assert "https://atelier.example/@charlie" not in told


def test_parts_are_ranges_of_ids_and_empty_ones_are_not_named(browse: As, alice: User, monkeypatch: Any) -> None:
    made = [show(one(alice)) for _ in range(4)]
    monkeypatch.setattr(sitemaps, "PART", 2)
    Post.objects.filter(pk=made[1].pk).update(is_listed=False)
    Post.objects.filter(pk=made[2].pk).update(is_listed=False)
    kept = {post.pk // 2 for post in (made[0], made[3])}
    assert sitemaps.parts("posts") == sorted(kept)
    assert sitemaps.parts("collections") == []
    told = addresses(browse(None), "posts")
    assert told == [f"https://atelier.example{post.url}" for post in (made[0], made[3])]


@pytest.mark.parametrize(
    "path", ["posts-7777", "posts-99999999999999999999", "people-0", "posts", "posts--1", "collections-0", "../x"]
)
def test_a_part_that_is_not_there_is_404(browse: As, alice: User, path: str) -> None:
    show(one(alice))
    assert browse(None).get(f"/sitemaps/{path}.xml").status_code == 404


def test_an_empty_site_has_a_map_of_its_pages(browse: As, db: None) -> None:
    assert addresses(browse(None)) == addresses(browse(None), "pages")


def test_it_is_only_read_and_not_sent_twice(browse: As, alice: User) -> None:
    show(one(alice))
    client = browse(None)
    for address in ("/sitemap.xml", "/sitemaps/pages.xml", "/sitemaps/posts-0.xml"):
        assert client.post(address).status_code == 405
        tag = client.get(address)["ETag"]
        assert client.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 304


@pytest.mark.parametrize("number", [1, 9])
def test_it_costs_the_same_however_much_there_is(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        show(one(alice))
    client = browse(None)
    for address, queries in {"/sitemap.xml": 6, "/sitemaps/pages.xml": 0, "/sitemaps/posts-0.xml": 1}.items():
        with django_assert_num_queries(queries):
            assert client.get(address).status_code == 200


# --- robots.txt ------------------------------------------------------------------------------------------------------


def test_robots_are_shown_the_map_and_kept_from_private_doors(browse: As) -> None:
    page = browse(None).get("/robots.txt").content.decode()
    assert "Sitemap: https://atelier.example/sitemap.xml\n" in page
    kept_out = re.findall(r"^Disallow: (.+)$", page, re.MULTILINE)
    assert "/library" in kept_out
    assert "/accounts/" in kept_out
    for public in ("/", "/explore", "/@alice", "/feeds/latest.atom", "/sitemap.xml", "/files/x/1280.webp", "/art/x"):
        patterns = [re.escape(path).replace(r"\*", ".*") for path in kept_out]
        assert not any(re.match(pattern, public) for pattern in patterns)
