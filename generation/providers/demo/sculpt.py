"""The demo provider in three dimensions: a vase, a crystal, a shell or a hill, chosen and coloured by a prompt's words.

The same words and seed give the same bytes. No clock, no network, no globals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi, tau

import numpy as np

from generation.providers.demo import colour, words
from generation.providers.demo.glbfile import Body, Faces, Points, write

_WORDS = {
    "vase": "vase vessel pot jar bowl cup bottle amphora teapot urn ceramic porcelain pottery clay jug goblet lamp",
    "crystal": "crystal gem gemstone ice mineral quartz amethyst ruby emerald sapphire diamond glass rock jewel geode",
    "shell": "shell seashell snail nautilus spiral sea ocean conch ammonite horn coral beach fossil wave",
    "hill": "hill mountain island landscape forest tree pine meadow valley peak ridge village lake garden volcano",
}
_PALETTES = {
    "vase": ("#26416b", "#3f77a8", "#e9dfc8", "#c8553d"),
    "crystal": ("#3b1f6b", "#7d4fc4", "#c3a2ec", "#5a5f66"),
    "shell": ("#8a4b36", "#dba27c", "#f6e7d6", "#c9786a"),
    "hill": ("#2f5d3a", "#6f9a4a", "#d8cfa6", "#7a5236"),
}
"""Dark, middle, light, and an accent, before the prompt's own colours bend them."""


@dataclass(frozen=True)
class Clay:
    """What a shape is made from: chance, and four colours as sRGB (4, 3)."""

    rng: np.random.Generator
    colors: Points

    def tint(self, share: Points) -> Points:
        """Colours from dark over middle to light, for shares in 0..1 of any shape."""
        marks = np.array([0.0, 0.5, 1.0])
        return np.stack([np.interp(share, marks, self.colors[:3, c]) for c in range(3)], axis=-1).astype(np.float32)

    @property
    def accent(self) -> Points:
        return np.asarray(self.colors[3])


def sculpt(*, prompt: str, negative_prompt: str = "", seed: int) -> bytes:
    """A .glb of a few thousand triangles at most, about one metre tall. Any text is understood."""
    reading = words.read(prompt, negative_prompt)
    kind = shape_of(prompt, reading.key)
    bend = colour.Steering(wanted=words.hexes(reading.colours), avoided=words.hexes(reading.avoided_colours)).bend
    colors = colour.to_srgb(bend(_PALETTES[kind])).astype(np.float32)
    clay = Clay(np.random.default_rng([reading.key, seed]), colors)
    return write(_SHAPES[kind](clay), seed=seed)


def shape_of(prompt: str, key: int) -> str:
    """The shape with the most words in the prompt; without any, the prompt's hash chooses."""
    said = words.grams_of(prompt)
    hits = {kind: len(said.intersection(known.split())) for kind, known in _WORDS.items()}
    best = max(hits, key=hits.__getitem__)
    return best if hits[best] else sorted(_WORDS)[key % len(_WORDS)]


# --- Shapes ----------------------------------------------------------------------------------------------------------


