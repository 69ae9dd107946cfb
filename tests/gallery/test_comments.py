"""Comments: written, read in pages, removed; the doors, the database, and races."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import comments, errors, posts
from gallery.models import Comment, Post
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


def count(asset: Asset) -> int:
    return Post.objects.get(asset=asset).comment_count


def say(author: User, asset: Asset, text: str = "What a light") -> Comment:
    return comments.add(code=asset.code, author=author, text=text)


def said(page: str) -> list[str]:
    return re.findall(r'<p dir="auto">([^<]*)</p>', page)


# --- Written ---------------------------------------------------------------------------------------------------------


def test_a_comment_stands_under_the_picture_with_its_author(browse: As, charlie: User, asset: Asset) -> None:
    answer = browse(charlie).post(f"{asset.url}/comments", {"text": "  What a light  "})
    comment = Comment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{asset.url}/comments#comment-{comment.code}")
    page = browse(None).get(f"{asset.url}/comments").content.decode()
    assert said(page) == ["What a light"]
    assert 'href="/@charlie"' in page
    assert count(asset) == 1


def test_to_htmx_a_comment_answers_with_all_of_them_and_an_empty_form(browse: As, charlie: User, asset: Asset) -> None:
    page = browse(charlie).post(f"{asset.url}/comments", {"text": "What a light"}, **HTMX).content.decode()
    assert said(page) == ["What a light"]
    assert f'id="talk-{asset.code}"' in page
    assert "></textarea>" in page
    assert "Your comment is there." in page
    assert "<html" not in page


def test_the_same_words_sent_twice_are_one_comment(browse: As, charlie: User, asset: Asset) -> None:
    client = browse(charlie)
    for _ in range(2):
        client.post(f"{asset.url}/comments", {"text": "Once"})
    assert count(asset) == Comment.objects.count() == 1
    Comment.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    client.post(f"{asset.url}/comments", {"text": "Once"})
    assert count(asset) == 2


@pytest.mark.parametrize("text", ["", "   \n ", "\x00\x07", "a" * 1001])
def test_nothing_and_too_much_are_422_and_keep_what_was_typed(
    browse: As, charlie: User, asset: Asset, text: str
) -> None:
    for answer in (
        browse(charlie).post(f"{asset.url}/comments", {"text": text}),
        browse(charlie).post(f"{asset.url}/comments", {"text": text}, **HTMX),
    ):
        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in page
        assert 'id="say-error"' in page
        assert ("a" * 1001 in page) == (len(text) > 1000)
    assert count(asset) == 0


def test_a_missing_field_is_422(browse: As, charlie: User, asset: Asset) -> None:
    assert browse(charlie).post(f"{asset.url}/comments").status_code == 422


def test_a_thousand_characters_are_counted_as_they_are_kept(browse: As, charlie: User, asset: Asset) -> None:
    text = "é\r\n" * 499 + "🎨!"  # 1,000 with line ends of one character
    assert browse(charlie).post(f"{asset.url}/comments", {"text": text}).status_code == 303
    assert len(Comment.objects.get().text) == 1000


def test_comments_are_text_everywhere(browse: As, charlie: User, asset: Asset) -> None:
    text = "<script>alert(1)</script> https://example.org {{ 7 }}\n\n\n\n\nend\x07\u202e"
    browse(charlie).post(f"{asset.url}/comments", {"text": text})
    page = browse(charlie).get(f"{asset.url}/comments").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; https://example.org {{ 7 }}\n\nend" in page
    assert "\x07" not in page
    assert 'href="https://example.org' not in page


def test_a_picture_of_ones_own_and_an_unlisted_one_have_comments_too(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    show(asset, visibility="unlisted")
    say(alice, asset, "Mine")
    say(charlie, asset, "Seen")
    assert said(browse(None).get(f"{asset.url}/comments").content.decode()) == ["Mine", "Seen"]


def test_what_was_typed_before_signing_in_is_there_afterwards(browse: As, charlie: User, asset: Asset) -> None:
    client = browse(None)
    answer = client.post(f"{asset.url}/comments", {"text": "Typed <before>"})
    assert answer["Location"] == f"/accounts/login/?next=%2Fart%2F{asset.code}%2Fcomments"
    client.post("/accounts/login/", {"login": "charlie@example.org", "password": "correct horse"})
    page = client.get(f"{asset.url}/comments").content.decode()
    assert "Typed &lt;before&gt;</textarea>" in page
    other = one(charlie)
    show(other)
    assert "Typed" not in client.get(f"{other.url}/comments").content.decode()
    client.post(f"{asset.url}/comments", {"text": "Typed <before>"})
    assert "Typed &lt;before&gt;</textarea>" not in client.get(f"{asset.url}/comments").content.decode()


def test_too_many_comments_are_429(browse: As, charlie: User, asset: Asset, settings: Any) -> None:
    settings.RATE_LIMIT_COMMENT = (1, 300)
    client = browse(charlie)
    client.post(f"{asset.url}/comments", {"text": "One"})
    refused = client.post(f"{asset.url}/comments", {"text": "Two"}, **HTMX)
    assert refused.status_code == 429
    assert refused["HX-Reswap"] == "none"  # what was typed stays where it is
    assert count(asset) == 1


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_other_methods_are_405(browse: As, charlie: User, asset: Asset, verb: str) -> None:
    assert getattr(browse(charlie), verb)(f"{asset.url}/comments").status_code == 405


# --- Read ------------------------------------------------------------------------------------------------------------


def test_the_newest_stand_last_and_older_ones_have_pages(browse: As, charlie: User, asset: Asset) -> None:
    for number in range(25):
        say(charlie, asset, f"Number {number}")
    client = browse(None)
    page = client.get(f"{asset.url}/comments").content.decode()
    assert said(page) == [f"Number {number}" for number in range(15, 25)]
    address = _older(page)
    say(charlie, asset, "Meanwhile")
    older = client.get(address, **HTMX).content.decode()
    assert said(older) == [f"Number {number}" for number in range(5, 15)]
    assert "<section" not in older
    oldest = client.get(_older(older)).content.decode()
    assert said(oldest) == [f"Number {number}" for number in range(5)]
    assert _older(oldest) == ""
    assert "Back to the newest" in oldest


def _older(page: str) -> str:
    found = re.search(r'href="([^"]+before=[^"]+)"', page)
    return found.group(1) if found else ""


def test_a_cursor_outlives_the_comment_that_it_names(browse: As, charlie: User, asset: Asset) -> None:
    made = [say(charlie, asset, f"Number {number}") for number in range(12)]
    address = _older(browse(None).get(f"{asset.url}/comments").content.decode())
    comments.remove(code=made[2].code, actor=charlie)
    assert said(browse(None).get(address).content.decode()) == ["Number 0", "Number 1"]


@pytest.mark.parametrize("before", ["x", "\x00", "1", "A" * 500])
def test_a_broken_cursor_is_400(browse: As, asset: Asset, before: str) -> None:
    assert browse(None).get(f"{asset.url}/comments", {"before": before}).status_code == 400


def test_a_cursor_of_nothing_leads_to_nothing(browse: As, asset: Asset) -> None:
    answer = browse(None).get(f"{asset.url}/comments", {"before": str(uuid4())})
    assert answer.status_code == 200
    assert "There are no older ones." in answer.content.decode()


@pytest.mark.parametrize("number", [1, 10])
def test_reading_costs_two_queries_and_the_viewer(
    browse: As, charlie: User, asset: Asset, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for one_more in range(number):
        say(charlie, asset, f"Number {one_more}")
    for user, queries in ((None, 2), (charlie, 3)):
        client = browse(user)
        client.get(f"{asset.url}/comments")
        with django_assert_num_queries(queries):
            client.get(f"{asset.url}/comments", **HTMX)


def test_comments_of_what_is_withdrawn_are_gone_with_it(browse: As, alice: User, charlie: User, asset: Asset) -> None:
    say(charlie, asset)
    posts.withdraw(asset=asset, owner=alice)
    for user in (None, charlie, alice):
        assert browse(user).get(f"{asset.url}/comments").status_code == 404
    assert count(asset) == 1


# --- Removed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["alice", "charlie", "sam"])
def test_author_owner_and_staff_remove_a_comment(
    browse: As, alice: User, charlie: User, sam: User, asset: Asset, who: str
) -> None:
    comment = say(charlie, asset)
    client = browse(User.objects.get(handle=who))
    assert f"/comments/{comment.code}/delete" in client.get(f"{asset.url}/comments").content.decode()
    for _ in range(2):
        answer = client.post(f"/comments/{comment.code}/delete")
        assert (answer.status_code, answer["Location"]) == (303, f"{asset.url}/comments")
    assert count(asset) == 0
    kept = Comment.objects.get()
    assert kept.removed_by is not None
    assert kept.removed_by.handle == who
    assert said(browse(None).get(f"{asset.url}/comments").content.decode()) == []


def test_to_htmx_the_count_and_a_toast_come_back(browse: As, charlie: User, asset: Asset) -> None:
    comment = say(charlie, asset)
    page = browse(charlie).post(f"/comments/{comment.code}/delete", **HTMX).content.decode()
    assert f'id="talk-count-{asset.code}" hx-swap-oob="true">0<' in page
    assert "Comment deleted." in page


def test_nobody_else_removes_it(browse: As, bob: User, charlie: User, gwen: User, asset: Asset) -> None:
    comment = say(charlie, asset)
    stranger = browse(bob)
    assert stranger.post(f"/comments/{comment.code}/delete").status_code == 404
    assert stranger.post(f"/comments/{uuid4()}/delete").status_code == 404
    assert stranger.get(f"/comments/{comment.code}/delete").status_code == 405
    assert "/delete" not in stranger.get(f"{asset.url}/comments").content.decode()
    for user in (None, gwen):
        assert browse(user).post(f"/comments/{comment.code}/delete").status_code == 302
    with pytest.raises(errors.NotYours):
        comments.remove(code=comment.code, actor=bob)
    assert count(asset) == 1


def test_the_database_knows_who_removed_it_and_that_it_says_something(charlie: User, asset: Asset) -> None:
    post = Post.objects.get(asset=asset)
    with refused_by("comment_says_something"):
        Comment.objects.create(post=post, author=charlie, text="")
    comment = say(charlie, asset)
    with refused_by("comment_removed_by_somebody"):
        Comment.objects.filter(pk=comment.pk).update(removed_at=timezone.now())
    with refused_by("comment_removed_by_somebody"):
        Comment.objects.filter(pk=comment.pk).update(removed_by=charlie)


# --- Races -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_comment(charlie: User, asset: Asset) -> None:
    results = together(8, lambda: say(charlie, asset).pk)
    assert len(set(results)) == 1
    assert count(asset) == Comment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_comment_removed_by_all_at_once_is_counted_off_once(
    alice: User, charlie: User, sam: User, asset: Asset
) -> None:
    say(charlie, asset, "Stays")
    comment = say(charlie, asset, "Goes")
    actors = [alice, charlie, sam] * 3
    results = race([lambda a=a: comments.remove(code=comment.code, actor=a) for a in actors])  # type: ignore[misc]
    assert [result for result in results if isinstance(result, Exception)] == []
    assert count(asset) == Comment.objects.filter(removed_at__isnull=True).count() == 1
