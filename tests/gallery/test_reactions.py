"""Likes and ratings: the doors, the domain, what the database holds by itself, and races."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import errors, posts, reactions
from gallery.models import Artist, Like, Post, Rating
from generation.models import Asset
from tests.browsers import As
from tests.pictures import one, show
from tests.races import race, together
from tests.rules import refused_by

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset)
    return asset


def counts(asset: Asset) -> tuple[int, int, int]:
    post = Post.objects.get(asset=asset)
    return post.like_count, post.rating_count, post.rating_sum


def press(client: Client, asset: Asset, on: str = "1", **more: Any) -> Any:
    return client.post(f"{asset.url}/like", {"on": on}, **more)


def give(client: Client, asset: Asset, stars: object, **more: Any) -> Any:
    return client.post(f"{asset.url}/rate", {"stars": stars}, **more)


# --- Likes -----------------------------------------------------------------------------------------------------------


def test_a_like_is_counted_once_however_often_it_is_sent(browse: As, charlie: User, asset: Asset) -> None:
    client = browse(charlie)
    for _ in range(3):
        answer = press(client, asset)
        assert (answer.status_code, answer["Location"]) == (303, f"{asset.url}#like-{asset.code}")
    assert counts(asset)[0] == Like.objects.count() == 1
    assert Artist.objects.get(owner=asset.owner).like_count == 1


def test_without_a_word_the_door_likes(browse: As, charlie: User, asset: Asset) -> None:
    assert browse(charlie).post(f"{asset.url}/like").status_code == 303
    assert counts(asset)[0] == 1


def test_a_like_is_taken_back_once(browse: As, charlie: User, asset: Asset) -> None:
    client = browse(charlie)
    press(client, asset)
    for _ in range(2):
        assert press(client, asset, "0").status_code == 303
    assert counts(asset)[0] == Like.objects.count() == 0


def test_to_htmx_a_like_answers_with_the_button_as_it_is_now(browse: As, charlie: User, asset: Asset) -> None:
    client = browse(charlie)
    liked = press(client, asset, **HTMX).content.decode()
    assert f'id="like-{asset.code}"' in liked
    assert 'aria-pressed="true" aria-label="Like, 1 like"' in liked
    assert 'name="on" value="0"' in liked
    assert "btn--line" in liked
    on_a_wall = client.post(f"{asset.url}/like?over=1", {"on": "0"}, **HTMX).content.decode()
    assert 'aria-pressed="false" aria-label="Like, 0 likes"' in on_a_wall
    assert "btn--over" in on_a_wall


def test_a_plain_like_on_a_wall_comes_back_to_its_place_there(browse: As, charlie: User, asset: Asset) -> None:
    from_wall = press(browse(charlie), asset, HTTP_REFERER="http://testserver/explore?sort=new&after=x")
    assert from_wall["Location"] == f"/explore?sort=new&after=x#like-{asset.code}"
    from_elsewhere = press(browse(charlie), asset, HTTP_REFERER="http://evil.example/explore")
    assert from_elsewhere["Location"] == f"{asset.url}#like-{asset.code}"


@pytest.mark.parametrize("door", ["like", "rate", "comments"])
def test_guests_and_visitors_are_sent_to_sign_in_and_come_back(browse: As, gwen: User, asset: Asset, door: str) -> None:
    for user in (None, gwen):
        answer = browse(user).post(f"{asset.url}/{door}", {"stars": 5, "text": "Fine"})
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=%2Fart%2F")
        by_htmx = browse(user).post(f"{asset.url}/{door}", {"stars": 5, "text": "Fine"}, **HTMX)
        assert by_htmx["HX-Redirect"].startswith("/accounts/login/")
    assert counts(asset) == (0, 0, 0)


@pytest.mark.parametrize("door", ["like", "rate"])
def test_reacting_is_a_post(browse: As, charlie: User, asset: Asset, door: str) -> None:
    assert browse(charlie).get(f"{asset.url}/{door}").status_code == 405


@pytest.mark.parametrize("wished", ["2", "", "yes", "\x00"])
def test_any_other_wish_is_400(browse: As, charlie: User, asset: Asset, wished: str) -> None:
    assert press(browse(charlie), asset, wished).status_code == 400
    assert counts(asset)[0] == 0


@pytest.mark.parametrize("door", ["like", "rate", "comments"])
def test_what_is_not_shown_is_like_what_is_absent(browse: As, alice: User, charlie: User, door: str) -> None:
    private, withdrawn, deleted = one(alice), one(alice), one(alice)
    for asset in (withdrawn, deleted):
        show(asset)
    posts.withdraw(asset=withdrawn, owner=alice)
    Asset.objects.filter(pk=deleted.pk).update(deleted_at="2026-01-01T00:00:00Z")
    told = {"stars": 5, "text": "Fine"}
    for user in (alice, charlie):
        client = browse(user)
        absent = client.post(f"/art/{uuid4()}/{door}", told)
        for asset in (private, withdrawn, deleted):
            answer = client.post(f"{asset.url}/{door}", told)
            assert answer.status_code == absent.status_code == 404
            assert _plain(answer.content) == _plain(absent.content)


def _plain(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if b"csrf" not in line]


def test_withdrawing_keeps_what_was_said(browse: As, alice: User, charlie: User, asset: Asset) -> None:
    client = browse(charlie)
    press(client, asset)
    give(client, asset, 4)
    posts.withdraw(asset=asset, owner=alice)
    assert press(client, asset, "0").status_code == 404
    assert counts(asset) == (1, 1, 4)
    show(asset)
    assert 'aria-label="Like, 1 like"' in client.get(asset.url).content.decode()


def test_an_unlisted_picture_is_liked_and_rated_like_any(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    show(asset, visibility="unlisted")
    press(browse(charlie), asset)
    give(browse(charlie), asset, 5)
    assert counts(asset) == (1, 1, 5)


def test_too_many_likes_are_429_with_a_time(browse: As, charlie: User, asset: Asset, settings: Any) -> None:
    settings.RATE_LIMIT_REACT = (2, 60)
    client = browse(charlie)
    press(client, asset)
    press(client, asset, "0")
    answer = press(client, asset)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert counts(asset)[0] == 0


def test_a_like_costs_two_queries_and_the_viewer(
    browse: As, charlie: User, asset: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = browse(charlie)
    press(client, asset, "0")
    for on in ("1", "0"):
        with django_assert_num_queries(3):
            press(client, asset, on, **HTMX)


# --- Ratings ---------------------------------------------------------------------------------------------------------


def test_stars_are_given_changed_and_taken_back(browse: As, charlie: User, bob: User, asset: Asset) -> None:
    client = browse(charlie)
    give(browse(bob), asset, 5)
    for stars, expected in ((2, (2, 7)), (2, (2, 7)), (4, (2, 9)), (0, (1, 5)), (0, (1, 5))):
        answer = give(client, asset, stars)
        assert (answer.status_code, answer["Location"]) == (303, f"{asset.url}#rating-{asset.code}")
        assert counts(asset)[1:] == expected


def test_to_htmx_a_rating_answers_with_its_part_of_the_page(browse: As, charlie: User, asset: Asset) -> None:
    page = give(browse(charlie), asset, 4, **HTMX).content.decode()
    assert f'<section class="block" id="rating-{asset.code}"' in page
    assert "4.0 from 1 person" in page
    assert 'value="4" aria-label="4 of 5" checked' in page
    assert "Take back" in page
    assert "<html" not in page


@pytest.mark.parametrize("stars", ["6", "-1", "", "x", "1.5", "9" * 40, "\x00"])
def test_other_stars_are_422_and_say_what_is_possible(browse: As, charlie: User, asset: Asset, stars: str) -> None:
    client = browse(charlie)
    for answer in (give(client, asset, stars), give(client, asset, stars, **HTMX)):
        assert answer.status_code == 422
        assert "Give one to 5 stars, or none to take them back." in answer.content.decode()
    assert counts(asset) == (0, 0, 0)


def test_nobody_rates_their_own(browse: As, alice: User, asset: Asset) -> None:
    assert give(browse(alice), asset, 5).status_code == 403
    with pytest.raises(errors.OwnRating):
        reactions.rate(code=asset.code, user_id=alice.pk, stars=5)
    with refused_by("rating_not_of_ones_own"):
        Rating.objects.create(user=alice, post=Post.objects.get(asset=asset), stars=5)
    page = browse(alice).get(asset.url).content.decode()
    assert "Others rate it, you cannot." in page
    assert 'name="stars"' not in page


def test_the_database_knows_one_to_five_stars_once(charlie: User, asset: Asset) -> None:
    post = Post.objects.get(asset=asset)
    for stars in (0, 6):
        with refused_by("rating_has_one_to_five_stars"):
            Rating.objects.create(user=charlie, post=post, stars=stars)
    Rating.objects.create(user=charlie, post=post, stars=3)
    with refused_by("rating_once_per_person"):
        Rating.objects.create(user=charlie, post=post, stars=3)
    Like.objects.create(user=charlie, post=post)
    with refused_by("like_once_per_person"):
        Like.objects.create(user=charlie, post=post)


# --- On walls --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wall", ["/explore", "/explore/latest", "/@alice"])
def test_hearts_on_walls_are_buttons_for_accounts_and_figures_for_others(
    browse: As, charlie: User, gwen: User, asset: Asset, wall: str
) -> None:
    page = browse(charlie).get(wall).content.decode()
    assert f'form="act" formaction="{asset.url}/like" name="on" value="1" aria-pressed="false"' in page
    press(browse(charlie), asset)
    assert 'name="on" value="0" aria-pressed="true"' in browse(charlie).get(wall).content.decode()
    for user in (None, gwen):
        page = browse(user).get(wall).content.decode()
        assert "aria-pressed" not in page.partition('id="wall"')[2]
        assert '1<span class="u-hidden"> likes</span>' in page


# --- Races -----------------------------------------------------------------------------------------------------------


def people(count: int) -> list[User]:
    return [User.objects.create_user(f"p{n}@example.org", handle=f"person_{n}") for n in range(count)]


@pytest.mark.django_db(transaction=True)
def test_twenty_people_like_one_post_at_once(asset: Asset) -> None:
    crowd = people(20)
    results = race([lambda p=p: reactions.like(code=asset.code, user_id=p.pk) for p in crowd])  # type: ignore[misc]
    assert [result for result in results if isinstance(result, Exception)] == []
    assert counts(asset)[0] == Like.objects.count() == 20
    assert Artist.objects.get(owner=asset.owner).like_count == 20


@pytest.mark.django_db(transaction=True)
def test_one_person_likes_twenty_times_at_once(charlie: User, asset: Asset) -> None:
    results = together(20, lambda: reactions.like(code=asset.code, user_id=charlie.pk))
    assert {(result.is_liked, result.like_count) for result in results if isinstance(result, Post)} == {(True, 1)}
    assert counts(asset)[0] == Like.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_likes_taken_back_in_a_race_are_counted_as_they_are(asset: Asset) -> None:
    crowd = people(4)
    acts = [reactions.like, reactions.unlike, reactions.like] * 2
    race([lambda a=act, p=person: a(code=asset.code, user_id=p.pk) for person in crowd for act in acts])  # type: ignore[misc]
    assert counts(asset)[0] == Like.objects.count() == Artist.objects.get(owner=asset.owner).like_count


@pytest.mark.django_db(transaction=True)
def test_ratings_changed_and_taken_back_in_a_race_add_up(asset: Asset) -> None:
    crowd = people(4)
    acts = [
        lambda p=person, s=stars: (
            reactions.rate(code=asset.code, user_id=p.pk, stars=s)
            if s
            else reactions.unrate(code=asset.code, user_id=p.pk)
        )
        for person in crowd
        for stars in (1, 5, 0, 3)
    ]
    assert [result for result in race(acts) if result is not None] == []
    stars = list(Rating.objects.values_list("stars", flat=True))
    assert counts(asset)[1:] == (len(stars), sum(stars))


@pytest.mark.django_db(transaction=True)
def test_liking_while_the_picture_is_withdrawn_and_shown_again_stops_nobody(alice: User, asset: Asset) -> None:
    crowd = people(6)
    works: list[Any] = [lambda p=p: reactions.like(code=asset.code, user_id=p.pk) for p in crowd]
    works += [lambda: posts.withdraw(asset=asset, owner=alice), lambda: show(asset)]
    failed = [result for result in race(works) if isinstance(result, Exception)]
    assert all(isinstance(error, errors.NotYours) for error in failed)  # no deadlock among them
    assert counts(asset)[0] == Like.objects.count() == 6 - len(failed)
    assert connection.is_usable()