def _vase(clay: Clay) -> list[Body]:
    """A turned profile, fluted or banded, with a lip and an inside."""
    rng, rings, around = clay.rng, 36, 56
    heights = np.linspace(0, 1, rings)
    knots = np.array([0.30, 0.44, 0.50, 0.40, 0.20, 0.24]) * rng.uniform(0.75, 1.2, 6)
    knots[4] = min(knots[4], 0.22)
    outer = _curve(knots, heights) + 0.02 * (heights > 0.97)
    inner = np.maximum(outer - 0.035, 0.03)
    profile = np.concatenate([[0.001], outer, inner[::-1], [0.001]])
    levels = np.concatenate([[0], heights, heights[::-1] * 0.97 + 0.03, [0.05]])
    flutes, depth, twist = rng.integers(6, 15), rng.choice([0.0, 0.035, 0.06]), rng.uniform(-1.5, 1.5)
    angles = np.linspace(0, tau, around, endpoint=False)
    wave = 1 + depth * np.cos(flutes * (angles[None] + twist * levels[:, None]))
    radius = profile[:, None] * wave
    points = _grid(
        radius * np.cos(angles), np.broadcast_to(levels[:, None], radius.shape) * 1.15, radius * np.sin(angles)
    )
    bands = 0.5 + 0.5 * np.sin(levels * rng.uniform(9, 26) + rng.uniform(0, tau))
    colors = np.repeat(clay.tint(np.where(bands > 0.72, 1.0, 0.35 * levels + 0.1))[:, None], around, axis=1)
    colors[np.abs(levels - rng.uniform(0.45, 0.75)) < 0.035] = clay.accent
    colors[rings + 1 :] = clay.tint(np.array([0.05]))
    return [_smooth("vase", points, colors.reshape(-1, 3), _sheet(len(levels), around), roughness=0.28)]


def _crystal(clay: Clay) -> list[Body]:
    """Six-sided points that grow from one stone in all directions but down."""
    rng = clay.rng
    bodies = [_facets("crystal", [_point(clay, lean, turn, size) for lean, turn, size in _growth(rng)], roughness=0.14)]
    stone = _ball(clay, squash=0.42, size=0.42, tone=clay.accent, rough=0.10)
    return [*bodies, _facets("stone", [stone], roughness=0.85)]


