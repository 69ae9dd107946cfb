"""Light: a soft key from the upper left, a sky all around, and what both leave on the ground. Linear colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from generation.solid import raster
from generation.solid.geometry import Floats, Look
from generation.solid.view import View

MAP_PX = 512
SPAN = 3.2
"""Width of what the shadow maps see, in radii."""
BIAS = 0.02
GROUND_STEP = 4
KEY = np.array([-0.36, 0.80, 0.55], np.float32) / np.float32(np.linalg.norm([-0.36, 0.80, 0.55]))
FILL = np.array([0.85, 0.25, 0.45], np.float32) / np.float32(np.linalg.norm([0.85, 0.25, 0.45]))
KEY_COLOR = np.array([2.30, 2.22, 2.08], np.float32)
FILL_COLOR = np.array([0.30, 0.33, 0.38], np.float32)
SKY = np.array([0.95, 0.98, 1.02], np.float32)
BOUNCE = np.array([0.42, 0.41, 0.39], np.float32)
_TAPS = [(-1, -1), (1, -1), (-1, 1), (1, 1), (0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)]
"""Texels around a place in the shadow map: nine steps from light to dark."""


@dataclass(frozen=True)
class Backdrop:
    """A cove of neutral paper, a little darker where the ground is."""

    pixels: int

    def linear(self) -> Floats:
        down = np.linspace(0, 1, self.pixels, dtype=np.float32)[:, None, None]
        across = np.linspace(-1, 1, self.pixels, dtype=np.float32)[None, :, None]
        wall, ground = np.array([0.83, 0.84, 0.83], np.float32), np.array([0.70, 0.71, 0.70], np.float32)
        turn = np.clip((down - 0.30) / 0.55, 0, 1)
        turn = turn * turn * (3 - 2 * turn)
        return np.asarray((wall + (ground - wall) * turn) * (1 - 0.10 * across**2), np.float32)


@dataclass(frozen=True)
class Surface:
    """Pixels of one look: points, normals and albedo (n, 3); `open` says how much of the sky each sees."""

    points: Floats
    normals: Floats
    albedo: Floats
    look: Look
    open: Floats


@dataclass(frozen=True)
class Scene:
    """A model under its light: the key's shadow map, what it covers of the ground, and what stands near it."""

    axes: Floats
    depths: Floats
    cast: Floats
    touch: Floats
    floor: float

    @classmethod
    def of(cls, corners: Floats, *, floor: float) -> Scene:
        side = np.cross(np.array([0, 1, 0], np.float32), KEY)
        side /= np.linalg.norm(side)
        axes = np.stack([side, np.cross(KEY, side), KEY]).astype(np.float32)
        depths = _map(corners @ axes.T)
        near = _map(np.stack([corners[..., 0], corners[..., 2], floor - corners[..., 1]], axis=-1))
        height = np.where(np.isfinite(near), near - _depth(0.0), np.inf) * 2 * SPAN
        touch = soft(np.exp(-np.maximum(height, 0) / 0.22), MAP_PX / 26)
        return cls(axes, depths, soft(np.isfinite(depths).astype(np.float32), MAP_PX / 90), touch, floor)

    def shade_ground(self, picture: Floats, view: View) -> None:
        """Lay the shadows on the ground, in place; where the line of sight meets none there are none.

        They are soft, so a coarser grid of points is enough.
        """
        x, z = view.ground(len(picture), self.floor, step=GROUND_STEP)
        near = np.nonzero(np.hypot(x, z) < 3 * SPAN)
        points = np.stack([x[near], np.full(len(near[0]), self.floor, np.float32), z[near]], axis=-1)
        lit = points @ self.axes.T
        shade = np.ones_like(x)
        cast, touch = _at(self.cast, lit[:, 0], lit[:, 1]), _at(self.touch, points[:, 0], points[:, 2])
        shade[near] = (1 - 0.42 * cast) * (1 - 0.50 * touch)
        fine = Image.fromarray(shade).resize((len(picture), len(picture)), Image.Resampling.BICUBIC)
        picture *= np.asarray(fine, np.float32)[..., None]

    def shade(self, surface: Surface, *, eye: Floats) -> Floats:
        """The light that leaves a surface towards the eye: diffuse and glossy under key, fill and sky."""
        if surface.look.unlit:
            return surface.albedo
        sight = _unit(eye - surface.points)
        normals = _unit(surface.normals)
        facing = (normals * sight).sum(axis=1, keepdims=True)
        normals = np.where(facing < 0, -normals, normals) if surface.look.two_sided else normals
        metal, rough = surface.look.metallic, max(surface.look.roughness, 0.12)
        key = self._lit(surface.points, normals)[:, None] * KEY_COLOR
        sky = (BOUNCE + (SKY - BOUNCE) * (0.5 + 0.5 * normals[:, 1:2])) * surface.open[:, None]
        fill = np.maximum(normals @ FILL, 0)[:, None] * FILL_COLOR
        diffuse = (
            surface.albedo * (1 - metal) * (key * np.maximum(normals @ KEY, 0)[:, None] + fill + sky) / np.float32(2.2)
        )
        mirror = 0.04 + (surface.albedo - 0.04) * metal
        mirror = mirror + (1 - mirror) * (1 - np.clip(np.abs(facing), 0, 1)) ** 5 * (1 - rough)
        half = _unit(sight + KEY)
        power = 2 / rough**4 - 2
        glint = np.maximum((normals * half).sum(axis=1), 0) ** power * (power + 2) / 14
        glossy = mirror * (key * glint[:, None] + _around(2 * facing * normals - sight, rough) * surface.open[:, None])
        return _film(diffuse + glossy + surface.look.emissive)

    def _lit(self, points: Floats, normals: Floats) -> Floats:
        """How much of the key reaches each point, 0..1, softened over a few texels of its map."""
        seen = (points + normals * np.float32(BIAS)) @ self.axes.T
        depth = _depth(seen[:, 2]) - np.float32(BIAS / (2 * SPAN))
        column, row = (np.clip(_place(seen[:, axis]), 2, MAP_PX - 3).astype(np.int32) for axis in (0, 1))
        place, depths = row * MAP_PX + column, self.depths.ravel()
        shadow = np.zeros(len(points), np.float32)
        for right, down in _TAPS:
            shadow += depths[place + (down * MAP_PX + right)] < depth
        return np.asarray(1 - shadow / len(_TAPS), np.float32)


