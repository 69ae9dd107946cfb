"""From bytes to a file in storage: checks, re-encodes, hashes, stores, describes. Writes no row; assets.py does.

A 3D model is kept byte for byte, with a poster: the picture that stands for it wherever pictures are shown.
"""

import base64
import hashlib
import io
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import uuid_utils.compat as uuid7
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image, ImageOps

from generation import tones, uploads
from generation.models import ErrorCode, Job, OutputKind
from generation.providers.base import Output, ProviderError, Verdict
from generation.solid.errors import Broken

if TYPE_CHECKING:
    from generation.solid.glb import Solid

log = logging.getLogger(__name__)

BYTES_MAX = 50_000_000
PIXELS_MAX = 50_000_000
# No other decoder is ever given the bytes: some of Pillow's start programs.
FORMATS = (*uploads.FORMATS, "GIF", "TIFF", "BMP", "AVIF")
KEPT_FORMATS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "WEBP": ("webp", "image/webp")}
PLACEHOLDER_PX = 16


class Unreadable(Exception):
    """What a provider sent is no picture, or no 3D model, that can be kept."""


@dataclass(frozen=True)
class Stored:
    """A checked file that lies in storage; the row about it is not written yet. Sizes in pixels and bytes."""

    code: UUID
    index: int
    storage_key: str
    sha256: str
    size_bytes: int
    content_type: str
    width: int
    height: int
    seed: int | None
    color: str
    tone: str
    placeholder: str
    kind: str = OutputKind.PICTURE
    poster_key: str = ""
    triangles: int | None = None
    verdict: Verdict | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that lies in storage for it."""
        return (self.storage_key, self.poster_key) if self.poster_key else (self.storage_key,)


def bytes_max(job: Job) -> int:
    """The largest file that is worth fetching for a job."""
    from generation.solid import glb  # noqa: PLC0415  (numpy: a web process keeps nothing and does without)

    return glb.BYTES_MAX if job.maker.is_3d else BYTES_MAX


def keep(*, job: Job, output: Output) -> Stored:
    """Check a file, put it into storage, and describe it. Raises Unreadable, or OSError from the storage.

    What a model makes decides what is accepted: a picture from one that makes 3D is as unreadable as the reverse.
    """
    return _keep_model(job, output) if job.maker.is_3d else _keep_picture(job, output)


def _keep_picture(job: Job, output: Output) -> Stored:
    data, picture, extension, content_type = _checked(output.data)
    code = uuid7.uuid7()
    key = _save("images", job, code, extension, data)
    described = _described(data, content_type, picture)
    return Stored(code, output.index, key, **described, seed=output.seed, verdict=output.verdict)


def _keep_model(job: Job, output: Output) -> Stored:
    from generation.solid import glb  # noqa: PLC0415  (as above)

    try:
        solid = glb.read(output.data)
    except Broken as error:
        raise Unreadable(str(error)) from error
    picture = _poster(solid)
    code = uuid7.uuid7()
    key = _save("models", job, code, "glb", output.data)
    try:
        poster_key = _save("images", job, code, "png", _png(picture))
    except OSError:
        default_storage.delete(key)
        raise
    return Stored(
        code,
        output.index,
        key,
        **_described(output.data, glb.CONTENT_TYPE, picture),
        seed=output.seed,
        kind=OutputKind.MODEL_3D,
        poster_key=poster_key,
        triangles=solid.triangles,
        verdict=output.verdict,
    )


def keep_readable(*, job: Job, outputs: Sequence[Output]) -> list[Stored]:
    """Each readable one of a run, no more than the job asked for; what cannot be read costs nothing and spoils nothing.

    Raises ProviderError where none is left, OSError from the storage.
    """
    kept: list[Stored] = []
    for output in outputs[: job.count]:
        try:
            kept.append(keep(job=job, output=output))
        except Unreadable as error:
            log.warning("job %s, picture %d: %s", job.code, output.index, error)
        except OSError:
            with suppress(OSError):  # a storage that went away in between
                discard(kept)
            raise
    if not kept:
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail="no picture could be read")
    return kept


def _poster(solid: "Solid") -> Image.Image:
    """Its picture; a plain one where it cannot be drawn, because a poster is no reason to lose a model."""
    from generation.solid import poster  # noqa: PLC0415  (as above)

    try:
        return poster.draw(solid)
    except (ArithmeticError, LookupError, MemoryError, ValueError):
        log.exception("a model of %d triangles could not be drawn", solid.triangles)
        return poster.cube()


def _save(folder: str, job: Job, code: UUID, extension: str, data: bytes) -> str:
    name = f"{folder}/{timezone.now():%Y/%m/%d}/{job.maker.slug}_{code}.{extension}"
    return default_storage.save(name, ContentFile(data))


def _described(data: bytes, content_type: str, picture: Image.Image) -> dict[str, Any]:
    color, tone = tones.of(picture)
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "content_type": content_type,
        "width": picture.width,
        "height": picture.height,
        "color": color,
        "tone": tone,
        "placeholder": _placeholder(picture),
    }


def _checked(data: bytes) -> tuple[bytes, Image.Image, str, str]:
    """The bytes to keep, the decoded picture, extension, type. All but a plain PNG, JPEG or WebP is re-encoded."""
    if not 0 < len(data) <= BYTES_MAX:
        raise Unreadable(f"{len(data)} bytes")
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
        if opened.width * opened.height > PIXELS_MAX:
            raise Unreadable(f"{opened.width} x {opened.height} pixels")
        if uploads.has_too_many_scans(data):
            raise Unreadable("a JPEG of more scans than any program writes")
        plain = opened.format in KEPT_FORMATS and opened.mode in {"RGB", "RGBA", "L"} and not _moves(opened)
        opened.load()
        picture = ImageOps.exif_transpose(opened)
    except (*uploads.BROKEN, RuntimeError, Image.DecompressionBombError) as error:
        raise Unreadable(str(error)) from error
    if plain and picture.size == opened.size and opened.format:
        return data, picture, *KEPT_FORMATS[opened.format]
    picture = picture.convert("RGB")
    return _png(picture), picture, *KEPT_FORMATS["PNG"]


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _moves(picture: Image.Image) -> bool:
    return bool(getattr(picture, "is_animated", False))


def _placeholder(picture: Image.Image) -> str:
    small = picture.convert("RGB")
    small.thumbnail((PLACEHOLDER_PX, PLACEHOLDER_PX))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=30, method=6)
    return base64.b64encode(buffer.getvalue()).decode()


def discard(pictures: Sequence[Stored]) -> None:
    """Take bytes back that no row will point at."""
    for picture in pictures:
        for key in picture.keys:
            default_storage.delete(key)
