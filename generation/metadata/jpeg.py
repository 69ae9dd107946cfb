"""JPEG: segments, and between them the compressed data, which are copied as they are up to the end of the picture.

What lies behind that end, or in segments that only programs read, is left out, unless it tells colours.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from generation.metadata import exif, xmp
from generation.metadata.blocks import PARTS_MAX, PIECE_BYTES, Told, copy, exactly
from generation.metadata.errors import Broken
from generation.metadata.marks import Marks

BEGIN, END, SCAN, COMMENT = b"\xff\xd8", b"\xff\xd9", 0xDA, 0xFE
APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
PACKET = b"http://ns.adobe.com/xap/1.0/\x00"
KEPT = {APP2: b"ICC_PROFILE\x00", APP14: b"Adobe"}
# A marker within compressed data: not a stuffed byte, not a restart, not a filler.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True)
class Segment:
    """`start` is where its marker is, `length` that of its data, which begin four bytes later."""

    marker: int
    start: int
    length: int


# --- Write -----------------------------------------------------------------------------------------------------------


def write(source: BinaryIO, target: BinaryIO, marks: Marks) -> None:
    """The same picture with these marks and no other words. Raises Broken."""
    header = list(_header(source))
    if not header or header[-1].marker != SCAN:
        raise Broken("no picture in it")
    frame = [segment for segment in header if _is_jfif(source, segment)][:1]
    target.write(BEGIN)
    for segment in frame:  # readers want it first
        copy(source, target, segment.start, segment.length + 4)
    target.write(_segment(APP1, exif.PREFIX + exif.write(marks, orientation=_lies(source, header))))
    target.write(_segment(APP1, PACKET + xmp.write(marks)))
    for segment in header[:-1]:
        if segment not in frame and _is_kept(source, segment):
            copy(source, target, segment.start, segment.length + 4)
    _write_scans(source, target, header[-1])
    target.write(END)


def _segment(marker: int, data: bytes) -> bytes:
    if len(data) > 0xFFFD:
        raise Broken("more words than a segment holds")
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _lies(source: BinaryIO, header: list[Segment]) -> int:
    blocks = (_data(source, segment) for segment in header if segment.marker == APP1)
    return next((exif.orientation(block) for block in blocks if block.startswith(exif.PREFIX)), 1)


def _is_jfif(source: BinaryIO, segment: Segment) -> bool:
    return segment.marker == APP0 and _data(source, segment).startswith(b"JFIF\x00")


def _is_kept(source: BinaryIO, segment: Segment) -> bool:
    """Tables and frames, the colour profile, and Adobe's word on which colours these are."""
    if segment.marker in KEPT:
        return _data(source, segment).startswith(KEPT[segment.marker])
    return not (APP0 <= segment.marker <= 0xEF or segment.marker == COMMENT)


def _write_scans(source: BinaryIO, target: BinaryIO, first: Segment) -> None:
    """Scan after scan, and the tables between them."""
    segment: Segment | None = first
    for _ in range(PARTS_MAX):
        if segment is None:
            return
        behind = segment.start + 4 + segment.length
        if _is_kept(source, segment):
            copy(source, target, segment.start, segment.length + 4)
        segment = _write_data(source, target, behind)
    raise Broken("too many segments")


def _write_data(source: BinaryIO, target: BinaryIO, start: int) -> Segment | None:
    """Compressed data from here, and the segment that they end at; None at the end of the picture or the file."""
    while True:
        source.seek(start)
        piece = source.read(PIECE_BYTES)
        if found := _MARKER.search(piece):
            target.write(piece[: found.start()])
            return _segment_at(source, start + found.start())
        if len(piece) < PIECE_BYTES:
            target.write(piece.removesuffix(b"\xff"))
            return None
        whole = piece[:-1] if piece.endswith(b"\xff") else piece  # its second byte is in the next piece
        target.write(whole)
        start += len(whole)


# --- Read ------------------------------------------------------------------------------------------------------------


def read(source: BinaryIO, told: Told) -> None:
    """Fill in what is found; Broken leaves what was found before."""
    for segment in _header(source):
        if segment.marker == APP1:
            block = _data(source, segment)
            if block.startswith(exif.PREFIX):
                told.exif = told.exif or block
            elif block.startswith(PACKET):
                told.xmp = told.xmp or block.removeprefix(PACKET)
        elif segment.marker == COMMENT:
            told.remark = told.remark or _data(source, segment).decode("utf-8", "replace")


def _header(source: BinaryIO) -> Iterator[Segment]:
    """Each segment up to the first scan, which is the last one."""
    source.seek(0)
    if source.read(2) != BEGIN:
        raise Broken("no JPEG")
    start = 2
    for _ in range(PARTS_MAX):
        segment = _segment_at(source, start)
        if segment is None:
            return
        yield segment
        if segment.marker == SCAN:
            return
        start = segment.start + 4 + segment.length
    raise Broken("too many segments")


def _segment_at(source: BinaryIO, start: int) -> Segment | None:
    """The segment here, behind fillers; None where the picture ends."""
    source.seek(start)
    if exactly(source, 1) != b"\xff":
        raise Broken("no segment where one should be")
    marker = 0xFF
    for _ in range(PARTS_MAX):
        if (marker := exactly(source, 1)[0]) != 0xFF:
            break
        start += 1
    if marker == 0xD9:
        return None
    length: int = struct.unpack(">H", exactly(source, 2))[0]
    if marker in {0x00, 0xFF} or length < 2:
        raise Broken("a segment that is none")
    return Segment(marker, start, length - 2)


def _data(source: BinaryIO, segment: Segment) -> bytes:
    source.seek(segment.start + 4)
    return exactly(source, segment.length)
