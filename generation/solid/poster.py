"""The picture that stands for a 3D model in lists, pages and share images: a still life on a neutral ground.

Drawn by ourselves in numpy, in bounded time for any checked model. It knows opaque surfaces with colour, texture,
metal and roughness; glass is drawn as if it were solid, and holes cut by a texture's alpha are filled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from generation.solid import geometry, raster, shade
from generation.solid.geometry import Floats, Part
from generation.solid.glb import Solid
from generation.solid.shade import Backdrop, Scene
from generation.solid.view import View

SIDE_PX = 1024
DRAWN_PX = 1536
"""Drawn larger and brought down: that is what smooths its edges."""
TRIANGLES_DRAWN = 1_000_000
HOLLOW_STEP = 3
_STEPS = np.array([[0, 2], [3, 1]], np.float32)
_FOUR = np.block([[4 * _STEPS + shift for shift in row] for row in _STEPS])
_GRAIN = (np.block([[4 * _FOUR + shift for shift in row] for row in _STEPS]) + 0.5) / 64
"""Bayer's ordered dither, 8 x 8, in 0..1."""
_CUBE = {
    "#dcdedb": [(0, -1), (0.87, -0.5), (0, 0), (-0.87, -0.5)],
    "#b9bdba": [(-0.87, -0.5), (0, 0), (0, 1), (-0.87, 0.5)],
    "#989d9a": [(0.87, -0.5), (0.87, 0.5), (0, 1), (0, 0)],
}


def draw(solid: Solid, *, side_px: int = SIDE_PX) -> Image.Image:
    """A picture of a checked model from half above, RGB, square; a plain cube where it has nothing to show."""
    drawn = side_px * DRAWN_PX // SIDE_PX
    with np.errstate(all="ignore"):  # numbers at the edge of single precision: what comes of them is checked or clipped
        stage = _stage(list(geometry.parts(solid, most=TRIANGLES_DRAWN)), drawn)
        if stage is None:
            return cube(side_px=side_px)
        picture = np.nan_to_num(_lit(stage, drawn))
    return _developed(picture, side_px)


def cube(*, side_px: int = SIDE_PX) -> Image.Image:
    """What stands for a model that cannot be drawn."""
    large = side_px * 2
    drawing, mask = Image.new("RGB", (large, large)), Image.new("L", (large, large))
    for color, corners in _CUBE.items():
        places = [(large * (0.5 + 0.22 * x), large * (0.5 + 0.22 * y)) for x, y in corners]
        ImageDraw.Draw(drawing).polygon(places, fill=color)
        ImageDraw.Draw(mask).polygon(places, fill=255)
    image = _developed(Backdrop(side_px).linear(), side_px)
    image.paste(drawing.reduce(2), mask=mask.reduce(2))
    return image


