"""From bytes to a checked binary glTF 2.0 (Khronos, .glb): the container, its JSON, and what both may say.

Trusts nothing: every number is bounded before it is used, and nothing outside the file is ever named. Names and extras
are only text to us. What needs a decoder from elsewhere (Draco, meshopt, KTX2) is refused, and so are sparse accessors.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from generation.solid import scenes, textures
from generation.solid.document import MAGIC, Document, index, natural, records
from generation.solid.errors import Broken

Array: TypeAlias = npt.NDArray[Any]

CONTENT_TYPE = "model/gltf-binary"
BYTES_MAX = 100_000_000
JSON_BYTES_MAX = 8_000_000
JSON_VALUES_MAX = 2_000_000
ACCESSORS_MAX = 50_000
VERTICES_MAX = 2_000_000
TRIANGLES_MAX = 4_000_000
"""Drawn ones: a mesh counts as often as the scene shows it."""
PRIMITIVES_MAX = 20_000

_JSON, _BIN = 0x4E4F534A, 0x004E4942
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
LENGTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
INDEX_TYPES = {5121, 5123, 5125}
KNOWN_EXTENSIONS = {
    "EXT_texture_webp",
    "KHR_materials_unlit",
    "KHR_mesh_quantization",
    "KHR_texture_transform",
    *(
        f"KHR_materials_{name}"
        for name in (
            *("anisotropy", "clearcoat", "dispersion", "emissive_strength", "ior", "iridescence"),
            *("pbrSpecularGlossiness", "sheen", "specular", "transmission", "variants", "volume"),
        )
    ),
}
"""What a file may require: its viewers do without it, or have it inside."""
OUTSIDE_DECODERS = {"KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu", "MPEG_media"}


@dataclass(frozen=True)
class Solid:
    """A checked model. `triangles` are those that its scene shows; `texture_sizes` are in pixels."""

    document: Document
    binary: memoryview
    triangles: int
    texture_sizes: tuple[tuple[int, int], ...]

    def array(self, number: int) -> Array:
        """An accessor's values, (count, components): a view of the file's bytes; normalised integers as floats."""
        return _array(self.document, self.binary, number)


def read(data: bytes) -> Solid:
    """Check a file as a whole. Raises Broken with the reason."""
    text, binary = _chunks(data)
    document = _parsed(text)
    _check_extensions(document)
    _check_buffer(document, binary)
    _check_accessors(document)
    _check_meshes(document, binary)
    sizes = textures.check(document, binary)
    triangles = sum(triangle_count(document, primitive) for primitive in scenes.check(document))
    if not 0 < triangles <= TRIANGLES_MAX:
        _refuse(f"{triangles} triangles in its scene")
    return Solid(document, binary, triangles, sizes)


# --- The container ---------------------------------------------------------------------------------------------------


def _chunks(data: bytes) -> tuple[bytes, memoryview]:
    """The JSON text and the binary part. Exactly these two, in this order, and not a byte besides."""
    if not 20 <= len(data) <= BYTES_MAX:
        _refuse(f"{len(data)} bytes")
    magic, version, length = struct.unpack_from("<4sII", data)
    if magic != MAGIC or version != 2 or length != len(data):
        _refuse("not a binary glTF 2.0 of its own length")
    text, rest = _chunk(data, 12, _JSON)
    if len(text) > JSON_BYTES_MAX:
        _refuse(f"{len(text)} bytes of JSON")
    binary, end = _chunk(data, rest, _BIN)
    if end != len(data):
        _refuse("more than one binary chunk")
    return bytes(text), binary


def _chunk(data: bytes, start: int, kind: int) -> tuple[memoryview, int]:
    if start + 8 > len(data):
        _refuse("a chunk is missing")
    length, found = struct.unpack_from("<II", data, start)
    end = start + 8 + length
    if found != kind or length % 4 or end > len(data):
        _refuse("a chunk is cut off or of another kind")
    return memoryview(data)[start + 8 : end], end


def _parsed(text: bytes) -> Document:
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Broken(f"its JSON: {error}") from error
    if not isinstance(document, dict):
        _refuse("its JSON is no object")
    _check_values(document)
    asset = document.get("asset")
    if not isinstance(asset, dict) or asset.get("version") != "2.0" or asset.get("minVersion", "2.0") != "2.0":
        _refuse("not glTF 2.0")
    return document


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _check_values(document: Document) -> None:
    """Nothing may be named by address: neither elsewhere nor as data: inside the text. And nothing is endless."""
    waiting: list[Any] = [document]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if isinstance(value, dict):
            if "uri" in value:
                _refuse("it names something by address")
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, float) and not math.isfinite(value):
            _refuse("a number is not finite")
        if seen + len(waiting) > JSON_VALUES_MAX:
            _refuse("too much JSON")


def _check_extensions(document: Document) -> None:
    used, required = (_names(document, key) for key in ("extensionsUsed", "extensionsRequired"))
    if outside := (used | required) & OUTSIDE_DECODERS:
        _refuse(f"it needs a decoder from elsewhere: {', '.join(sorted(outside))}")
    if unknown := required - KNOWN_EXTENSIONS:
        _refuse(f"it requires {', '.join(sorted(unknown))[:200]}")


def _names(document: Document, key: str) -> set[str]:
    names = document.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        _refuse(f"{key} is no list of names")
    return set(names)


# --- Bytes and what they are called ----------------------------------------------------------------------------------


def _check_buffer(document: Document, binary: memoryview) -> None:
    buffers = records(document, "buffers", most=1)
    if len(buffers) != 1:
        _refuse("no buffer")
    length = natural(buffers[0], "byteLength", least=1)
    if not length <= len(binary) < length + 4:
        _refuse("its buffer is not the binary chunk")
    for view in records(document, "bufferViews", most=ACCESSORS_MAX):
        index(view, "buffer", 1)
        if natural(view, "byteOffset", 0) + natural(view, "byteLength", least=1) > length:
            _refuse("a buffer view lies outside the buffer")
        if "byteStride" in view and (not 4 <= natural(view, "byteStride") <= 252 or view["byteStride"] % 4):
            _refuse("a buffer view's stride")


def _check_accessors(document: Document) -> None:
    views = records(document, "bufferViews", most=ACCESSORS_MAX)
    for accessor in records(document, "accessors", most=ACCESSORS_MAX):
        if natural(accessor, "componentType") not in COMPONENTS or accessor.get("type") not in list(LENGTHS):
            _refuse("an accessor's type")
        if "sparse" in accessor:
            _refuse("a sparse accessor")
        view = views[index(accessor, "bufferView", len(views))]
        size, offset, count = _item(accessor), natural(accessor, "byteOffset", 0), natural(accessor, "count", least=1)
        stride = view.get("byteStride", size)
        if offset + stride * (count - 1) + size > view["byteLength"] or stride < size:
            _refuse("an accessor lies outside its buffer view")
        if (offset + view.get("byteOffset", 0)) % np.dtype(COMPONENTS[accessor["componentType"]]).itemsize:
            _refuse("an accessor is not aligned")


def _item(accessor: Document) -> int:
    return np.dtype(COMPONENTS[accessor["componentType"]]).itemsize * LENGTHS[accessor["type"]]


def _array(document: Document, binary: memoryview, number: int) -> Array:
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    kind = np.dtype(COMPONENTS[accessor["componentType"]])
    found: Array = np.ndarray(
        (accessor["count"], LENGTHS[accessor["type"]]),
        kind,
        binary,
        view.get("byteOffset", 0) + accessor.get("byteOffset", 0),
        (view.get("byteStride", _item(accessor)), kind.itemsize),
    )
    if not accessor.get("normalized") or kind.kind == "f":
        return found
    return np.asarray(np.maximum(found.astype(np.float32) / np.float32(np.iinfo(kind).max), -1), np.float32)


# --- Meshes ----------------------------------------------------------------------------------------------------------


def _check_meshes(document: Document, binary: memoryview) -> None:
    accessors = records(document, "accessors", most=ACCESSORS_MAX)
    vertices, corners, checked = 0, 0, set[tuple[int, int]]()
    for count, primitive in enumerate(_primitives(document)):
        positions = _check_attributes(primitive, accessors)
        vertices += accessors[positions]["count"]
        if vertices > VERTICES_MAX or count >= PRIMITIVES_MAX:
            _refuse("too many vertices")
        indices = index(primitive, "indices", len(accessors)) if "indices" in primitive else -1
        if (positions, indices) not in checked:
            checked.add((positions, indices))
            corners += accessors[indices]["count"] if indices >= 0 else 0
            if corners > 3 * TRIANGLES_MAX:
                _refuse("too many indices")
            _check_values_of(document, binary, positions, indices)
        index(primitive, "material", len(records(document, "materials")), optional=True)


def _primitives(document: Document) -> Iterator[Document]:
    for mesh in records(document, "meshes"):
        yield from records(mesh, "primitives", least=1)


def _check_attributes(primitive: Document, accessors: list[Document]) -> int:
    """The number of the positions' accessor. Every attribute must have a value for each vertex."""
    if not 0 <= natural(primitive, "mode", _TRIANGLES) <= _FAN:
        _refuse("a primitive's mode")
    found = 0
    for attributes in (primitive.get("attributes"), *records(primitive, "targets")):
        if not isinstance(attributes, dict) or len(attributes) > 32:
            _refuse("a primitive's attributes")
        found = found or index(primitive["attributes"], "POSITION", len(accessors)) + 1
        counts = {accessors[index(attributes, name, len(accessors))]["count"] for name in attributes}
        if counts - {accessors[found - 1]["count"]}:
            _refuse("attributes of different lengths")
    return found - 1


def _check_values_of(document: Document, binary: memoryview, positions: int, indices: int) -> None:
    """What neither numpy nor a graphics card would forgive: indices past the end, and positions that are nowhere."""
    accessors = document["accessors"]
    if accessors[positions]["type"] != "VEC3" or not np.isfinite(_array(document, binary, positions)).all():
        _refuse("positions that are nowhere")
    if indices < 0:
        return
    accessor = accessors[indices]
    if accessor["type"] != "SCALAR" or accessor["componentType"] not in INDEX_TYPES or accessor.get("normalized"):
        _refuse("indices of another type")
    if int(_array(document, binary, indices).max()) >= accessors[positions]["count"]:
        _refuse("an index past the last vertex")


def triangle_count(document: Document, primitive: Document) -> int:
    """How many triangles a checked primitive draws; none for points and lines."""
    named = primitive.get("indices", primitive["attributes"]["POSITION"])
    corners: int = document["accessors"][named]["count"]
    mode = primitive.get("mode", _TRIANGLES)
    if mode == _TRIANGLES:
        return corners // 3
    return max(0, corners - 2) if mode in (_STRIP, _FAN) else 0


def _refuse(reason: str) -> NoReturn:
    raise Broken(reason)
