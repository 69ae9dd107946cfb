"""Tiles: the quick way says what the template says, whatever people wrote; and never what was true a moment ago."""

import re
import sys
from typing import Any
from uuid import uuid4

import pytest
from django.template import Context, Template
from django.template.loader import get_template
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import levels, posts, tiles
from gallery.models import Like, Post
from gallery.tiles import Tile
from generation.models import Asset, OutputKind
from tests.browsers import As
from tests.pictures import PROMPT, one, show

HOSTILE = (
    "",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'&amp;{{ post.owner.email }}{% load x %}]]>",
    "\ue000\ue001\ue012 private use letters, which are our marks",
    "🌊 שלום \u202eabc\u2028\x07",
    "0",
    "ß",
)
VISITOR = levels.of(None)
ELEMENTS = {"li", "article", "a", "picture", "source", "img", "div", "p", "span", "svg", "use"}
values = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=300))


def by_template(tile: Tile, template: str = tiles.PLACE) -> str:
    return get_template(template).render({"tile": tile}).strip()


@settings(deadline=None, max_examples=200)
@given(st.lists(values, min_size=len(Tile._fields), max_size=len(Tile._fields)))
def test_a_filled_tile_is_what_the_template_makes_of_the_same_values(drawn: list[str]) -> None:
    tile = Tile(*drawn)
    tile = tile._replace(artist_letter=tile.artist_letter[:1].upper()[:1])
    assert tiles.fill(tile) == by_template(tile)
    assert tiles.fill(tile, template=tiles.WORK) == by_template(tile, tiles.WORK)


@pytest.mark.parametrize("present", range(2**4))
def test_every_part_may_be_missing(present: int) -> None:
    parts = ("words", "artist_url", "kind", "remix_url")
    full = Tile(*(f"<{name}>" for name in Tile._fields))._replace(artist_letter="A")
    lacking = {name: "" for place, name in enumerate(parts) if not present >> place & 1}
    tile = full._replace(**lacking)
    assert tiles.fill(tile) == by_template(tile)
    for name in parts:
        assert (f"&lt;{name}&gt;" in tiles.fill(tile)) == (name not in lacking)


def test_the_letter_of_an_artist_is_one_letter_that_stays_what_it_is() -> None:
    for number in range(sys.maxunicode + 1):
        letter = chr(number).upper()[:1]
        assert letter.upper()[:1] == letter


def unsaved(**fields: Any) -> Post:
    told = {"title": "", "prompt": "", "alt": "", "like_count": 0, "placeholder": "", **fields}
    owner = User(pk=1, handle="alice", display_name=told.pop("display_name", ""))
    kept = {"published_at": timezone.now(), "aspect_ratio": "3:2", "width": 1200, "height": 800, "tone": "sea"}
    return Post(pk=1, asset_id=1, owner=owner, code=uuid4(), kind=OutputKind.PICTURE, **kept, **told)


@settings(deadline=None, max_examples=100)
@given(values, values, values, st.integers(0, 2**31 - 1))
def test_what_people_wrote_is_text_on_a_tile(title: str, prompt: str, name: str, likes: int) -> None:
    post = unsaved(title=title, prompt=prompt, alt=prompt, display_name=name, like_count=likes)
    tile = tiles.of(post, sight=VISITOR)
    html = tiles.fill(tile)
    assert html == by_template(tile)
    assert "<script" not in html
    assert set(re.findall(r"<(\w+)", html)) <= ELEMENTS


def test_long_words_end_as_the_filter_ends_them() -> None:
    assert tiles.of(unsaved(title="x" * 141), sight=VISITOR).words == "x" * 139 + "…"
    assert tiles.of(unsaved(title="x" * 140), sight=VISITOR).words == "x" * 140


def test_a_tile_links_to_its_piece_its_artist_and_its_remix() -> None:
    post = unsaved(prompt=PROMPT)
    html = tiles.fill(tiles.of(post, sight=VISITOR, is_eager=True))
    assert f'href="/art/{post.code}"' in html
    assert 'href="/@alice"' in html
    assert f'href="/art/{post.code}/remix"' in html
    assert f"/files/{post.code}/320.avif 320w" in html
    assert 'fetchpriority="high"' in html


# --- Nothing stale ---------------------------------------------------------------------------------------------------


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="First words")
    return asset


def test_every_change_shows_on_the_next_page(browse: As, alice: User, bob: User, asset: Asset) -> None:
    client = browse(None)

    def wall() -> str:
        return client.get("/explore").content.decode().partition('id="wall"')[2]

    assert "First words" in wall()
    show(asset, title="Other words")
    assert "Other words" in wall()
    assert "First words" not in wall()
    Like.objects.create(user=bob, post=asset.post)
    assert 'class="num">1<' in wall()
    User.objects.filter(pk=alice.pk).update(display_name="Alice <A.>")
    assert "Alice &lt;A.&gt;" in wall()
    show(asset, hide_prompt=True)
    assert PROMPT not in wall()
    assert "/remix" not in wall()
    show(asset, level="explicit")
    assert wall() == ""
    show(asset)
    assert asset.url in wall()
    posts.withdraw(asset=asset, owner=alice)
    assert wall() == ""


@pytest.mark.parametrize("number", [1, 4])
def test_tiles_ask_the_database_nothing(
    alice: User, asset: Asset, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page = list(Post.objects.listed()) * number
    with django_assert_num_queries(0):
        assert str(tiles.render(page, sight=VISITOR, is_first=True)).count("<li") == number


def test_a_tile_stands_alone_where_a_wall_writes_its_place(asset: Asset) -> None:
    [post] = Post.objects.listed()
    page = Template("{% load tiles %}<li>{% tile post is_eager=True %}</li>").render(Context({"post": post}))
    assert page.startswith('<li><article class="work"')
    assert page.count("<li") == 1
    assert "fetchpriority" in page


def test_another_page_of_a_wall_has_nothing_eager(asset: Asset) -> None:
    page = list(Post.objects.listed())
    assert "fetchpriority" in tiles.render(page, sight=VISITOR, is_first=True)
    assert "fetchpriority" not in tiles.render(page, sight=VISITOR, is_first=False)
