"""/files/...: the bytes of a picture, for whoever may see it at this moment."""

from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.models import User
from gallery import posts
from generation import renditions
from generation.models import Asset
from tests import pictures
from tests.browsers import As

pytestmark = pytest.mark.django_db


def test_a_private_picture_is_its_owners_and_in_no_cache(alice: User, charlie: User, gwen: User, browse: As) -> None:
    asset = pictures.one(alice)
    mine = browse(alice).get(asset.src)
    assert mine.status_code == 200
    assert mine.headers["Cache-Control"] == "private, no-store"
    for other in (charlie, gwen, None):
        assert browse(other).get(asset.src).status_code == 404


@pytest.mark.parametrize("visibility", ["unlisted", "public"])
def test_a_shown_picture_is_everybodys_until_it_is_withdrawn(alice: User, browse: As, visibility: str) -> None:
    asset = pictures.one(alice)
    pictures.show(asset, visibility=visibility)
    response = browse(None).get(asset.src)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "public, max-age=300")
    posts.withdraw(asset=asset, owner=alice)
    assert browse(None).get(asset.src).status_code == 404


@pytest.mark.parametrize("name", ["321.webp", "640.png", "640.html", "0.webp", "99999999999999999999.webp", "640.WEBP"])
def test_other_widths_and_types_are_not_there(alice: User, browse: As, name: str) -> None:
    asset = pictures.one(alice)
    assert browse(alice).get(f"/files/{asset.code}/{name}").status_code == 404


def test_bytes_run_nothing_in_a_browser(alice: User, browse: As) -> None:
    headers = browse(alice).get(pictures.one(alice).src).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Type"].startswith("image/")


def test_an_object_that_vanished_is_404_not_a_crash(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    for width in asset.rendition_widths:
        default_storage.delete(renditions.key(asset, width, "webp"))
    assert browse(alice).get(asset.src).headers["Content-Type"] == "image/png"  # the original stands in
    default_storage.delete(asset.storage_key)
    assert browse(alice).get(asset.src).status_code == 404


def test_before_its_renditions_are_there_a_stranger_gets_no_metadata(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    pictures.show(asset, hide_prompt=True)
    mine, theirs = browse(alice).get(asset.src), browse(None).get(asset.src)
    assert b"secret words" in b"".join(mine.streaming_content)  # type: ignore[attr-defined]
    assert theirs.headers["Content-Type"] == "image/webp"
    assert b"secret words" not in b"".join(theirs.streaming_content)  # type: ignore[attr-defined]


def test_every_url_of_a_page_names_a_width_that_exists(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    for _, srcset in asset.sources:
        for url in (part.split()[0] for part in srcset.split(", ")):
            assert browse(alice).get(url).status_code == 200


def test_files_are_only_read(alice: User, browse: As) -> None:
    assert browse(alice).post(pictures.one(alice).src).status_code == 405


# --- Asked again, asked for the head ---------------------------------------------------------------------------------


@pytest.fixture
def shown(alice: User) -> Asset:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset)
    asset.refresh_from_db()
    return asset


@pytest.mark.usefixtures("anywhere")
def test_who_has_the_bytes_already_is_told_so(alice: User, browse: As, shown: Asset) -> None:
    first = browse(None).get(shown.src)
    assert first["ETag"].startswith('"')
    assert int(first["Content-Length"]) == len(b"".join(first.streaming_content))  # type: ignore[attr-defined]
    again = browse(None).get(shown.src, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "public, max-age=300"
    assert browse(None).get(shown.src, headers={"If-None-Match": '"other"'}).status_code == 200
    other_kind = browse(None).get(shown.src.replace("webp", "avif"))
    assert other_kind["ETag"] != first["ETag"]


@pytest.mark.usefixtures("anywhere")
def test_a_tag_is_of_these_bytes_and_no_others(alice: User, browse: As, shown: Asset) -> None:
    before = browse(None).get(shown.src)["ETag"]
    Asset.objects.update(rendered_at=None)
    assert "ETag" not in browse(None).get(shown.src).headers  # encoded for this answer alone
    renditions.make(asset_id=shown.pk)
    assert browse(None).get(shown.src)["ETag"] != before


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("old", ['"{}"', "*", 'W/"{}"'])
def test_an_old_tag_opens_nothing_once_the_picture_is_withdrawn(
    alice: User, browse: As, shown: Asset, old: str
) -> None:
    tag = browse(None).get(shown.src)["ETag"].strip('"')
    posts.withdraw(asset=shown, owner=alice)
    for method in ("get", "head"):
        answer = getattr(browse(None), method)(shown.src, headers={"If-None-Match": old.format(tag)})
        assert (answer.status_code, "ETag" in answer.headers) == (404, False)


@pytest.mark.usefixtures("anywhere")
def test_a_head_says_what_a_get_would(browse: As, shown: Asset) -> None:
    head, get = browse(None).head(shown.src), browse(None).get(shown.src)
    assert head.status_code == 200
    for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control", "Content-Security-Policy"):
        assert head[name] == get[name]


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("method", ["get", "head"])
def test_the_bytes_cost_one_query(
    alice: User, browse: As, shown: Asset, django_assert_num_queries: Any, method: str
) -> None:
    clients = [browse(alice), browse(None)]
    for client in clients:
        client.get(shown.src)  # the session is in the cache from here on
        with django_assert_num_queries(1):
            getattr(client, method)(shown.src)


def test_the_owners_original_that_stands_in_is_in_no_cache(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    pictures.show(asset, hide_prompt=True)
    assert browse(alice).get(asset.src)["Cache-Control"] == "private, no-store"
    assert browse(None).get(asset.src)["Cache-Control"] == "public, max-age=300"


def test_a_width_beyond_the_pictures_own_is_the_widest_there_is(browse: As, shown: Asset) -> None:
    wide, own = (browse(None).get(f"/files/{shown.code}/{width}.webp") for width in (1280, 320))
    assert b"".join(wide.streaming_content) == b"".join(own.streaming_content)  # type: ignore[attr-defined]
    assert wide["ETag"] == own["ETag"]


# --- Levels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["nudity", "explicit"])
@pytest.mark.parametrize("visibility", ["unlisted", "public"])
def test_bytes_beyond_the_first_two_levels_are_for_accounts(
    alice: User, charlie: User, gwen: User, browse: As, level: str, visibility: str
) -> None:
    asset = pictures.solid(alice)
    pictures.show(asset, level=level, visibility=visibility)
    downloads = [f"{asset.url}/download?format={wanted}" for wanted in ("glb", "png")]
    for address in (asset.src, asset.model_url, *downloads):
        statuses = [browse(person).get(address).status_code for person in (alice, charlie, gwen, None)]
        refusal = 302 if address in downloads else 404  # whoever presses a button is told what would help: an account
        assert statuses == [200, 200, refusal, refusal], address
    assert browse(charlie).get(asset.src)["Cache-Control"] == "private, no-cache"


def test_a_guest_gets_their_own_bytes_whatever_their_level(gwen: User, browse: As) -> None:
    asset = pictures.one(gwen)
    Asset.objects.update(level="explicit")
    assert browse(gwen).get(asset.src).status_code == 200
    assert browse(gwen).get(f"{asset.url}/download").status_code == 200


@pytest.mark.parametrize("level", ["general", "suggestive"])
def test_the_first_two_levels_are_everybodys(alice: User, browse: As, level: str) -> None:
    asset = pictures.one(alice)
    pictures.show(asset, level=level)
    assert browse(None).get(asset.src).status_code == 200
