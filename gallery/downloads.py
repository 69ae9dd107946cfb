"""A picture or 3D model as a file to keep: its name, its type, what it tells. By object, never by address.

What may stand inside is decided here; how it is written is generation/metadata's.
"""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, cast

from django.db import models
from PIL import Image, ImageOps

from gallery import credentials
from gallery.errors import NoModel
from gallery.models.post import TITLE_MAX
from gallery.pieces import Piece, Viewer
from generation import assets, metadata
from generation.metadata import Broken, Marks, jsonld
from generation.metadata.marks import NAME_MAX, Settings, Source, settings_of, source_of, text
from generation.models import Asset, Style
from generation.wish import asked

IN_MEMORY_MAX_BYTES = 8 * 1024 * 1024
JPEG_QUALITY = 92
WEBP_QUALITY = 90


class Format(models.TextChoices):
    """What a download may be; `original` is the stored type. Of a 3D model the pictures are those of its poster."""

    ORIGINAL = "original"
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GLB = "glb"


CONTENT_TYPES = {"image/png": Format.PNG, "image/jpeg": Format.JPEG, "image/webp": Format.WEBP}
EXTENSIONS = {Format.PNG: "png", Format.JPEG: "jpg", Format.WEBP: "webp"}


@dataclass(frozen=True)
class Download:
    """An open file at its beginning; whoever answers with it closes it."""

    file: BinaryIO
    name: str
    content_type: str


@dataclass(frozen=True)
class Offer:
    """What the menu of a piece says to one viewer: whether files may tell how they were made, and whether they do so
    where nothing is said of one."""

    may_tell: bool
    tells: bool
    by_ai: bool
    is_signed: bool
    formats: tuple[tuple[str, str], ...] = ((Format.PNG, "PNG"), (Format.JPEG, "JPEG"), (Format.WEBP, "WebP"))


# --- What may be told ------------------------------------------------------------------------------------------------


def tells_by_rule(piece: Piece, viewer: Viewer) -> bool:
    """Whether this viewer's files say how they were made where nothing was said of one: as their settings have it.

    Whoever has no account has no settings, and is told.
    """
    return may_tell(piece) and getattr(viewer, "writes_metadata", True)


def may_tell(piece: Piece) -> bool:
    """Whether a file may say how it was made at all: to others only what the owner lets be known.

    That is nothing while the prompt is hidden, and nothing where the owner keeps words out of files.
    """
    return piece.is_owner or (piece.shows_settings and piece.asset.owner.writes_metadata)


def offer(piece: Piece, viewer: Viewer) -> Offer:
    return Offer(
        may_tell=may_tell(piece),
        tells=tells_by_rule(piece, viewer),
        by_ai=source_of(piece.asset.maker.provider) == Source.MODEL,
        is_signed=credentials.are_on(),
    )


def marks_of(piece: Piece, *, with_settings: bool) -> Marks:
    """What stands in a file of this piece. Title and artist are in it while the page shows them to everybody."""
    asset = piece.asset
    return Marks(
        source=source_of(asset.maker.provider),
        made_at=asset.created_at,
        settings=_settings(asset) if with_settings else None,
        title="" if piece.is_private else text(piece.title, TITLE_MAX),
        artist="" if piece.is_private else text(asset.owner.public_name, NAME_MAX),
    )


def _settings(asset: Asset) -> Settings:
    """As its job has them, with the model that really made it and the seed of this picture."""
    job, maker, prompt = asset.job, asset.maker, asked(asset.job)
    return settings_of(
        {
            "prompt": prompt,
            "written": job.prompt_written if job.prompt_written != prompt else "",
            "sent": job.prompt_sent if job.prompt_sent != prompt else "",
            "negative_prompt": job.negative_prompt,
            "model": maker.slug,
            "model_name": maker.name,
            "seed": asset.seed,
            "steps": maker.normal_steps if job.steps is None else job.steps,
            "guidance": maker.normal_guidance if job.guidance is None else job.guidance,
            "width": asset.width,
            "height": asset.height,
            "aspect_ratio": asset.aspect_ratio,
            "style": "" if job.style == Style.NONE else job.style,
        }
    )


