"""Pictures inside a model: only PNG, JPEG and WebP of a sane size, and only where its materials say so."""

import io
from collections.abc import Iterator
from typing import Any

from PIL import Image

from generation.solid.document import Document, index, records
from generation.solid.errors import Broken

FORMATS = ("PNG", "JPEG", "WEBP")
SIDE_MAX = 8192
PIXELS_MAX = 64 * 1024 * 1024
"""Of all textures together: four bytes each on a graphics card."""
IMAGES_MAX = 64
_UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def check(document: Document, binary: memoryview) -> tuple[tuple[int, int], ...]:
    """The sizes of all textures in pixels. Raises Broken."""
    images = records(document, "images", most=IMAGES_MAX)
    views = records(document, "bufferViews", most=50_000)
    for image in images:
        index(image, "bufferView", len(views))
    for texture in records(document, "textures"):
        index(texture, "source", len(images), optional=True)
        index(texture, "sampler", len(records(document, "samplers")), optional=True)
        source(document, texture)
    _check_materials(document)
    sizes = tuple(_size(bytes_of(document, binary, number)) for number in range(len(images)))
    if sum(width * height for width, height in sizes) > PIXELS_MAX:
        raise Broken("too many pixels in its textures")
    return sizes


def source(document: Document, texture: Document) -> int:
    """The number of a texture's image: its WebP where it has one; -1 for none."""
    extensions = texture.get("extensions", {})
    webp = extensions.get("EXT_texture_webp", {}) if isinstance(extensions, dict) else {}
    holder = webp if isinstance(webp, dict) and "source" in webp else texture
    return index(holder, "source", len(document.get("images", [])), optional=True)


def bytes_of(document: Document, binary: memoryview, number: int) -> memoryview:
    view = document["bufferViews"][document["images"][number]["bufferView"]]
    start = view.get("byteOffset", 0)
    return binary[start : start + view["byteLength"]]


def opened(data: memoryview) -> Image.Image:
    """An image by its header alone. Raises Broken."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except _UNREADABLE as error:
        raise Broken(f"a texture: {error}") from error


def _size(data: memoryview) -> tuple[int, int]:
    with opened(data) as image:
        if max(image.size) > SIDE_MAX:
            raise Broken(f"a texture of {image.width} x {image.height} pixels")
        return image.size


def _check_materials(document: Document) -> None:
    """Wherever a material names a texture, in itself or in an extension, there must be one."""
    textures = len(records(document, "textures"))
    for material in records(document, "materials"):
        for name, value in _entries(material):
            if name.endswith("Texture"):
                if not isinstance(value, dict):
                    raise Broken(f"{name}: no texture")
                index(value, "index", textures)


def _entries(record: Document) -> Iterator[tuple[str, Any]]:
    """Every name and value in it, at any depth, but in `extras`, which mean nothing."""
    waiting: list[Any] = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            told = [(name, inner) for name, inner in value.items() if name != "extras"]
            yield from told
            waiting.extend(inner for _, inner in told)
        elif isinstance(value, list):
            waiting.extend(value)
