"""Who sees a picture: every kind of viewer at every door, and that withdrawing acts at once everywhere."""

import pytest
from django.test import Client

from accounts.models import User
from gallery import posts
from gallery.models import Visibility
from generation.models import Asset
from tests.browsers import As
from tests.pictures import PROMPT, one, show

DOORS = ("page", "download", "bytes")
VIEWERS = ("owner", "stranger", "guest", "nobody")


@pytest.fixture
def viewers(browse: As, alice: User, charlie: User, gwen: User) -> dict[str, Client]:
    return {"owner": browse(alice), "stranger": browse(charlie), "guest": browse(gwen), "nobody": browse(None)}


def statuses(client: Client, asset: Asset) -> set[int]:
    addresses = (asset.url, f"{asset.url}/download?format=original", asset.src)
    return {client.get(address).status_code for address in addresses}


def on_a_wall(client: Client, asset: Asset) -> dict[str, bool]:
    handle = asset.owner.handle
    walls = {"explore": "/explore", "latest": "/explore/latest", "artist": f"/@{handle}"}
    return {name: asset.url in client.get(address).content.decode() for name, address in walls.items()}


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("visibility", [*Visibility.values, "withdrawn"])
def test_everyone_sees_what_they_may_and_nothing_else(
    viewers: dict[str, Client], alice: User, viewer: str, visibility: str
) -> None:
    asset = one(alice)
    if visibility != Visibility.PRIVATE:
        show(asset, visibility=Visibility.PUBLIC if visibility == "withdrawn" else visibility)
    if visibility == "withdrawn":
        posts.withdraw(asset=asset, owner=alice)
    is_shown = visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    assert statuses(viewers[viewer], asset) == {200 if is_shown or viewer == "owner" else 404}
    is_public = visibility == Visibility.PUBLIC
    assert on_a_wall(viewers[viewer], asset) == {"explore": is_public, "latest": is_public, "artist": is_public}


def test_a_hidden_picture_and_an_absent_one_have_the_same_answer(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    client = browse(charlie)
    hidden = client.get(asset.url)
    absent = client.get("/art/00000000-0000-7000-8000-000000000000")
    assert hidden.status_code == absent.status_code == 404
    assert _without_token(hidden.content) == _without_token(absent.content)


def _without_token(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if b"csrf" not in line]


def test_a_withdrawn_picture_is_gone_for_others_at_once(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    show(asset)
    stranger = browse(charlie)
    assert statuses(stranger, asset) == {200}
    browse(alice).post(f"{asset.url}/withdraw")
    assert statuses(stranger, asset) == {404}
    assert not any(on_a_wall(stranger, asset).values())


def test_the_asset_has_the_last_word_over_a_post_that_was_forgotten(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    Asset.objects.filter(pk=asset.pk).update(visibility=Visibility.PRIVATE)
    assert not any(on_a_wall(browse(None), asset).values())


def test_a_deleted_picture_is_gone_even_for_its_owner(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    Asset.objects.filter(pk=asset.pk).update(deleted_at="2026-01-01T00:00:00Z")
    assert statuses(browse(alice), asset) == {404}
    assert not any(on_a_wall(browse(None), asset).values())
    assert asset.url not in browse(alice).get("/library").content.decode()


def test_a_hidden_prompt_is_nowhere_on_the_pages_of_others(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice, negative_prompt="no ships at all")
    show(asset, hide_prompt=True, title="Harbour")
    for address in (asset.url, "/explore", "/explore/latest", "/@alice"):
        page = browse(charlie).get(address).content.decode()
        assert "Harbour" in page
        assert PROMPT not in page
        assert "no ships" not in page
        assert f">{asset.seed}<" not in page
        assert f"{asset.url}/remix" not in page


def test_the_owner_reads_their_own_hidden_prompt(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset, hide_prompt=True)
    page = browse(alice).get(asset.url).content.decode()
    assert PROMPT in page
    assert f"{asset.url}/remix" in page


def test_guests_see_the_first_two_levels_on_walls_and_accounts_see_more(
    browse: As, alice: User, charlie: User, gwen: User
) -> None:
    asset = one(alice)
    show(asset, level="nudity")
    assert not any(on_a_wall(browse(None), asset).values())
    assert not any(on_a_wall(browse(gwen), asset).values())
    assert all(on_a_wall(browse(charlie), asset).values())


def test_pages_of_single_pictures_are_kept_by_no_cache(browse: As, alice: User) -> None:
    asset = one(alice)
    client = browse(alice)
    for address in (asset.url, f"{asset.url}/download", "/library"):
        assert "no-store" in client.get(address)["Cache-Control"]
