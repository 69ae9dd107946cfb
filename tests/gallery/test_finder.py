"""The finder of the gallery: filters, sorts, cursors and what is wrong with an address; what htmx gets and pushes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config import cursors
from gallery import feed, finder, paging, posts, walls
from gallery.finder import Finder
from gallery.models import Artist, Level, Like, Post, Rating
from gallery.paging import Order
from generation.models import Asset, InferenceModel
from tests.browsers import As
from tests.gallery.test_walls import cost, hang, next_of, tiles
from tests.pictures import make, one, show, solid


def wall(client: Client, query: str, **more: Any) -> list[str]:
    answer = client.get(f"/explore?{query}", **more)
    assert answer.status_code == 200, answer.content.decode()
    return tiles(answer.content.decode())


def painted(owner: User, **facts: Any) -> Asset:
    """A public picture; facts of its post as the picture would have given them."""
    asset = one(owner, ratio=facts.pop("ratio", "3:2"))
    show(asset)
    Post.objects.filter(asset=asset).update(**facts)
    return asset


def pages(query: str, size: int) -> list[list[int]]:
    """The whole wall, page by page, as ids of posts."""
    found: list[list[int]] = []
    after = ""
    while True:
        page = feed.explore(finder=finder.parse(QueryDict(query)), after=after, size=size)
        found.append([post.pk for post in page.items])
        if not (after := page.after):
            return found


# --- Filters ---------------------------------------------------------------------------------------------------------


def test_each_filter_shows_what_it_says(browse: As, alice: User, charlie: User) -> None:
    wide = painted(alice, ratio="16:9", tone="sea")
    tall = painted(charlie, ratio="2:3", tone="ember")
    model = solid(alice)
    show(model)
    client = browse(None)
    assert wall(client, "ratio=16:9") == [wide.url]
    assert wall(client, "color=ember") == [tall.url]
    assert wall(client, "artist=@charlie") == wall(client, "artist=CHARLIE") == [tall.url]
    assert wall(client, "model=demo-3d") == [model.url]
    assert wall(client, "model=demo") == [tall.url, wide.url]


def test_values_of_one_filter_are_alternatives_and_filters_add_up(browse: As, alice: User, charlie: User) -> None:
    sea = painted(alice, ratio="16:9", tone="sea")
    rose = painted(alice, ratio="2:3", tone="rose")
    other = painted(charlie, ratio="2:3", tone="sea")
    client = browse(None)
    assert wall(client, "ratio=16:9&ratio=2:3") == [other.url, rose.url, sea.url]
    assert wall(client, "ratio=2:3&color=sea&color=plum") == [other.url]
    assert wall(client, "artist=@alice&artist=@charlie&color=sea&model=demo") == [other.url, sea.url]
    assert wall(client, "color=sea&ratio=16:9&ratio=2:3&artist=@alice") == [sea.url]
    assert wall(client, "color=bone&ratio=16:9") == []


def test_days_are_whole_ones_and_inclusive(browse: As, alice: User) -> None:
    times = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((1, 0), (1, 23), (2, 0))]
    made = [painted(alice, first_published_at=time, published_at=time, tone="sea").url for time in times]
    client = browse(None)
    for sort in ("new", "liked", "rated"):
        assert wall(client, f"since=2026-03-01&until=2026-03-01&sort={sort}") == [made[1], made[0]]
        assert wall(client, f"since=2026-03-02&sort={sort}") == [made[2]]
        assert wall(client, f"until=2026-03-01&color=sea&sort={sort}") == [made[1], made[0]]
    assert len(wall(client, "since=0001-01-01&until=9999-12-31")) == 3


def test_the_best_of_some_days_are_found_though_others_have_more_likes(alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(walls, "WALK_MAX", 3)
    made = hang(alice, 8)
    long_ago = timezone.now() - timedelta(days=30)
    old, best = made[-1], made[0]
    Post.objects.exclude(asset__in=[old, best]).update(like_count=9)
    Post.objects.filter(asset=old).update(published_at=long_ago, first_published_at=long_ago)
    until = (long_ago + timedelta(days=1)).date()
    assert pages(f"sort=liked&until={until}", 40) == [[old.post.pk]]


def test_a_retired_model_still_has_its_pictures(browse: As, alice: User) -> None:
    asset = painted(alice)
    InferenceModel.objects.filter(slug="demo").update(is_retired=True)
    cache.clear()
    client = browse(None)
    assert wall(client, "model=demo") == [asset.url]
    assert 'value="demo"' in client.get("/explore").content.decode()


def test_what_is_withdrawn_deleted_or_too_bold_is_under_no_filter(browse: As, alice: User) -> None:
    queries = ("", "sort=liked", "ratio=3:2", "artist=@alice&sort=rated", "q=harbour", "q=alice&sort=liked")
    withdrawn, deleted, bold = hang(alice, 3)
    posts.withdraw(asset=withdrawn, owner=alice)
    Asset.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    Post.objects.filter(asset=bold).update(level=Level.NUDITY)
    for query in queries:
        assert wall(browse(None), query) == []
        assert wall(browse(alice), query) == [bold.url]


# --- Sorts and cursors -----------------------------------------------------------------------------------------------


def test_liked_and_rated_come_first_the_newer_before_the_older(browse: As, alice: User, bob: User, sam: User) -> None:
    plain, liked, rated, newest = (show(asset) for asset in make(alice, pictures=4))
    for fan in (bob, sam):
        Like.objects.create(user=fan, post=liked)
        Rating.objects.create(user=fan, post=rated, stars=5)
    Rating.objects.create(user=bob, post=plain, stars=1)
    client = browse(None)
    assert wall(client, "sort=liked") == [liked.url, newest.url, rated.url, plain.url]
    assert wall(client, "sort=rated") == [rated.url, newest.url, liked.url, plain.url]
    assert tiles(client.get("/@alice?sort=liked").content.decode())[0] == liked.url
    assert tiles(client.get("/@alice?sort=rated").content.decode())[0] == rated.url


QUERIES = (
    "",
    "sort=new",
    "sort=liked",
    "sort=rated",
    "ratio=3:2&ratio=1:1&sort=liked",
    "model=demo&ratio=3:2",
    "artist=@alice&sort=rated",
    "since=2020-01-01&sort=liked",
    "q=harbour",
    "q=harbour&sort=new",
    "q=harbour&sort=liked&ratio=3:2",
    "q=alice&sort=rated",
)


@pytest.mark.parametrize("query", QUERIES)
def test_pages_follow_each_other_without_gap_or_repeat(alice: User, query: str) -> None:
    hang(alice, 12)
    for number, post in enumerate(Post.objects.all()):
        Post.objects.filter(pk=post.pk).update(like_count=number // 3, rating_count=2, rating_sum=2 + number % 4)
    whole = pages(query, 40)
    assert len(whole) == 1
    assert len(whole[0]) == 12
    split = pages(query, 5)
    assert [len(page) for page in split] == [5, 5, 2]
    assert [pk for page in split for pk in page] == whole[0]


@pytest.mark.parametrize("query", ["", "sort=liked", "ratio=3:2", "q=harbour&sort=liked", "q=harbour"])
def test_what_arrives_or_goes_meanwhile_moves_nothing_on_later_pages(alice: User, query: str) -> None:
    made = hang(alice, 8)
    found = finder.parse(QueryDict(query))
    first = feed.explore(finder=found, size=3)
    hang(alice, 4)
    posts.withdraw(asset=made[2], owner=alice)  # the last of the first page, which its cursor names
    second = feed.explore(finder=found, size=3, after=first.after)
    assert [post.asset_id for post in second.items] == [asset.pk for asset in made[3:6]]


def test_a_walk_that_finds_little_stops_and_goes_on_from_there(alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(walls, "WALK_MAX", 4)
    made = hang(alice, 12)
    Post.objects.update(tone="sea")
    wanted = [made[1].post.pk, made[9].post.pk]
    Post.objects.filter(pk__in=wanted).update(tone="rose", level=Level.SUGGESTIVE)
    hidden = feed.explore(finder=Finder(), levels=[Level.SUGGESTIVE])
    assert [post.pk for post in hidden.items] == wanted[:1]
    further = feed.explore(finder=Finder(), levels=[Level.SUGGESTIVE], after=hidden.after)
    assert (further.items, bool(further.after)) == ([], True)
    last = feed.explore(finder=Finder(), levels=[Level.SUGGESTIVE], after=further.after)
    assert [post.pk for post in last.items] == wanted[1:]


def test_an_empty_page_in_the_middle_offers_to_look_further(browse: As, alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(walls, "WALK_MAX", 2)
    hang(alice, 4)
    Post.objects.update(level=Level.EXPLICIT)
    page = browse(None).get("/explore").content.decode()
    assert "Nothing so far" in page
    assert ">Keep looking</a>" in page
    assert browse(None).get(next_of(page)).status_code == 200


def test_the_rarest_filter_is_the_one_that_is_walked(alice: User) -> None:
    hang(alice, 8)
    Post.objects.update(tone="sea")
    Post.objects.filter(pk=Post.objects.latest("pk").pk).update(tone="rose")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gallery_post")
    filters = walls._filters(finder.parse(QueryDict("ratio=3:2&color=rose")), [])
    chosen = walls._most_selective(filters)
    assert chosen is not None
    assert chosen.column == "tone"


@pytest.mark.parametrize("wall", ["/explore", "/@alice"])
def test_a_cursor_of_another_sort_is_400(browse: As, alice: User, wall: str) -> None:
    client = browse(None)
    liked = paging.after_key(Order.LIKED, 3, 7)
    newest = paging.after_key(Order.NEW, timezone.now(), 7)
    assert client.get(wall, {"sort": "liked", "after": liked}).status_code == 200
    for sort, after in (("rated", liked), ("new", liked), ("", liked), ("liked", newest), ("rated", newest)):
        answer = client.get(wall, {"sort": sort, "after": after})
        assert answer.status_code == 400
        assert 'href="/explore"' in answer.content.decode()


@pytest.mark.parametrize("after", ["x", "MS4yLjM.", "\x00", "é", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjEuMQ"])
@pytest.mark.parametrize("query", ["sort=liked", "q=lake", "q=lake&sort=rated"])
def test_a_broken_cursor_is_400_under_every_sort(browse: As, db: None, query: str, after: str) -> None:
    said = {"after": after, **{name: str(value) for name, value in QueryDict(query).items()}}
    assert browse(None).get("/explore", said).status_code == 400


def test_the_greatest_cursor_there_can_be_is_an_empty_page(browse: As, db: None) -> None:
    after = cursors.write(Order.LIKED.value, cursors.NUMBER_MAX, cursors.NUMBER_MAX)
    assert browse(None).get("/explore", {"sort": "liked", "after": after}).status_code == 200


# --- What a page costs and says --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 40])
def test_every_way_to_look_costs_the_same_with_one_picture_and_with_forty(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hang(alice, number)
    client = browse(None)
    for query, queries in {
        "": 1,
        "sort=liked": 1,
        "sort=rated&color=sea&color=rose": 1,
        "model=demo&ratio=3:2&since=2026-01-01": 1,
        "sort=liked&since=2026-01-01": 2,  # whether the days are few enough to sort them
        "artist=@alice": 2,  # whom the handle names
        "q=harbour": 2,  # what is known of the words
        "q=harbour+alice&artist=@alice&ratio=3:2&sort=rated": 2,
        "ratio=x": 0,
    }.items():
        address = f"/explore?{query}"
        client.get(address)
        with django_assert_num_queries(queries):
            client.get(address)
    cost(client, "/@alice?sort=rated", 2, django_assert_num_queries)


def test_an_artist_is_told_with_counts(browse: As, alice: User, bob: User) -> None:
    client = browse(None)
    page = client.get("/@alice").content.decode()
    assert "<strong>0</strong> pictures" in page
    post = show(one(alice))
    Like.objects.create(user=bob, post=post)
    Artist.objects.filter(owner=alice).update(follower_count=1234)
    page = client.get("/@alice").content.decode()
    for told in ("<strong>1</strong> picture<", "<strong>1</strong> like<", "<strong>1,234</strong> followers<"):
        assert told in page
    assert 'id="artist-acts"' in page
    assert client.get("/@alice?sort=best").status_code == 400


def test_a_3d_model_is_marked_on_walls(browse: As, alice: User) -> None:
    show(one(alice))
    show(solid(alice))
    page = browse(None).get("/explore").content.decode()
    assert page.count('<span class="work__kind tag">3D</span>') == 1


def test_a_wall_may_be_kept_to_go_back_to(browse: As, alice: User) -> None:
    hang(alice, 1)
    for address in ("/explore", "/explore?ratio=3:2", "/@alice"):
        assert "no-store" not in browse(alice).get(address).headers.get("Cache-Control", "")