def _growth(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """(lean from upright, turn, length) of each point: a tall one in the middle, shorter ones around."""
    count = int(rng.integers(7, 12))
    turns = np.linspace(0, tau, count, endpoint=False) + rng.uniform(-0.25, 0.25, count)
    around = zip(rng.uniform(0.25, 0.95, count), turns, rng.uniform(0.42, 0.85, count), strict=True)
    return [(rng.uniform(0, 0.12), rng.uniform(0, tau), 1.12), *((float(a), float(b), float(c)) for a, b, c in around)]


def _point(clay: Clay, lean: float, turn: float, length: float) -> tuple[Points, Points]:
    """One prism with a pointed end, as flat triangles (n, 3, 3) and their colours."""
    angles = np.linspace(0, tau, 6, endpoint=False) + clay.rng.uniform(0, 1)
    width = 0.085 + 0.09 * length * clay.rng.uniform(0.7, 1.15)
    ring = np.stack([np.cos(angles), np.zeros(6), np.sin(angles)], axis=1) * width
    shoulder = ring * 0.92 + [0, length * clay.rng.uniform(0.68, 0.8), 0]
    tip = np.array([width * clay.rng.uniform(-0.2, 0.2), length, width * clay.rng.uniform(-0.2, 0.2)])
    after = np.roll(np.arange(6), -1)
    sides = np.concatenate(
        [
            np.stack([ring, shoulder, ring[after]], axis=1),
            np.stack([ring[after], shoulder, shoulder[after]], axis=1),
            np.stack([shoulder, np.broadcast_to(tip, (6, 3)), shoulder[after]], axis=1),
        ]
    )
    tones = np.clip(sides[..., 1].mean(axis=1) / length + clay.rng.uniform(-0.14, 0.14, len(sides)), 0, 1)
    return (sides @ _tilt(lean, turn).T).astype(np.float32), clay.tint(tones)


def _shell(clay: Clay) -> list[Body]:
    """A tube that winds up and narrows (a logarithmic spiral), ribbed and striped."""
    rng, along, around = clay.rng, 150, 22
    turns = rng.uniform(3.0, 4.2)
    theta = np.linspace(0, tau * turns, along)
    growth = np.exp(-theta * rng.uniform(0.125, 0.165))
    ribs = 1 + rng.uniform(0.02, 0.06) * np.cos(theta * rng.integers(9, 16))
    angles = np.linspace(0, tau, around, endpoint=False)
    away = (0.52 + 0.50 * np.cos(angles)[None] * ribs[:, None]) * growth[:, None]
    rise = (1 - growth[:, None]) * rng.uniform(0.95, 1.3) + 0.52 * np.sin(angles)[None] * growth[:, None] * ribs[
        :, None
    ]
    points = _grid(away * np.cos(theta)[:, None], rise, away * np.sin(theta)[:, None])
    stripes = 0.5 + 0.5 * np.sin(angles[None] * rng.integers(2, 5) + theta[:, None] * 0.7)
    colors = clay.tint(0.35 + 0.65 * stripes)
    colors[:3] = clay.accent
    faces = _sheet(along, around)[:, ::-1]
    return [_smooth("shell", points * 0.7, colors.reshape(-1, 3), faces, roughness=0.32, two_sided=True)]


def _hill(clay: Clay) -> list[Body]:
    """A round piece of low-poly land with trees and a few stones."""
    rng, rings, around = clay.rng, 13, 40
    land, tones = _land(clay, rings, around)
    pieces = [(land, tones)]
    for _ in range(int(rng.integers(12, 22))):
        spot = land[rng.integers(0, len(land))].mean(axis=0)
        if spot[1] > 0.06 and np.hypot(spot[0], spot[2]) < 0.62:
            pieces.extend(_tree(clay, spot, rng.uniform(0.12, 0.24)))
    return [_facets("hill", pieces, roughness=0.9)]


def _land(clay: Clay, rings: int, around: int) -> tuple[Points, Points]:
    rng = clay.rng
    radii, angles = np.linspace(0, 0.8, rings), np.linspace(0, tau, around, endpoint=False)
    x, z = radii[:, None] * np.cos(angles), radii[:, None] * np.sin(angles)
    height = np.zeros_like(x)
    for _ in range(5):
        a, b = rng.uniform(-0.35, 0.35, 2)
        height += rng.uniform(0.12, 0.34) * np.exp(-((x - a) ** 2 + (z - b) ** 2) / rng.uniform(0.02, 0.07))
    height += rng.normal(0, 0.012, x.shape) + 0.05
    height[0] = height[0].mean()
    height[-1] = 0.03
    top = _grid(x, height, z)
    rim = np.stack([x[-1], np.full(around, -0.12), z[-1]], axis=1) * [0.93, 1, 0.93]
    points = np.concatenate([top, rim, [[0, -0.12, 0]] * around]).astype(np.float32)
    triangles = points[_sheet(rings + 2, around)[:, ::-1].astype(np.int64)]
    triangles = triangles[
        np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) > 1e-7
    ]
    level = triangles[..., 1].mean(axis=1)
    tones = clay.tint(np.clip(level / 0.5 + rng.uniform(-0.1, 0.1, len(level)), 0, 1))
    tones[level < 0.0] = clay.accent
    return triangles, tones


def _tree(clay: Clay, spot: Points, size: float) -> list[tuple[Points, Points]]:
    """Two cones on a stem."""
    angles = np.linspace(0, tau, 7, endpoint=False) + clay.rng.uniform(0, 1)
    tone = clay.tint(np.array([clay.rng.uniform(0.0, 0.3)]))[0]
    cones = [(0.0, 0.35, 0.05), (0.25, 0.75, 0.30), (0.55, 1.15, 0.22)]
    made = []
    for number, (low, high, width) in enumerate(cones):
        ring = np.stack([np.cos(angles) * width, np.full(7, low), np.sin(angles) * width], axis=1) * size + spot
        tip = np.array([0, high, 0]) * size + spot
        after = np.roll(ring, -1, axis=0)
        sides = np.stack([ring, np.broadcast_to(tip, ring.shape), after], axis=1)
        under = np.stack([after, np.broadcast_to(ring.mean(axis=0), ring.shape), ring], axis=1)
        color = clay.accent if number == 0 else tone * (0.85 + 0.15 * number)
        made.append((np.concatenate([sides, under]).astype(np.float32), np.broadcast_to(color, (14, 3))))
    return made


