"""3D models for tests: small ones by the demo provider, and what becomes of them when a hand changes their JSON."""

import io
import json
import struct
from collections.abc import Callable
from typing import Any

from PIL import Image

from generation.providers.demo.sculpt import sculpt

Document = dict[str, Any]
CRYSTAL = sculpt(prompt="An amethyst crystal", seed=3)


def document_of(data: bytes) -> Document:
    found: Document = json.loads(data[20 : 20 + _text_length(data)])
    return found


def binary_of(data: bytes) -> bytes:
    return data[28 + _text_length(data) :]


def changed(data: bytes, change: Callable[[Document], object]) -> bytes:
    """The same file with another JSON, its lengths put right."""
    document = document_of(data)
    change(document)
    return packed(json.dumps(document).encode(), binary_of(data))


def packed(text: bytes, binary: bytes) -> bytes:
    """A container of its own length around any text and any bytes."""
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(binary))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary


def flattened(data: bytes) -> bytes:
    """All corners in one place: correct, and nothing to draw."""
    return changed(data, lambda document: [node.update(scale=[0, 0, 0]) for node in document["nodes"]])


def picture(size: tuple[int, int] = (4, 4), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind)
    return buffer.getvalue()


def textured(data: bytes, **material: Any) -> bytes:
    """The crystal with a picture inside."""
    document, binary = document_of(CRYSTAL), binary_of(CRYSTAL)
    document["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
    document["buffers"] = [{"byteLength": len(binary) + len(data)}]
    document["images"] = [{"bufferView": len(document["bufferViews"]) - 1, "mimeType": "image/png"}]
    document["textures"] = [{"source": 0}]
    document["materials"][0] |= {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}} | material
    return packed(json.dumps(document).encode(), binary + data)


def _text_length(data: bytes) -> int:
    length: int = struct.unpack_from("<I", data, 12)[0]
    return length
