"""Marks written into pictures and found again: the same facts, the same pixels, whatever the words and the format."""

import io
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generation import metadata
from generation.metadata import Broken, Marks, Settings, Source, a1111
from generation.metadata.marks import GUIDANCE_MAX, SEED_MAX, SIDE_MAX, STEPS_MAX, settings_of
from tests.files import attributes, picture

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
AT = datetime(2026, 6, 18, 18, 30, tzinfo=UTC)
FULL = Settings(
    prompt='Tide & "time", a: b, {c}\nNegative prompt: no\nSteps: 1, Seed: 2, Size: 3x4, Model: x 🌊 é',
    negative_prompt="people, \n 🚢: boats",
    model="flux-dev",
    model_name='FLUX, "dev": 1',
    seed=SEED_MAX,
    steps=28,
    guidance=3.5,
    width=1248,
    height=832,
    aspect_ratio="3:2",
    style="anime",
    written="Tide",
    sent="Tide, cel shading",
)

# Everything that a person can type into the form, by the thousand.
typed = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from('\n\t,:{}"\\<>&🌊🏳️‍🌈')), max_size=1000
)
said = st.builds(
    Settings,
    prompt=typed,
    negative_prompt=typed,
    model=st.just("demo"),
    model_name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60),
    seed=st.none() | st.integers(0, SEED_MAX),
    steps=st.none() | st.integers(1, STEPS_MAX),
    guidance=st.none() | st.floats(0, GUIDANCE_MAX),
    width=st.integers(1, SIDE_MAX),
    height=st.integers(1, SIDE_MAX),
    aspect_ratio=st.sampled_from(["1:1", "21:9"]),
    style=st.sampled_from(["", "anime"]),
)


def drawn(kind: str, mode: str = "RGB", **how: Any) -> bytes:
    """Noise, so that a single changed bit of the compressed data would show."""
    buffer = io.BytesIO()
    Image.effect_noise((61, 43), 90).convert(mode).save(buffer, kind, **how)
    return buffer.getvalue()


PLAIN = {kind: drawn(kind) for kind in TYPES}


def marked(data: bytes, kind: str, settings: Settings | None = FULL, **more: Any) -> bytes:
    target = io.BytesIO()
    marks = Marks(source=Source.MODEL, made_at=AT, settings=settings, **more)
    metadata.write(io.BytesIO(data), target, content_type=TYPES[kind], marks=marks)
    return target.getvalue()


@pytest.mark.parametrize("kind", TYPES)
@given(settings=said)
@budget(max_examples=60, deadline=None)
def test_what_goes_in_comes_out(kind: str, settings: Settings) -> None:
    cleaned = settings_of(settings.told())
    assert metadata.find(marked(PLAIN[kind], kind, cleaned)) == cleaned


@pytest.mark.parametrize("kind", TYPES)
def test_a_prompt_as_long_as_the_form_allows_fits_every_format(kind: str) -> None:
    for letter in ("🌊", "&", '"', "\n", "é"):
        settings = Settings(prompt=f"a{1998 * letter}b", negative_prompt=f"c{1998 * letter}d", seed=1)
        assert metadata.find(marked(PLAIN[kind], kind, settings)) == settings


@pytest.mark.parametrize(
    ("kind", "mode", "how"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {"transparency": 3}),
        ("JPEG", "RGB", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "RGB", {"restart_marker_blocks": 2}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGBA", {"exif": b"Exif\x00\x00secret words", "xmp": b"secret words"}),
    ],
)
@pytest.mark.parametrize("profile", [None, b"profile" * 20_000])
def test_pixels_colours_and_transparency_stay_to_the_bit(
    kind: str, mode: str, how: dict[str, Any], profile: bytes | None
) -> None:
    data = drawn(kind, mode, **how, **({"icc_profile": profile} if profile else {}))
    before, after = picture(data), picture(marked(data, kind))
    assert (after.mode, after.size, after.tobytes()) == (before.mode, before.size, before.tobytes())
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert after.info.get("transparency") == before.info.get("transparency")
    assert b"secret words" not in marked(data, kind)


@pytest.mark.parametrize("kind", TYPES)
def test_marks_upon_marks_are_the_last_ones_alone(kind: str) -> None:
    once = marked(PLAIN[kind], kind)
    silent = marked(once, kind, None)
    assert metadata.find(silent) is None
    assert marked(silent, kind) == once
    assert attributes(silent)["DigitalSourceType"] == Source.MODEL


