"""What strangers' files say: text of other programs in its odd forms, and blocks made to hurt whoever reads them."""

import io
import json
import struct
import time
import zlib
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generation import metadata
from generation.metadata import Settings, a1111, exif, own, xmp
from generation.metadata.blocks import BLOCK_MAX
from generation.metadata.marks import TEXT_MAX

PLAIN = "a harbour at dusk\nNegative prompt: people\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768"
READ = Settings(
    prompt="a harbour at dusk", negative_prompt="people", seed=42, steps=20, guidance=7.0, width=512, height=768
)


def png(*texts: tuple[str, str], **how: Any) -> bytes:
    info, buffer = PngInfo(), io.BytesIO()
    for key, value in texts:
        info.add_text(key, value, **how)
    Image.new("RGB", (9, 9)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    plain = png()
    return plain[:33] + chunk(kind, data) + plain[33:]


# --- The common text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (PLAIN, READ),
        (PLAIN.replace("\n", "\r\n"), READ),
        (f"\n{PLAIN}\n\n", READ),
        (PLAIN + ", Model hash: 6ce0161689, Model: v1-5-pruned, Version: v1.9.4", {"model_name": "v1-5-pruned"}),
        (PLAIN + ', Lora hashes: "a: b, c: d", Version: v1', {"seed": 42, "model_name": ""}),
        (PLAIN + ', Model: "odd, \\"name\\": 1"', {"model_name": 'odd, "name": 1'}),
        (PLAIN + ', Model: "never closed', {"model_name": '"never closed'}),
        (
            PLAIN + "\nTemplate: a {harbour|river}\nNegative Template: people",
            {"prompt": "a harbour at dusk", "seed": 42},
        ),
        (PLAIN.replace("Negative prompt: people\n", ""), {"negative_prompt": "", "seed": 42}),
        (PLAIN.replace("people", "people,\nboats: many,\nfog"), {"negative_prompt": "people,\nboats: many,\nfog"}),
        ("Steps: 20, Seed: 1, Size: 8x8", {"prompt": "", "seed": 1}),
        (
            "one line, with: colons, and: more, of: them\nSteps: 4, Seed: 0, CFG scale: 1",
            {"prompt": "one line, with: colons, and: more, of: them", "seed": 0},
        ),
        ("only words, no settings: at all", {"prompt": "only words, no settings: at all", "seed": None}),
        (PLAIN.replace("42", "-1"), {"seed": None, "steps": 20}),
        (PLAIN.replace("42", "99999999999999999999999"), {"seed": None}),
        (PLAIN.replace("42", "4294967296"), {"seed": None}),
        (PLAIN.replace("512x768", "512 by 768"), {"width": None, "height": None, "seed": 42}),
        (PLAIN.replace("scale: 7", "scale: nan"), {"guidance": None, "seed": 42}),
        (PLAIN.replace("scale: 7", "scale: 1e999"), {"guidance": None}),
        (PLAIN.replace("Steps: 20", "Steps: twenty"), {"steps": None, "seed": 42}),
        (PLAIN.replace("Steps: 20", "Steps: \u0662\u0660"), {"steps": 20}),
        ("", {"prompt": ""}),
        (":,:,:\n::::,,,,", {"seed": None}),
    ],
)
def test_text_of_other_programs_is_read(told: str, read: Settings | dict[str, Any]) -> None:
    found = a1111.read(told)
    if isinstance(read, Settings):
        assert found == read
    else:
        assert {name: getattr(found, name) for name in read} == read


def test_every_place_where_other_programs_write_it_is_looked_at() -> None:
    assert metadata.find(png(("parameters", PLAIN))) == READ
    assert metadata.find(png(("parameters", PLAIN), zip=True)) == READ
    for order, name in ((">", "utf-16-be"), ("<", "utf-16-le"), ("<", "utf-16-be")):
        assert metadata.find(commented(b"UNICODE\x00" + PLAIN.encode(name), order)) == READ
    assert metadata.find(commented(b"ASCII\x00\x00\x00" + PLAIN.encode())) == READ
    assert metadata.find(commented(bytes(8) + PLAIN.encode())) == READ
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "JPEG", comment=PLAIN)
    assert metadata.find(buffer.getvalue()) == READ


