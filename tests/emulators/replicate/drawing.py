"""The files that predictions make: real pictures that show their prompt, and a small real .glb; no model is behind."""

import base64
import io
import json
import math
import struct
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from textwrap import wrap
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

MEGAPIXEL = 1024 * 1024
GRID = 16  # sides are multiples of it
TEXT_MAX = 280
FORMATS = {"webp": "WEBP", "jpg": "JPEG", "png": "PNG"}
REFERENCES = ("image", "image_prompt", "image_input", "images", "style_reference_images")


def size_of(settings: Mapping[str, Any]) -> tuple[int, int]:
    """Pixels, from whichever of its inputs decides them."""
    ratio = str(settings.get("aspect_ratio", "custom"))
    if ":" in ratio:
        return _from_ratio(ratio, _megapixels(settings))
    if "x" in (size := str(settings.get("size", ""))):
        width, height = size.split("x")
        return int(width), int(height)
    if ratio == "match_input_image" and (reference := reference_of(settings)):
        return _from_ratio(f"{reference.width}:{reference.height}", _megapixels(settings))
    return int(settings.get("width", 1024)), int(settings.get("height", 1024))


def _megapixels(settings: Mapping[str, Any]) -> float:
    return {"1K": 1.0, "2K": 4.0, "4K": 16.0}.get(str(settings.get("resolution"))) or float(
        settings.get("megapixels", 1)
    )


def _from_ratio(ratio: str, megapixels: float) -> tuple[int, int]:
    wide, high = (float(side) for side in ratio.split(":"))
    height = math.sqrt(MEGAPIXEL * megapixels * high / wide)
    return round(height * wide / high / GRID) * GRID, round(height / GRID) * GRID


def reference_of(settings: Mapping[str, Any]) -> Image.Image | None:
    """The first picture among the inputs that came along as a data: address."""
    for name in REFERENCES:
        value = settings.get(name)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str) and first.startswith("data:image/"):
            return Image.open(io.BytesIO(base64.b64decode(first.partition(",")[2])))
    return None


def can_follow(settings: Mapping[str, Any]) -> bool:
    """Whether its reference, if it has one, is a picture that can be read."""
    try:
        reference = reference_of(settings)
        return reference is None or reference.load() is not None
    except (OSError, ValueError):
        return False


# --- Pictures --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _ground(width: int, height: int) -> Image.Image:
    """Light from a corner, in grey: colours are laid over it."""
    return Image.linear_gradient("L").rotate(35).crop((40, 40, 216, 216)).resize((width, height))


def picture(prompt: str, settings: Mapping[str, Any], *, number: int, ending: str) -> bytes:
    """The prompt on a ground whose colours follow from prompt, seed and number; over the reference where one came."""
    width, height = size_of(settings)
    first, second = _colours(f"{prompt}|{settings.get('seed', 7)}|{number}")
    image = ImageOps.colorize(_ground(width, height), first, second)
    if reference := reference_of(settings):
        image = Image.blend(ImageOps.fit(reference.convert("RGB"), (width, height)), image, 0.35)
    _write(image, prompt or "3D")
    return _encoded(image, ending)


def _colours(text: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    dark, light = sha256(text.encode()).digest()[:3], sha256(text.encode()).digest()[3:6]
    return (dark[0] // 3, dark[1] // 3, dark[2] // 3), (100 + light[0] // 2, 100 + light[1] // 2, 100 + light[2] // 2)


def _write(image: Image.Image, text: str) -> None:
    side = max(12, image.width // 24)
    lines = "\n".join(wrap(text[:TEXT_MAX], 34))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(side)
    at = (image.width / 2, image.height / 2)
    draw.multiline_text(
        at, lines, fill="white", font=font, anchor="mm", align="center", stroke_width=2, stroke_fill="black"
    )


def _encoded(image: Image.Image, ending: str) -> bytes:
    buffer = io.BytesIO()
    options = {"png": {"compress_level": 1}, "webp": {"method": 0}}.get(ending, {})
    image.save(buffer, FORMATS.get(ending, "PNG"), **options)
    return buffer.getvalue()


# --- 3D --------------------------------------------------------------------------------------------------------------

CORNERS = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
FACES = [0, 1, 3, 0, 3, 2, 4, 6, 7, 4, 7, 5, 0, 4, 5, 0, 5, 1, 2, 3, 7, 2, 7, 6, 0, 2, 6, 0, 6, 4, 1, 5, 7, 1, 7, 3]


def cube(*, external: str = "") -> bytes:
    """A cube as binary glTF 2.0. With `external` its data lie at that address instead: what nobody may follow."""
    positions = b"".join(struct.pack("<3f", *corner) for corner in CORNERS)
    data = positions + struct.pack(f"<{len(FACES)}H", *FACES)
    buffer: dict[str, Any] = {"byteLength": len(data)}
    told = {
        "asset": {"version": "2.0", "generator": "emulated"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.5, 0.2, 1.0], "metallicFactor": 0.0}}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": len(CORNERS),
                "type": "VEC3",
                "min": [-0.5, -0.5, -0.5],
                "max": [0.5, 0.5, 0.5],
            },
            {"bufferView": 1, "componentType": 5123, "count": len(FACES), "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(positions), "target": 34962},
            {"buffer": 0, "byteOffset": len(positions), "byteLength": len(data) - len(positions), "target": 34963},
        ],
        "buffers": [buffer | ({"uri": external} if external else {})],
    }
    return _binary_gltf(told, b"" if external else data)


def _binary_gltf(told: Mapping[str, Any], data: bytes) -> bytes:
    """Header, a chunk of JSON, a chunk of data; each padded to four bytes (glTF 2.0, section 4.4)."""
    text = json.dumps(told, separators=(",", ":")).encode()
    chunks = _chunk(b"JSON", text, b" ") + (_chunk(b"BIN\0", data, b"\0") if data else b"")
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _chunk(kind: bytes, data: bytes, padding: bytes) -> bytes:
    padded = data + padding * (-len(data) % 4)
    return struct.pack("<I4s", len(padded), kind) + padded
