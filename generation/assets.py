"""From bytes to an Asset: checks, re-encodes, hashes, stores, describes. Also the only writer of who may see one.

A 3D model is kept byte for byte, with a poster: the picture that stands for it wherever pictures are shown.
"""

import base64
import hashlib
import io
import logging
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID

import uuid_utils.compat as uuid7
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageOps

from generation import tones, uploads
from generation.errors import FileGone
from generation.models import Asset, ErrorCode, Job, Moderation, OutputKind
from generation.providers.base import Output, ProviderError
from generation.solid import plain
from generation.solid.errors import Broken

if TYPE_CHECKING:
    from generation.solid.glb import Solid

log = logging.getLogger(__name__)

BYTES_MAX = 50_000_000
PIXELS_MAX = 50_000_000
# No other decoder is ever given the bytes: some of Pillow's start programs.
FORMATS = (*uploads.FORMATS, "GIF", "TIFF", "BMP", "AVIF")
KEPT_FORMATS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "WEBP": ("webp", "image/webp")}
IN_MEMORY_MAX_BYTES = 8 * 1024 * 1024
PLACEHOLDER_PX = 16
ALT_MAX = 300


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

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that lies in storage for it."""
        return (self.storage_key, self.poster_key) if self.poster_key else (self.storage_key,)


# --- From bytes to storage -------------------------------------------------------------------------------------------


def bytes_max(job: Job) -> int:
    """The largest file that is worth fetching for a job."""
    from generation.solid import glb  # noqa: PLC0415  (numpy: a web process keeps nothing and does without)

    return glb.BYTES_MAX if job.maker.is_3d else BYTES_MAX


def keep(*, job: Job, attempt_number: int, output: Output) -> Stored:
    """Check a file, put it into storage, and describe it. Raises Unreadable, or OSError from the storage.

    What a model makes decides what is accepted: a picture from one that makes 3D is as unreadable as the reverse.
    """
    return _keep_model(job, output) if job.maker.is_3d else _keep_picture(job, output)


def _keep_picture(job: Job, output: Output) -> Stored:
    data, picture, extension, content_type = _checked(output.data)
    code = uuid7.uuid7()
    key = _save("images", job, code, extension, data)
    return Stored(code, output.index, key, **_described(data, content_type, picture), seed=output.seed)


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
    )


def keep_readable(*, job: Job, attempt_number: int, outputs: Sequence[Output]) -> list[Stored]:
    """Each readable one of a run, no more than the job asked for; what cannot be read costs nothing and spoils nothing.

    Raises ProviderError where none is left, OSError from the storage.
    """
    kept: list[Stored] = []
    for output in outputs[: job.count]:
        try:
            kept.append(keep(job=job, attempt_number=attempt_number, output=output))
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


def discard_spare(job: Job, pictures: Sequence[Stored]) -> None:
    """Once the transaction has committed, take away the bytes of those that are not the job's assets."""
    kept = set(Asset.objects.filter(job=job).values_list("code", flat=True))
    spare = [picture for picture in pictures if picture.code not in kept]
    transaction.on_commit(lambda: discard(spare))


# --- Rows ------------------------------------------------------------------------------------------------------------


def insert(job: Job, pictures: Sequence[Stored], *, model_id: int | None, is_late: bool) -> int:
    """Write the rows of a job's pictures, inside the caller's transaction; returns how many the job has now.

    `model_id` is the model that made them. A picture whose index is taken came from another try, or a second time, and
    is dropped.
    """
    may_be_taken = is_late or job.tries > 1
    taken = set(Asset.objects.filter(job=job).values_list("index", flat=True)) if may_be_taken else set()
    fresh = [picture for picture in pictures if picture.index not in taken]
    rows = Asset.objects.bulk_create([_row(job, one, model_id=model_id, is_late=is_late) for one in fresh])
    transaction.on_commit(lambda: _render(rows))
    if taken:
        discard_spare(job, pictures)
    return len(taken) + len(rows)


def _row(job: Job, picture: Stored, *, model_id: int | None, is_late: bool) -> Asset:
    return Asset(
        code=picture.code,
        job=job,
        owner_id=job.owner_id,
        model_id=model_id,
        index=picture.index,
        kind=picture.kind,
        is_late=is_late,
        storage_key=picture.storage_key,
        poster_key=picture.poster_key,
        triangles=picture.triangles,
        sha256=picture.sha256,
        size_bytes=picture.size_bytes,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        seed=picture.seed,
        aspect_ratio=job.aspect_ratio,
        alt=job.prompt_written[:ALT_MAX],
        color=picture.color,
        tone=picture.tone,
        placeholder=picture.placeholder,
        moderation=Moderation.PASSED,  # the prompt passed its rules; verdicts on pictures come with the providers
    )


def _render(rows: Sequence[Asset]) -> None:
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    for row in rows:
        tasks.render_soon(row.pk)


# --- Who may see one, and its bytes ----------------------------------------------------------------------------------


def show(*, asset_id: int, owner_id: int, visibility: str, prompt_hidden: bool) -> Asset:
    """Set who may see an asset; acts at once on pages and files. Raises Asset.DoesNotExist for another's.

    The database refuses to show what moderation has not passed.
    """
    with transaction.atomic():
        asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id, owner_id=owner_id, deleted_at=None)
        asset.visibility, asset.prompt_hidden = visibility, prompt_hidden
        asset.save(update_fields=["visibility", "prompt_hidden"])
    return asset


def open_original(asset: Asset) -> BinaryIO:
    """The stored bytes, to be streamed. Raises FileGone when the object is missing."""
    return open_key(asset.storage_key, asset.code)


def open_picture(asset: Asset) -> BinaryIO:
    """The bytes of the picture that pages show: a 3D model's poster, or the original. Raises FileGone."""
    return open_key(asset.picture_key, asset.code)


def open_model(asset: Asset, *, with_words: bool) -> BinaryIO:
    """The bytes of a 3D model; without the words inside, for those from whom its prompt is hidden. Raises FileGone."""
    original = open_original(asset)
    if with_words:
        return original
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES))  # noqa: SIM115  (the answer closes it)
    with original:
        plain.copy(original, file)
    file.seek(0)
    return file


def open_key(key: str, code: UUID) -> BinaryIO:
    try:
        return default_storage.open(key, "rb")  # type: ignore[return-value]
    except FileNotFoundError as error:
        raise FileGone(code=str(code)) from error
