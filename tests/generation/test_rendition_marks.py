"""The pictures that pages show say where they come from, and nothing of how they were made."""

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from accounts.models import User
from generation import metadata, renditions
from generation.metadata import xmp
from generation.models import Asset, InferenceModel
from tests.browsers import As
from tests.files import attributes, picture
from tests.pictures import PROMPT, one, show

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["avif", "webp"])
@pytest.mark.parametrize(
    ("provider", "source"), [("demo", "algorithmicMedia"), ("replicate", "trainedAlgorithmicMedia")]
)
def test_a_rendition_names_its_source_type_and_nothing_else(alice: User, kind: str, provider: str, source: str) -> None:
    asset = one(alice)
    InferenceModel.objects.filter(slug="demo").update(provider=provider)
    renditions.make(asset_id=asset.pk)
    with default_storage.open(renditions.key(asset, 320, kind)) as file:
        data = file.read()
    assert attributes(data) == {"DigitalSourceType": f"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"}
    assert metadata.find(data) is None
    assert PROMPT.encode() not in data


def test_what_a_stranger_gets_before_there_are_renditions_says_so_too(alice: User, browse: As) -> None:
    asset = one(alice)
    show(asset, hide_prompt=True)
    answer: Any = browse(None).get(f"/files/{asset.code}/320.webp")
    data = answer.getvalue()
    assert attributes(data)["DigitalSourceType"].endswith("/algorithmicMedia")
    assert b"secret words" not in data


def test_a_mark_is_short() -> None:
    """It goes with every thumbnail."""
    assert len(xmp.mark(metadata.Source.MODEL)) < 400


def test_a_stored_picture_that_lies_on_its_head_is_shown_upright(alice: User) -> None:
    asset, stored, exif = one(alice), io.BytesIO(), Image.Exif()
    exif[0x0112] = 3
    drawn = Image.new("RGB", (48, 32), "white")
    drawn.paste("black", (0, 0, 24, 32))
    drawn.save(stored, "PNG", exif=exif)
    default_storage.delete(asset.storage_key)
    default_storage.save(asset.storage_key, io.BytesIO(stored.getvalue()))
    renditions.make(asset_id=Asset.objects.get(pk=asset.pk).pk)
    with default_storage.open(renditions.key(asset, 320, "webp")) as file:
        shown = picture(file.read()).convert("L")
    assert shown.getpixel((6, 16)) > 200  # type: ignore[operator]
    assert shown.getpixel((42, 16)) < 50  # type: ignore[operator]