def commented(comment: bytes, order: str = ">") -> bytes:
    """A JPEG with a UserComment, its block in either order of bytes."""
    mark = b"MM\x00\x2a" if order == ">" else b"II\x2a\x00"
    first = struct.pack(f"{order}IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0)
    details = struct.pack(f"{order}HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "JPEG", exif=b"Exif\x00\x00" + mark + first + details + comment)
    return buffer.getvalue()


@pytest.mark.parametrize("remark", ["Screenshot", "Taken in Rome: lovely, was it not", "", "f: 2.8, t: 1/60, iso: 100"])
def test_a_remark_of_a_camera_is_no_prompt(remark: str) -> None:
    assert metadata.find(commented(b"ASCII\x00\x00\x00" + remark.encode())) is None
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "JPEG", comment=remark)
    assert metadata.find(buffer.getvalue()) is None


def test_utf_8_where_the_format_says_latin_is_understood() -> None:
    assert metadata.find(with_chunk(b"tEXt", "parameters\x00café 🌊".encode())) == Settings(prompt="café 🌊")
    assert metadata.find(with_chunk(b"tEXt", b"parameters\x00caf\xe9")) == Settings(prompt="café")


def test_our_own_block_goes_before_the_common_text() -> None:
    ours = json.dumps({"atelier": 1, "prompt": "exact", "seed": 3})
    assert metadata.find(png(("parameters", PLAIN), ("atelier", ours))) == Settings(prompt="exact", seed=3)
    assert metadata.find(png(("parameters", PLAIN), ("atelier", "{broken"))) == READ


# --- Hostile ---------------------------------------------------------------------------------------------------------


def test_a_text_that_inflates_without_end_is_cut() -> None:
    bomb = zlib.compress(b"a" * (200 * 2**20), 9)
    assert len(bomb) < BLOCK_MAX
    for kind, head in ((b"zTXt", b"parameters\x00\x00"), (b"iTXt", b"parameters\x00\x01\x00\x00\x00")):
        began = time.process_time()
        found = metadata.find(with_chunk(kind, head + bomb))
        assert found == Settings(prompt="a" * TEXT_MAX)
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        "a" * 400_000,
        "a " * 200_000,
        ": " * 200_000,
        ", " * 200_000,
        'a: "' * 100_000,
        'a: "' + "\\" * 300_000,
        "\n" * 400_000,
        "Negative prompt:\n" * 20_000,
        "a: b, " * 60_000,
    ],
    ids=lambda text: text[:12],
)
def test_text_made_to_take_long_does_not(text: str) -> None:
    began = time.process_time()
    a1111.read(text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "told",
    [
        "[" * 50_000,
        '{"atelier":' + "[" * 40_000,
        '{"atelier": 1, "seed": ' + "9" * 9000 + "}",
        '{"atelier": 1, "seed": 1e999, "guidance": NaN, "steps": true, "width": "x", "prompt": ["a"]}',
        '{"seed": 1}',
        "null",
        '"atelier"',
        "",
    ],
    ids=lambda told: told[:30],
)
def test_json_that_is_not_ours_says_nothing(told: str) -> None:
    assert not own.read(told)


def test_what_no_page_and_no_database_keeps_is_taken_out() -> None:
    found = own.read('{"atelier": 1, "prompt": "a\\u0000b\\ud800c\\u202ed\\r\\ne\\ufffff", "style": "x\\u0007"}')
    assert found.prompt == "abc\u202ed\nef"
    assert found.style == "x"
    found.prompt.encode()


def test_longer_text_than_any_form_takes_is_cut() -> None:
    assert len(a1111.read("a" * 100_000).prompt) == TEXT_MAX


LAUGHS = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<x xmlns:a="urn:atelier:settings:1"><a:settings>{"atelier": 1, "prompt": "&c;"}</a:settings></x>"""


@pytest.mark.parametrize(
    "packet",
    [
        LAUGHS,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        '<x xmlns:a="urn:atelier:settings:1"><a:settings>{"atelier": 1}',
        "<a>" * 20_000,
        "no xml",
        "",
    ],
    ids=lambda packet: packet[:20],
)
def test_a_packet_made_to_hurt_says_nothing(packet: str) -> None:
    assert not xmp.read(packet.encode())


def test_a_packet_that_a_program_wrote_anew_is_still_read() -> None:
    """As an attribute, under another prefix."""
    packet = """<x xmlns:q="urn:atelier:settings:1" q:settings='{"atelier":1,"prompt":"a &amp; b"}'/>"""
    assert xmp.read(packet.encode() + bytes(40)) == Settings(prompt="a & b")


@pytest.mark.parametrize("pointer", [0, 8, 26, 2**32 - 1, 10_000])
def test_an_exif_block_that_points_anywhere_says_nothing(pointer: int) -> None:
    block = b"MM\x00\x2a" + struct.pack(">IHHHIII", 8, 1, 0x8769, 4, 1, pointer, 0)
    assert not exif.read(block)
    assert exif.orientation(block) == 1
    huge = b"II\x2a\x00" + struct.pack("<IHHHII", 8, 65535, 0x9286, 7, 2**32 - 1, 0)
    assert not exif.read(huge)


def test_a_hundred_thousand_chunks_are_not_all_walked() -> None:
    plain = png()
    many = plain[:33] + chunk(b"tEXt", b"a\x00b") * 300_000 + plain[33:]
    began = time.process_time()
    assert metadata.find(many) is None
    assert time.process_time() - began < 3
