"""WebP: chunks in a RIFF. Marks need the extended form, whose header says what follows; a simple file gets one."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from generation.metadata import exif, xmp
from generation.metadata.blocks import PARTS_MAX, Told, content, copy, exactly
from generation.metadata.errors import Broken
from generation.metadata.marks import Marks

# Everything that the picture needs, in the order in which it has to stand.
KEPT = (b"ICCP", b"ANIM", b"ALPH", b"VP8 ", b"VP8L", b"ANMF")
PIXELS = (b"VP8 ", b"VP8L", b"ANMF")
HAS_PROFILE, HAS_ALPHA, HAS_EXIF, HAS_XMP, MOVES = 0x20, 0x10, 0x08, 0x04, 0x02


@dataclass(frozen=True)
class Chunk:
    """Where it begins, and how long its data are, which begin eight bytes later."""

    kind: bytes
    start: int
    length: int

    @property
    def whole(self) -> int:
        return 8 + self.length + self.length % 2


# --- Write -----------------------------------------------------------------------------------------------------------


def write(source: BinaryIO, target: BinaryIO, marks: Marks) -> None:
    """The same picture with these marks and no other words. Raises Broken."""
    chunks = list(_chunks(source))
    kept = [chunk for chunk in chunks if chunk.kind in KEPT]
    if not any(chunk.kind in PIXELS for chunk in kept):
        raise Broken("no picture in it")
    lies = next(
        (exif.orientation(content(source, chunk.start + 8, chunk.length)) for chunk in chunks if chunk.kind == b"EXIF"),
        1,
    )
    head = _chunk(b"VP8X", _extended(source, chunks))
    tail = _chunk(b"EXIF", exif.write(marks, orientation=lies)) + _chunk(b"XMP ", xmp.write(marks))
    length = 4 + len(head) + sum(chunk.whole for chunk in kept) + len(tail)
    target.write(b"RIFF" + struct.pack("<I", length) + b"WEBP" + head)
    for chunk in kept:
        copy(source, target, chunk.start, 8 + chunk.length)
        target.write(bytes(chunk.length % 2))
    target.write(tail)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _extended(source: BinaryIO, chunks: list[Chunk]) -> bytes:
    """The extended header: as it was, or made from the picture's own; with both marks, and a profile where one is."""
    first = chunks[0]
    if first.kind == b"VP8X":
        said = content(source, first.start + 8, first.length)
        if len(said) != 10:
            raise Broken("a header of another length")
        flags, rest = said[0] & (HAS_ALPHA | MOVES), said[1:]
    else:
        width, height, has_alpha = _size(source, first)
        flags = HAS_ALPHA if has_alpha else 0
        rest = bytes(3) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    if any(chunk.kind == b"ICCP" for chunk in chunks):
        flags |= HAS_PROFILE
    return bytes([flags | HAS_EXIF | HAS_XMP]) + rest


def _size(source: BinaryIO, chunk: Chunk) -> tuple[int, int, bool]:
    """Width, height and transparency of a simple file, from the first bytes of its only picture."""
    source.seek(chunk.start + 8)
    begin = source.read(10)
    if chunk.kind == b"VP8 " and len(begin) == 10 and begin[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", begin[6:10])
        width, height, has_alpha = width & 0x3FFF, height & 0x3FFF, False
    elif chunk.kind == b"VP8L" and len(begin) >= 5 and begin[0] == 0x2F:
        bits = int.from_bytes(begin[1:5], "little")
        width, height, has_alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    else:
        raise Broken("neither form of a simple picture")
    if not width or not height:
        raise Broken("a picture without a size")
    return width, height, has_alpha


# --- Read ------------------------------------------------------------------------------------------------------------


def read(source: BinaryIO, told: Told) -> None:
    """Fill in what is found; Broken leaves what was found before."""
    for chunk in _chunks(source):
        if chunk.kind == b"EXIF":
            told.exif = told.exif or content(source, chunk.start + 8, chunk.length)
        elif chunk.kind == b"XMP ":
            told.xmp = told.xmp or content(source, chunk.start + 8, chunk.length)


def _chunks(source: BinaryIO) -> Iterator[Chunk]:
    """Each chunk that the RIFF's length takes in."""
    source.seek(0)
    magic, length, form = struct.unpack("<4sI4s", exactly(source, 12))
    if magic != b"RIFF" or form != b"WEBP":
        raise Broken("no WebP")
    start, end = 12, 8 + length
    for _ in range(PARTS_MAX):
        if start + 8 > end:
            return
        source.seek(start)
        kind, inside = struct.unpack("<4sI", exactly(source, 8))
        chunk = Chunk(kind, start, inside)
        yield chunk
        start += chunk.whole
    raise Broken("too many chunks")
