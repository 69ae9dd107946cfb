"""A picture as other sites show it beside a link to it: 1200 x 630, JPEG, whole, on its own ground. Reads only.

Its renditions are AVIF and WebP, which some of those sites do not take, and of any shape, which they would crop. It is
made when it is asked for and not kept: most pictures are never linked to, those sites keep what they fetched, and what
is not stored need not be found again when a picture goes.
"""

import io

from PIL import Image, ImageOps

from generation import assets
from generation.metadata import xmp
from generation.metadata.marks import source_of
from generation.models import LEVELS_FOR_ALL, Asset, Visibility
from generation.tones import TONES

WIDTH, HEIGHT = 1200, 630
CONTENT_TYPE = "image/jpeg"
QUALITY = 85
GROUND = "bone"
# Changes whenever what is drawn changes, so that no cache takes the old for the new.
EDITION = 2


def may_be_shown(asset: Asset) -> bool:
    """Only what has left private, and what every visitor may be shown unasked."""
    return asset.visibility != Visibility.PRIVATE and asset.level in LEVELS_FOR_ALL


def version(asset: Asset) -> str:
    """The same as long as the bytes would be."""
    return f"{EDITION}-{asset.sha256[:32]}"


def draw(asset: Asset) -> bytes:
    """The JPEG's bytes; of metadata only the IPTC's word for where it comes from. Raises FileGone."""
    card = Image.new("RGB", (WIDTH, HEIGHT), TONES.get(asset.tone, TONES[GROUND]))
    with assets.open_picture(asset) as file, Image.open(file) as opened:
        opened.draft("RGB", (WIDTH, HEIGHT))  # a JPEG is decoded no larger than is needed; others ignore it
        ImageOps.exif_transpose(opened, in_place=True)
        picture = _fitted(opened.convert("RGB"))
    card.paste(picture, ((WIDTH - picture.width) // 2, (HEIGHT - picture.height) // 2))
    buffer = io.BytesIO()
    card.save(buffer, "JPEG", quality=QUALITY, progressive=True, xmp=xmp.mark(source_of(asset.maker.provider)))
    return buffer.getvalue()


def _fitted(picture: Image.Image) -> Image.Image:
    """As large as the card lets it be, nothing cut off."""
    scale = min(WIDTH / picture.width, HEIGHT / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)
