"""How a finished file is handed out: as it is, or with what a fault does to it."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from PIL import Image

from tests.emulators.faults import Fault
from tests.emulators.replicate import drawing
from tests.emulators.server import Reply

TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "glb": "model/gltf-binary",
    "mp4": "video/mp4",
    "tar": "application/x-tar",
}
PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in to see this file.</p>"
PIECE_BYTES = 64 * 1024
METADATA_ADDRESS = "http://169.254.169.254/latest/meta-data/"

Pause = Callable[[float], None]
Ending = Callable[[], bool]


def whole(data: bytes, name: str) -> Reply:
    content_type = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return Reply(200, data, {"Content-Type": content_type, "Cache-Control": "public, max-age=3600"})


def spoilt(reply: Reply, faults: Mapping[str, Fault], *, pause: Pause, closing: Ending) -> Reply:
    """The reply with the first of the faults that is about a file; `closing` says when an endless one may end."""
    for name, spoil in SPOILERS.items():
        if fault := faults.get(name):
            return spoil(reply, fault)
    if drip := faults.get("drip"):
        return _in_pieces(reply, _dripping(_bytes(reply), drip, pause))
    if "endless" in faults:
        return Reply(200, _endless(closing), {"Content-Type": "image/png"})
    return reply


def _bytes(reply: Reply) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body


def _in_pieces(reply: Reply, pieces: Iterator[bytes]) -> Reply:
    return Reply(reply.status, pieces, reply.headers | {"Content-Length": str(len(_bytes(reply)))})


def _dripping(data: bytes, fault: Fault, pause: Pause) -> Iterator[bytes]:
    """A few bytes at a time, so that no single read takes long."""
    step = int(fault.get("bytes", 16))
    for start in range(0, len(data), step):
        yield data[start : start + step]
        pause(float(fault.get("seconds", 0.05)))


def _endless(closing: Ending) -> Iterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n"
    while not closing():
        yield bytes(PIECE_BYTES)


def _truncated(reply: Reply, fault: Fault) -> Reply:
    """Half of the file under the whole one's length."""
    data = _bytes(reply)
    return Reply(200, data[: len(data) // 2], reply.headers | {"Content-Length": str(len(data))})


def _cut(reply: Reply, fault: Fault) -> Reply:
    """Half of the file under its own length: nothing on the wire is wrong, the picture is."""
    data = _bytes(reply)
    return Reply(200, data[: len(data) // 2], reply.headers)


def _wrong_length(reply: Reply, fault: Fault) -> Reply:
    """All of the file, and a length that says otherwise: `off` bytes more, or less where it is negative."""
    length = len(_bytes(reply)) + int(fault.get("off", 1000))
    return Reply(200, reply.body, reply.headers | {"Content-Length": str(length)})


def _redirect(reply: Reply, fault: Fault) -> Reply:
    return Reply(int(fault.get("status", 302)), b"", {"Location": str(fault.get("to", METADATA_ADDRESS))})


def _page(reply: Reply, fault: Fault) -> Reply:
    """HTML, under the type of a picture unless the fault names another."""
    return Reply(200, PAGE, {"Content-Type": str(fault.get("content_type", "image/png"))})


def _empty(reply: Reply, fault: Fault) -> Reply:
    return Reply(200, b"", reply.headers)


def _gzip_bomb(reply: Reply, fault: Fault) -> Reply:
    return Reply(200, _gzipped_zeros(int(fault.get("megabytes", 64))), reply.headers | {"Content-Encoding": "gzip"})


@lru_cache(maxsize=4)
def _gzipped_zeros(megabytes: int) -> bytes:
    return gzip.compress(bytes(megabytes * 1024 * 1024), compresslevel=6)


def _picture_bomb(reply: Reply, fault: Fault) -> Reply:
    return Reply(200, _huge_png(int(fault.get("side", 20_000))), {"Content-Type": "image/png"})


@lru_cache(maxsize=4)
def _huge_png(side: int) -> bytes:
    """A black square of one bit a pixel: some kilobytes that decode to hundreds of megabytes."""
    rows = zlib.compress(bytes((1 + (side + 7) // 8) * side), 6)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", rows) + _png_chunk(b"IEND", b"")


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _animated_webp(reply: Reply, fault: Fault) -> Reply:
    frames = [Image.new("RGB", (320, 200), colour) for colour in ("teal", "maroon", "navy")]
    return Reply(
        200, _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]), {"Content-Type": "image/webp"}
    )


def _cmyk_jpeg(reply: Reply, fault: Fault) -> Reply:
    return Reply(200, _saved(Image.new("CMYK", (320, 200), (20, 120, 200, 10)), "JPEG"), {"Content-Type": "image/jpeg"})


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _hostile_glb(reply: Reply, fault: Fault) -> Reply:
    data = drawing.cube(external=str(fault.get("uri", METADATA_ADDRESS)))
    return Reply(200, data, {"Content-Type": TYPES["glb"]})


SPOILERS: dict[str, Callable[[Reply, Fault], Reply]] = {
    "truncated": _truncated,
    "cut": _cut,
    "wrong_length": _wrong_length,
    "redirect": _redirect,
    "html": _page,
    "empty": _empty,
    "gzip_bomb": _gzip_bomb,
    "picture_bomb": _picture_bomb,
    "animated_webp": _animated_webp,
    "cmyk_jpeg": _cmyk_jpeg,
    "hostile_glb": _hostile_glb,
}
FAULTS = (*SPOILERS, "drip", "endless")
