"""A kept model with other words: names, extras and the like may tell a prompt or a seed that its owner hides."""

import json
import shutil
import struct
from collections.abc import Set
from typing import Any, BinaryIO

from generation.solid.document import MAGIC

XMP = "KHR_xmp_json_ld"
WORDS = frozenset({"name", "extras", XMP})


def copy(source: BinaryIO, target: BinaryIO, *, with_words: bool = False, packet: dict[str, Any] | None = None) -> None:
    """Write a checked .glb anew; only its JSON is held in memory. Pictures inside stay as they are.

    `packet` is XMP as JSON-LD, in place of any that was there.
    """
    header = source.read(20)
    length, text_length = struct.unpack("<8xII", header[:16])
    document = json.loads(source.read(text_length))
    if not with_words:
        document = _without(document, WORDS)
        document["asset"] = {"version": "2.0", "generator": "Atelier"}
    if packet is not None:
        document = _marked(_without(document, {XMP}), packet)
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    target.write(struct.pack("<4sII", MAGIC, 2, length - text_length + len(text)))
    target.write(struct.pack("<I4s", len(text), b"JSON") + text)
    shutil.copyfileobj(source, target)


def _without(value: Any, keys: Set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, keys) for key, inner in value.items() if key not in keys}
    return [_without(inner, keys) for inner in value] if isinstance(value, list) else value


def _marked(document: dict[str, Any], packet: dict[str, Any]) -> dict[str, Any]:
    """The packet, and that it is of the whole file."""
    used = [name for name in document.get("extensionsUsed", []) if name != XMP]
    asset = document["asset"]
    return document | {
        "extensionsUsed": [*used, XMP],
        "extensions": document.get("extensions", {}) | {XMP: {"packets": [packet]}},
        "asset": asset | {"extensions": asset.get("extensions", {}) | {XMP: {"packet": 0}}},
    }