def _map(points: Floats) -> Floats:
    """Depth of the nearest surface, seen along -z of `points` (n, 3, 3); infinite where there is none."""
    screen = np.stack([_place(points[..., 0]), _place(points[..., 1]), _depth(points[..., 2])], axis=-1)
    seen = raster.look(screen.astype(np.float32), width=MAP_PX, height=MAP_PX)
    depths = np.full((MAP_PX, MAP_PX), np.inf, np.float32)
    depths[seen.rows, seen.columns] = seen.depths
    return depths


def _place(value: Floats) -> Floats:
    return np.asarray((value / SPAN + 0.5) * MAP_PX, np.float32)


def _depth(towards_light: Floats | float) -> Floats:
    return np.asarray(0.5 - np.asarray(towards_light) / (2 * SPAN), np.float32)


def _at(field: Floats, x: Floats, y: Floats) -> Floats:
    """A map between its texels; nothing outside of it."""
    columns, rows = _place(x) - 0.5, _place(y) - 0.5
    inside = (columns >= 0) & (rows >= 0) & (columns < MAP_PX - 1) & (rows < MAP_PX - 1)
    c, r = np.where(inside, columns, 0), np.where(inside, rows, 0)
    left, top = c.astype(np.int64), r.astype(np.int64)
    u, v = c - left, r - top
    upper = field[top, left] * (1 - u) + field[top, left + 1] * u
    lower = field[top + 1, left] * (1 - u) + field[top + 1, left + 1] * u
    return np.asarray(np.where(inside, upper * (1 - v) + lower * v, 0), np.float32)


def _around(direction: Floats, rough: float) -> Floats:
    """What a glossy surface mirrors: a bright sky over a darker ground, the sharper the smoother, and one window."""
    edge = 0.08 + 0.7 * rough
    up = np.clip(direction[:, 1:2] / edge * 0.5 + 0.5, 0, 1)
    window = np.clip((direction @ FILL - (0.86 - 0.4 * rough)) / (0.05 + 0.4 * rough), 0, 1)[:, None]
    window = window * window * (3 - 2 * window)
    return np.asarray(BOUNCE * 0.6 + (SKY * 0.9 - BOUNCE * 0.6) * up + window * 0.8 * (1 - 0.7 * rough), np.float32)


def _film(light: Floats) -> Floats:
    """Highlights roll off, the rest stays as it is."""
    return np.asarray(np.where(light < 0.7, light, 0.7 + 0.3 * (1 - np.exp(-(light - 0.7) / 0.3))), np.float32)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)


def soft(field: Floats, sigma: float) -> Floats:
    """A blur of a field by three running means each way, nearly Gaussian; sigma in pixels. Edges fade to nothing."""
    reach = max(1, round(sigma * 0.98))
    for axis in (0, 1, 0, 1, 0, 1):
        field = _mean(field, reach, axis)
    return field


def _mean(field: Floats, reach: int, axis: int) -> Floats:
    pad = [(0, 0), (0, 0)]
    pad[axis] = (reach + 1, reach)
    sums = np.cumsum(np.pad(field, pad), axis=axis, dtype=np.float64)
    length = field.shape[axis]
    late, early = (np.take(sums, range(start, start + length), axis=axis) for start in (2 * reach + 1, 0))
    return np.asarray((late - early) / (2 * reach + 1), np.float32)


def sample(texture: Floats, uv: Floats) -> Floats:
    """A texture at uv (n, 2), repeated, between its texels."""
    height, width = texture.shape[:2]
    x, y = (
        np.asarray(np.clip(uv[:, axis], -1e6, 1e6) % 1, np.float64) * size - 0.5
        for axis, size in ((0, width), (1, height))
    )
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = (x - left)[:, None], (y - top)[:, None]
    upper = texture[top % height, left % width] * (1 - u) + texture[top % height, (left + 1) % width] * u
    lower = texture[(top + 1) % height, left % width] * (1 - u) + texture[(top + 1) % height, (left + 1) % width] * u
    return np.asarray(upper * (1 - v) + lower * v, np.float32)
