"""What people upload, good and hostile: either it is drawn anew, clean and small, or it is refused and told why."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from generation import uploads
from generation.errors import BadReference
from tests.uploads import scanned

SECRET = "48.8583 N, 2.2944 E, serial 0815"


def written(picture: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (120, 80)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, (220, 20, 20))
    picture.paste((20, 20, 220), (size[0] // 2, 0, *size))
    return picture.convert(mode)


def read(data: bytes) -> Image.Image:
    """The clean picture of an upload, decoded; that it is clean is asserted of every one."""
    made = uploads.clean(io.BytesIO(data))
    picture = Image.open(io.BytesIO(made.data))
    picture.load()
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (made.width, made.height))
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not picture.getexif()
    assert max(picture.size) <= 2048
    assert len(made.data) <= 2_000_000
    return picture


def refused(data: bytes) -> BadReference:
    with pytest.raises(BadReference) as caught:
        uploads.clean(io.BytesIO(data))
    return caught.value


def is_near(color: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 24 for a, b in zip(color, wanted, strict=True))


# --- Welcome ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_plain_pictures_come_out_as_they_look(kind: str, mode: str) -> None:
    picture = read(written(halves(mode), kind))
    assert picture.size == (120, 80)
    assert is_near(picture.getpixel((20, 40)), halves(mode).convert("RGB").getpixel((20, 40)))  # type: ignore[arg-type]


def _cmyk() -> bytes:
    return written(halves("CMYK"), "JPEG")


def _palette() -> bytes:
    return written(halves().quantize(4), "PNG")


def _sixteen_bit_grey() -> bytes:
    return written(Image.new("I;16", (60, 40), 0xC0C0), "PNG")


def _sixteen_bit_colour() -> bytes:
    """By hand: Pillow writes no such file."""
    rows = b"".join(b"\x00" + struct.pack(">HHH", 0xDC00, 0x1400, 0x1400) * 60 for _ in range(40))
    return _png(60, 40, rows, depth=16)


def _see_through() -> bytes:
    picture = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    return written(picture, "PNG")


def _see_through_palette() -> bytes:
    picture = Image.new("P", (60, 40), 0)
    picture.putpalette([0, 0, 0] * 256)
    return written(picture, "PNG", transparency=0)


def _multi_picture() -> bytes:
    """As cameras and telephones write it: a JPEG with a second one behind it."""
    return written(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (30, 20))])


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (_cmyk, (220, 20, 20)),
        (_palette, (220, 20, 20)),
        (_sixteen_bit_grey, (192, 192, 192)),
        (_sixteen_bit_colour, (220, 20, 20)),
        (_see_through, (255, 255, 255)),
        (_see_through_palette, (255, 255, 255)),
        (_multi_picture, (220, 20, 20)),
    ],
)
def test_unusual_pictures_are_made_ordinary(made: Callable[[], bytes], wanted: tuple[int, int, int]) -> None:
    assert is_near(read(made()).getpixel((10, 20)), wanted)


def test_a_sideways_photograph_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to look right
    picture = read(written(halves(), "JPEG", exif=exif))
    assert picture.size == (80, 120)
    assert is_near(picture.getpixel((40, 10)), (220, 20, 20))
    assert is_near(picture.getpixel((40, 110)), (20, 20, 220))


def _with_exif(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = SECRET
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    return written(halves(), kind, exif=exif)


def _with_text() -> bytes:
    told = PngInfo()
    told.add_text("parameters", SECRET)
    told.add_itxt("XML:com.adobe.xmp", SECRET)
    return written(halves(), "PNG", pnginfo=told)


def _with_comment() -> bytes:
    return written(halves(), "JPEG", comment=SECRET.encode())


def _with_something_behind() -> bytes:
    return written(halves(), "JPEG") + b"<script>" + SECRET.encode() + b"</script>"


@pytest.mark.parametrize(
    "made",
    [
        lambda: _with_exif("JPEG"),
        lambda: _with_exif("PNG"),
        lambda: _with_exif("WEBP"),
        _with_text,
        _with_comment,
        _with_something_behind,
        lambda: written(halves(), "WEBP", xmp=SECRET.encode()),
    ],
)
def test_nothing_but_pixels_is_kept(made: Callable[[], bytes]) -> None:
    assert SECRET.encode() in made()
    read(made())
    assert SECRET.encode() not in uploads.clean(io.BytesIO(made())).data


def test_a_colour_profile_is_applied_and_goes() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert is_near(read(written(halves(), "PNG", icc_profile=lab)).getpixel((20, 40)), (220, 20, 20))


@pytest.mark.parametrize("size", [16, 4_000, 3_000_000])
def test_a_broken_or_huge_profile_is_dropped(size: int) -> None:
    sent = written(halves(), "JPEG", icc_profile=os.urandom(size))
    assert is_near(read(sent).getpixel((20, 40)), (220, 20, 20))


def test_metadata_that_cannot_be_read_turn_nothing() -> None:
    assert read(written(halves(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")).size == (120, 80)


def test_a_large_picture_is_brought_down() -> None:
    assert read(written(halves(size=(6000, 3000)), "JPEG")).size == (2048, 1024)


def test_noise_is_made_small_enough() -> None:
    noise = Image.frombytes("RGB", (1800, 1800), os.urandom(1800 * 1800 * 3))
    assert read(written(noise, "JPEG", quality=95)).size == (1800, 1800)


# --- Refused ---------------------------------------------------------------------------------------------------------


def _png(width: int, height: int, rows: bytes, *, depth: int = 8) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _animated(kind: str) -> bytes:
    return written(halves(), kind, save_all=True, append_images=[Image.new("RGB", (120, 80))], duration=100)


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 200
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 200
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


HOSTILE: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "nothing": (lambda: b"", 422, "empty"),
    "SVG": (lambda: SVG, 415, "This is an SVG drawing"),
    "HTML": (lambda: HTML, 415, "This is a web page"),
    "HTML behind PNG magic": (lambda: b"\x89PNG\r\n\x1a\n" + HTML, 415, "begins like a picture"),
    "HTML behind JPEG magic": (lambda: b"\xff\xd8\xff\xe0" + HTML, 415, "begins like a picture"),
    "PDF": (lambda: b"%PDF-1.7 and so on", 415, "This is a PDF"),
    "HEIC": (lambda: HEIC, 415, "This is a HEIC picture"),
    "MP4": (lambda: MP4, 415, "This is a video"),
    "ZIP": (lambda: b"PK\x03\x04 and so on", 415, "This is an archive"),
    "text": (lambda: b"just text", 415, "no picture that we can read"),
    "GIF": (lambda: _animated("GIF"), 415, "This is a GIF"),
    "TIFF": (lambda: written(halves(), "TIFF"), 415, "This is a TIFF"),
    "moving WebP": (lambda: _animated("WEBP"), 422, "The picture moves"),
    "moving PNG": (lambda: _animated("PNG"), 422, "The picture moves"),
    "half a JPEG": (lambda: written(halves(size=(400, 300)), "JPEG")[:-900], 422, "damaged or incomplete"),
    "half a PNG": (lambda: written(halves(size=(400, 300)), "PNG")[:-90], 422, "damaged or incomplete"),
    "half a WebP": (lambda: written(halves(size=(400, 300)), "WEBP")[:-30], 415, "begins like a picture"),
    "a PNG without its rows": (lambda: _png(60, 40, b"too few rows"), 422, "damaged or incomplete"),
    "a bomb": (lambda: _png(20_000, 20_000, b""), 413, "more than 40 megapixels"),
    "a little too much": (lambda: _png(8000, 5001, b""), 413, "more than 40 megapixels"),
    "a long bomb": (lambda: _png(1_000_000, 401, b""), 413, "more than 40 megapixels"),
    "a splinter": (lambda: written(halves(size=(15, 400)), "PNG"), 422, "too narrow"),
    "a thread": (lambda: written(Image.new("L", (30_000, 20)), "PNG"), 422, "too narrow"),
    "a huge profile": (lambda: written(halves(), "PNG", icc_profile=b"\x00" * 3_000_000), 415, "begins like a picture"),
    "eleven megabytes": (lambda: b"\x89PNG" + b"x" * (10 * 2**20), 413, "larger than 10 MB"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_usable_picture_is_refused_and_told_why(case: str) -> None:
    made, status, reason = HOSTILE[case]
    error = refused(made())
    assert reason in error.data["reason"]  # type: ignore[operator]
    assert (error.code, error.status) == ("bad_reference", status)


def test_an_endless_upload_is_read_no_further_than_it_may_be() -> None:
    class Endless(io.BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert size > 0
            self.asked += size
            return b"x" * size

    file = Endless()
    with pytest.raises(BadReference):
        uploads.clean(file)
    assert file.asked <= uploads.BYTES_MAX + 1


def test_a_text_bomb_in_a_picture_is_not_unpacked() -> None:
    told = PngInfo()
    told.add_text("bomb", "x" * 80_000_000, zip=True)
    assert "begins like" in refused(written(halves(), "PNG", pnginfo=told)).data["reason"]  # type: ignore[operator]


# --- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("river-mouth.jpg", "river-mouth.jpg"),
        ("../../etc/passwd.png", "passwd.png"),
        ("..\\..\\boot.png", "boot.png"),
        ("a\x00b\nc\r.png", "abc.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\ud800lone.png", "lone.png"),
        ("e\u0301te\u0301.webp", "été.webp"),
        ("", "picture"),
        ("a.png/..", ".."),
        ("x" * 300 + ".png", "x" * 255),
        ("<b>bold</b>.png", "b>.png"),
    ],
)
def test_a_name_is_text_and_no_path(given: str, kept: str) -> None:
    assert uploads.name(given) == kept


def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded() -> None:
    """Each takes some 10 ms of a large picture and 50 bytes of a file."""
    assert read(scanned(90)).size == (64, 64)
    assert "layers" in str(refused(scanned(1000)))
