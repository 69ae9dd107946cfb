"""Pictures as people upload them, for tests: small, each of its own colour."""

import io
import struct
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from generation import references
from generation.models import Reference
from generation.visitors import Visitor


def jpeg(*, color: tuple[int, int, int] = (30, 90, 120), size: tuple[int, int] = (90, 60), **how: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "JPEG", **how)
    return buffer.getvalue()


def scanned(scans: int) -> bytes:
    """A grey progressive JPEG of 64 x 64 whose every coefficient but the first is said again and again: nothing."""
    frame = struct.pack(">BHHB", 8, 64, 64, 1) + bytes([1, 0x11, 0])
    flat, run = bytes([0x00, 1, *15 * [0], 0x00]), bytes([0x10, 1, *15 * [0], 0x60])
    tables = [_segment(0xDB, bytes([0, *64 * [1]])), _segment(0xC2, frame), _segment(0xC4, flat), _segment(0xC4, run)]
    first = _segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(8)
    others = [_segment(0xDA, bytes([1, 1, 0, *2 * [1 + number % 63], 0])) + b"\x01" for number in range(scans - 1)]
    return b"\xff\xd8" + b"".join([*tables, first, *others]) + b"\xff\xd9"


def _segment(marker: int, told: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(told) + 2) + told


def file(data: bytes | None = None, *, name: str = "river-mouth.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if data is None else data, content_type="image/jpeg")


def kept(owner: User, **how: Any) -> Reference:
    """A reference picture of somebody, as their upload leaves it."""
    return references.keep(
        owner=owner,
        visitor=Visitor(key="nobody", become=lambda _: owner),
        name="river-mouth.jpg",
        file=io.BytesIO(jpeg(**how)),
        address="198.51.100.7",
    )
