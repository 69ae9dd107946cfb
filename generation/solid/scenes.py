"""The tree of nodes: which meshes a model shows, and where. Checked once, walked by whoever draws."""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from generation.solid.document import Document, index, natural, numbers, records
from generation.solid.errors import Broken

NODES_MAX = 10_000
DEPTH_MAX = 64
SHOWN_MAX = 100_000
"""Primitives, each counted as often as it is shown."""
_IDENTITY = tuple(float(i % 5 == 0) for i in range(16))

Matrix = npt.NDArray[np.float64]


def check(document: Document) -> Iterator[Document]:
    """Every primitive that the scene shows, once for each time it does. Raises Broken for a tree that is none."""
    nodes, meshes = records(document, "nodes", most=NODES_MAX), records(document, "meshes")
    for node in nodes:
        index(node, "mesh", len(meshes), optional=True)
        _local(node)
    parents = Counter(child for node in nodes for child in children(node, len(nodes)))
    if any(count > 1 for count in parents.values()):
        raise Broken("a node with two parents")
    for scene in records(document, "scenes", least=1):
        tops = _places(scene, "nodes", len(nodes))
        if len(set(tops)) < len(tops) or any(parents[top] for top in tops):
            raise Broken("a scene's node that is below another")
    _check_depth(nodes, parents)
    _check_links(document, len(nodes))
    return _shown(document)


def _check_depth(nodes: list[Document], parents: Mapping[int, int]) -> None:
    """Level by level from the tops; whoever is never met hangs in a circle."""
    level, met, depth = [number for number in range(len(nodes)) if not parents[number]], 0, 0
    while level:
        met, depth = met + len(level), depth + 1
        level = [child for number in level for child in children(nodes[number], len(nodes))]
        if depth > DEPTH_MAX:
            raise Broken(f"nodes more than {DEPTH_MAX} deep")
    if met < len(nodes):
        raise Broken("nodes in a circle")


def _shown(document: Document) -> Iterator[Document]:
    seen = 0
    for node, _ in walk(document):
        for primitive in document["meshes"][node["mesh"]]["primitives"]:
            seen += 1
            if seen > SHOWN_MAX:
                raise Broken("too many meshes in its scene")
            yield primitive


def walk(document: Document) -> Iterator[tuple[Document, Matrix]]:
    """Each node with a mesh that the scene reaches, and its place in the world as a 4 x 4 matrix (columns: axes)."""
    nodes = document.get("nodes", [])
    waiting = [(root, np.eye(4)) for root in roots(document)]
    while waiting:
        number, above = waiting.pop()
        node = nodes[number]
        place = above @ _local(node)
        if not np.isfinite(place).all():
            raise Broken("a node that is nowhere")
        if "mesh" in node:
            yield node, place
        waiting.extend((child, place) for child in children(node, len(nodes)))


def roots(document: Document) -> list[int]:
    """The scene that a viewer opens: the one that is named, or the first."""
    shown = records(document, "scenes", least=1)
    scene = shown[index({"scene": 0} | document, "scene", len(shown))]
    return _places(scene, "nodes", len(document.get("nodes", [])))


def children(node: Document, length: int) -> list[int]:
    return _places(node, "children", length)


def _places(record: Document, key: str, length: int) -> list[int]:
    found = record.get(key, [])
    if not isinstance(found, list) or len(found) > NODES_MAX:
        raise Broken(f"{key}: no list of nodes")
    return [index({key: place}, key, length) for place in found]


def _local(node: Document) -> Matrix:
    """A node's own matrix: as written (by columns), or from translation, rotation (a quaternion) and scale."""
    if "matrix" in node:
        return np.array(numbers(node, "matrix", 16, _IDENTITY)).reshape(4, 4).T
    x, y, z, w = numbers(node, "rotation", 4, (0, 0, 0, 1))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    ) * np.array(numbers(node, "scale", 3, (1, 1, 1)))
    matrix[:3, 3] = numbers(node, "translation", 3, (0, 0, 0))
    return matrix


def _check_links(document: Document, nodes: int) -> None:
    """Skins and animations: we draw none, but a viewer follows their numbers."""
    accessors = len(document.get("accessors", []))
    for skin in records(document, "skins"):
        _places(skin, "joints", nodes)
        index(skin, "inverseBindMatrices", accessors, optional=True)
    for animation in records(document, "animations"):
        samplers = records(animation, "samplers")
        for sampler in samplers:
            index(sampler, "input", accessors)
            index(sampler, "output", accessors)
        for channel in records(animation, "channels"):
            natural(channel, "sampler")
            index(channel, "sampler", len(samplers))
