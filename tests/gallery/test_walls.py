"""Walls: keyset pages that stay right while pictures arrive, constant query counts, and what htmx gets."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config import cursors
from gallery import errors, feed, posts
from gallery.finder import Finder
from gallery.models import Post
from gallery.paging import PAGE_SIZE
from generation.models import Asset
from tests.browsers import As
from tests.pictures import make, one, show

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def hang(owner: User, number: int) -> list[Asset]:
    """So many public pictures, the newest first."""
    made = [asset for _ in range(-(-number // 4)) for asset in make(owner, pictures=4)][:number]
    for asset in made:
        show(asset)
    return made[::-1]


def tiles(page: str) -> list[str]:
    return re.findall(r'class="work__frame" href="([^"]+)"', page)


def next_of(page: str) -> str:
    found = re.search(r'href="([^"]+)" rel="next"', page)
    return found.group(1).replace("&amp;", "&") if found else ""


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_gap_or_repeat(browse: As, alice: User) -> None:
    made = [asset.url for asset in hang(alice, 45)]
    client = browse(None)
    first = client.get("/explore").content.decode()
    assert tiles(first) == made[:PAGE_SIZE]
    second = client.get(next_of(first)).content.decode()
    assert tiles(second) == made[PAGE_SIZE:]
    assert next_of(second) == ""


def test_a_page_that_is_exactly_full_is_the_last(alice: User) -> None:
    hang(alice, 4)
    assert feed.latest(size=4).after == ""
    assert feed.latest(size=3).after != ""


def test_pictures_that_arrive_or_go_meanwhile_move_nothing_on_later_pages(alice: User) -> None:
    made = hang(alice, 8)
    first = feed.latest(size=3)
    hang(alice, 4)
    posts.withdraw(asset=made[2], owner=alice)  # the last of the first page, which its cursor names
    second = feed.latest(size=3, after=first.after)
    assert [post.asset_id for post in second.items] == [asset.pk for asset in made[3:6]]


def test_pictures_published_in_one_instant_are_told_apart(alice: User) -> None:
    made = hang(alice, 8)
    Post.objects.update(published_at=timezone.now() + timedelta(hours=1))
    seen: list[int] = []
    after = ""
    for _ in range(4):
        page = feed.latest(size=2, after=after)
        seen += [post.asset_id for post in page.items]
        after = page.after
    assert seen == [asset.pk for asset in made]
    assert after == ""


def test_the_library_has_keyset_pages_of_its_own(browse: As, alice: User) -> None:
    made = [asset for _ in range(11) for asset in make(alice, pictures=4)][::-1]
    client = browse(alice)
    first = client.get("/library").content.decode()
    assert tiles(first) == [asset.url for asset in made[:40]]
    make(alice, pictures=4)
    assert tiles(client.get(next_of(first)).content.decode()) == [asset.url for asset in made[40:]]


@pytest.mark.parametrize(
    "after",
    ["x", "!!!", "MQ", "MS4y.", "-1", "MS4yLjM", "\x00", "é", "A" * 500, "LTEuMg", "OTk5OTk5OTk5OTk5OTk5OTk5OS4x"],
)
@pytest.mark.parametrize("wall", ["/explore", "/@alice"])
def test_a_broken_cursor_is_400(browse: As, alice: User, wall: str, after: str) -> None:
    assert browse(None).get(wall, {"after": after}).status_code == 400


@pytest.mark.parametrize("after", ["x", "MS4y", "\x00", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
def test_a_broken_cursor_of_the_library_is_400(browse: As, alice: User, after: str) -> None:
    assert browse(alice).get("/library", {"after": after}).status_code == 400


def test_the_library_of_nobody_ignores_cursors(browse: As, db: None) -> None:
    assert browse(None).get("/library", {"after": "x"}).status_code == 200


def test_a_cursor_from_the_end_of_time_is_refused(db: None) -> None:
    with pytest.raises(errors.BrokenCursor):
        feed.explore(finder=Finder(), after=cursors.write(cursors.NUMBER_MAX, 1))


@pytest.mark.parametrize("query", ["sort=oldest", "sort=NEW", "mode=all", "sort=new&sort=best"])
def test_unknown_choices_are_400(browse: As, db: None, query: str) -> None:
    assert browse(None).get(f"/explore?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "sort=new",
        "sort=liked",
        "sort=rated",
        "sort=",
        "mode=words",
        "mode=look",
        "mode=both",
        "mode=",
        "sort=new&mode=both",
    ],
)
def test_known_choices_are_accepted(browse: As, db: None, query: str) -> None:
    assert browse(None).get(f"/explore?{query}").status_code == 200


def test_the_way_on_keeps_the_choices(browse: As, alice: User) -> None:
    hang(alice, 41)
    assert "sort=new" in next_of(browse(None).get("/explore?sort=new").content.decode())


# --- What a page carries ---------------------------------------------------------------------------------------------


def test_htmx_gets_the_next_tiles_and_a_new_way_on(browse: As, alice: User) -> None:
    made = [asset.url for asset in hang(alice, 41)]
    client = browse(None)
    address = next_of(client.get("/explore").content.decode())
    answer = client.get(address, **HTMX)
    page = answer.content.decode()
    assert tiles(page) == made[40:]
    assert page.count("<li") == 1
    assert '<div class="more" id="more" hx-swap-oob="true">' in page
    assert "<html" not in page
    assert 'fetchpriority="high"' not in page
    assert "HX-Request" in answer["Vary"]
    assert "HX-Request" in client.get("/explore")["Vary"]


def test_a_wall_reserves_its_room_and_fetches_its_first_row_first(browse: As, alice: User) -> None:
    hang(alice, 6)
    page = browse(None).get("/explore").content.decode()
    wall = page[page.index('id="wall"') :]
    assert wall.count('data-ar="3:2"') == 6
    assert wall.count('width="48" height="32"') == 6
    assert wall.count('fetchpriority="high"') == 4
    assert wall.count('loading="lazy"') == 2
    assert 'sizes="min(100vw, clamp(' in wall
    assert " style=" not in page


def test_the_strip_of_the_studio_is_a_partial_of_twelve(browse: As, alice: User) -> None:
    made = hang(alice, 14)
    page = browse(None).get("/explore/latest").content.decode()
    assert tiles(page) == [asset.url for asset in made[: feed.LATEST_SIZE]]
    assert 'id="latest"' in page
    assert "<html" not in page


@pytest.mark.parametrize("wall", ["/explore", "/explore/latest", "/@alice", "/library"])
def test_empty_walls_say_so(browse: As, alice: User, wall: str) -> None:
    for user in (None, alice):
        answer = browse(user).get(wall)
        assert answer.status_code == 200
        assert 'class="panel empty"' in answer.content.decode()


@pytest.mark.parametrize("wall", ["/explore", "/explore/latest", "/@alice", "/library"])
def test_walls_are_only_read(browse: As, alice: User, wall: str) -> None:
    assert browse(alice).post(wall).status_code == 405


# --- What a page costs -----------------------------------------------------------------------------------------------


def cost(client: Client, address: str, queries: int, ask: DjangoAssertNumQueries) -> None:
    client.get(address)  # the session, and whatever else a first request warms
    with ask(queries):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("number", [1, 40])
def test_walls_cost_the_same_with_one_picture_and_with_forty(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hang(alice, number)
    nobody, owner = browse(None), browse(alice)
    cost(nobody, "/explore", 1, django_assert_num_queries)
    cost(nobody, "/explore/latest", 1, django_assert_num_queries)
    cost(nobody, "/@alice", 2, django_assert_num_queries)
    # The viewer, and which of these they like.
    cost(owner, "/explore", 3, django_assert_num_queries)
    cost(owner, "/explore/latest", 3, django_assert_num_queries)
    cost(owner, "/@alice", 4, django_assert_num_queries)
    cost(owner, "/library", 2, django_assert_num_queries)


def test_a_picture_costs_one_query_and_the_viewer(
    browse: As, alice: User, gwen: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    asset = one(alice)
    show(asset)
    cost(browse(None), asset.url, 1, django_assert_num_queries)
    cost(browse(gwen), asset.url, 2, django_assert_num_queries)
    cost(browse(alice), asset.url, 2, django_assert_num_queries)


# --- Artists and libraries -------------------------------------------------------------------------------------------


def test_an_artist_has_a_page_with_name_and_bio(browse: As, alice: User, charlie: User) -> None:
    User.objects.filter(pk=alice.pk).update(display_name="Alice A.", bio="Paper <and> ink")
    mine, theirs = one(alice), one(charlie)
    show(mine)
    show(theirs)
    page = browse(None).get("/@alice").content.decode()
    assert "<h1>Alice A.</h1>" in page
    assert "Paper &lt;and&gt; ink" in page
    assert tiles(page) == [mine.url]


def test_a_handle_in_other_letters_leads_to_the_artist(browse: As, alice: User) -> None:
    answer = browse(None).get("/@ALICE")
    assert (answer.status_code, answer["Location"]) == (301, "/@alice")


@pytest.mark.parametrize("handle", ["nobody_here", "NOBODY_HERE", "%00abc", "a", "é"])
def test_an_unknown_artist_is_404(browse: As, db: None, handle: str) -> None:
    assert browse(None).get(f"/@{handle}").status_code == 404


def test_a_closed_account_has_no_page(browse: As, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert browse(None).get("/@alice").status_code == 404


def test_the_library_is_ones_own_and_says_what_others_see(browse: As, alice: User, charlie: User) -> None:
    private, unlisted, public, foreign = one(alice), one(alice), one(alice), one(charlie)
    show(unlisted, visibility="unlisted")
    show(public)
    show(foreign)
    page = browse(alice).get("/library").content.decode()
    assert tiles(page) == [public.url, unlisted.url, private.url]
    assert re.findall(r'work__note tag">(\w+)<', page) == ["Public", "Unlisted"]
    assert "Sign up to keep these" not in page


def test_a_guest_has_a_library_and_is_asked_to_keep_it(browse: As, gwen: User) -> None:
    asset = one(gwen)
    page = browse(gwen).get("/library").content.decode()
    assert tiles(page) == [asset.url]
    assert "Sign up to keep these" in page
    own = browse(gwen).get(asset.url).content.decode()
    assert "Make an account" in own
    assert "/publish" not in own
