"""A picture's page: what stands on it for whom, its family, its neighbours, more by the artist, and what each costs."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import follows, kin, pieces, posts, reactions
from gallery.models import LEVELS_FOR_PEOPLE
from generation.models import Asset, Job
from generation.models.job import Origin
from tests.browsers import As
from tests.generation.asking import ask, job_of
from tests.pictures import PROMPT, make, one, show

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def asset(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour")
    return asset


def text(client: Client, address: str, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == 200
    return answer.content.decode()


def come_from(child: Asset, parent: Asset, origin: Origin) -> None:
    """As if the studio had been opened from that picture."""
    Job.objects.filter(pk=child.job_id).update(parent=parent.job, origin=origin)


# --- Who reads what --------------------------------------------------------------------------------------------------


def test_others_like_rate_follow_and_begin_from_it(browse: As, charlie: User, asset: Asset) -> None:
    page = text(browse(charlie), asset.url)
    assert f'formaction="{asset.url}/like"' in page
    assert f'action="{asset.url}/rate"' in page
    assert 'formaction="/@alice/follow"' in page
    assert f'href="{asset.url}/remix"' in page
    assert f'href="{asset.url}/remix?variation=1"' in page
    assert f'hx-get="{asset.url}/comments" hx-trigger="load"' in page
    assert "@alice, one picture" in page
    assert "Reuse settings" not in page
    assert 'id="act" method="post" hidden' in page


def test_the_owner_reuses_and_varies_their_own_job(browse: As, alice: User, asset: Asset) -> None:
    page = text(browse(alice), asset.url)
    assert f'href="/?from={asset.job.code}&amp;variation=1"' in page
    assert f'href="/?from={asset.job.code}"' in page
    assert "Others rate it, you cannot." in page


def test_a_visitor_is_led_to_sign_in_and_nothing_is_a_button(browse: As, gwen: User, asset: Asset) -> None:
    for user in (None, gwen):
        page = text(browse(user), asset.url)
        assert page.count(f'href="/accounts/login/?next=/art/{asset.code}"') == 2  # like, rate
        assert 'id="act"' not in page
        assert "aria-pressed" not in page.partition("<main")[2]


def test_a_private_picture_has_nothing_to_like_rate_or_say(browse: As, alice: User) -> None:
    asset = one(alice)
    page = text(browse(alice), asset.url)
    assert f'id="liked-{asset.code}" hidden' in page
    assert f'id="rating-{asset.code}" aria-labelledby="ra" hidden' in page
    assert f"{asset.url}/comments" not in page


def test_publishing_brings_hearts_stars_and_comments_onto_the_open_page(browse: As, alice: User) -> None:
    asset = one(alice)
    page = browse(alice).post(f"{asset.url}/publish", {"visibility": "public"}, **HTMX).content.decode()
    assert f'id="liked-{asset.code}" hx-swap-oob="true">' in page
    assert f'hx-get="{asset.url}/comments"' in page
    back = browse(alice).post(f"{asset.url}/withdraw", **HTMX).content.decode()
    assert f'id="liked-{asset.code}" hx-swap-oob="true" hidden>' in back


def test_a_hidden_prompt_can_neither_be_remixed_nor_varied(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    show(asset, hide_prompt=True)
    page = text(browse(charlie), asset.url)
    assert "Variation" not in page
    for address in (f"{asset.url}/remix", f"{asset.url}/remix?variation=1"):
        assert browse(charlie).get(address).status_code == 404


def test_the_page_costs_one_query_and_the_viewer_whatever_was_said(
    browse: As, alice: User, charlie: User, asset: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reactions.like(code=asset.code, user_id=charlie.pk)
    reactions.rate(code=asset.code, user_id=charlie.pk, stars=5)
    follows.follow(follower_id=charlie.pk, artist_id=alice.pk)
    for user, queries in ((None, 1), (charlie, 2), (alice, 2)):
        client = browse(user)
        client.get(asset.url)
        with django_assert_num_queries(queries):
            client.get(asset.url)


# --- Variations of others' pictures ----------------------------------------------------------------------------------


def test_a_variation_of_somebodys_picture_is_remembered_as_one(browse: As, charlie: User, asset: Asset) -> None:
    client = browse(charlie)
    answer = client.get(f"{asset.url}/remix?variation=1")
    assert answer["Location"] == f"/?remix={asset.code}&variation=1"
    page = text(client, answer["Location"])
    assert f'value="variation:{asset.code}"' in page
    assert f'value="{asset.job.seed + 1}"' in page
    assert "A variation of somebody’s picture" in page
    job = job_of(ask(client, parent=f"variation:{asset.code}"))
    assert (job.parent, job.origin) == (asset.job, Origin.VARIATION)


def test_nothing_comes_from_what_is_hidden_or_private(browse: As, alice: User, charlie: User) -> None:
    private, hidden = one(alice), one(alice)
    show(hidden, hide_prompt=True)
    for asset in (private, hidden):
        job = job_of(ask(browse(charlie), parent=f"variation:{asset.code}", prompt=f"Ridges {asset.pk}"))
        assert job.parent is None
        browse(charlie).post(f"/jobs/{job.code}/cancel")


# --- Family ----------------------------------------------------------------------------------------------------------


def test_a_picture_tells_its_parent_its_remixes_and_its_variations(
    browse: As, alice: User, charlie: User, asset: Asset
) -> None:
    parent, remix, variation, sibling = one(charlie), one(charlie), one(alice), make(alice, pictures=2)[1]
    for other in (parent, remix, variation):
        show(other)
    come_from(asset, parent, Origin.REMIX)
    come_from(remix, asset, Origin.REMIX)
    come_from(variation, asset, Origin.VARIATION)
    page = text(browse(None), f"{asset.url}/lineage", **HTMX)
    assert "<html" not in page
    assert "Remixed from" in page
    assert page.index(parent.url) < page.index("This picture") < page.index(remix.url) < page.index(variation.url)
    assert "One remix" in page
    assert "One variation" in page
    assert sibling.url not in page
    full = text(browse(None), f"{asset.url}/lineage")
    assert "<html" in full
    assert remix.url in full


def test_pictures_of_one_job_are_each_others_variations(browse: As, alice: User) -> None:
    first, second = make(alice, pictures=2)
    show(first)
    show(second)
    page = text(browse(None), f"{first.url}/lineage", **HTMX)
    assert f'href="{second.url}"' in page


def test_a_family_shows_only_what_its_viewer_may_see(browse: As, alice: User, charlie: User, asset: Asset) -> None:
    private, unlisted, explicit, deleted = (one(charlie) for _ in range(4))
    show(unlisted, visibility="unlisted")
    show(explicit, level="explicit")
    show(deleted)
    Asset.objects.filter(pk=deleted.pk).update(deleted_at="2026-01-01T00:00:00Z")
    for other in (private, unlisted, explicit, deleted):
        come_from(other, asset, Origin.REMIX)
    for user in (None, alice):
        page = text(browse(user), f"{asset.url}/lineage", **HTMX)
        assert f'id="kin-{asset.code}" hidden' in page
        assert "/art/" not in page
    own = text(browse(charlie), f"{asset.url}/lineage", **HTMX)
    assert private.url in own
    assert unlisted.url in own
    assert deleted.url not in own


def test_a_parent_whose_prompt_is_hidden_is_named_without_it(browse: As, alice: User, charlie: User) -> None:
    parent, child = one(alice), one(charlie, prompt="Another sea")
    show(parent, hide_prompt=True)
    show(child)
    come_from(child, parent, Origin.REMIX)
    page = text(browse(None), f"{child.url}/lineage", **HTMX)
    assert parent.url in page
    assert PROMPT not in page


def test_a_retry_is_no_family(alice: User, asset: Asset) -> None:
    again = one(alice)
    show(again)
    come_from(again, asset, Origin.RETRY)
    for one_of, viewer in ((asset, alice), (again, alice)):
        piece = pieces.find(code=one_of.code, viewer=viewer)
        assert not kin.of(piece=piece, viewer=viewer, levels=LEVELS_FOR_PEOPLE)


@pytest.mark.parametrize("number", [1, 8])
def test_what_a_page_loads_later_costs_two_queries_each(
    browse: As, alice: User, charlie: User, asset: Asset, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        remix, other = one(charlie), one(alice)
        show(remix)
        show(other)
        come_from(remix, asset, Origin.REMIX)
    for user, queries in ((None, 2), (charlie, 3)):
        client = browse(user)
        for part in ("lineage", "more"):
            client.get(f"{asset.url}/{part}", **HTMX)
            with django_assert_num_queries(queries):
                client.get(f"{asset.url}/{part}", **HTMX)


# --- More by the artist ----------------------------------------------------------------------------------------------


def test_more_by_the_artist_is_what_they_show_but_this_one(
    browse: As, alice: User, charlie: User, asset: Asset
) -> None:
    shown, private, foreign = one(alice), one(alice), one(charlie)
    show(shown)
    show(foreign)
    page = text(browse(None), f"{asset.url}/more", **HTMX)
    assert shown.url in page
    for other in (asset, private, foreign):
        assert f'href="{other.url}"' not in page
    posts.withdraw(asset=shown, owner=alice)
    assert 'id="more-by" hidden' in text(browse(None), f"{asset.url}/more", **HTMX)


@pytest.mark.parametrize("part", ["lineage", "more", "next", "previous"])
def test_the_parts_of_a_picture_are_read_by_who_may_see_it(browse: As, alice: User, charlie: User, part: str) -> None:
    asset = one(alice)
    assert browse(charlie).get(f"{asset.url}/{part}").status_code == 404
    assert browse(None).get(f"{asset.url}/{part}").status_code == 404
    assert browse(alice).get(f"{asset.url}/{part}").status_code in (200, 302)
    assert browse(alice).post(f"{asset.url}/{part}").status_code == 405


# --- Neighbours ------------------------------------------------------------------------------------------------------


@pytest.fixture
def hung(alice: User, charlie: User) -> list[Asset]:
    """Four public pictures by turns of Alice and Charlie, newest first; the last two published in one instant."""
    made = [one(owner) for owner in (alice, charlie, alice, charlie)]
    for number, asset in enumerate(made):
        show(asset, when=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=max(1, number)))
    return made[::-1]


def walk(client: Client, asset: Asset, step: str, wall: str) -> str:
    answer = client.get(f"{asset.url}/{step}?wall={wall}")
    assert answer.status_code == 302
    return str(answer["Location"])


def test_the_arrows_walk_the_wall_in_its_order_and_stop_at_its_ends(browse: As, hung: list[Asset]) -> None:
    client = browse(None)
    for newer, older in itertools.pairwise(hung):
        assert walk(client, newer, "next", "explore") == f"{older.url}?wall=explore"
        assert walk(client, older, "previous", "explore") == f"{newer.url}?wall=explore"
    assert walk(client, hung[-1], "next", "explore") == f"{hung[-1].url}?wall=explore"
    assert "That was the last picture here." in text(client, hung[-1].url)
    assert walk(client, hung[0], "previous", "explore") == f"{hung[0].url}?wall=explore"


def test_on_an_artists_wall_the_neighbours_are_theirs(browse: As, hung: list[Asset]) -> None:
    assert walk(browse(None), hung[0], "next", "artist") == f"{hung[2].url}?wall=artist"


def test_in_the_library_the_neighbours_are_ones_own_private_ones_too(
    browse: As, alice: User, hung: list[Asset]
) -> None:
    private = one(alice)
    assert walk(browse(alice), private, "next", "library") == f"{hung[1].url}?wall=library"
    assert walk(browse(alice), hung[1], "previous", "library") == f"{private.url}?wall=library"
    assert "wall=library" in text(browse(alice), private.url)


def test_a_page_remembers_the_wall_that_its_viewer_came_from(browse: As, alice: User, hung: list[Asset]) -> None:
    address = hung[0].url
    client = browse(hung[0].owner)
    assert "/next?wall=explore" in text(client, address)
    assert "/next?wall=artist" in text(client, address, HTTP_REFERER="http://testserver/@charlie?after=x")
    assert "/next?wall=library" in text(client, address, HTTP_REFERER="http://testserver/library")
    assert "/next?wall=artist" in text(client, f"{address}?wall=artist")
    # Another's library is no wall of mine.
    assert "/next?wall=explore" in text(browse(alice), f"{address}?wall=library")


def test_an_unlisted_picture_of_another_hangs_nowhere(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    show(asset, visibility="unlisted")
    assert "piece__steps" not in text(browse(charlie), asset.url)
    assert browse(charlie).get(f"{asset.url}/next").status_code == 400


def test_the_walk_passes_by_what_a_viewer_is_not_shown(browse: As, alice: User, hung: list[Asset]) -> None:
    show(hung[1], level="nudity")
    assert walk(browse(None), hung[0], "next", "explore") == f"{hung[2].url}?wall=explore"
    posts.withdraw(asset=hung[2], owner=hung[2].owner)
    assert walk(browse(None), hung[0], "next", "explore") == f"{hung[3].url}?wall=explore"


@pytest.mark.parametrize("wall", ["x", "", "\x00"])
def test_an_unknown_wall_is_400(browse: As, hung: list[Asset], wall: str) -> None:
    for address in (hung[0].url, f"{hung[0].url}/next"):
        assert browse(None).get(address, {"wall": wall}).status_code == 400


def test_a_step_costs_two_queries(
    browse: As, hung: list[Asset], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        walk(browse(None), hung[0], "next", "explore")
