"""Content levels as viewers meet them: hidden, under a veil or shown, on every wall and page, by what they chose."""

import re
from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import levels
from generation.models import Asset, Level
from tests.browsers import As
from tests.pictures import one, show

VEIL = 'class="veil__note'
SHOWN = (Level.GENERAL, Level.SUGGESTIVE, Level.NUDITY, Level.EXPLICIT)
WALLS = ("/explore", "/explore/latest", "/@alice")
Hung = dict[str, Asset]


@pytest.fixture
def hung(alice: User) -> Hung:
    """One public picture of each level."""
    made: Hung = {level: one(alice) for level in SHOWN}
    for level, asset in made.items():
        show(asset, level=level, title=f"A {level} one")
    return made


def on(page: str, hung: Hung) -> dict[str, str]:
    """Levels of the pictures on a wall, each with "blur" or "show"."""
    found = {}
    for tile in re.findall(r"<article class=\"work\".*?</article>", page, re.DOTALL):
        (level,) = (level for level, asset in hung.items() if asset.url in tile)
        found[str(level)] = "blur" if VEIL in tile else "show"
    return found


# --- Walls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wall", WALLS)
def test_guests_and_visitors_see_the_first_two_levels_on_walls(browse: As, gwen: User, hung: Hung, wall: str) -> None:
    for user in (None, gwen):
        found = on(browse(user).get(wall).content.decode(), hung)
        assert found == {"general": "show", "suggestive": "show"}


@pytest.mark.parametrize("wall", WALLS)
def test_an_account_begins_with_nudity_blurred_and_explicit_hidden(
    browse: As, charlie: User, hung: Hung, wall: str
) -> None:
    found = on(browse(charlie).get(wall).content.decode(), hung)
    assert found == {"general": "show", "suggestive": "show", "nudity": "blur"}


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize("level", ["suggestive", "nudity", "explicit"])
@pytest.mark.parametrize("wish", ["show", "blur", "hide"])
def test_each_level_is_as_its_viewer_chose(
    browse: As, charlie: User, hung: Hung, wall: str, level: str, wish: str
) -> None:
    User.objects.filter(pk=charlie.pk).update(**{f"show_{level}": wish})
    found = on(browse(charlie).get(wall).content.decode(), hung)
    assert found.get(level, "hide") == wish
    assert found["general"] == "show"


@pytest.mark.parametrize("wall", WALLS)
def test_one_s_own_are_never_blurred(browse: As, alice: User, hung: Hung, wall: str) -> None:
    User.objects.filter(pk=alice.pk).update(show_suggestive="blur", show_explicit="blur")
    assert set(on(browse(alice).get(wall).content.decode(), hung).values()) == {"show"}


