"""Ribbons that follow a field of directions and never cross: each is cut where it would meet another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture, from_image
from generation.providers.demo.colour import to_bytes
from generation.providers.demo.easel import Easel

SHEET = 2
RIBBONS = 4800
STEPS = 150
STEP = 0.0062
MARGIN = 0.12
SHORTEST = 5
CELL = 0.0034
"""Side of the cells in which room is booked, in units."""

_PALETTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("#f2e6cf", ("#d9432f", "#ef8a2b", "#f4bd45", "#2e6f62", "#16405b", "#e8674c")),
    ("#0d1a26", ("#e9dcc3", "#e2b04a", "#cf5a34", "#2f7f86", "#8fc1b5", "#f4efe4")),
    ("#101018", ("#5a3df0", "#b04af0", "#f05aa8", "#f7a15a", "#f9e2a0", "#3a6df0")),
    ("#eef0ea", ("#123a5a", "#1f6f8b", "#5fb0a8", "#c9dcc0", "#f0b05a", "#e0603f")),
    ("#1a1020", ("#f6c7b0", "#e0708a", "#8f3f78", "#4a2a68", "#f2e3c8", "#e8a85a")),
    ("#f4ede4", ("#2a2f4a", "#4f6f9a", "#a7b8c9", "#d98f7a", "#b5483f", "#e8c9a0")),
)


@dataclass(frozen=True, slots=True)
class _Course:
    """Traced lines: points and normals (steps, ribbons, 2) in units, and half widths (ribbons,)."""

    points: Field
    normals: Field
    half: Field


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    ground, names = easel.by_prompt(_PALETTES)
    inks = easel.inks(*names)
    course = _trace(easel)
    easel.report(0.4)
    sheet = frame.grown(SHEET)
    image = Image.new("RGB", (sheet.width, sheet.height), to_bytes(easel.ink(ground)))
    pen = ImageDraw.Draw(image)
    tones = _tones(easel, course, len(inks))
    for ribbon, steps in _placed(easel, course):
        tone = inks[tones[ribbon]] * (1 + easel.rng.normal(0, 0.035))
        _draw(pen, easel, course, ribbon, steps, tone)
    return from_image(image, SHEET)


def _trace(easel: Easel) -> _Course:
    """Walk all ribbons at once through the field; widths fall from first to last, so that wide ones get room."""
    frame, rng = easel.frame, easel.rng
    calm = {"wild": 1.5, "calm": 0.62}.get(easel.reading.mood, 1.0)
    angles = _angles(easel, calm)
    rows, columns = angles.shape
    u = rng.uniform(-1, 1, RIBBONS) * (frame.half_width + MARGIN)
    v = rng.uniform(-1, 1, RIBBONS) * (frame.half_height + MARGIN)
    points, normals = np.empty((2, STEPS, RIBBONS, 2), np.float32)
    for step in range(STEPS):
        points[step, :, 0], points[step, :, 1] = u, v
        row = ((v + frame.half_height + MARGIN) / (2 * (frame.half_height + MARGIN)) * (rows - 1)).astype(np.intp)
        column = ((u + frame.half_width + MARGIN) / (2 * (frame.half_width + MARGIN)) * (columns - 1)).astype(np.intp)
        angle = angles[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        c, s = np.cos(angle), np.sin(angle)
        normals[step, :, 0], normals[step, :, 1] = -s, c
        u, v = u + c * STEP, v + s * STEP
    order = np.linspace(0, 1, RIBBONS)
    half = (0.0019 + 0.0088 * (1 - order) ** 2.2 * rng.uniform(0.4, 1.15, RIBBONS)).astype(np.float32)
    return _Course(points, normals, half)


def _angles(easel: Easel, calm: float) -> Field:
    frame = easel.frame
    wide, tall = frame.half_width + MARGIN, frame.half_height + MARGIN
    u = np.linspace(-wide, wide, 420, dtype=np.float32)[None, :]
    v = np.linspace(-tall, tall, 420, dtype=np.float32)[:, None]
    shift = np.float32(easel.between(0, 40))
    turn = noise.fbm(u * 0.95 + shift, v * 0.95, seed=easel.noise_seed(), octaves=3, gain=0.32)
    lean = np.float32(easel.between(0, 2 * np.pi))
    return np.asarray(
        turn * np.float32(np.pi * 1.9 * calm) + np.float32(0.5) * np.sin(u * 2 + shift) + lean, np.float32
    )


def _tones(easel: Easel, course: _Course, count: int) -> npt.NDArray[np.intp]:
    """Neighbours share a colour more often than not."""
    start = course.points[0]
    key = noise.fbm(start[:, 0] * 1.5, start[:, 1] * 1.5, seed=easel.noise_seed(), octaves=2)
    rank = np.argsort(np.argsort(key)) / len(key)
    return np.clip(rank * count + easel.rng.normal(0, 0.75, len(key)), 0, count - 1).astype(np.intp)


def _placed(easel: Easel, course: _Course) -> list[tuple[int, slice]]:
    """Which ribbons find room, and the steps to draw: booked room less that for the round ends."""
    frame = easel.frame
    reach = np.array([frame.half_width + MARGIN, frame.half_height + MARGIN], np.float32)
    columns, rows = (int(2 * side / CELL) + 1 for side in reach)
    plan = np.zeros((rows, columns), np.bool_)
    plan[[0, -1]] = plan[:, [0, -1]] = True
    booked = plan.ravel()
    lengths = easel.rng.integers(STEPS // 3, STEPS, RIBBONS)
    found = []
    for ribbon in range(RIBBONS):
        cells = _cells(course, ribbon, int(lengths[ribbon]), reach, columns)
        taken = np.flatnonzero(booked[cells].any(axis=1))
        length = int(taken[0]) if len(taken) else len(cells)
        end = int(course.half[ribbon] / STEP) + 1
        if length >= SHORTEST + 2 * end:
            booked[cells[:length].ravel()] = True
            found.append((ribbon, slice(end, length - end, 2)))
    return found


def _cells(course: _Course, ribbon: int, length: int, reach: Field, columns: int) -> npt.NDArray[np.intp]:
    """Cells under a ribbon's width, (steps, across); those outside the booked area count as its edge."""
    half = float(course.half[ribbon])
    across = np.linspace(-1, 1, int(half * 2.6 / CELL) + 2, dtype=np.float32) * np.float32(half + 0.0011)
    spots = course.points[:length, ribbon, None] + course.normals[:length, ribbon, None] * across[None, :, None]
    place = np.clip((spots + reach) / np.float32(CELL), 0, 2 * reach / CELL).astype(np.intp)
    return np.asarray(place[..., 1] * columns + place[..., 0])