# --- The file --------------------------------------------------------------------------------------------------------


def prepare(*, piece: Piece, wanted: Format, with_settings: bool) -> Download:
    """The picture or model in the wanted format. Raises FileGone for a missing object, NoModel for GLB of a picture.

    The original keeps its pixels to the bit; whatever words a provider left in it give way to ours.
    """
    with_settings = with_settings and may_tell(piece)
    if wanted == Format.GLB or (piece.asset.is_3d and wanted == Format.ORIGINAL):
        return _model(piece, with_settings=with_settings)
    stored = CONTENT_TYPES.get(piece.asset.content_type)
    target = (stored or Format.PNG) if wanted == Format.ORIGINAL else wanted
    title, kind = name(piece.asset, EXTENSIONS[target]), f"image/{target}"
    marks = marks_of(piece, with_settings=with_settings)
    made = _original(piece, marks) if wanted == Format.ORIGINAL and stored else None
    made = made or _converted(piece, target, marks)
    return Download(_signed(made, title, kind, marks), title, kind)


def _model(piece: Piece, *, with_settings: bool) -> Download:
    """A 3D model: its shape as it came, its words ours, or none."""
    if not piece.asset.is_3d:
        raise NoModel
    packet = jsonld.packet(marks_of(piece, with_settings=with_settings))
    file = assets.open_model(piece.asset, with_words=with_settings, packet=packet)
    return Download(file, name(piece.asset, "glb", what="Model"), piece.asset.content_type)


def name(asset: Asset, extension: str, *, what: str = "Image") -> str:
    """`Atelier Image Jun 18, 2026, 06_30_00 PM.png`: from the clock alone, so no title can reach a header."""
    return f"Atelier {what} {_clock(asset.created_at.astimezone(UTC))}.{extension}"


def _clock(when: datetime) -> str:
    """Month and half of the day in English, whatever the process's locale says."""
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][when.month - 1]
    return f"{month} {when:%d, %Y, %I_%M_%S} {'AM' if when.hour < 12 else 'PM'}"


def _original(piece: Piece, marks: Marks) -> BinaryIO | None:
    """The stored file with other words around the same pixels; None where it is too oddly built for that."""
    file = _file()
    with assets.open_original(piece.asset) as source:
        try:
            metadata.write(source, file, content_type=piece.asset.content_type, marks=marks)
        except Broken:
            file.close()
            return None
    return file


def _converted(piece: Piece, target: Format, marks: Marks) -> BinaryIO:
    plain, file = _file(), _file()
    with plain:
        with assets.open_picture(piece.asset) as original, Image.open(original) as image:
            _save(ImageOps.exif_transpose(image), plain, target)
        metadata.write(plain, file, content_type=f"image/{target}", marks=marks)
    return file


def _signed(file: BinaryIO, title: str, content_type: str, marks: Marks) -> BinaryIO:
    """With content credentials where the site has a certificate; at its beginning either way."""
    if credentials.are_on():
        signed = _file()
        if credentials.sign(file, signed, name=title, content_type=content_type, marks=marks):
            file.close()
            file = signed
        else:
            signed.close()
    file.seek(0)
    return file


def _file() -> BinaryIO:
    """In memory while it is small, then on disk."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES))  # the answer closes it


def _save(image: Image.Image, file: BinaryIO, target: Format) -> None:
    """The pixels and their colours, and no words."""
    profile = image.info.get("icc_profile")
    if target == Format.PNG:
        image.save(file, "PNG", icc_profile=profile)
    elif target == Format.JPEG:
        _opaque(image).save(file, "JPEG", quality=JPEG_QUALITY, icc_profile=profile, progressive=True)
    else:
        image.save(file, "WEBP", quality=WEBP_QUALITY, icc_profile=profile or b"", exif=b"")


def _opaque(image: Image.Image) -> Image.Image:
    """JPEG has no transparency: what is clear becomes white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, "white")
    clear = image.convert("RGBA")
    ground.paste(clear, mask=clear.getchannel("A"))
    return ground
