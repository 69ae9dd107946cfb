"""Lists send as many statements for a full page as for one item: those that tests of their own do not count so far."""

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import archives, follows, packing, reports
from gallery.cases import Tab
from gallery.models import Action, Level, Reason
from generation.models import Asset, Moderation
from tests.browsers import As
from tests.gallery.cases import decide, moderator
from tests.gallery.shelves import fill
from tests.pictures import show

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("number", [1, 40])]

QUEUE = "/admin/gallery/moderation/"


def hang(owner: User, number: int) -> list[Asset]:
    made = fill(owner, number)
    for asset in made:
        show(asset)
    return made


def cost(client: Client, address: str, queries: int, ask: DjangoAssertNumQueries) -> str:
    client.get(address)  # the session, and whatever else a first request warms
    with ask(queries):
        page = client.get(address)
    assert page.status_code == 200
    return page.content.decode()


def test_every_way_to_look_when_signed_in(
    browse: As, alice: User, charlie: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hang(alice, number)
    client = browse(charlie)
    for query, queries in {
        "sort=liked": 3,
        "sort=rated": 3,
        "ratio=3:2&model=demo": 3,
        "sort=liked&since=2026-01-01": 4,
        "artist=@alice": 4,
        "artist=@alice&sort=rated": 4,
        "q=harbour": 4,
        "q=harbour&sort=liked&ratio=3:2": 4,
    }.items():
        found = cost(client, f"/explore?{query}", queries, django_assert_num_queries)
        assert found.count("work__frame") == number, query
    for sort in ("liked", "rated"):
        found = cost(client, f"/@alice?sort={sort}", 4, django_assert_num_queries)
        assert found.count("work__frame") == number


def test_the_wall_of_the_followed(
    browse: As, alice: User, bob: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hang(alice, number)
    follows.follow(follower_id=bob.pk, artist_id=alice.pk)
    found = cost(browse(bob), "/following", 3, django_assert_num_queries)
    assert found.count("work__frame") == number


def test_the_trash(browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    fill(alice, number)
    Asset.objects.update(deleted_at=timezone.now())
    found = cost(browse(alice), "/library/trash", 2, django_assert_num_queries)
    assert found.count('id="trash-') == number


def test_archives(browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """So many are kept: five."""
    assets = fill(alice, 5, with_files=True)
    for asset in assets[:number]:
        archives.ask(owner_id=alice.pk, asset_ids=[asset.pk], name="Chosen pictures")
        packing.pack_next()
    found = cost(browse(alice), "/exports", 2, django_assert_num_queries)
    assert found.count("/file") == min(number, 5)


def test_each_tab_of_the_queue(
    browse: As, sam: User, alice: User, charlie: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mona = moderator("mona")
    assets = hang(alice, number)
    for asset in assets:
        decide(mona, asset, Action.KEEP, level=Level.SUGGESTIVE)
        reports.send(reporter=charlie, thing=asset, reason=Reason.PERSON, note="")
    fill(charlie, number)
    Asset.objects.filter(owner=charlie).update(moderation=Moderation.UNKNOWN)
    client = browse(sam)
    # The viewer and three bounded numbers; a page, and what is known of its cases.
    for tab, queries in ((Tab.REPORTS, 8), (Tab.AUTOMATIC, 8), (Tab.DONE, 5)):
        assert "Nothing waits here" not in cost(client, f"{QUEUE}?tab={tab}", queries, django_assert_num_queries)


def test_what_staff_decided_about_one_s_own(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mona = moderator("mona")
    for asset in hang(alice, number):
        decide(mona, asset, Action.KEEP, level=Level.NUDITY)
    assert "decided" in cost(browse(alice), "/appeals", 3, django_assert_num_queries)


def test_the_sitemap(browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    hang(alice, number)
    client = browse(None)
    for address, queries in (("/sitemap.xml", 6), ("/sitemaps/posts-0.xml", 1), ("/sitemaps/artists-0.xml", 1)):
        assert "<loc>" in cost(client, address, queries, django_assert_num_queries)
