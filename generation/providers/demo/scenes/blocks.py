"""An isometric quarter of little houses and towers: pastel by day, windows lit by night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from generation.providers.demo import noise
from generation.providers.demo.canvas import Colour, Field, Frame, Picture, blur_picture, from_image, to_image
from generation.providers.demo.colour import tint, to_bytes
from generation.providers.demo.easel import Easel

SHEET = 2
ACROSS = 15.5
"""Blocks along the frame's unit."""
SIDE = 0.866
LEFT_SHADE, RIGHT_SHADE, ROOF_LIGHT = 0.76, 0.50, 1.06
FLOOR = 0.36
"""Height of one floor, in blocks."""

_DAYS = (
    (("#f3ddc6", "#efcdb3"), ("#2c6e75", "#4fa39a", "#f2e3c2", "#f0a868", "#d6553f")),
    (("#dfe9ea", "#bcd3dc"), ("#31517c", "#6d9ac0", "#e8ecec", "#f4c9a8", "#e0785c")),
    (("#f6e7ee", "#e9c9dc"), ("#4b3a72", "#8f6fae", "#e3c7e0", "#f7dfc8", "#ef9a86")),
    (("#eef0dc", "#d5dcb8"), ("#2f5a4a", "#6f9c78", "#e6e8c8", "#eec46e", "#cf6a4a")),
)
_NIGHTS = (
    (("#151a36", "#3c3357"), ("#1e2b4d", "#2f4374", "#54659b", "#8a7fae")),
    (("#0c1a26", "#23485a"), ("#14303f", "#245468", "#3f7f8c", "#86b3ac")),
    (("#1c0f2a", "#50295c"), ("#2a1a44", "#4b2f72", "#7d4f96", "#bd86b4")),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The site: block size in sheet pixels, origin of the grid, and how blocks are coloured and lit."""

    size: float
    origin: tuple[float, float]
    table: Field
    night: bool
    lamps: Field


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    night = easel.reading.time in ("night", "dusk") or (not easel.reading.time and easel.reading.key % 4 == 0)
    ground, stops = easel.by_prompt(_NIGHTS if night else _DAYS)
    sheet = frame.grown(SHEET)
    plan = _Plan(
        sheet.unit / ACROSS / 1.4,
        (sheet.width / 2, sheet.height / 2),
        easel.ramp(*stops),
        night,
        easel.inks("#ffd28a", "#ffb866", "#ffe6b8", "#9fe0e0"),
    )
    backdrop = np.repeat(tint(frame.down, easel.ramp(*ground)), frame.width, axis=1)
    image = to_image(backdrop).resize((sheet.width, sheet.height), 0)
    pen = ImageDraw.Draw(image)
    _build(pen, easel, sheet, plan)
    picture = from_image(image, SHEET)
    return _with_glow(picture, frame) if night else picture


def _build(pen: ImageDraw.ImageDraw, easel: Easel, sheet: Frame, plan: _Plan) -> None:
    """Blocks from the back to the front, where they fall inside a rounded site fitted to the frame."""
    reach = int((sheet.width / SIDE + sheet.height * 2) / plan.size / 2) + 2
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    i, j = np.meshgrid(steps, steps)
    x, y = (i - j) * SIDE * plan.size, (i + j) * 0.5 * plan.size
    edge = np.abs(x / (sheet.width * 0.455)) ** 3.2 + np.abs((y - sheet.height * 0.045) / (sheet.height * 0.375)) ** 3.2
    heights = _heights(easel, i, j, edge)
    tones = np.clip(heights * 1.05 + easel.rng.normal(0, 0.06, i.shape), 0, 1)
    extra = easel.rng.uniform(0, 0.35, i.shape)
    order = np.argsort((i + j).ravel(), kind="stable")
    inside = (edge < 1).ravel()[order]
    places = order[inside]
    for count, at in enumerate(places):
        tall = (float(heights.flat[at]) ** 1.75 * 6.2 + float(extra.flat[at]) + 0.35) * plan.size
        corner = (plan.origin[0] + float(x.flat[at]), plan.origin[1] + float(y.flat[at]) + sheet.height * 0.045)
        _block(pen, easel, plan, corner, tall, float(tones.flat[at]))
        if count % 64 == 0:
            easel.report(count / max(len(places), 1))


def _heights(easel: Easel, i: Field, j: Field, edge: Field) -> Field:
    field = noise.fbm(
        i * np.float32(0.19) + np.float32(easel.between(0, 40)),
        j * np.float32(0.19),
        seed=easel.noise_seed(),
        octaves=3,
    )
    field = (field - field.min()) / np.float32(max(float(np.ptp(field)), 1e-6))
    return np.asarray(
        np.clip(field * np.float32(1.18) - np.float32(0.42) * np.clip(edge, 0, 1) - np.float32(0.12), 0.02, 1),
        np.float32,
    )


def _block(
    pen: ImageDraw.ImageDraw, easel: Easel, plan: _Plan, at: tuple[float, float], tall: float, tone: float
) -> None:
    """One block: left, right and roof, then what stands on it or shines from it."""
    x, y = at
    half = plan.size * 0.93
    a, b = (x, y - half * 0.5 - tall), (x + half * SIDE, y - tall)
    c, d = (x, y + half * 0.5 - tall), (x - half * SIDE, y - tall)
    colour = tint(np.array([tone], np.float32), plan.table)[0]
    foot_b, foot_c, foot_d = ((p[0], p[1] + tall) for p in (b, c, d))
    pen.polygon([d, c, foot_c, foot_d], fill=_shade(colour, LEFT_SHADE))
    pen.polygon([c, b, foot_b, foot_c], fill=_shade(colour, RIGHT_SHADE))
    pen.polygon([a, b, c, d], fill=_shade(colour, ROOF_LIGHT))
    pen.line([d, c, b], fill=_shade(colour, 1.2), width=max(round(plan.size * 0.022), 1))
    if tall > plan.size * 1.0:
        _windows(pen, easel, plan, (d, c, b), tall, colour)
    if easel.rng.uniform() < 0.22:
        _roof(pen, plan, (x, y - tall), half, colour)


def _windows(
    pen: ImageDraw.ImageDraw,
    easel: Easel,
    plan: _Plan,
    edge: tuple[tuple[float, float], ...],
    tall: float,
    colour: Colour,
) -> None:
    """Rows of panes on both faces; by night some are lit."""
    if not easel.wants("light", default=True) and plan.night:
        return
    floors = int(tall / (plan.size * FLOOR))
    lit = easel.rng.uniform(0, 1, (2, floors, 3))
    tones = easel.rng.integers(0, len(plan.lamps), (2, floors, 3))
    for side, (start, end) in enumerate((edge[:2], edge[1:])):
        shade = LEFT_SHADE if side == 0 else RIGHT_SHADE
        for floor in range(floors - 1):
            for column in range(3):
                if plan.night and lit[side, floor, column] > 0.36:
                    continue
                fill = (
                    _shade(plan.lamps[tones[side, floor, column]], 0.72 + 0.28 * lit[side, floor, column] / 0.36)
                    if plan.night
                    else _shade(colour, shade * 0.80)
                )
                _pane(pen, plan, start, end, 0.18 + 0.25 * column, floor + 0.55, fill)


def _pane(
    pen: ImageDraw.ImageDraw,
    plan: _Plan,
    start: tuple[float, float],
    end: tuple[float, float],
    share: float,
    floor: float,
    fill: tuple[int, int, int],
) -> None:
    dx, dy = end[0] - start[0], end[1] - start[1]
    drop, tall = floor * plan.size * FLOOR, plan.size * FLOOR * 0.52
    left = (start[0] + dx * share, start[1] + dy * share + drop)
    right = (start[0] + dx * (share + 0.15), start[1] + dy * (share + 0.15) + drop)
    pen.polygon([left, right, (right[0], right[1] + tall), (left[0], left[1] + tall)], fill=fill)


def _roof(pen: ImageDraw.ImageDraw, plan: _Plan, at: tuple[float, float], half: float, colour: Colour) -> None:
    """A small box on the roof: a lift shaft or a tank."""
    x, y = at
    size, tall = half * 0.42, plan.size * 0.26
    a, b, c, d = (
        (x, y - size * 0.5 - tall),
        (x + size * SIDE, y - tall),
        (x, y + size * 0.5 - tall),
        (x - size * SIDE, y - tall),
    )
    pen.polygon([d, c, (c[0], c[1] + tall), (d[0], d[1] + tall)], fill=_shade(colour, LEFT_SHADE * 0.95))
    pen.polygon([c, b, (b[0], b[1] + tall), (c[0], c[1] + tall)], fill=_shade(colour, RIGHT_SHADE * 0.95))
    pen.polygon([a, b, c, d], fill=_shade(colour, ROOF_LIGHT))


def _shade(colour: Colour, factor: float) -> tuple[int, int, int]:
    return to_bytes(colour * np.float32(factor))


def _with_glow(picture: Picture, frame: Frame) -> Picture:
    bright = np.clip(picture - np.float32(0.60), 0, 1)
    return np.asarray(
        picture
        + blur_picture(bright, frame.unit * 0.011) * np.float32(1.7)
        + blur_picture(bright, frame.unit * 0.045) * np.float32(0.8),
        np.float32,
    )
