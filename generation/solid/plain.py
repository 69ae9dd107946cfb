"""A kept model without its words: names, extras and the like may tell a prompt or a seed that its owner hides."""

import json
import shutil
import struct
from typing import Any, BinaryIO

from generation.solid.document import MAGIC

WORDS = {"name", "extras"}


def copy(source: BinaryIO, target: BinaryIO) -> None:
    """Write a checked .glb anew; only its JSON is held in memory. Pictures inside stay as they are."""
    header = source.read(20)
    length, text_length = struct.unpack("<8xII", header[:16])
    document = _without_words(json.loads(source.read(text_length)))
    document["asset"] = {"version": "2.0", "generator": "Atelier"}
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    target.write(struct.pack("<4sII", MAGIC, 2, length - text_length + len(text)))
    target.write(struct.pack("<I4s", len(text), b"JSON") + text)
    shutil.copyfileobj(source, target)


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_words(inner) for key, inner in value.items() if key not in WORDS}
    return [_without_words(inner) for inner in value] if isinstance(value, list) else value