def _draw(pen: ImageDraw.ImageDraw, easel: Easel, course: _Course, ribbon: int, steps: slice, tone: Field) -> None:
    """A ribbon with round ends; wide ones have a lighter edge on one side and a darker one on the other."""
    frame = easel.frame
    scale = frame.unit * SHEET
    half = float(course.half[ribbon]) * scale
    centre = (course.points[steps, ribbon] + (frame.half_width, frame.half_height)) * scale
    side = course.normals[steps, ribbon] * np.float32(half)
    _strip(pen, centre, side, -1, 1, tone, ends=half)
    if half > 5:
        _strip(pen, centre, side, -0.92, -0.50, tone * np.float32(1.10) + np.float32(0.03))
        _strip(pen, centre, side, 0.58, 0.94, tone * np.float32(0.88))


def _strip(
    pen: ImageDraw.ImageDraw, centre: Field, side: Field, low: float, high: float, tone: Field, ends: float = 0.0
) -> None:
    fill = to_bytes(tone)
    outline = np.concatenate([centre + side * np.float32(low), (centre + side * np.float32(high))[::-1]])
    pen.polygon(outline.ravel().tolist(), fill=fill)
    if ends:
        for x, y in (centre[0].tolist(), centre[-1].tolist()):
            pen.ellipse((x - ends, y - ends, x + ends, y + ends), fill=fill)
