"""Stained glass: leaded panes as the cells of a jittered lattice, bent into a rose round the light behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture, distance, grow, smooth
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

_PALETTES = (
    ("#fff0b8", "#ffc14d", "#f07b2d", "#c22f3d", "#6a2368", "#23418f", "#12617d", "#0f3d4d"),
    ("#fff6d8", "#ffe08a", "#8fd0a0", "#2f9a8a", "#1f6fa8", "#2a3f9a", "#4a2a86", "#7a2360"),
    ("#ffe9d8", "#ffb3a0", "#ef5f78", "#b8338a", "#6a2f9e", "#2f48a8", "#2a86b8", "#7fd0c8"),
    ("#fdf3c0", "#f0d050", "#b8c83f", "#4f9a4a", "#1f6f5a", "#1f4f78", "#3a2f70", "#8a2f4f"),
)


@dataclass(frozen=True, slots=True)
class _Cells:
    """For each pixel: the index of its cell, and the distance to the cell's edge, in cells."""

    index: npt.NDArray[np.intp]
    edge: Field


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    centre_u = easel.between(-0.25, 0.25) * frame.half_width
    centre_v = easel.between(-0.35, 0.1) * frame.half_height
    x, y, size, wrap = _bent(easel, centre_u, centre_v)
    cells = _cells(x, y, wrap, easel.noise_seed())
    easel.report(0.6)
    away = distance(frame, centre_u, centre_v)
    panes = _panes(easel, cells, away)
    return _leaded(easel, panes, cells.edge * size, away)


def _bent(easel: Easel, centre_u: float, centre_v: float) -> tuple[Field, Field, Field, int]:
    """Lattice coordinates, the size of one cell in units at each pixel, and cells in one turn (0: a flat lattice)."""
    frame = easel.frame
    small = frame.reduced(4)
    sway_u = grow(noise.fbm(small.u * 3, small.v * 3, seed=easel.noise_seed(), octaves=2), frame) * np.float32(0.02)
    sway_v = grow(noise.fbm(small.u * 3 + 9, small.v * 3, seed=easel.noise_seed(), octaves=2), frame) * np.float32(0.02)
    u: Field = frame.u - np.float32(centre_u) + sway_u
    v: Field = frame.v - np.float32(centre_v) + sway_v
    if easel.reading.key % 2 == 0:
        pitch = easel.between(0.050, 0.062)
        size: Field = np.full_like(u, pitch)
        return u / np.float32(pitch) + np.float32(100), v / np.float32(pitch) + np.float32(100), size, 0
    wrap = int(easel.rng.integers(13, 19)) * 2
    radius = np.hypot(u, v) + np.float32(0.03)
    turn = np.arctan2(v, u) * np.float32(wrap / (2 * np.pi)) + np.float32(wrap)
    rings = np.log(radius / np.float32(0.03)) * np.float32(wrap / (2 * np.pi))
    return turn + rings * np.float32(easel.between(-0.35, 0.35)), rings, radius * np.float32(2 * np.pi / wrap), wrap


def _cells(x: Field, y: Field, wrap: int, seed: int) -> _Cells:
    """Nearest of the jittered points of the nine cells around, and half the gap to the second nearest.

    Worley (1996) on a lattice; the edge is the true distance to the bisector of the two nearest points.
    """
    rng = np.random.default_rng(seed)
    jitter = rng.uniform(0.14, 0.86, (256 * 256, 2)).astype(np.float32)
    cell_x, cell_y = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    part_x, part_y = x - cell_x, y - cell_y
    first = np.full(x.shape, 99, np.float32)
    second = np.full(x.shape, 99, np.float32)
    index = np.zeros(x.shape, np.int32)
    first_x, first_y, second_x, second_y = (np.zeros(x.shape, np.float32) for _ in range(4))
    for step_y in (-1, 0, 1):
        for step_x in (-1, 0, 1):
            column = cell_x + step_x
            column = column % wrap if wrap else column & 255
            place = ((cell_y + step_y) & 255) * 256 + column
            dx = np.take(jitter[:, 0], place) + np.float32(step_x) - part_x
            dy = np.take(jitter[:, 1], place) + np.float32(step_y) - part_y
            far = dx * dx + dy * dy
            nearest = far < first
            runner = ~nearest & (far < second)
            second = np.where(nearest, first, np.where(runner, far, second))
            second_x = np.where(nearest, first_x, np.where(runner, dx, second_x))
            second_y = np.where(nearest, first_y, np.where(runner, dy, second_y))
            first = np.where(nearest, far, first)
            first_x, first_y = np.where(nearest, dx, first_x), np.where(nearest, dy, first_y)
            index = np.where(nearest, place, index)
    gap = np.hypot(second_x - first_x, second_y - first_y) + np.float32(1e-5)
    return _Cells(index.astype(np.intp), (second - first) / (2 * gap))


def _panes(easel: Easel, cells: _Cells, away: Field) -> Picture:
    """Each pane's colour by its mean distance from the light, with the streaks and bubbles of hand-made glass."""
    frame, rng = easel.frame, easel.rng
    count = np.bincount(cells.index.ravel(), minlength=65536)
    mean = np.bincount(cells.index.ravel(), weights=away.ravel(), minlength=65536) / np.maximum(count, 1)
    far = float(away.max())
    tone = np.clip((mean / far) ** 0.8 * 0.98 + rng.normal(0, 0.075, 65536), 0, 1).astype(np.float32)
    glass = tint(tone, easel.ramp(*easel.by_prompt(_PALETTES))) * (1 + rng.normal(0, 0.09, 65536)[:, None]).astype(
        np.float32
    )
    small = frame.reduced(2)
    streak = grow(noise.fbm(small.u * 9, small.v * 16, seed=easel.noise_seed(), octaves=4), frame)
    return np.take(glass.astype(np.float32), cells.index, axis=0) * (1 + np.float32(0.20) * streak)[..., None]


def _leaded(easel: Easel, panes: Picture, edge: Field, away: Field) -> Picture:
    """Light through the panes, a bright bevel, then the lead with its own dull shine. `edge` is in units."""
    frame = easel.frame
    light = np.exp(-((away / np.float32(0.42)) ** 2))
    panes *= (np.float32(0.76) + np.float32(0.46) * light)[..., None]
    panes += (light * np.float32(0.09))[..., None]
    half = np.float32(0.0030)
    depth = smooth(edge, float(half), 0.016)
    panes *= (np.float32(0.72) + np.float32(0.28) * depth)[..., None]
    bevel = np.exp(-(((edge - np.float32(0.0062)) / np.float32(0.0022)) ** 2)) * np.float32(0.16)
    panes += bevel[..., None] * panes
    lead = np.clip((half - edge) * np.float32(frame.unit) + np.float32(0.5), 0, 1)
    ridge = np.clip(1 - edge / half, 0, 1) * np.float32(0.10)
    metal = easel.ink("#17140f") + ridge[..., None]
    panes += lead[..., None] * (metal - panes)
    return panes