@pytest.mark.parametrize("showing", ["show", "blur"])
def test_choices_cost_no_query(
    browse: As, charlie: User, hung: Hung, showing: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.update(show_suggestive=showing, show_nudity=showing, show_explicit=showing)
    client = browse(charlie)
    for wall, number in (("/explore", 3), ("/@alice", 4), (hung[Level.NUDITY].url, 2)):
        client.get(wall)
        with django_assert_num_queries(number):
            client.get(wall)


# --- The picture's page ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [Level.NUDITY, Level.EXPLICIT])
def test_without_an_account_the_page_is_there_and_the_picture_is_not(
    browse: As, gwen: User, hung: Hung, level: Level
) -> None:
    for user in (None, gwen):
        page = browse(user).get(hung[level].url)
        text = page.content.decode()
        assert page.status_code == 200
        assert f"Marked as {level}." in text
        assert "Sign in to see it." in text
        assert "/files/" not in text.partition("<main")[2]
        assert "data-placeholder" not in text
        assert "/download" not in text.partition("<main")[2]


@pytest.mark.parametrize("level", [Level.NUDITY, Level.EXPLICIT])
def test_without_an_account_it_cannot_be_downloaded(browse: As, hung: Hung, level: Level) -> None:
    answer = browse(None).get(f"{hung[level].url}/download")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


def test_an_account_sees_it_under_the_veil_that_it_wants(browse: As, charlie: User, hung: Hung) -> None:
    pages: Callable[[Level], str] = lambda level: browse(charlie).get(hung[level].url).content.decode()  # noqa: E731
    assert VEIL not in pages(Level.GENERAL)
    assert VEIL not in pages(Level.SUGGESTIVE)
    assert VEIL in pages(Level.NUDITY)
    assert "Show <span>nudity</span>" in pages(Level.NUDITY)
    assert VEIL in pages(Level.EXPLICIT)  # hidden on walls: whoever follows a link still decides
    User.objects.filter(pk=charlie.pk).update(show_nudity="show")
    assert VEIL not in pages(Level.NUDITY)


def test_the_owner_sees_it_as_it_is(browse: As, alice: User, hung: Hung) -> None:
    assert VEIL not in browse(alice).get(hung[Level.EXPLICIT].url).content.decode()


def test_a_guest_sees_their_own_whatever_its_level(browse: As, gwen: User) -> None:
    own = one(gwen, prompt="A nude by Rubens in warm light")
    page = browse(gwen).get(own.url).content.decode()
    assert "Sign in to see it." not in page
    assert "/files/" in page


# --- By itself -------------------------------------------------------------------------------------------------------


def test_general_is_always_listed_and_refused_never(charlie: User) -> None:
    charlie.show_suggestive = charlie.show_nudity = charlie.show_explicit = "hide"
    assert levels.of(charlie).listed == (Level.GENERAL,)
    charlie.show_suggestive = charlie.show_nudity = charlie.show_explicit = "show"
    assert levels.of(charlie).listed == SHOWN
    assert levels.of(None).listed == SHOWN[:2]


# --- Publishing ------------------------------------------------------------------------------------------------------


def test_the_form_offers_no_level_below_the_floor_and_says_why(browse: As, alice: User) -> None:
    asset = one(alice, prompt="A nude by Rubens in warm light")
    page = browse(alice).get(asset.url).content.decode()
    assert '<option value="suggestive"' not in page
    assert '<option value="nudity" selected' in page
    assert "At least nudity" in page


def test_a_level_below_the_floor_is_refused_by_name(browse: As, alice: User) -> None:
    asset = one(alice, prompt="A nude by Rubens in warm light")
    told = {"title": "Red", "visibility": "public", "level": "general"}
    answer = browse(alice).post(f"{asset.url}/publish", told)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="level-error"' in page
    assert "It is at least nudity" in page
    assert browse(alice).post(f"{asset.url}/publish", {**told, "level": ""}).status_code == 303
    asset.refresh_from_db()
    assert asset.level == Level.NUDITY


def test_words_of_the_title_raise_the_level(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset, title="Topless in Cannes")
    asset.refresh_from_db()
    assert (asset.level, asset.post.level, asset.level_floor) == (Level.NUDITY, Level.NUDITY, Level.GENERAL)


@pytest.mark.parametrize("field", ["title", "prompt", "alt"])
def test_words_that_break_a_rule_keep_it_private_and_name_the_rule(browse: As, alice: User, field: str) -> None:
    asset = one(alice)
    title = "Harbour"
    if field == "title":
        title = "How to build a b0mb"
    elif field == "prompt":
        asset.job.__class__.objects.filter(pk=asset.job_id).update(prompt_sent="gangbang")
    else:
        Asset.objects.filter(pk=asset.pk).update(alt="kill yourself")
    answer = browse(alice).post(f"{asset.url}/publish", {"title": title, "visibility": "public", "level": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "breaks the rule" in page
    assert ('id="title-error"' in page) == (field == "title")
    asset.refresh_from_db()
    assert asset.visibility == "private"


def test_what_was_shown_is_looked_at_again_when_it_changes(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    told = {"title": "pipe bomb instructions", "visibility": "public", "level": "general"}
    assert browse(alice).post(f"{asset.url}/publish", told).status_code == 422
    assert asset.post.title == ""
