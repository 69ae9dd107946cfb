"""A picture or 3D model as a file to keep: its name, its type, what is written inside. By object, never by address."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, cast
from xml.sax.saxutils import quoteattr

from django.db import models
from PIL import Image, PngImagePlugin

from gallery.errors import NoModel
from gallery.pieces import Piece
from generation import assets
from generation.models import Asset

IN_MEMORY_MAX_BYTES = 8 * 1024 * 1024
JPEG_QUALITY = 92
WEBP_QUALITY = 90
# Drawn by an algorithm, not by a model that learned from pictures: the IPTC has a word of its own for it.
PROCEDURAL_PROVIDERS = ("demo",)
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


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


def prepare(*, piece: Piece, wanted: Format) -> Download:
    """The picture or model in the wanted format. Raises FileGone for a missing object, NoModel for GLB of a picture.

    The original keeps its bytes, unless its owner hides the prompt from this viewer: metadata of a provider may hold
    prompt or seed, so then even the stored type is written anew.
    """
    if wanted == Format.GLB or (piece.asset.is_3d and wanted == Format.ORIGINAL):
        return _model(piece)
    stored = CONTENT_TYPES.get(piece.asset.content_type)
    if wanted == Format.ORIGINAL and (piece.shows_settings or stored is None):
        file, kind = assets.open_original(piece.asset), piece.asset.content_type
        return Download(file, name(piece.asset, _extension(piece.asset)), kind)
    target = (stored or Format.PNG) if wanted == Format.ORIGINAL else wanted
    return Download(_convert(piece, target), name(piece.asset, EXTENSIONS[target]), f"image/{target}")


def _model(piece: Piece) -> Download:
    """A 3D model as it came, or without the words inside where the viewer may not know them."""
    if not piece.asset.is_3d:
        raise NoModel
    file = assets.open_model(piece.asset, with_words=piece.shows_settings)
    return Download(file, name(piece.asset, "glb", what="Model"), piece.asset.content_type)


def name(asset: Asset, extension: str, *, what: str = "Image") -> str:
    """`Atelier Image Jun 18, 2026, 06_30_00 PM.png`: from the clock alone, so no title can reach a header."""
    return f"Atelier {what} {_clock(asset.created_at.astimezone(UTC))}.{extension}"


def _clock(when: datetime) -> str:
    """Month and half of the day in English, whatever the process's locale says."""
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][when.month - 1]
    return f"{month} {when:%d, %Y, %I_%M_%S} {'AM' if when.hour < 12 else 'PM'}"


def _extension(asset: Asset) -> str:
    known = CONTENT_TYPES.get(asset.content_type)
    return EXTENSIONS[known] if known else asset.storage_key.rpartition(".")[2]


def _convert(piece: Piece, target: Format) -> BinaryIO:
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES))  # noqa: SIM115  (the answer closes it)
    with assets.open_picture(piece.asset) as original, Image.open(original) as image:
        _save(image, file, piece, target)
    file.seek(0)
    return file


def _save(image: Image.Image, file: BinaryIO, piece: Piece, target: Format) -> None:
    profile = image.info.get("icc_profile")
    packet = _xmp(piece)
    if target == Format.PNG:
        image.save(file, "PNG", icc_profile=profile, pnginfo=_chunks(piece, packet))
    elif target == Format.JPEG:
        _opaque(image).save(file, "JPEG", quality=JPEG_QUALITY, icc_profile=profile, xmp=packet, progressive=True)
    else:
        image.save(file, "WEBP", quality=WEBP_QUALITY, icc_profile=profile or b"", xmp=packet, exif=b"")


def _opaque(image: Image.Image) -> Image.Image:
    """JPEG has no transparency: what is clear becomes white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, "white")
    clear = image.convert("RGBA")
    ground.paste(clear, mask=clear.getchannel("A"))
    return ground


def _chunks(piece: Piece, packet: bytes) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "Atelier")
    for key, value in _settings(piece).items():
        info.add_itxt(key, value)
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    return info


def _settings(piece: Piece) -> dict[str, str]:
    """How it was made, for those who may know."""
    if not piece.shows_settings:
        return {}
    seed = {"seed": str(piece.asset.seed)} if piece.asset.seed is not None else {}
    return {"prompt": piece.prompt, "model": piece.asset.maker.name} | seed


def _xmp(piece: Piece) -> bytes:
    """An XMP packet: always where the picture comes from, and how it was made where the viewer may know."""
    made_with = piece.asset.maker
    procedural = made_with.provider in PROCEDURAL_PROVIDERS
    source = SOURCE_TYPES + ("algorithmicMedia" if procedural else "trainedAlgorithmicMedia")
    told = _settings(piece)
    attributes = {"Iptc4xmpExt:DigitalSourceType": source, "xmp:CreatorTool": "Atelier"}
    attributes |= {f"atelier:{key}": value for key, value in told.items()}
    written = "".join(f"\n    {key}={quoteattr(_plain(value))}" for key, value in attributes.items())
    return _PACKET.format(attributes=written).encode()


def _plain(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")


_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:atelier="urn:atelier:made-with:1"{attributes}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
