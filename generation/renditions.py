"""The widths of a picture that pages show, in AVIF and WebP: one decode, largest first. Never fails a job.

Each says where the picture comes from, by the IPTC's digital source type, and nothing else.
"""

import io
from dataclasses import dataclass
from typing import BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.functions import Coalesce, Now
from PIL import Image, ImageOps

from generation import assets
from generation.metadata import xmp
from generation.metadata.marks import Source, source_of
from generation.models import Asset, Visibility
from generation.models.asset import RENDITION_TYPES

SAVE = {"avif": {"quality": 60, "speed": 8}, "webp": {"quality": 80, "method": 4}}


def make(*, asset_id: int) -> None:
    """Make and store every width of an asset that its picture is wide enough for. Doing it twice changes nothing."""
    asset = Asset.objects.get(pk=asset_id)
    if asset.rendered_at is not None or asset.purged_at is not None:
        return
    with assets.open_picture(asset) as file, Image.open(file) as opened:
        picture = _decoded(opened, asset.rendition_widths[-1])
    source = _source(asset)
    for width in reversed(asset.rendition_widths):
        picture = _narrowed(picture, width)
        for kind in RENDITION_TYPES:
            default_storage.save(key(asset, width, kind), ContentFile(_encoded(picture, kind, source)))
    Asset.objects.filter(pk=asset.pk).update(rendered_at=Now())
    if asset.visibility == Visibility.PUBLIC:
        _settle(asset)


def make_again(*, asset_id: int) -> None:
    """Ask for renditions of which one has vanished; until they are there the original stands in."""
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    Asset.objects.filter(pk=asset_id).update(rendered_at=None)
    tasks.render_soon(asset_id)


def _settle(asset: Asset) -> None:
    """What was shown before it was rendered has its public copies to come."""
    from generation import tasks  # noqa: PLC0415  (as above)

    tasks.settle_public_soon(asset.pk)


def key(asset: Asset, width: int, kind: str) -> str:
    return f"renditions/{asset.code.hex[-2:]}/{asset.code}/{width}.{kind}"


def made(asset: Asset, width: int, kind: str) -> tuple[str, str]:
    """Where a rendition lies and its entity tag, both empty until it is made. Beyond the picture's own width it is the
    widest one's."""
    if asset.rendered_at is None:
        return "", ""
    width = min(width, asset.rendition_widths[-1])
    return key(asset, width, kind), f'"{asset.code.hex}-{width}-{kind}-{asset.rendered_at.timestamp():.6f}"'


@dataclass(frozen=True)
class Opened:
    """An open file at its beginning; whoever answers with it closes it."""

    file: BinaryIO
    content_type: str
    is_made: bool = False
    is_original: bool = False


def open_one(asset: Asset, width: int, kind: str, *, viewer_id: int | None) -> Opened:
    """The bytes of a rendition. Raises FileGone.

    While it is not there, the owner gets the original; to others that could tell a hidden prompt or seed by its
    metadata, so they get a picture encoded for them alone.
    """
    if name := made(asset, width, kind)[0]:
        try:
            return Opened(default_storage.open(name, "rb"), f"image/{kind}", is_made=True)  # type: ignore[arg-type]
        except FileNotFoundError:
            pass  # removed behind our back: the original is the same picture
    original = assets.open_picture(asset)
    if viewer_id == asset.owner_id:
        return Opened(original, asset.picture_type, is_original=True)
    with original, Image.open(original) as opened:
        picture = _narrowed(_decoded(opened, width), width)
    return Opened(io.BytesIO(_encoded(picture, kind, _source(asset))), f"image/{kind}")


def _source(asset: Asset) -> Source:
    """In one query, also where the caller knows the asset alone."""
    provider = Coalesce("model__provider", "job__model__provider")
    return source_of(Asset.objects.filter(pk=asset.pk).values_list(provider, flat=True).get())


def _decoded(opened: Image.Image, width: int) -> Image.Image:
    """The whole picture, upright; of a JPEG no more than is needed for this width: its decoder halves for nothing."""
    if opened.width > 2 * width:
        opened.draft("RGB", (2 * width, 2 * width * opened.height // opened.width))
    ImageOps.exif_transpose(opened, in_place=True)
    if opened.mode == "RGB":
        opened.load()
        return opened
    return opened.convert("RGB")


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    if width >= picture.width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, kind: str, source: Source) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind.upper(), xmp=xmp.mark(source), **SAVE[kind])
    return buffer.getvalue()
