"""/files/...: the bytes of a picture, for whoever may see it at this moment."""

import pytest
from django.core.files.storage import default_storage

from accounts.models import User
from gallery import posts
from generation import renditions
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
    for width in renditions.widths(asset):
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
