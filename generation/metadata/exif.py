"""An EXIF block: program, date, and the common text as UserComment. Big-endian, because that is how the readers of
UserComment take its UTF-16. Written and read by hand: a dozen fields, and of a stranger's block two.
"""

import struct
from collections.abc import Iterator
from datetime import UTC
from typing import TypeAlias

from generation.metadata import a1111
from generation.metadata.marks import PROGRAM, Marks, Settings

ORIENTATION, SOFTWARE, DETAILS = 0x0112, 0x0131, 0x8769
VERSION, MADE_AT, OFFSET, COMMENT = 0x9000, 0x9003, 0x9011, 0x9286
ASCII, SHORT, LONG, UNDEFINED = 2, 3, 4, 7
PREFIX = b"Exif\x00\x00"
ENTRIES_MAX = 200
COMMENT_MAX = 128 * 1024

Field: TypeAlias = tuple[int, int, int, bytes]


# --- Write -----------------------------------------------------------------------------------------------------------


def write(marks: Marks, *, orientation: int = 1) -> bytes:
    """Without the prefix that a JPEG has before it. A picture that lies on its side goes on doing so."""
    when = f"{marks.made_at.astimezone(UTC):%Y:%m:%d %H:%M:%S}"
    details = [(VERSION, UNDEFINED, 4, b"0232"), _ascii(MADE_AT, when), _ascii(OFFSET, "+00:00")]
    if marks.settings:
        comment = b"UNICODE\x00" + a1111.write(marks.settings).encode("utf-16-be")
        details.append((COMMENT, UNDEFINED, len(comment), comment))
    first = [_ascii(SOFTWARE, PROGRAM)]
    if orientation != 1:
        first.insert(0, (ORIENTATION, SHORT, 1, struct.pack(">H", orientation)))
    start = 8
    pointer = (DETAILS, LONG, 1, bytes(4))
    length = len(_directory([*first, pointer], start))
    pointer = (DETAILS, LONG, 1, struct.pack(">I", start + length))
    return (
        b"MM\x00\x2a"
        + struct.pack(">I", start)
        + _directory([*first, pointer], start)
        + _directory(details, start + length)
    )


def _ascii(tag: int, value: str) -> Field:
    data = value.encode("ascii") + b"\x00"
    return tag, ASCII, len(data), data


def _directory(fields: list[Field], start: int) -> bytes:
    """A directory and, behind it, the values that do not fit into its entries."""
    behind = start + 2 + 12 * len(fields) + 4
    entries, values = b"", b""
    for tag, kind, count, data in fields:
        if len(data) <= 4:
            place = data.ljust(4, b"\x00")
        else:
            place = struct.pack(">I", behind + len(values))
            values += data + bytes(len(data) % 2)
        entries += struct.pack(">HHI", tag, kind, count) + place
    return struct.pack(">H", len(fields)) + entries + bytes(4) + values


# --- Read ------------------------------------------------------------------------------------------------------------


def read(block: bytes) -> Settings:
    """The settings in its UserComment; a comment without a line of settings is somebody's remark."""
    block = block.removeprefix(PREFIX)
    order = _order(block)
    for tag, value in _fields(block, order, DETAILS):
        if tag == COMMENT:
            return a1111.read(_comment(value[:COMMENT_MAX], order), needs_line=True)
    return Settings()


def orientation(block: bytes) -> int:
    """How the picture lies, 1..8; 1 where it does not say."""
    block = block.removeprefix(PREFIX)
    order = _order(block)
    for tag, value in _fields(block, order):
        if tag == ORIENTATION and len(value) >= 2:
            lies: int = struct.unpack(f"{order}H", value[:2])[0]
            return lies if 1 <= lies <= 8 else 1
    return 1


def _order(block: bytes) -> str:
    return "<" if block.startswith(b"II") else ">"


def _fields(block: bytes, order: str, inside: int = 0) -> Iterator[tuple[int, bytes]]:
    """The fields of the first directory, or of the one that its field `inside` points at."""
    if block[:4] not in {b"II\x2a\x00", b"MM\x00\x2a"} or len(block) < 8:
        return
    start: int = struct.unpack(f"{order}I", block[4:8])[0]
    if not inside:
        yield from _entries(block, order, start)
        return
    for tag, value in _entries(block, order, start):
        if tag == inside and len(value) >= 4:
            yield from _entries(block, order, struct.unpack(f"{order}I", value[:4])[0])
            return


def _entries(block: bytes, order: str, start: int) -> Iterator[tuple[int, bytes]]:
    if start + 2 > len(block):
        return
    number: int = struct.unpack(f"{order}H", block[start : start + 2])[0]
    for place in range(start + 2, start + 2 + 12 * min(number, ENTRIES_MAX), 12):
        if place + 12 > len(block):
            return
        tag, kind, count = struct.unpack(f"{order}HHI", block[place : place + 8])
        length = count * {SHORT: 2, LONG: 4}.get(kind, 1)
        if length <= 4:
            yield tag, block[place + 8 : place + 8 + length]
        else:
            at = struct.unpack(f"{order}I", block[place + 8 : place + 12])[0]
            yield tag, block[at : at + length]


def _comment(value: bytes, order: str) -> str:
    """Eight bytes name the code. UTF-16 should have the block's own order, and often has the other one."""
    code, said = value[:8], value[8:]
    if code != b"UNICODE\x00":
        return said.decode("utf-8", "replace") if code in {b"ASCII\x00\x00\x00", bytes(8)} else ""
    if said[:2] in {b"\xfe\xff", b"\xff\xfe"}:
        return said.decode("utf-16", "replace")
    tries = ("utf-16-be", "utf-16-le") if order == ">" else ("utf-16-le", "utf-16-be")
    texts = [said.decode(name, "replace") for name in tries]
    return next((text for text in texts if ": " in text), texts[0])
