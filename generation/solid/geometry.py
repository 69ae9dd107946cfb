"""The triangles that a checked model shows, in world coordinates (glTF's: metres, y up), with their looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from generation.solid import scenes, textures
from generation.solid.document import Document
from generation.solid.errors import Broken
from generation.solid.glb import Array, Solid

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

TEXTURE_PX = 1024
"""A poster needs no finer texture."""
_STRIP, _FAN = 5, 6
_SMALL = 1e-12


@dataclass(frozen=True)
class Look:
    """A material: linear colours, factors in 0..1. `texture` is linear RGB, shape (height, width, 3), or None."""

    color: Floats = field(default_factory=lambda: np.ones(3, np.float32))
    emissive: Floats = field(default_factory=lambda: np.zeros(3, np.float32))
    texture: Floats | None = None
    metallic: float = 1.0
    roughness: float = 1.0
    two_sided: bool = False
    unlit: bool = False


@dataclass(frozen=True)
class Part:
    """One mesh in its place. Corners are (triangles, 3, ...): positions, unit normals, linear colours, and uv."""

    positions: Floats
    normals: Floats
    colors: Floats | None
    uv: Floats | None
    look: Look


def parts(solid: Solid, *, most: int) -> Iterator[Part]:
    """What its scene shows. Of more than `most` triangles every n-th is drawn, so that the work is bounded."""
    looks: dict[int, Look] = {}
    step = -(-solid.triangles // most)
    for node, place in scenes.walk(solid.document):
        for primitive in solid.document["meshes"][node["mesh"]]["primitives"]:
            number = primitive.get("material", -1)
            if number not in looks:
                looks[number] = _look(solid, number)
            if (faces := _faces(solid, primitive)[::step]).size:
                yield _part(solid, primitive, faces, place, looks[number])


def _faces(solid: Solid, primitive: Document) -> Indices:
    """Vertex numbers, shape (triangles, 3); strips and fans are taken apart."""
    mode = primitive.get("mode", 4)
    if "indices" in primitive:
        order = solid.array(primitive["indices"])[:, 0].astype(np.int64)
    else:
        order = np.arange(solid.document["accessors"][primitive["attributes"]["POSITION"]]["count"])
    if mode == 4:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    if mode not in (_STRIP, _FAN) or len(order) < 3:
        return np.empty((0, 3), np.int64)
    if mode == _FAN:
        return np.stack([np.broadcast_to(order[:1], len(order) - 2), order[1:-1], order[2:]], axis=1)
    odd = (np.arange(len(order) - 2) % 2).astype(bool)
    return np.stack([order[:-2], np.where(odd, order[2:], order[1:-1]), np.where(odd, order[1:-1], order[2:])], axis=1)


def _part(solid: Solid, primitive: Document, faces: Indices, place: scenes.Matrix, look: Look) -> Part:
    attributes = primitive["attributes"]
    linear = place[:3, :3].astype(np.float32)
    positions = solid.array(attributes["POSITION"])[faces].astype(np.float32) @ linear.T + place[:3, 3].astype(
        np.float32
    )
    if np.linalg.det(place[:3, :3]) < 0:  # a mirrored node turns its triangles round
        faces, positions = faces[:, ::-1], positions[:, ::-1]
    normals = _attribute(solid, attributes, "NORMAL", faces, 3)
    colors = _attribute(solid, attributes, "COLOR_0", faces, 3)
    return Part(
        positions=positions,
        normals=_flat(positions) if normals is None else _unit(normals @ _cofactors(place).T),
        colors=None if colors is None else np.clip(colors, 0, 1),
        uv=_attribute(solid, attributes, "TEXCOORD_0", faces, 2) if look.texture is not None else None,
        look=look,
    )


def _attribute(solid: Solid, attributes: dict[str, int], name: str, faces: Indices, length: int) -> Floats | None:
    """A finite attribute at the corners; None where it is absent or not what its name says."""
    if name not in attributes:
        return None
    values = solid.array(attributes[name])
    if values.shape[1] < length:
        return None
    return np.nan_to_num(values[faces][..., :length].astype(np.float32), posinf=0, neginf=0)


def _cofactors(place: scenes.Matrix) -> Floats:
    """How normals turn: the cofactors, which unlike the inverse exist for flattened nodes too."""
    a, b, c = place[:3, 0], place[:3, 1], place[:3, 2]
    turned = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    return (turned * (-1 if np.linalg.det(place[:3, :3]) < 0 else 1)).astype(np.float32)


def _flat(positions: Floats) -> Floats:
    """One normal a triangle, as glTF asks for where a mesh has none."""
    across = np.cross(positions[:, 1] - positions[:, 0], positions[:, 2] - positions[:, 0])
    return np.repeat(_unit(across)[:, None], 3, axis=1)


def _unit(vectors: Floats) -> Floats:
    vectors = np.asarray(vectors, np.float32)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _SMALL), np.float32)


# --- Looks -----------------------------------------------------------------------------------------------------------


def _look(solid: Solid, number: int) -> Look:
    if number < 0:
        return Look()
    material = solid.document["materials"][number]
    surface = _object(material, "pbrMetallicRoughness")
    return Look(
        color=_factor(surface, "baseColorFactor", (1, 1, 1)),
        emissive=_factor(material, "emissiveFactor", (0, 0, 0)),
        texture=_texture(solid, _object(surface, "baseColorTexture")),
        metallic=_share(surface, "metallicFactor"),
        roughness=_share(surface, "roughnessFactor"),
        two_sided=material.get("doubleSided") is True,
        unlit="KHR_materials_unlit" in _object(material, "extensions"),
    )


def _object(record: Document, key: str) -> dict[str, Any]:
    found = record.get(key)
    return found if isinstance(found, dict) else {}


def _share(record: Document, key: str) -> float:
    value = record.get(key, 1.0)
    return min(max(float(value), 0.0), 1.0) if isinstance(value, int | float) else 1.0


def _factor(record: Document, key: str, default: tuple[float, ...]) -> Floats:
    found = record.get(key)
    usable = isinstance(found, list) and len(found) >= 3 and all(isinstance(n, int | float) for n in found)
    return np.clip(np.array(found[:3] if usable and found else default, np.float32), 0, 1)


def _texture(solid: Solid, info: Document) -> Floats | None:
    """A texture as linear light, brought down to what a poster shows; None for one that cannot be decoded."""
    if "index" not in info:
        return None
    number = textures.source(solid.document, solid.document["textures"][info["index"]])
    if number < 0:
        return None
    try:
        with textures.opened(textures.bytes_of(solid.document, solid.binary, number)) as image:
            image.draft("RGB", (TEXTURE_PX, TEXTURE_PX))
            image.thumbnail((TEXTURE_PX, TEXTURE_PX), Image.Resampling.BOX)
            return to_linear(np.asarray(image.convert("RGB"), np.float32) / np.float32(255))
    except (Broken, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def to_linear(srgb: Array) -> Floats:
    return np.asarray(np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4), np.float32)


def to_srgb(linear: Array) -> Floats:
    linear = np.clip(linear, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055), np.float32)
