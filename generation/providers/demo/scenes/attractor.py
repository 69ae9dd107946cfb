"""Strange attractors: millions of steps of a small map, counted like light on a plate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generation.providers.demo.canvas import Field, Picture, blur, distance
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

WALKERS = 160_000
STEPS = 38
WARM_UP = 14
DRIFT = 0.02
"""How far the seed may move each parameter of a known good map."""

_CLIFFORD = (
    (-1.4, 1.6, 1.0, 0.7),
    (-0.83, -0.89, -1.85, 2.37),
    (1.36, -2.12, 0.59, -0.92),
    (2.21, 0.87, -1.14, -1.06),
    (1.62, 1.47, -0.79, -1.0),
    (-2.01, 1.08, -1.5, 0.79),
    (0.98, 0.76, 2.03, -1.86),
)
_DEJONG = (
    (1.4, -2.3, 2.4, -2.1),
    (1.37, 1.01, 2.26, -2.01),
    (1.06, 1.21, -0.43, 2.0),
    (-0.88, 2.34, -0.48, 1.96),
    (1.72, 2.39, 1.1, -1.44),
    (0.44, -1.95, 0.69, -1.83),
    (2.36, -1.8, 1.12, 0.97),
    (-0.64, 1.77, -1.91, -1.12),
)
"""Maps by Clifford Pickover and Peter de Jong; parameters found by looking for full, uneven figures."""
_PALETTES = (
    (True, ("#0b0d12", "#3a5a78", "#c9793a", "#f2c46d", "#fff3d4")),
    (True, ("#0c0818", "#4a3fb0", "#c04f9c", "#f59a7a", "#ffe9d0")),
    (True, ("#04100f", "#1f7f7a", "#5fc0a0", "#d8e08a", "#fdf8dc")),
    (False, ("#f3efe6", "#d9532c", "#273a9c", "#123061", "#0c1a33")),
    (False, ("#f4f0ea", "#2f8a86", "#8f3f78", "#3a2260", "#1a1030")),
)


@dataclass(frozen=True, slots=True)
class _Plate:
    """What the walk left: how often each pixel was met, and the mean length of the steps that met it."""

    count: Field
    speed: Field


def paint(easel: Easel) -> Picture:
    dark, stops = easel.by_prompt(_PALETTES)
    if easel.reading.time == "night" or "dark" in easel.reading.tones:
        dark, stops = _PALETTES[easel.reading.key % 3]
    plate = _expose(easel)
    light = np.log1p(plate.count)
    top = float(np.quantile(light[light > 0][::7], 0.997)) if (light > 0).any() else 1.0
    light = np.clip(light / np.float32(top), 0, 1.15)
    colour = tint(np.clip(plate.speed / np.float32(1.9), 0, 1), easel.ramp(*stops[1:]))
    return _on_black(easel, light, colour, stops[0]) if dark else _on_paper(easel, light, colour, stops[0])


def _expose(easel: Easel) -> _Plate:
    frame, rng = easel.frame, easel.rng
    kind = easel.reading.key % 2
    family = _CLIFFORD if kind else _DEJONG
    chosen = family[int(rng.integers(len(family)))]
    a, b, c, d = (np.float32(value + rng.uniform(-DRIFT, DRIFT)) for value in chosen)
    x, y = rng.uniform(-1, 1, (2, WALKERS)).astype(np.float32)

    def step(x: Field, y: Field) -> tuple[Field, Field]:
        if kind:
            return np.sin(a * y) + c * np.cos(a * x), np.sin(b * x) + d * np.cos(b * y)
        return np.sin(a * y) - np.cos(b * x), np.sin(c * x) - np.cos(d * y)

    for _ in range(WARM_UP):
        x, y = step(x, y)
    place = _fitted(easel, x, y)
    size = frame.width * frame.height
    count, speed = np.zeros(size, np.float32), np.zeros(size, np.float32)
    for done in range(STEPS):
        next_x, next_y = step(x, y)
        length = np.abs(next_x - x)
        x, y = next_x, next_y
        spot = _spots(x, y, place, frame.width, frame.height)
        count += np.bincount(spot, minlength=size + 1)[:size]
        speed += np.bincount(spot, weights=length, minlength=size + 1)[:size]
        easel.report(done / STEPS)
    shape = (frame.height, frame.width)
    mean = np.asarray(speed / np.maximum(count, 1), np.float32)
    return _Plate(count.reshape(shape), mean.reshape(shape))


def _fitted(easel: Easel, x: Field, y: Field) -> Field:
    """A turn and scale (2, 3) that brings the figure into the frame, along its longer side."""
    frame = easel.frame
    turn = easel.between(-0.3, 0.3) + (np.pi / 2 if (np.ptp(x) > np.ptp(y)) != (frame.width >= frame.height) else 0)
    c, s = np.cos(turn), np.sin(turn)
    across, down = x * c - y * s, x * s + y * c
    low_u, high_u = np.quantile(across, (0.001, 0.999))
    low_v, high_v = np.quantile(down, (0.001, 0.999))
    scale = 0.90 * min(frame.width / max(high_u - low_u, 0.1), frame.height / max(high_v - low_v, 0.1))
    middle_u, middle_v = (low_u + high_u) / 2 * scale, (low_v + high_v) / 2 * scale
    return np.array(
        [[c * scale, -s * scale, frame.width / 2 - middle_u], [s * scale, c * scale, frame.height / 2 - middle_v]],
        np.float32,
    )


def _spots(x: Field, y: Field, place: Field, width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Pixel numbers; points outside the frame get the one past the last."""
    column = np.floor(x * place[0, 0] + y * place[0, 1] + place[0, 2]).astype(np.intp)
    row = np.floor(x * place[1, 0] + y * place[1, 1] + place[1, 2]).astype(np.intp)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return np.where(inside, row * width + column, width * height)


def _on_black(easel: Easel, light: Field, colour: Picture, ground: str) -> Picture:
    frame = easel.frame
    base = easel.ink(ground) * (np.float32(1.35) - np.float32(0.6) * distance(frame, 0, 0))[..., None]
    halo = blur(light, frame.unit * 0.012)
    return base + colour * (light ** np.float32(1.1) * np.float32(1.12) + halo * np.float32(0.20))[..., None]


def _on_paper(easel: Easel, light: Field, colour: Picture, ground: str) -> Picture:
    cover = np.clip(light, 0, 1)[..., None] ** np.float32(0.95)
    return easel.ink(ground) * (1 - cover) + colour * cover