def _ball(clay: Clay, *, squash: float, size: float, tone: Points, rough: float) -> tuple[Points, Points]:
    """A rough stone, flat below."""
    rings, around = 9, 14
    polar, angles = np.linspace(0, pi, rings)[:, None], np.linspace(0, tau, around, endpoint=False)
    bumps = 1 + clay.rng.normal(0, rough, (rings, around))
    bumps[[0, -1]] = 1
    radius = size * np.sin(polar) * bumps
    y = np.maximum(size * squash * np.cos(polar) * bumps, -0.06)
    points = _grid(radius * np.cos(angles), y, radius * np.sin(angles))
    triangles = points[_sheet(rings, around)[:, ::-1].astype(np.int64)][:, ::-1]
    areas = np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1)
    triangles = triangles[areas > 1e-7]
    shades = clay.rng.uniform(0.8, 1.1, (len(triangles), 1))
    return triangles, np.clip(tone * shades, 0, 1).astype(np.float32)


# --- Building --------------------------------------------------------------------------------------------------------


def _curve(knots: Points, at: Points) -> Points:
    """A smooth line through evenly spaced knots, by raised cosines."""
    position = at * (len(knots) - 1)
    left = np.minimum(position.astype(np.int64), len(knots) - 2)
    ease = (1 - np.cos((position - left) * pi)) / 2
    return np.asarray(knots[left] * (1 - ease) + knots[left + 1] * ease)


def _grid(x: Points, y: Points, z: Points) -> Points:
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1).reshape(-1, 3).astype(np.float32)


def _sheet(rows: int, around: int) -> Faces:
    """Faces of a grid that is closed around; seen from where its rows rise and its columns turn against the clock."""
    row, column = np.mgrid[0 : rows - 1, 0:around]
    after = (column + 1) % around
    a, b, c, d = (r * around + k for r, k in ((row, column), (row, after), (row + 1, after), (row + 1, column)))
    return np.concatenate([np.stack([a, d, b], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)]).astype(
        np.uint32
    )


def _smooth(name: str, points: Points, colors: Points, faces: Faces, **look: float) -> Body:
    """Shared points with the mean of their faces' normals."""
    corners = points[faces.astype(np.int64)]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, faces[:, corner].astype(np.int64), across)
    return Body(name, points, _unit(normals), colors, faces, **look)  # type: ignore[arg-type]


def _facets(name: str, pieces: Sequence[tuple[Points, Points]], *, roughness: float) -> Body:
    """Flat triangles, each with a normal and a colour of its own."""
    triangles = np.concatenate([piece for piece, _ in pieces])
    colors = np.concatenate([tone for _, tone in pieces])
    normals = _unit(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]))
    return Body(
        name,
        triangles.reshape(-1, 3).astype(np.float32),
        np.repeat(normals, 3, axis=0),
        np.repeat(colors, 3, axis=0),
        np.arange(3 * len(triangles), dtype=np.uint32).reshape(-1, 3),
        roughness=roughness,
    )


def _unit(vectors: Points) -> Points:
    """Unit vectors; what has no direction points up."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    up = np.array([0, 1, 0], np.float32)
    return np.where(length > 1e-12, vectors / np.maximum(length, 1e-12), up).astype(np.float32)


def _tilt(lean: float, turn: float) -> Points:
    """A rotation that leans the upright axis towards `turn`."""
    c, s, x, z = np.cos(lean), np.sin(lean), np.cos(turn), np.sin(turn)
    around = np.array([[x, 0, -z], [0, 1, 0], [z, 0, x]])
    down = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return np.asarray(around @ down @ around.T)


_SHAPES: dict[str, Callable[[Clay], list[Body]]] = {"vase": _vase, "crystal": _crystal, "shell": _shell, "hill": _hill}
