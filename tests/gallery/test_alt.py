"""What a picture shows, in words: the beginning of its prompt, until its owner says it better."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from gallery import errors, posts
from gallery.models import Post
from generation.models import Asset
from tests.browsers import As
from tests.pictures import PROMPT, one, show
from tests.races import race

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
WORDS = "Boats at rest, their lamps doubled in still water"


@pytest.fixture
def asset(alice: User) -> Asset:
    return one(alice)


def fresh(asset: Asset) -> Asset:
    return Asset.objects.get(pk=asset.pk)


def describe(client: Client, asset: Asset, words: str = WORDS, **extra: Any) -> Any:
    return client.post(f"{asset.url}/alt", {"alt": words}, **extra)


def test_it_begins_as_the_prompt(browse: As, asset: Asset) -> None:
    show(asset)
    assert f'alt="{PROMPT}"' in browse(None).get(asset.url).content.decode()


def test_an_owner_describes_a_picture_wherever_it_hangs(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    answer = browse(alice).post(f"{asset.url}/alt", {"alt": WORDS}, follow=True)
    assert answer.redirect_chain == [(asset.url, 303)]
    assert "Screen readers and search engines are told so." in answer.content.decode()
    assert f">{WORDS}</textarea>" in answer.content.decode()
    for address in (asset.url, "/explore", "/@alice"):
        assert f'alt="{WORDS}"' in browse(None).get(address).content.decode()
    assert WORDS in browse(None).get("/feeds/latest.atom").content.decode()


def test_a_private_picture_is_described_too_and_keeps_it_when_it_is_shown(
    browse: As, alice: User, asset: Asset
) -> None:
    assert describe(browse(alice), asset).status_code == 303
    assert not Post.objects.exists()
    assert show(asset).alt == WORDS
    assert show(asset, hide_prompt=True).alt == WORDS


def test_written_words_stay_when_the_prompt_is_hidden_and_taken_ones_go(browse: As, alice: User, asset: Asset) -> None:
    show(asset, hide_prompt=True)
    assert PROMPT not in browse(None).get(asset.url).content.decode()
    describe(browse(alice), asset)
    page = browse(None).get(asset.url).content.decode()
    assert f'alt="{WORDS}"' in page
    assert PROMPT not in page
    describe(browse(alice), asset, "")
    page = browse(None).get(asset.url).content.decode()
    assert WORDS not in page
    assert PROMPT not in page
    assert 'alt="A picture made with ' in page


def test_without_words_it_is_the_prompt_again(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    describe(browse(alice), asset)
    answer = browse(alice).post(f"{asset.url}/alt", {"alt": "  \n "}, follow=True)
    assert "described by its prompt again" in answer.content.decode()
    assert (fresh(asset).alt, fresh(asset).alt_written) == (PROMPT, False)
    assert Post.objects.get().alt == PROMPT


def test_to_htmx_the_answer_is_the_form_and_a_toast(browse: As, alice: User, asset: Asset) -> None:
    answer = describe(browse(alice), asset, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="alt-{asset.code}"' in page
    assert f">{WORDS}</textarea>" in page
    assert "Screen readers and search engines are told so." in page
    assert "<html" not in page


def test_saying_it_twice_changes_nothing_more(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    client = browse(alice)
    describe(client, asset)
    before = (Post.objects.values().get(), Asset.objects.values().get())
    assert describe(client, asset).status_code == 303
    assert (Post.objects.values().get(), Asset.objects.values().get()) == before


@pytest.mark.parametrize("extra", [{}, HTMX])
@pytest.mark.parametrize("words", ["x" * 301, "a\x00b"])
def test_bad_input_names_its_field_and_keeps_what_was_typed(
    browse: As, alice: User, asset: Asset, words: str, extra: dict[str, Any]
) -> None:
    answer = describe(browse(alice), asset, words, **extra)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="alt-error" role="alert"' in page
    assert f">{words}</textarea>" in page
    assert ("<html" in page) == (not extra)
    assert not fresh(asset).alt_written


def test_it_is_one_line_of_text(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    describe(browse(alice), asset, ' "><script>alert(1)</script>\r\n\t🌊 \x07שלום ')
    assert fresh(asset).alt == '"><script>alert(1)</script> 🌊 שלום'
    for address in (asset.url, "/explore"):
        assert "<script>alert" not in browse(alice).get(address).content.decode()


def test_three_hundred_characters_fit(browse: As, alice: User, asset: Asset) -> None:
    show(asset)
    assert describe(browse(alice), asset, "é" * 300).status_code == 303
    assert Post.objects.get().alt == "é" * 300


def test_guests_and_visitors_are_sent_to_sign_in_and_back(browse: As, gwen: User, asset: Asset) -> None:
    own = one(gwen)
    for user, shown in ((gwen, own), (gwen, asset), (None, asset)):
        answer = describe(browse(user), shown)
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={shown.url.replace('/', '%2F')}"
    assert "HX-Redirect" in describe(browse(None), asset, **HTMX)
    with pytest.raises(errors.NeedsAccount):
        posts.describe(asset=own, owner=gwen, words=WORDS)
    assert not Asset.objects.filter(alt_written=True).exists()


def test_a_strangers_picture_is_not_there(browse: As, charlie: User, asset: Asset) -> None:
    absent = browse(charlie).post(f"/art/{uuid4()}/alt", {"alt": WORDS})
    for _ in range(2):  # a private one, then a public one
        assert describe(browse(charlie), asset).status_code == absent.status_code == 404
        show(asset)
    with pytest.raises(errors.NotYours):
        posts.describe(asset=asset, owner=charlie, words=WORDS)
    assert not fresh(asset).alt_written


def test_only_post_describes(browse: As, alice: User, asset: Asset) -> None:
    assert browse(alice).get(f"{asset.url}/alt").status_code == 405


def test_without_the_token_it_is_refused(alice: User, asset: Asset) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert describe(client, asset).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_describing_and_publishing_at_once_leave_post_and_asset_agreed(alice: User) -> None:
    asset = one(alice)

    acts: list[Callable[[], object]] = [
        lambda: show(asset, hide_prompt=True),
        lambda: posts.describe(asset=asset, owner=alice, words=WORDS),
    ]
    for _ in range(5):
        posts.describe(asset=asset, owner=alice, words="")
        outcomes = race(acts * 3)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert Post.objects.get().alt == fresh(asset).alt == WORDS
