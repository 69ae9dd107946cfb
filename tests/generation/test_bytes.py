"""What a provider may send, and what is kept of it."""

import hashlib
import io
import struct
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from accounts.models import User
from generation import intake, lanes, renditions, tones
from generation.models import Job
from generation.providers.base import Output
from tests import pictures
from tests.uploads import scanned

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(alice: User) -> Job:
    pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    claimed = lanes.claim(lane="providers")
    assert claimed
    return claimed


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def keep(job: Job, data: bytes) -> intake.Stored:
    return intake.keep(job=job, output=Output(0, data, 1))


RED = Image.new("RGB", (64, 48), "#b9583a")


@pytest.mark.parametrize(
    ("kind", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_plain_pictures_are_kept_byte_for_byte(job: Job, kind: str, content_type: str) -> None:
    data = encoded(RED, kind)
    stored = keep(job, data)
    with default_storage.open(stored.storage_key) as file:
        assert file.read() == data
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert (stored.size_bytes, stored.content_type) == (len(data), content_type)
    assert (stored.width, stored.height, stored.tone) == (64, 48, "ember")
    assert stored.storage_key.startswith("images/")
    assert "/demo_" in stored.storage_key


@pytest.mark.parametrize(
    "data",
    [
        encoded(RED.convert("CMYK"), "JPEG"),
        encoded(RED, "TIFF"),
        encoded(RED, "GIF"),
        encoded(RED, "WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48))], duration=100),
        encoded(RED.convert("P"), "PNG"),
    ],
)
def test_other_pictures_are_made_plain(job: Job, data: bytes) -> None:
    stored = keep(job, data)
    with default_storage.open(stored.storage_key) as file, Image.open(file) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (64, 48))


def test_a_turned_photograph_is_stored_upright(job: Job) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = keep(job, encoded(RED, "JPEG", exif=exif))
    assert (stored.width, stored.height) == (48, 64)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>no</html>", encoded(RED, "PNG")[:40], b"\x89PNG\r\n\x1a\n<script>", b"\0" * 1000, b"%PDF-1.7"],
)
def test_what_is_no_picture_is_unreadable(job: Job, data: bytes) -> None:
    with pytest.raises(intake.Unreadable):
        keep(job, data)


def test_a_truncated_file_is_unreadable(job: Job) -> None:
    data = encoded(Image.effect_noise((200, 200), 80).convert("RGB"), "JPEG")
    with pytest.raises(intake.Unreadable):
        keep(job, data[: len(data) // 2])


def test_a_bomb_is_refused_before_it_is_decoded(job: Job) -> None:
    with pytest.raises(intake.Unreadable, match="pixels"):
        keep(job, encoded(Image.new("1", (20_000, 20_000)), "PNG"))


def test_renditions_are_never_wider_than_the_picture(alice: User) -> None:
    asset = pictures.one(alice)  # 48 px wide
    renditions.make(asset_id=asset.pk)
    asset.refresh_from_db()
    assert asset.rendition_widths == [320]
    with default_storage.open(renditions.key(asset, 320, "avif")) as file, Image.open(file) as picture:
        assert picture.size == (48, 32)
    renditions.make(asset_id=asset.pk)  # again changes nothing


@pytest.mark.parametrize(("name", "color"), tones.TONES.items())
def test_each_tone_is_nearest_to_itself(name: str, color: str) -> None:
    assert tones.of(Image.new("RGB", (10, 10), color))[1] == name


def test_no_decoder_that_starts_a_program_is_given_the_bytes(job: Job) -> None:
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n%%EndComments\nshowpage\n%%EOF\n"
    assert Image.open(io.BytesIO(data)).format == "EPS"
    with pytest.raises(intake.Unreadable, match="cannot identify"):
        keep(job, data)


@pytest.mark.parametrize("error", [IndexError("index"), struct.error("unpack"), RuntimeError("decoder")])
def test_whatever_a_decoder_trips_over_is_unreadable(
    job: Job, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(_: Any) -> None:
        raise error

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(intake.Unreadable):
        keep(job, encoded(RED, "PNG"))


def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded(job: Job) -> None:
    with pytest.raises(intake.Unreadable, match="scans"):
        keep(job, scanned(1000))
