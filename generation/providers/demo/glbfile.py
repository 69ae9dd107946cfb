"""Writes a small binary glTF 2.0: coloured triangles with normals, one material a body, marked as a demo."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from generation.providers.demo.mark import COMMENT, SOFTWARE, SOURCE_TYPE

Points: TypeAlias = npt.NDArray[np.floating[Any]]
Faces: TypeAlias = npt.NDArray[np.uint32]

COPYRIGHT = "demo"
_FLOAT, _BYTE, _SHORT = 5126, 5121, 5123
_VERTICES, _INDICES = 34962, 34963


@dataclass(frozen=True)
class Body:
    """Points (n, 3) in metres, y up; unit normals (n, 3); sRGB colours (n, 3) in 0..1; faces (m, 3), seen from outside
    against the clock. A body has fewer than 65,536 points."""

    name: str
    points: Points
    normals: Points
    colors: Points
    faces: Faces
    metallic: float = 0.0
    roughness: float = 0.6
    two_sided: bool = False


def write(bodies: Sequence[Body], *, seed: int) -> bytes:
    """The file's bytes. The prompt is not among them."""
    parts: list[bytes] = []
    views: list[dict[str, int]] = []
    accessors: list[dict[str, Any]] = []

    def put(values: npt.NDArray[Any], component: int, kind: str, target: int, **more: Any) -> int:
        data = values.tobytes()
        offset = sum(map(len, parts))
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(data), "target": target})
        accessors.append(
            {"bufferView": len(views) - 1, "componentType": component, "count": len(values), "type": kind, **more}
        )
        parts.append(data + b"\0" * (-len(data) % 4))
        return len(accessors) - 1

    meshes = []
    for number, body in enumerate(bodies):
        points = body.points.astype("<f4")
        corners = {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
        attributes = {
            "POSITION": put(points, _FLOAT, "VEC3", _VERTICES, **corners),
            "NORMAL": put(body.normals.astype("<f4"), _FLOAT, "VEC3", _VERTICES),
            "COLOR_0": put(_light(body.colors), _BYTE, "VEC4", _VERTICES, normalized=True),
        }
        indices = put(body.faces.astype("<u2").reshape(-1, 1), _SHORT, "SCALAR", _INDICES)
        primitive = {"attributes": attributes, "indices": indices, "material": number}
        meshes.append({"name": body.name, "primitives": [primitive]})
    return _packed(_document(bodies, meshes, views, accessors, seed), b"".join(parts))


def _light(colors: Points) -> npt.NDArray[np.uint8]:
    """glTF multiplies colours as linear light; opaque."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    whole = (np.clip(linear, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.concatenate([whole, np.full((len(whole), 1), 255, np.uint8)], axis=1)


def _document(
    bodies: Sequence[Body], meshes: list[Any], views: list[Any], accessors: list[Any], seed: int
) -> dict[str, Any]:
    return {
        "asset": {
            "version": "2.0",
            "generator": SOFTWARE,
            "copyright": COPYRIGHT,
            "extras": {"comment": COMMENT, "digitalSourceType": SOURCE_TYPE, "seed": seed},
        },
        "scene": 0,
        "scenes": [{"nodes": list(range(len(meshes)))}],
        "nodes": [{"mesh": number, "name": mesh["name"]} for number, mesh in enumerate(meshes)],
        "meshes": meshes,
        "materials": [
            {
                "name": body.name,
                "doubleSided": body.two_sided,
                "pbrMetallicRoughness": {"metallicFactor": body.metallic, "roughnessFactor": body.roughness},
            }
            for body in bodies
        ],
        "bufferViews": views,
        "accessors": accessors,
    }


def _packed(document: dict[str, Any], binary: bytes) -> bytes:
    document = {**document, "buffers": [{"byteLength": len(binary)}]}
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    length = 12 + 8 + len(text) + 8 + len(binary)
    header = struct.pack("<4sII", b"glTF", 2, length)
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