@pytest.mark.parametrize("kind", TYPES)
def test_a_silent_file_names_its_source_the_program_and_the_time(kind: str) -> None:
    data = marked(PLAIN[kind], kind, None)
    assert set(attributes(data)) == {"DigitalSourceType", "CreatorTool", "CreateDate", "DateCreated", "Credit"}
    exif = picture(data).getexif()
    assert set(exif) == {0x0131, 0x8769}
    assert set(exif.get_ifd(0x8769)) == {0x9000, 0x9003, 0x9011}


@pytest.mark.parametrize("kind", TYPES)
def test_title_and_artist_are_text(kind: str) -> None:
    inside = attributes(marked(PLAIN[kind], kind, None, title="</dc:title> & {0}", artist="<b>Ada</b>"))
    assert (inside["title"], inside["creator"]) == ("</dc:title> & {0}", "<b>Ada</b>")


# --- As other programs have it ---------------------------------------------------------------------------------------


def test_a_png_is_built_as_the_format_says() -> None:
    """Read by hand: every checksum holds, and the words stand before the pixels, where readers look."""
    data, at, kinds = marked(PLAIN["PNG"], "PNG"), 8, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        (checksum,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert zlib.crc32(data[at + 4 : at + 8 + length]) == checksum
        kinds.append(kind)
        at += 12 + length
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    assert kinds.index(b"IDAT") > max(place for place, kind in enumerate(kinds) if kind in {b"tEXt", b"iTXt", b"eXIf"})


def test_plain_words_are_latin_text_and_others_unicode() -> None:
    for prompt, kind in (("a café", b"tEXt"), ("a 🌊", b"iTXt")):
        data = marked(PLAIN["PNG"], "PNG", Settings(prompt=prompt, seed=1))
        assert kind + b"parameters\x00" in data
        assert picture(data).info["parameters"].startswith(prompt)


def test_a_webp_says_how_long_it_is() -> None:
    for lossless in (False, True):
        data = marked(drawn("WEBP", lossless=lossless), "WEBP")
        assert struct.unpack("<I", data[4:8])[0] == len(data) - 8


def test_a_jpeg_keeps_what_says_which_colours_it_has() -> None:
    data = drawn("JPEG", "CMYK")
    assert b"Adobe" in data
    assert b"Adobe" in marked(data, "JPEG")


def test_what_lies_behind_the_end_of_a_picture_is_left_there() -> None:
    for kind in TYPES:
        assert b"secret words" not in marked(PLAIN[kind] + b"secret words", kind)


@pytest.mark.parametrize("kind", TYPES)
def test_ours_without_our_own_block_is_read_from_the_common_text(kind: str) -> None:
    """As a program leaves it that keeps the text and nothing else."""
    settings = Settings(
        prompt="a harbour,\nat dusk", negative_prompt="people", model_name="Demo", seed=7, width=3, height=2
    )
    buffer = io.BytesIO()
    text = a1111.write(settings)
    if kind == "PNG":
        info = PngInfo()
        info.add_text("parameters", text, zip=True)
        Image.new("RGB", (9, 9)).save(buffer, kind, pnginfo=info)
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\x00" + text.encode("utf-16-be")
        Image.new("RGB", (9, 9)).save(buffer, kind, exif=exif)
    assert metadata.find(buffer.getvalue()) == settings


# --- Broken files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_cut_anywhere_is_copied_or_refused_and_never_crashes(kind: str) -> None:
    data = marked(PLAIN[kind], kind)
    for end in range(0, len(data), 7):
        metadata.find(data[:end])
        with suppress(Broken):
            marked(data[:end], kind)


@pytest.mark.parametrize("kind", TYPES)
@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
@budget(max_examples=150, deadline=None)
def test_changed_bytes_never_crash_a_reader_or_a_writer(kind: str, places: list[tuple[float, int]]) -> None:
    data = bytearray(marked(PLAIN[kind], kind))
    for place, value in places:
        data[int(place * len(data))] = value
    found = metadata.find(bytes(data))
    assert found is None or isinstance(found, Settings)
    with suppress(Broken):
        marked(bytes(data), kind)


@given(
    magic=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF\xff\x00\x00\x00WEBP", b""]),
    rest=st.binary(max_size=400),
)
@budget(max_examples=300, deadline=None)
def test_garbage_behind_a_right_beginning_says_nothing(magic: bytes, rest: bytes) -> None:
    assert metadata.find(magic + rest) is None


def test_a_type_without_marks_is_refused() -> None:
    with pytest.raises(Broken):
        metadata.write(
            io.BytesIO(b"GIF89a"), io.BytesIO(), content_type="image/gif", marks=Marks(Source.MODEL, AT, None)
        )
