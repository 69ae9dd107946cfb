"""From bytes to an Asset: checks, re-encodes, hashes, stores, describes. Also the only writer of who may see one."""

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

import uuid_utils.compat as uuid7
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageOps, UnidentifiedImageError

from generation import tones
from generation.errors import FileGone
from generation.models import Asset, Job, Moderation
from generation.providers.base import Output

BYTES_MAX = 50_000_000
PIXELS_MAX = 50_000_000
KEPT_FORMATS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "WEBP": ("webp", "image/webp")}
PLACEHOLDER_PX = 16
ALT_MAX = 300


class Unreadable(Exception):
    """What a provider sent is no picture that can be kept."""


@dataclass(frozen=True)
class Stored:
    """A checked picture that lies in storage; the row about it is not written yet. Sizes in pixels and bytes."""

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


# --- From bytes to storage -------------------------------------------------------------------------------------------


def keep(*, job: Job, attempt_number: int, output: Output) -> Stored:
    """Check a picture, put its bytes into storage, and describe it. Raises Unreadable, or OSError from the storage."""
    data, picture, extension, content_type = _checked(output.data)
    code = uuid7.uuid7()
    key = default_storage.save(
        f"images/{timezone.now():%Y/%m/%d}/{job.maker.slug}_{code}.{extension}", ContentFile(data)
    )
    color, tone = tones.of(picture)
    return Stored(
        code=code,
        index=output.index,
        storage_key=key,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        content_type=content_type,
        width=picture.width,
        height=picture.height,
        seed=output.seed,
        color=color,
        tone=tone,
        placeholder=_placeholder(picture),
    )


def _checked(data: bytes) -> tuple[bytes, Image.Image, str, str]:
    """The bytes to keep, the decoded picture, extension, type. All but a plain PNG, JPEG or WebP is re-encoded."""
    if not 0 < len(data) <= BYTES_MAX:
        raise Unreadable(f"{len(data)} bytes")
    try:
        opened = Image.open(io.BytesIO(data))
        if opened.width * opened.height > PIXELS_MAX:
            raise Unreadable(f"{opened.width} x {opened.height} pixels")
        plain = opened.format in KEPT_FORMATS and opened.mode in {"RGB", "RGBA", "L"} and not _moves(opened)
        opened.load()
        picture = ImageOps.exif_transpose(opened)
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise Unreadable(str(error)) from error
    if plain and picture.size == opened.size and opened.format:
        return data, picture, *KEPT_FORMATS[opened.format]
    picture = picture.convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue(), picture, *KEPT_FORMATS["PNG"]


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
        default_storage.delete(picture.storage_key)


# --- Rows ------------------------------------------------------------------------------------------------------------


def insert(job: Job, pictures: Sequence[Stored], *, model_id: int | None, is_late: bool) -> int:
    """Write the rows of a job's pictures, inside the caller's transaction; returns how many the job has now.

    `model_id` is the model that made them. A picture whose index is taken came from another try and is dropped.
    """
    taken = set(Asset.objects.filter(job=job).values_list("index", flat=True)) if job.tries > 1 else set()
    fresh = [picture for picture in pictures if picture.index not in taken]
    rows = Asset.objects.bulk_create([_row(job, one, model_id=model_id, is_late=is_late) for one in fresh])
    spare = [picture for picture in pictures if picture.index in taken]
    transaction.on_commit(lambda: _render(rows))
    transaction.on_commit(lambda: discard(spare))
    return len(taken) + len(rows)


def _row(job: Job, picture: Stored, *, model_id: int | None, is_late: bool) -> Asset:
    return Asset(
        code=picture.code,
        job=job,
        owner_id=job.owner_id,
        model_id=model_id,
        index=picture.index,
        is_late=is_late,
        storage_key=picture.storage_key,
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


def open_key(key: str, code: UUID) -> BinaryIO:
    try:
        return default_storage.open(key, "rb")  # type: ignore[return-value]
    except FileNotFoundError as error:
        raise FileGone(code=str(code)) from error
