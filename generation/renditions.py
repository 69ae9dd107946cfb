"""The widths of a picture that pages show, in AVIF and WebP: one decode, largest first. Never fails a job.

Each says where the picture comes from, by the IPTC's digital source type, and nothing else.
"""

import io
from typing import BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.functions import Coalesce, Now
from PIL import Image, ImageOps

from generation import assets
from generation.metadata import xmp
from generation.metadata.marks import Source, source_of
from generation.models import Asset
from generation.models.asset import RENDITION_TYPES, RENDITION_WIDTHS

SAVE = {"avif": {"quality": 60, "speed": 8}, "webp": {"quality": 80, "method": 4}}


def make(*, asset_id: int) -> None:
    """Make and store every width of an asset that its picture is wide enough for. Doing it twice changes nothing."""
    asset = Asset.objects.get(pk=asset_id)
    if asset.rendered_at is not None:
        return
    with assets.open_picture(asset) as file, Image.open(file) as opened:
        picture = _upright(opened)
    source = _source(asset)
    for width in sorted(widths(asset), reverse=True):
        picture = _narrowed(picture, width)
        for kind in RENDITION_TYPES:
            _put(key(asset, width, kind), _encoded(picture, kind, source))
    Asset.objects.filter(pk=asset.pk).update(rendered_at=Now())


def widths(asset: Asset) -> list[int]:
    """The named widths below the picture's own, and the first that is not: that one holds the picture's own width."""
    return [width for width in RENDITION_WIDTHS if width < asset.width] + [
        width for width in RENDITION_WIDTHS if width >= asset.width
    ][:1]


def key(asset: Asset, width: int, kind: str) -> str:
    return f"renditions/{asset.code.hex[-2:]}/{asset.code}/{width}.{kind}"


def open_one(asset: Asset, width: int, kind: str, *, viewer_id: int | None) -> tuple[BinaryIO, str]:
    """The bytes of a rendition and their type. Raises FileGone.

    While it is not there, the owner gets the original; to others that could tell a hidden prompt or seed by its
    metadata, so they get a picture encoded for them alone.
    """
    if asset.rendered_at is not None and width in widths(asset):
        try:
            return default_storage.open(key(asset, width, kind), "rb"), f"image/{kind}"  # type: ignore[return-value]
        except FileNotFoundError:
            pass  # removed behind our back: the original is the same picture
    original = assets.open_picture(asset)
    if viewer_id == asset.owner_id:
        return original, asset.picture_type
    with original, Image.open(original) as opened:
        picture = _narrowed(_upright(opened), width)
    return io.BytesIO(_encoded(picture, kind, _source(asset))), f"image/{kind}"


def _source(asset: Asset) -> Source:
    """In one query, also where the caller knows the asset alone."""
    provider = Coalesce("model__provider", "job__model__provider")
    return source_of(Asset.objects.filter(pk=asset.pk).values_list(provider, flat=True).get())


def _upright(opened: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(opened, in_place=True)
    return opened.convert("RGB")


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    if width >= picture.width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, kind: str, source: Source) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind.upper(), xmp=xmp.mark(source), **SAVE[kind])
    return buffer.getvalue()


def _put(name: str, data: bytes) -> None:
    """Under exactly this name: a storage would otherwise add letters to a name that is taken."""
    if default_storage.exists(name):
        default_storage.delete(name)
    default_storage.save(name, ContentFile(data))