def _developed(picture: Floats, side_px: int) -> Image.Image:
    """From light to bytes. A fine pattern, the same each time, hides the steps that a soft wall would show."""
    channels = (
        Image.fromarray(np.ascontiguousarray(channel)) for channel in geometry.to_srgb(picture).transpose(2, 0, 1)
    )
    small = [np.asarray(channel.resize((side_px, side_px), Image.Resampling.LANCZOS)) for channel in channels]
    tiles = -(-side_px // len(_GRAIN))
    grain = np.tile(_GRAIN, (tiles, tiles))[:side_px, :side_px, None]
    return Image.fromarray(np.clip(np.stack(small, axis=-1) * 255 + grain, 0, 255).astype(np.uint8))


# --- The stage -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """All corners (n, 3, 3) in a unit scale around the origin, standing on `floor`; which part each triangle is of."""

    parts: list[Part]
    corners: Floats
    owners: raster.Indices
    firsts: list[int]
    floor: float
    view: View


def _stage(parts: list[Part], drawn: int) -> Stage | None:
    """Brings a model of any size to one of radius 1; None for one without extent."""
    if not parts:
        return None
    corners = np.concatenate([part.positions for part in parts])
    low, high = corners.min(axis=(0, 1)).astype(np.float64), corners.max(axis=(0, 1)).astype(np.float64)
    radius = float(np.linalg.norm(high - low)) / 2
    if not np.isfinite(radius) or radius <= 0:
        return None
    corners = ((corners - (low + high) / 2) / radius).astype(np.float32)
    if not np.isfinite(corners).all():
        return None
    sizes = [len(part.positions) for part in parts]
    floor = float(corners[..., 1].min())
    return Stage(
        parts,
        corners,
        np.repeat(np.arange(len(parts)), sizes),
        np.cumsum([0, *sizes]).tolist(),
        floor,
        View.framing(corners, floor=floor, pixels=drawn),
    )


def _lit(stage: Stage, drawn: int) -> Floats:
    """The picture in linear light, (drawn, drawn, 3)."""
    scene = Scene.of(stage.corners, floor=stage.floor)
    picture = Backdrop(drawn).linear()
    scene.shade_ground(picture, stage.view)
    seen = raster.look(_facing(stage), width=drawn, height=drawn)
    if len(seen.rows):
        picture[seen.rows, seen.columns] = _surfaces(stage, scene, seen, drawn)
    return picture


def _facing(stage: Stage) -> Floats:
    """Every corner on the screen; triangles that turn their back are shrunk to a point, unless they have two sides."""
    screen = stage.view.project(stage.corners)
    one_sided = np.array([not part.look.two_sided for part in stage.parts])[stage.owners]
    a, b, c = screen[:, 0], screen[:, 1], screen[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    away = one_sided & (area > 0)  # y runs down the screen
    if away.sum() < len(away):
        screen[away] = screen[away][:, :1]
    return screen


def _surfaces(stage: Stage, scene: Scene, seen: raster.Seen, drawn: int) -> Floats:
    """The light that leaves each seen pixel."""
    shares = stage.view.in_depth(stage.corners[seen.triangles], seen.shares)
    points = _mixed(stage.corners[seen.triangles], shares)
    hollows = _hollows(seen, stage.view.distances(points), drawn)
    out = np.empty_like(points)
    for number, part in enumerate(stage.parts):
        mine = np.flatnonzero(stage.owners[seen.triangles] == number)
        if not mine.size:
            continue
        corners, share = seen.triangles[mine] - stage.firsts[number], shares[mine]
        surface = shade.Surface(
            points=points[mine],
            normals=_mixed(part.normals[corners], share),
            albedo=_albedo(part, corners, share),
            look=part.look,
            open=hollows[mine],
        )
        out[mine] = scene.shade(surface, eye=stage.view.eye)
    return out


def _albedo(part: Part, corners: raster.Indices, shares: Floats) -> Floats:
    color = np.broadcast_to(part.look.color, (len(corners), 3))
    if part.colors is not None:
        color = color * _mixed(part.colors[corners], shares)
    if part.uv is not None and part.look.texture is not None:
        color = color * shade.sample(part.look.texture, _mixed(part.uv[corners], shares))
    return np.asarray(color, np.float32)


def _mixed(corners: Floats, shares: Floats) -> Floats:
    """Values at three corners (n, 3, k), mixed by their shares (n, 3)."""
    return np.asarray(np.einsum("nck,nc->nk", corners, shares), np.float32)


def _hollows(seen: raster.Seen, distances: Floats, drawn: int) -> Floats:
    """How open each pixel is, 0..1: what lies behind its surroundings gets less light from all around."""
    side = -(-drawn // HOLLOW_STEP)
    weight, depth = np.zeros((2, side, side), np.float32)
    places = seen.rows // HOLLOW_STEP, seen.columns // HOLLOW_STEP
    weight[places], depth[places] = 1, distances
    reach = side / 48
    around = shade.soft(depth, reach) / np.maximum(shade.soft(weight, reach), 1e-3)
    return np.asarray(np.clip(1 - 2.4 * np.maximum(distances - around[places], 0), 0.45, 1), np.float32)
