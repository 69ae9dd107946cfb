"""Showing a picture and taking it back: the doors, the domain, and what the database holds by itself."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from gallery import errors, posts
from gallery.models import Level, Post, Visibility
from generation.models import Asset, Moderation
from tests.browsers import As
from tests.pictures import PROMPT, one, show
from tests.races import race
from tests.rules import refused_by

PUBLIC = {"title": "Harbour", "visibility": "public", "level": "general"}
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def asset(alice: User) -> Asset:
    return one(alice)


def fresh(asset: Asset) -> Asset:
    return Asset.objects.get(pk=asset.pk)


# --- Publish ---------------------------------------------------------------------------------------------------------


def test_publishing_hangs_the_picture_in_the_gallery_and_says_so(browse: As, alice: User, asset: Asset) -> None:
    answer = browse(alice).post(f"{asset.url}/publish", PUBLIC, follow=True)
    assert answer.redirect_chain == [(asset.url, 303)]
    assert "Published. Anyone can see it." in answer.content.decode()
    post = Post.objects.get(asset=asset)
    assert (post.title, post.is_listed, post.prompt, post.owner, post.code) == (
        "Harbour",
        True,
        PROMPT,
        alice,
        asset.code,
    )
    assert fresh(asset).visibility == Visibility.PUBLIC


def test_to_htmx_publishing_answers_with_the_panel_the_tag_and_the_toast(browse: As, alice: User, asset: Asset) -> None:
    answer = browse(alice).post(f"{asset.url}/publish", PUBLIC, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="owner-{asset.code}"' in page
    assert f'id="shown-{asset.code}" hx-swap-oob="true"' in page
    assert "Published. Anyone can see it." in page
    assert "Make private again" in page
    assert "<html" not in page


def test_an_unlisted_picture_has_a_post_that_no_feed_shows(browse: As, alice: User, asset: Asset) -> None:
    answer = browse(alice).post(f"{asset.url}/publish", {**PUBLIC, "visibility": "unlisted"}, follow=True)
    assert "Anyone with the link can see it." in answer.content.decode()
    assert not Post.objects.get(asset=asset).is_listed
    assert 'content="noindex"' in browse(None).get(asset.url).content.decode()


def test_publishing_twice_changes_nothing_more(browse: As, alice: User, asset: Asset) -> None:
    client = browse(alice)
    client.post(f"{asset.url}/publish", PUBLIC)
    before = Post.objects.values().get()
    assert client.post(f"{asset.url}/publish", PUBLIC).status_code == 303
    assert Post.objects.values().get() == before


def test_changing_the_title_moves_a_picture_nowhere(alice: User, asset: Asset) -> None:
    first = show(asset, title="One")
    second = show(asset, title="Two")
    assert second.pk == first.pk
    assert second.title == "Two"
    assert second.published_at == first.published_at


def test_a_picture_shown_again_is_new_again_and_keeps_its_title_and_likes(alice: User, asset: Asset) -> None:
    first = show(asset, title="Kept")
    Post.objects.update(like_count=7)
    posts.withdraw(asset=asset, owner=alice)
    kept = Post.objects.get()
    assert (kept.is_listed, kept.title, kept.like_count) == (False, "Kept", 7)
    again = show(asset, title="Kept")
    assert again.published_at > first.published_at
    assert again.first_published_at == first.first_published_at
    assert Post.objects.get().like_count == 7


def test_from_unlisted_to_public_counts_as_published_now(asset: Asset) -> None:
    first = show(asset, visibility=Visibility.UNLISTED)
    assert show(asset).published_at > first.published_at


def test_hiding_the_prompt_takes_it_out_of_the_listing_and_showing_it_brings_it_back(asset: Asset) -> None:
    hidden = show(asset, hide_prompt=True)
    assert hidden.prompt == ""
    assert PROMPT not in hidden.alt
    shown = show(asset, hide_prompt=False)
    assert (shown.prompt, shown.alt) == (PROMPT, PROMPT)


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_guests_and_visitors_are_sent_to_sign_in_and_back(browse: As, gwen: User, asset: Asset, act: str) -> None:
    for user in (gwen, None):
        answer = browse(user).post(f"{asset.url}/{act}", PUBLIC)
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={asset.url.replace('/', '%2F')}"
        answer = browse(user).post(f"{asset.url}/{act}", PUBLIC, **HTMX)
        assert answer.status_code == 204
        assert answer["HX-Redirect"].startswith("/accounts/login/?next=")
    assert fresh(asset).visibility == Visibility.PRIVATE


def test_a_guest_cannot_publish_their_own_picture_past_the_door(gwen: User) -> None:
    own = one(gwen)
    with pytest.raises(errors.NeedsAccount):
        show(own)
    assert fresh(own).visibility == Visibility.PRIVATE


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_a_strangers_picture_is_not_there(browse: As, charlie: User, alice: User, asset: Asset, act: str) -> None:
    for _ in range(2):  # a private one, then a public one
        state = fresh(asset).visibility
        assert browse(charlie).post(f"{asset.url}/{act}", PUBLIC).status_code == 404
        assert fresh(asset).visibility == state
        show(asset)
    with pytest.raises(errors.NotYours):
        posts.withdraw(asset=asset, owner=charlie)


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_an_absent_picture_is_404(browse: As, alice: User, act: str) -> None:
    assert browse(alice).post(f"/art/{uuid4()}/{act}", PUBLIC).status_code == 404


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_only_post_acts(browse: As, alice: User, asset: Asset, act: str) -> None:
    assert browse(alice).get(f"{asset.url}/{act}").status_code == 405


def test_a_post_without_the_token_is_refused(alice: User, asset: Asset) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{asset.url}/publish", PUBLIC).status_code == 403
    assert fresh(asset).visibility == Visibility.PRIVATE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 121),
        ("title", "a\x00b"),
        ("visibility", ""),
        ("visibility", "private"),
        ("visibility", "everyone"),
        ("level", "refused"),
        ("level", "mild"),
    ],
)
@pytest.mark.parametrize("extra", [{}, HTMX])
def test_bad_input_names_its_field_and_keeps_what_was_typed(
    browse: As, alice: User, asset: Asset, field: str, value: str, extra: dict[str, Any]
) -> None:
    typed = {"title": "A harbour to keep", "visibility": "unlisted", "level": "suggestive", "hide_prompt": "on"}
    answer = browse(alice).post(f"{asset.url}/publish", {**typed, field: value}, **extra)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    if field != "title":
        assert 'value="A harbour to keep"' in page
    if field != "visibility":
        assert 'value="unlisted" checked' in page
    assert 'name="hide_prompt" checked' in page
    assert fresh(asset).visibility == Visibility.PRIVATE
    assert not Post.objects.exists()


def test_a_title_is_one_line_of_text_and_nothing_more(browse: As, alice: User, asset: Asset) -> None:
    wild = ' <b>"Nine"</b>\r\nSet-Cookie: a=b\t🌊 \x07'
    assert browse(alice).post(f"{asset.url}/publish", {**PUBLIC, "title": wild}).status_code == 303
    assert Post.objects.get().title == '<b>"Nine"</b> Set-Cookie: a=b 🌊'
    page = browse(None).get(asset.url).content.decode()
    assert "&lt;b&gt;&quot;Nine&quot;&lt;/b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize("moderation", [Moderation.UNKNOWN, Moderation.REFUSED])
def test_what_moderation_has_not_passed_stays_private(browse: As, alice: User, asset: Asset, moderation: str) -> None:
    Asset.objects.filter(pk=asset.pk).update(moderation=moderation)
    answer = browse(alice).post(f"{asset.url}/publish", PUBLIC)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert 'value="Harbour"' in answer.content.decode()
    assert fresh(asset).visibility == Visibility.PRIVATE
    with pytest.raises(errors.NotPassed):
        show(asset)


# --- Withdraw --------------------------------------------------------------------------------------------------------


def test_withdrawing_makes_private_and_says_so_however_often_it_is_sent(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    client = browse(alice)
    for _ in range(2):
        assert "Private again." in client.post(f"{asset.url}/withdraw", follow=True).content.decode()
        assert fresh(asset).visibility == Visibility.PRIVATE
        assert not Post.objects.get().is_listed
    assert "Private again." in client.post(f"{asset.url}/withdraw", **HTMX).content.decode()


def test_withdrawing_what_was_never_shown_is_harmless(browse: As, alice: User, asset: Asset) -> None:
    assert browse(alice).post(f"{asset.url}/withdraw").status_code == 303
    assert not Post.objects.exists()


def test_withdrawing_forgets_no_choice_about_the_prompt(alice: User, asset: Asset) -> None:
    show(asset, hide_prompt=True)
    posts.withdraw(asset=asset, owner=alice)
    assert fresh(asset).prompt_hidden


@pytest.mark.django_db(transaction=True)
def test_publishing_and_withdrawing_at_once_leave_post_and_asset_agreed(alice: User) -> None:
    asset = one(alice)
    for _ in range(5):
        outcomes = race([lambda: show(asset), lambda: posts.withdraw(asset=asset, owner=alice)] * 3)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        post = Post.objects.get()
        assert post.is_listed == (fresh(asset).visibility == Visibility.PUBLIC)


# --- What the database holds by itself -------------------------------------------------------------------------------


def test_the_database_knows_one_post_an_asset(asset: Asset) -> None:
    post = show(asset)
    post.pk = None
    post._state.adding = True
    with refused_by("gallery_post_code_key"):
        post.save(force_insert=True)


def test_the_database_refuses_a_post_of_another_owner(asset: Asset, charlie: User) -> None:
    show(asset)
    with refused_by("post_fits_its_asset"):
        Post.objects.update(owner=charlie)


def test_the_database_refuses_a_post_with_another_code(asset: Asset) -> None:
    show(asset)
    with refused_by("post_fits_its_asset"):
        Post.objects.update(code=uuid4())


def test_the_database_lists_nothing_that_was_refused(asset: Asset) -> None:
    show(asset)
    with refused_by("post_refused_is_never_listed"):
        Post.objects.update(level=Level.REFUSED)


def test_the_database_knows_the_levels(asset: Asset) -> None:
    show(asset)
    with refused_by("post_level_is_known"):
        Post.objects.update(level="mild")


def test_the_database_keeps_the_first_publishing_first(asset: Asset) -> None:
    show(asset)
    with refused_by("post_first_published_first"):
        Post.objects.update(first_published_at=timezone.now() + timedelta(days=1))


def test_the_database_has_no_picture_without_a_size(asset: Asset) -> None:
    show(asset)
    with refused_by("post_has_a_size"):
        Post.objects.update(width=0)


def test_the_database_shows_nothing_that_moderation_has_not_passed(asset: Asset) -> None:
    Asset.objects.filter(pk=asset.pk).update(moderation=Moderation.UNKNOWN)
    with refused_by("asset_shown_only_when_passed"):
        Asset.objects.filter(pk=asset.pk).update(visibility=Visibility.PUBLIC)
