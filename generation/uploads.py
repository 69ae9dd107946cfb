"""From an uploaded file to a clean picture. What is inside counts, never its name or what the browser says of it.

What leaves this module was drawn anew by us: no metadata, no profile, nothing that was hidden before, between or after
the pixels. Reads and writes no row.
"""

import hashlib
import io
import re
import struct
import threading
import unicodedata
import zlib
from dataclasses import dataclass
from typing import Protocol

from PIL import Image, ImageCms, ImageOps

from generation import tones
from generation.errors import BadReference

BYTES_MAX = 10 * 2**20
PIXELS_MAX = 40_000_000
SIDE_MIN_PX, SIDE_MAX_PX = 16, 2048
KEPT_BYTES_MAX = 2_000_000
PROFILE_BYTES_MAX = 2**20
NAME_MAX = 255
# Tried in this order until the bytes are few enough; noise at the last one still fits.
QUALITIES = (92, 85, 75, 60, 40)
# No other decoder is ever given the bytes. A camera's JPEG with a second picture inside is one of these, too.
FORMATS = ("PNG", "JPEG", "WEBP")
# What damaged pictures make Pillow and the decoders raise.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
# A progressive JPEG has about ten, and each is a walk over the whole picture: ten megabytes hold a hundred thousand.
SCANS_MAX = 100
# 40 megapixels take 160 MB while they are decoded: one after the other in a process, however many are sent.
_decoding = threading.Lock()

# What people send by mistake, by the first bytes of it.
_KNOWN = (
    ("a PDF", rb"%PDF-"),
    ("a GIF", rb"GIF8[79]a"),
    ("a HEIC picture", rb"....ftyp(?:hei[cxms]|hev[cx]|mif1|msf1)"),
    ("an AVIF picture", rb"....ftypavi[fs]"),
    ("a video", rb"....ftyp|\x1aE\xdf\xa3"),
    ("a TIFF", rb"II\*\x00|MM\x00\*"),
    ("a BMP", rb"BM"),
    ("an SVG drawing", rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg"),
    ("a web page", rb"\s*<(?:!doctype html|html|head|body|script)"),
    ("an archive", rb"PK\x03\x04|Rar!|7z\xbc\xaf"),
)


class Readable(Protocol):
    """Anything that bytes come from: an upload, or a file."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Clean:
    """A picture as we keep it: a JPEG in sRGB. `sha256` is of the bytes that were uploaded; sizes in pixels."""

    data: bytes
    sha256: str
    width: int
    height: int
    tone: str
    content_type: str = "image/jpeg"
    extension: str = "jpg"


def clean(file: Readable) -> Clean:
    """Check an upload and draw it anew. Raises BadReference, which says why."""
    data = read(file)
    with _decoding:
        picture = _picture(data)
    return Clean(
        data=_encode(picture),
        sha256=hashlib.sha256(data).hexdigest(),
        width=picture.width,
        height=picture.height,
        tone=tones.of(picture)[1],
    )


def name(text: str) -> str:
    """What a file was called, as text to be shown: no folders, nothing invisible, nothing that turns the line round."""
    last = re.split(r"[/\\]", text)[-1]
    composed = unicodedata.normalize("NFC", last)
    seen = "".join(char for char in composed if not unicodedata.category(char).startswith("C"))
    return seen.strip()[:NAME_MAX] or "picture"


# --- Checks, from the cheap to the dear ------------------------------------------------------------------------------


def read(file: Readable) -> bytes:
    """All of an upload. Raises BadReference where it is empty or too much."""
    data = file.read(BYTES_MAX + 1)
    if not data:
        raise BadReference(reason="The file is empty.")
    if len(data) > BYTES_MAX:
        raise BadReference(reason="The file is larger than 10 MB.", status=413)
    return data


def _picture(data: bytes) -> Image.Image:
    """The pixels, upright, at most SIDE_MAX_PX a side, in plain RGB."""
    opened = _opened(data)
    try:
        opened.draft(None, (SIDE_MAX_PX, SIDE_MAX_PX))  # a large JPEG is decoded at the size that is needed
        opened.load()
        picture = _eight_bits(opened)
        picture.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX), Image.Resampling.LANCZOS)
    except BROKEN as error:
        raise BadReference(reason="The file is damaged or incomplete.") from error
    picture = _in_srgb(_flat(_upright(picture)))
    if min(picture.size) < SIDE_MIN_PX:
        raise BadReference(reason=f"The picture is too narrow: both sides need {SIDE_MIN_PX} pixels or more.")
    plain = Image.new("RGB", picture.size)  # an image carries its comments along, its pixels do not
    plain.paste(picture)
    return plain


def _opened(data: bytes) -> Image.Image:
    """The header alone is read here."""
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except BROKEN as error:
        raise BadReference(reason=_what_it_is(data), status=415) from error
    if opened.width * opened.height > PIXELS_MAX:
        raise _too_many_pixels()
    if has_too_many_scans(data):
        raise BadReference(reason="The file is a JPEG of more layers than any camera or program writes.")
    if opened.format != "MPO" and getattr(opened, "is_animated", False):
        raise BadReference(reason="The picture moves. Send a still one.")
    return opened


def has_too_many_scans(data: bytes) -> bool:
    """Whether a JPEG would take minutes to decode. Its compressed data never hold the marker that begins a scan."""
    return data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > SCANS_MAX


def _too_many_pixels() -> BadReference:
    return BadReference(reason=f"The picture has more than {PIXELS_MAX // 1_000_000} megapixels.", status=413)


def _what_it_is(data: bytes) -> str:
    for what, pattern in _KNOWN:
        if re.match(pattern, data[:4096], re.DOTALL | re.IGNORECASE):
            return f"This is {what}, whatever its name says. Send a PNG, JPEG or WebP."
    if data.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")):
        return "The file begins like a picture, but none can be read in it."
    return "This is no picture that we can read. Send a PNG, JPEG or WebP."


# --- Drawn anew ------------------------------------------------------------------------------------------------------


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Sixteen bits become eight, a palette its colours; what is see-through stays so for now."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode in {"RGB", "L", "CMYK"} else picture.convert("RGB")


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except BROKEN:  # metadata that cannot be read turn nothing
        return picture


def _flat(picture: Image.Image) -> Image.Image:
    """On white, as a page would show it."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    white.info = picture.info
    return white


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Colours as its profile means them; without one, or with one that is broken or absurdly long, as they stand."""
    profile = picture.info.get("icc_profile")
    if isinstance(profile, bytes) and 0 < len(profile) <= PROFILE_BYTES_MAX:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, *BROKEN):
            made = None
        if made is not None:
            return made
    return picture.convert("RGB")


def _encode(picture: Image.Image) -> bytes:
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0 if quality > 90 else 2)
        if buffer.tell() <= KEPT_BYTES_MAX:
            break
    return buffer.getvalue()
