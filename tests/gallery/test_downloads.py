"""Downloads: the name, the bytes, what is written inside, and for whom."""

import io
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.core.files.storage import default_storage
from django.http import FileResponse
from PIL import Image

from accounts.models import User
from generation.models import Asset
from tests.browsers import As
from tests.pictures import PROMPT, one, png, show

NAME = "Atelier Image Jun 18, 2026, 06_30_00 PM"


@pytest.fixture
def asset(alice: User) -> Asset:
    made = one(alice)
    Asset.objects.filter(pk=made.pk).update(created_at=datetime(2026, 6, 18, 18, 30, tzinfo=UTC))
    return made


def fetch(browse: As, user: User | None, asset: Asset, wanted: str) -> tuple[Any, bytes]:
    answer = browse(user).get(f"{asset.url}/download", {"format": wanted} if wanted else {})
    assert isinstance(answer, FileResponse)
    return answer, answer.getvalue()


def packet(image: Image.Image) -> dict[str, str]:
    """The attributes of a file's XMP packet, without their namespaces."""
    raw = image.info["xmp"]
    text = raw.decode() if isinstance(raw, bytes) else raw
    (description,) = ElementTree.fromstring(text).iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {name.rpartition("}")[2]: value for name, value in description.attrib.items()}


@pytest.mark.parametrize("wanted", ["original", ""])
def test_the_original_keeps_its_bytes(browse: As, alice: User, asset: Asset, wanted: str) -> None:
    answer, data = fetch(browse, alice, asset, wanted)
    assert data == png(asset.seed or 0)
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Length"] == str(len(data))
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}.png"'


@pytest.mark.parametrize(
    ("wanted", "kind", "extension"), [("png", "PNG", "png"), ("jpeg", "JPEG", "jpg"), ("webp", "WEBP", "webp")]
)
def test_other_formats_are_converted_and_say_how_the_picture_was_made(
    browse: As, alice: User, asset: Asset, wanted: str, kind: str, extension: str
) -> None:
    answer, data = fetch(browse, alice, asset, wanted)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == (kind, (48, 32))
        inside = packet(image)
    assert answer["Content-Type"] == f"image/{wanted}"
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}.{extension}"'
    assert inside["DigitalSourceType"].endswith("/algorithmicMedia")
    assert (inside["prompt"], inside["seed"], inside["model"]) == (PROMPT, str(asset.seed), "Demo")


def test_a_png_tells_its_settings_in_plain_text_too(browse: As, alice: User, asset: Asset) -> None:
    _, data = fetch(browse, alice, asset, "png")
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["prompt"] == PROMPT
        assert image.info["seed"] == str(asset.seed)
        assert image.info["model"] == "Demo"


@pytest.mark.parametrize("wanted", ["original", "png", "jpeg", "webp"])
def test_a_hidden_prompt_is_in_no_file_that_others_get(browse: As, charlie: User, asset: Asset, wanted: str) -> None:
    show(asset, hide_prompt=True)
    _, data = fetch(browse, charlie, asset, wanted)
    for secret in (PROMPT, "secret words", str(asset.seed)):
        assert secret.encode() not in data
    assert b"algorithmicMedia" in data
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (48, 32)


def test_the_owner_of_a_hidden_prompt_still_gets_the_original(browse: As, alice: User, asset: Asset) -> None:
    show(asset, hide_prompt=True)
    assert fetch(browse, alice, asset, "original")[1] == png(asset.seed or 0)


@pytest.mark.parametrize("title", ['"; filename="evil.exe', "a\r\nX-Evil: 1", "../../etc/passwd", "🌊 моя картина"])
def test_no_title_reaches_the_name(browse: As, asset: Asset, title: str) -> None:
    show(asset, title=title)
    answer, _ = fetch(browse, None, asset, "jpeg")
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}.jpg"'
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    ("hour", "clock"), [(0, "12_05_09 AM"), (9, "09_05_09 AM"), (12, "12_05_09 PM"), (23, "11_05_09 PM")]
)
def test_the_clock_of_the_name_has_two_halves(browse: As, asset: Asset, alice: User, hour: int, clock: str) -> None:
    Asset.objects.filter(pk=asset.pk).update(created_at=datetime(2026, 1, 2, hour, 5, 9, tzinfo=UTC))
    answer, _ = fetch(browse, alice, asset, "png")
    assert f"Jan 02, 2026, {clock}.png" in answer["Content-Disposition"]


def test_a_prompt_with_markup_and_control_characters_makes_no_broken_file(browse: As, alice: User) -> None:
    asset = one(alice, prompt='Tide & "time" <wait> {for} no\x0bone 🌊')
    for wanted in ("png", "jpeg", "webp"):
        _, data = fetch(browse, alice, asset, wanted)
        with Image.open(io.BytesIO(data)) as image:
            assert packet(image)["prompt"] == 'Tide & "time" <wait> {for} noone 🌊'


def test_transparent_pictures_become_white_in_a_jpeg(browse: As, alice: User, asset: Asset) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (48, 32), (200, 0, 0, 0)).save(buffer, "PNG")
    default_storage.delete(asset.storage_key)
    default_storage.save(asset.storage_key, buffer)
    _, data = fetch(browse, alice, asset, "jpeg")
    with Image.open(io.BytesIO(data)) as image:
        red, green, blue = image.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert min(red, green, blue) > 250


@pytest.mark.parametrize("wanted", ["gif", "glb", "PNG", "", "original\x00", "../png"])
def test_an_unknown_format_is_400(browse: As, alice: User, asset: Asset, wanted: str) -> None:
    assert browse(alice).get(f"{asset.url}/download", {"format": wanted}).status_code == 400


def test_strangers_and_visitors_get_404_until_it_is_shown(browse: As, charlie: User, asset: Asset) -> None:
    for user in (charlie, None):
        assert browse(user).get(f"{asset.url}/download").status_code == 404
    show(asset, visibility="unlisted")
    for user in (charlie, None):
        assert browse(user).get(f"{asset.url}/download").status_code == 200


def test_an_absent_picture_is_404_and_only_get_reads(browse: As, alice: User, asset: Asset) -> None:
    assert browse(alice).get(f"/art/{uuid4()}/download").status_code == 404
    assert browse(alice).post(f"{asset.url}/download").status_code == 405


@pytest.mark.parametrize("wanted", ["original", "jpeg"])
def test_a_missing_object_is_404_and_the_page_still_stands(browse: As, alice: User, asset: Asset, wanted: str) -> None:
    default_storage.delete(asset.storage_key)
    assert browse(alice).get(f"{asset.url}/download", {"format": wanted}).status_code == 404
    assert browse(alice).get(asset.url).status_code == 200


def test_the_page_offers_every_format(browse: As, alice: User, asset: Asset) -> None:
    page = browse(alice).get(asset.url).content.decode()
    assert re.findall(r"/download\?format=(\w+)", page) == ["original", "png", "jpeg", "webp"]
