"""PNG: chunks of length, kind, data, checksum. Rewritten chunk by chunk; what draws the picture stays as it is."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from generation.metadata import a1111, exif, own, xmp
from generation.metadata.blocks import BLOCK_MAX, PARTS_MAX, Told, content, copy, exactly
from generation.metadata.errors import Broken
from generation.metadata.marks import PROGRAM, Marks

MAGIC = b"\x89PNG\r\n\x1a\n"
# The pixels, and how they are to be shown. Everything else may be words of whoever drew it.
KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
KEPT |= {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs"}
PARAMETERS, PACKET = "parameters", "XML:com.adobe.xmp"


@dataclass(frozen=True)
class Chunk:
    """Where it begins in the file, and how long its data are; with its frame it is twelve bytes longer."""

    kind: bytes
    start: int
    length: int


# --- Write -----------------------------------------------------------------------------------------------------------


def write(source: BinaryIO, target: BinaryIO, marks: Marks) -> None:
    """The same picture with these marks and no other words. Raises Broken."""
    chunks = list(_chunks(source))
    if not chunks or chunks[0].kind != b"IHDR" or chunks[-1].kind != b"IEND":
        raise Broken("no PNG from its first to its last chunk")
    lies = next(
        (exif.orientation(content(source, chunk.start + 8, chunk.length)) for chunk in chunks if chunk.kind == b"eXIf"),
        1,
    )
    target.write(MAGIC)
    for chunk in chunks:
        if chunk.kind in KEPT:
            copy(source, target, chunk.start, chunk.length + 12)
        if chunk.kind == b"IHDR":
            target.writelines(_written(marks, lies))


def _written(marks: Marks, lies: int) -> Iterator[bytes]:
    if marks.settings:
        yield _text(PARAMETERS, a1111.write(marks.settings))
        yield _international(own.KEY, own.write(marks.settings))
    yield _text("Software", PROGRAM)
    yield _international(PACKET, xmp.write(marks).decode())
    yield _chunk(b"eXIf", exif.write(marks, orientation=lies))


def _text(key: str, value: str) -> bytes:
    """As Pillow and A1111 have it: Latin-1 where that is enough, else Unicode."""
    try:
        return _chunk(b"tEXt", key.encode() + b"\x00" + value.encode("latin-1"))
    except UnicodeEncodeError:
        return _international(key, value)


def _international(key: str, value: str) -> bytes:
    return _chunk(b"iTXt", key.encode() + b"\x00\x00\x00\x00\x00" + value.encode())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# --- Read ------------------------------------------------------------------------------------------------------------


def read(source: BinaryIO, told: Told) -> None:
    """Fill in what is found; Broken leaves what was found before."""
    for chunk in _chunks(source):
        if chunk.kind in {b"tEXt", b"zTXt", b"iTXt"}:
            _read_text(chunk.kind, content(source, chunk.start + 8, chunk.length), told)
        elif chunk.kind == b"eXIf":
            told.exif = told.exif or content(source, chunk.start + 8, chunk.length)


def _read_text(kind: bytes, data: bytes, told: Told) -> None:
    key, _, rest = data.partition(b"\x00")
    name = key.decode("latin-1")
    if name not in {own.KEY, PARAMETERS, PACKET}:
        return
    value = _value(kind, rest)
    if name == own.KEY:
        told.own = told.own or value.decode("utf-8", "replace")
    elif name == PARAMETERS:
        told.parameters = told.parameters or _decoded(value)
    else:
        told.xmp = told.xmp or value


def _value(kind: bytes, rest: bytes) -> bytes:
    """The text's bytes, inflated at most to BLOCK_MAX however much more there would be."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:])
    is_packed, (_, _, value) = rest[:1] == b"\x01", _three(rest[2:])
    return _inflated(value) if is_packed else value


def _three(rest: bytes) -> tuple[bytes, bytes, bytes]:
    """Language, translated key, text."""
    language, _, more = rest.partition(b"\x00")
    translated, _, value = more.partition(b"\x00")
    return language, translated, value


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, BLOCK_MAX)
    except zlib.error:
        return b""


def _decoded(value: bytes) -> str:
    """Some programs write UTF-8 where the format says Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _chunks(source: BinaryIO) -> Iterator[Chunk]:
    """Each chunk up to IEND; what comes after that is no part of the picture."""
    source.seek(0)
    if source.read(8) != MAGIC:
        raise Broken("no PNG")
    start = 8
    for _ in range(PARTS_MAX):
        source.seek(start)
        length, kind = struct.unpack(">I4s", exactly(source, 8))
        yield Chunk(kind, start, length)
        if kind == b"IEND":
            return
        start += length + 12
    raise Broken("too many chunks")
