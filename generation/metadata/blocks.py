"""What the three containers share: the blocks found in a file, and bytes copied in small pieces."""

from dataclasses import dataclass
from typing import BinaryIO

from generation.metadata.errors import Broken

PIECE_BYTES = 64 * 1024
# More parts than any program writes; what has more is not taken apart.
PARTS_MAX = 50_000
# A block of metadata that is longer says nothing to us.
BLOCK_MAX = 512 * 1024


@dataclass
class Told:
    """The first block of each kind in a file, as it stands there; empty where there is none."""

    own: str = ""
    parameters: str = ""
    remark: str = ""
    """Text of no certain kind: a JPEG's comment."""
    xmp: bytes = b""
    exif: bytes = b""


def exactly(source: BinaryIO, length: int) -> bytes:
    """So many bytes from here. Raises Broken where the file ends before."""
    data = source.read(length)
    if len(data) != length:
        raise Broken("the file ends early")
    return data


def content(source: BinaryIO, start: int, length: int) -> bytes:
    """What stands in a block, or nothing of one that is too long. Raises Broken where the file ends before."""
    if length > BLOCK_MAX:
        return b""
    source.seek(start)
    return exactly(source, length)


def copy(source: BinaryIO, target: BinaryIO, start: int, length: int) -> None:
    """A stretch of the file, in pieces. Raises Broken where the file ends before."""
    source.seek(start)
    while length:
        piece = exactly(source, min(length, PIECE_BYTES))
        target.write(piece)
        length -= len(piece)
