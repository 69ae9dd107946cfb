"""A 3D model from the order to the shelf: made, checked, kept with its poster, shown, downloaded."""

import hashlib
import io

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.http import HttpResponseBase
from PIL import Image

from accounts.models import User
from credits import statements
from gallery import posts
from generation import intake, lanes, renditions
from generation.models import Asset, Job, JobState
from generation.providers.base import Output
from generation.providers.demo.sculpt import sculpt
from generation.solid import glb, poster
from tests import pictures, solids
from tests.browsers import As

pytestmark = pytest.mark.django_db


def begun(owner: User, *, slug: str = "demo-3d") -> Job:
    """A job that a worker has taken."""
    job = pictures.submit(owner, pictures=1, prompt="A vase", ratio="1:1", model=pictures.listed(slug))
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    return claimed


def keep(job: Job, data: bytes) -> intake.Stored:
    return intake.keep(job=job, output=Output(0, data, 1))


def body(response: HttpResponseBase) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_a_job_becomes_a_model_with_a_poster(alice: User) -> None:
    asset = pictures.solid(alice)
    job = asset.job
    assert job.state == JobState.SUCCEEDED
    charges = statements.of_subject(job.subject)
    assert (charges.reserved, charges.open) == (job.model.price_credits, 0)
    assert 0 < charges.captured <= charges.reserved
    assert (asset.kind, asset.content_type, asset.seed) == ("3d", "model/gltf-binary", job.seed)
    with default_storage.open(asset.storage_key) as file:
        data = file.read()
    assert asset.storage_key.startswith("models/")
    assert asset.storage_key.endswith(".glb")
    assert (asset.sha256, asset.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert asset.triangles == glb.read(data).triangles
    assert asset.poster_key.startswith("images/")
    with default_storage.open(asset.poster_key) as file, Image.open(file) as picture:
        assert (picture.format, picture.size) == ("PNG", (asset.width, asset.height))
    renditions.make(asset_id=asset.pk)
    with default_storage.open(renditions.key(asset, 640, "webp")) as file, Image.open(file) as picture:
        assert picture.size == (640, 640)


def test_its_bytes_are_its_owners_until_they_are_shown(alice: User, charlie: User, gwen: User, browse: As) -> None:
    asset = pictures.solid(alice)
    mine = browse(alice).get(asset.model_url)
    assert (mine.status_code, mine.headers["Content-Type"]) == (200, "model/gltf-binary")
    assert mine.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in mine.headers["Content-Security-Policy"]
    assert hashlib.sha256(body(mine)).hexdigest() == asset.sha256
    assert browse(alice).get(asset.src).headers["Content-Type"] == "image/png"
    for other in (charlie, gwen, None):
        assert browse(other).get(asset.model_url).status_code == 404
        assert browse(other).get(asset.src).status_code == 404
        assert browse(other).get(f"{asset.url}/download?format=glb").status_code == 404
    pictures.show(asset)
    theirs = browse(None).get(asset.model_url)
    assert (theirs.status_code, theirs.headers["Cache-Control"]) == (200, "public, max-age=300")
    posts.withdraw(asset=asset, owner=alice)
    assert browse(None).get(asset.model_url).status_code == 404
    assert browse(alice).post(asset.model_url).status_code == 405
    default_storage.delete(asset.storage_key)
    assert browse(alice).get(asset.model_url).status_code == 404


def test_its_words_stay_with_its_owner_while_the_prompt_is_hidden(alice: User, charlie: User, browse: As) -> None:
    asset = pictures.solid(alice)
    pictures.show(asset, hide_prompt=True)
    for door in (asset.model_url, f"{asset.url}/download?format=glb"):
        mine, theirs = body(browse(alice).get(door)), body(browse(charlie).get(door))
        assert f'"seed":{asset.seed}'.encode() in mine
        assert str(asset.seed).encode() not in theirs
        assert b"extras" not in theirs
        assert glb.read(theirs).triangles == asset.triangles


def test_a_model_is_downloaded_as_it_is_or_as_its_poster(alice: User, browse: As) -> None:
    asset = pictures.solid(alice)
    for said in ("", "?format=original", "?format=glb"):
        response = browse(alice).get(f"{asset.url}/download{said}")
        assert response.headers["Content-Type"] == "model/gltf-binary"
        assert response.headers["Content-Disposition"].startswith('attachment; filename="Atelier Model ')
        assert response.headers["Content-Disposition"].endswith('.glb"')
        assert glb.read(body(response)).triangles == asset.triangles
    for kind in ("png", "jpeg", "webp"):
        response = browse(alice).get(f"{asset.url}/download?format={kind}")
        with Image.open(io.BytesIO(body(response))) as picture:
            assert (picture.format, picture.width) == (kind.upper(), asset.width)


def test_a_picture_is_no_model(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    assert browse(alice).get(asset.model_url).status_code == 404
    assert browse(alice).get(f"{asset.url}/download?format=glb").status_code == 400


def test_what_a_model_makes_decides_what_is_accepted(alice: User) -> None:
    vase = sculpt(prompt="A vase", seed=1)
    solid, picture = begun(alice), begun(alice, slug="demo")
    with pytest.raises(intake.Unreadable):
        keep(solid, pictures.png(1))
    with pytest.raises(intake.Unreadable):
        keep(picture, vase)
    with pytest.raises(intake.Unreadable, match="address"):
        keep(solid, solids.changed(vase, lambda document: document["buffers"][0].update(uri="other.bin")))


def test_a_model_that_nothing_points_at_leaves_nothing(alice: User) -> None:
    stored = keep(begun(alice), sculpt(prompt="A crystal", seed=1))
    assert all(default_storage.exists(key) for key in (stored.storage_key, stored.poster_key))
    intake.discard([stored])
    assert not any(default_storage.exists(key) for key in (stored.storage_key, stored.poster_key))


def test_a_model_without_extent_is_kept_with_a_plain_poster(alice: User) -> None:
    stored = keep(begun(alice), solids.flattened(sculpt(prompt="A crystal", seed=1)))
    with default_storage.open(stored.poster_key) as file, Image.open(file) as picture:
        assert picture.tobytes() == poster.cube().tobytes()


def test_the_database_wants_a_poster_with_every_model(alice: User) -> None:
    asset = pictures.one(alice)
    with pytest.raises(IntegrityError, match="asset_of_3d_has_a_poster"), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(kind="3d")
