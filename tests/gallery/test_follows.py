"""Following: the door, the database, and the wall of those whom one follows."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import errors, feed, follows, posts
from gallery.models import LEVELS_FOR_PEOPLE, Artist, Follow, Post
from generation.models import Asset
from tests.browsers import As
from tests.pictures import make, one, show
from tests.races import race, together
from tests.rules import refused_by

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def followers(artist: User) -> int:
    return Artist.objects.get(owner=artist).follower_count


def tiles(page: str) -> list[str]:
    return re.findall(r'class="work__frame" href="([^"]+)"', page)


def next_of(page: str) -> str:
    found = re.search(r'href="([^"]+)" rel="next"', page)
    return found.group(1).replace("&amp;", "&") if found else ""


# --- The door --------------------------------------------------------------------------------------------------------


def test_following_is_counted_once_and_ends_once(browse: As, alice: User, charlie: User) -> None:
    client = browse(charlie)
    for _ in range(2):
        answer = client.post("/@alice/follow", {"on": "1"})
        assert (answer.status_code, answer["Location"]) == (303, "/@alice")
    assert followers(alice) == Follow.objects.count() == 1
    for _ in range(2):
        client.post("/@alice/follow", {"on": "0"})
    assert followers(alice) == Follow.objects.count() == 0


def test_to_htmx_the_button_comes_back_as_it_is_now(browse: As, alice: User, charlie: User) -> None:
    client = browse(charlie)
    page = client.post("/@Alice/follow", **HTMX).content.decode()
    assert 'id="follow-alice"' in page
    assert 'name="on" value="0"' in page
    assert "Following" in page
    back = client.post("/@alice/follow", {"on": "0"}, **HTMX).content.decode()
    assert 'name="on" value="1"' in back


def test_the_button_stands_on_the_artists_page_and_beside_pictures(
    browse: As, alice: User, charlie: User, gwen: User
) -> None:
    asset = one(alice)
    show(asset)
    for address in ("/@alice", asset.url):
        assert 'formaction="/@alice/follow" name="on" value="1"' in browse(charlie).get(address).content.decode()
        assert 'formaction="/@alice/follow"' not in browse(alice).get(address).content.decode()
        for user in (None, gwen):
            assert 'href="/accounts/login/?next=/%40alice"' in browse(user).get(address).content.decode()
    browse(charlie).post("/@alice/follow")
    for address in ("/@alice", asset.url):
        assert 'formaction="/@alice/follow" name="on" value="0"' in browse(charlie).get(address).content.decode()


def test_guests_and_visitors_sign_in_first(browse: As, alice: User, gwen: User) -> None:
    for user in (None, gwen):
        assert browse(user).post("/@alice/follow")["Location"] == "/accounts/login/?next=%2F%40alice"
        assert browse(user).get("/following")["Location"] == "/accounts/login/?next=%2Ffollowing"


def test_nobody_follows_themselves(browse: As, alice: User) -> None:
    assert browse(alice).post("/@alice/follow").status_code == 403
    with pytest.raises(errors.NotYourself):
        follows.follow(follower_id=alice.pk, artist_id=alice.pk)
    with refused_by("follow_is_of_somebody_else"):
        Follow.objects.create(follower=alice, artist=alice)


def test_the_database_holds_a_follow_once(alice: User, charlie: User) -> None:
    Follow.objects.create(follower=charlie, artist=alice)
    with refused_by("follow_once"):
        Follow.objects.create(follower=charlie, artist=alice)


def test_who_is_absent_or_closed_is_404_and_a_wrong_method_405(browse: As, alice: User, charlie: User) -> None:
    client = browse(charlie)
    assert client.get("/@alice/follow").status_code == 405
    assert client.post("/@nobody_here/follow").status_code == 404
    assert client.post("/@alice/follow", {"on": "maybe"}).status_code == 400
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.post("/@alice/follow").status_code == 404


def test_there_is_a_most_that_one_person_follows(
    browse: As, alice: User, bob: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follows, "FOLLOWED_MAX", 1)
    client = browse(charlie)
    client.post("/@alice/follow")
    page = client.post("/@bob/follow", **HTMX).content.decode()
    assert "You follow 1 artists already" in page
    assert 'name="on" value="1"' in page
    assert client.post("/@alice/follow", **HTMX).content.decode().count('value="0"') == 1  # again is no other one
    assert Follow.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_follow_each_other_at_once_do_not_wait_for_each_other(alice: User, charlie: User) -> None:
    pairs = [(alice, charlie), (charlie, alice)] * 5
    results = race([lambda a=a, b=b: follows.follow(follower_id=a.pk, artist_id=b.pk) for a, b in pairs])  # type: ignore[misc]
    assert results == [None] * 10
    assert followers(alice) == followers(charlie) == 1


@pytest.mark.django_db(transaction=True)
def test_one_who_follows_ten_times_at_once_is_one_follower(alice: User, charlie: User) -> None:
    assert together(10, lambda: follows.follow(follower_id=charlie.pk, artist_id=alice.pk)) == [None] * 10
    assert followers(alice) == Follow.objects.count() == 1


# --- The wall --------------------------------------------------------------------------------------------------------


@pytest.fixture
def followed(alice: User, bob: User, charlie: User) -> list[Asset]:
    """Nine public pictures of Alice and Charlie by turns, newest first, whom Bob follows."""
    made = [asset for _ in range(3) for owner in (alice, charlie) for asset in make(owner, pictures=3)][:9]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for number, asset in enumerate(made):
        show(asset, when=begin + timedelta(minutes=number))
    for artist in (alice, charlie):
        follows.follow(follower_id=bob.pk, artist_id=artist.pk)
    return made[::-1]


def test_pages_of_the_followed_follow_each_other_without_gap_or_repeat(bob: User, followed: list[Asset]) -> None:
    seen: list[int] = []
    after = ""
    for _ in range(5):
        page = feed.of_followed(follower_id=bob.pk, after=after, size=2)
        seen += [post.asset_id for post in page.items]
        after = page.after
    assert after == ""
    assert seen == [asset.pk for asset in followed]


def test_pictures_published_in_one_instant_are_told_apart(bob: User, followed: list[Asset]) -> None:
    Post.objects.update(published_at=datetime(2026, 2, 1, tzinfo=UTC))
    seen: list[int] = []
    after = ""
    for _ in range(9):
        page = feed.of_followed(follower_id=bob.pk, after=after, size=1)
        seen += [post.asset_id for post in page.items]
        after = page.after
    assert seen == [post.asset_id for post in Post.objects.order_by("-pk")]


def test_more_artists_than_a_page_has_places_are_all_heard(bob: User, alice: User) -> None:
    """Only the artists with the newest pictures are read further, and nothing is lost by that."""
    crowd = [User.objects.create_user(f"a{n}@example.org", handle=f"artist_{n}") for n in range(6)]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    order = [0, 1, 2, 3, 4, 5, 5, 5, 0, 2, 2, 1]
    for number, who in enumerate(order):
        show(one(crowd[who]), when=begin + timedelta(minutes=number))
    for artist in crowd:
        follows.follow(follower_id=bob.pk, artist_id=artist.pk)
    expected = list(feed.latest(size=40).items)
    seen: list[Post] = []
    after = "-"
    while after:
        page = feed.of_followed(follower_id=bob.pk, after="" if after == "-" else after, size=3)
        seen, after = seen + page.items, page.after
    assert seen == expected


def test_the_wall_shows_what_the_followed_show_and_nothing_else(
    browse: As, alice: User, bob: User, followed: list[Asset]
) -> None:
    withdrawn, hidden, unlisted = followed[0], followed[1], one(alice)
    posts.withdraw(asset=withdrawn, owner=withdrawn.owner)
    Asset.objects.filter(pk=hidden.pk).update(deleted_at="2026-01-01T00:00:00Z")
    show(unlisted, visibility="unlisted")
    show(one(User.objects.create_user("s@example.org", handle="somebody")))
    show(followed[2], level="nudity")
    page = browse(bob).get("/following").content.decode()
    assert tiles(page) == [asset.url for asset in followed[2:]]
    general = feed.of_followed(follower_id=bob.pk)
    assert [post.asset_id for post in general.items] == [asset.pk for asset in followed[3:]]
    follows.unfollow(follower_id=bob.pk, artist_id=alice.pk)
    left = feed.of_followed(follower_id=bob.pk, levels=LEVELS_FOR_PEOPLE).items
    assert left
    assert alice.pk not in {post.owner_id for post in left}


def test_htmx_gets_the_next_tiles_and_a_new_way_on(
    browse: As, bob: User, followed: list[Asset], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = feed.of_followed.__kwdefaults__
    assert usual is not None
    monkeypatch.setitem(usual, "size", 5)
    client = browse(bob)
    address = next_of(client.get("/following").content.decode())
    page = client.get(address, **HTMX).content.decode()
    assert tiles(page) == [asset.url for asset in followed[5:]]
    assert 'id="more" hx-swap-oob="true"' in page
    assert "<html" not in page


def test_an_empty_wall_says_how_to_fill_it(browse: As, bob: User) -> None:
    page = browse(bob).get("/following").content.decode()
    assert "Find artists" in page
    assert 'class="panel empty"' in page


@pytest.mark.parametrize("after", ["x", "MQ", "\x00", "A" * 500])
def test_a_broken_cursor_is_400_and_a_wrong_method_405(browse: As, bob: User, after: str) -> None:
    assert browse(bob).get("/following", {"after": after}).status_code == 400
    assert browse(bob).post("/following").status_code == 405


@pytest.mark.parametrize("number", [1, 9])
def test_the_wall_costs_the_same_with_one_artist_and_with_many(
    browse: As, bob: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(number):
        artist = User.objects.create_user(f"a{n}@example.org", handle=f"artist_{n}")
        show(one(artist))
        follows.follow(follower_id=bob.pk, artist_id=artist.pk)
    client = browse(bob)
    client.get("/following")
    with django_assert_num_queries(3):  # the viewer, the page, and which of it they like
        client.get("/following")
