"""Ribbons that follow a field of directions and never cross: each is cut where it would meet another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture
from generation.providers.demo.easel import Easel

SHEET = 2
RIBBONS = 4800
STEPS = 150
STEP = 0.0062
MARGIN = 0.12
SHORTEST = 8
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
    """Traced lines: points (steps, ribbons, 2) in units, and half widths (ribbons,)."""

    points: Field
    half: Field


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    ground, names = easel.by_prompt(_PALETTES)
    inks = easel.inks(*names)
    course = _trace(easel)
    easel.report(0.4)
    sheet = frame.grown(SHEET)
    image = Image.new("RGB", (sheet.width, sheet.height), _bytes(easel.ink(ground)))
    pen = ImageDraw.Draw(image)
    tones = _tones(easel, course, len(inks))
    for ribbon, length in _placed(easel, course):
        tone = inks[tones[ribbon]] * (1 + easel.rng.normal(0, 0.035))
        _draw(pen, easel, course.points[:length, ribbon], float(course.half[ribbon]), tone)
    return np.asarray(image.reduce(SHEET), np.float32) / np.float32(255)


def _trace(easel: Easel) -> _Course:
    """Walk all ribbons at once through the field; widths fall from first to last, so that wide ones get room."""
    frame, rng = easel.frame, easel.rng
    calm = {"wild": 1.5, "calm": 0.62}.get(easel.reading.mood, 1.0)
    angles = _angles(easel, calm)
    rows, columns = angles.shape
    u = rng.uniform(-1, 1, RIBBONS) * (frame.half_width + MARGIN)
    v = rng.uniform(-1, 1, RIBBONS) * (frame.half_height + MARGIN)
    points = np.empty((STEPS, RIBBONS, 2), np.float32)
    for step in range(STEPS):
        points[step, :, 0], points[step, :, 1] = u, v
        row = ((v + frame.half_height + MARGIN) / (2 * (frame.half_height + MARGIN)) * (rows - 1)).astype(np.intp)
        column = ((u + frame.half_width + MARGIN) / (2 * (frame.half_width + MARGIN)) * (columns - 1)).astype(np.intp)
        angle = angles[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        u, v = u + np.cos(angle) * STEP, v + np.sin(angle) * STEP
    order = np.linspace(0, 1, RIBBONS)
    half = (0.0019 + 0.0088 * (1 - order) ** 2.2 * rng.uniform(0.4, 1.15, RIBBONS)).astype(np.float32)
    return _Course(points, half)


def _angles(easel: Easel, calm: float) -> Field:
    frame = easel.frame
    wide, tall = frame.half_width + MARGIN, frame.half_height + MARGIN
    u = np.linspace(-wide, wide, 420, dtype=np.float32)[None, :]
    v = np.linspace(-tall, tall, 420, dtype=np.float32)[:, None]
    shift = np.float32(easel.between(0, 40))
    turn = noise.fbm(u * 0.95 + shift, v * 0.95, seed=easel.noise_seed(), octaves=3, gain=0.32)
    lean = np.float32(easel.between(0, 2 * np.pi))
    return turn * np.float32(np.pi * 1.9 * calm) + np.float32(0.5) * np.sin(u * 2 + shift) + lean


def _tones(easel: Easel, course: _Course, count: int) -> npt.NDArray[np.intp]:
    """Neighbours share a colour more often than not."""
    start = course.points[0]
    key = noise.fbm(start[:, 0] * 1.5, start[:, 1] * 1.5, seed=easel.noise_seed(), octaves=2)
    rank = np.argsort(np.argsort(key)) / len(key)
    return np.clip(rank * count + easel.rng.normal(0, 0.75, len(key)), 0, count - 1).astype(np.intp)


def _placed(easel: Easel, course: _Course) -> list[tuple[int, int]]:
    """Which ribbons find room, and for how many steps: (ribbon, length)."""
    frame = easel.frame
    reach = np.array([frame.half_width + MARGIN, frame.half_height + MARGIN], np.float32)
    columns, rows = (int(2 * side / CELL) + 2 for side in reach)
    booked = np.zeros(rows * columns, np.bool_)
    lengths = easel.rng.integers(STEPS // 3, STEPS, RIBBONS)
    found = []
    for ribbon in range(RIBBONS):
        cells, inside = _cells(
            course.points[: lengths[ribbon], ribbon], float(course.half[ribbon]), reach, columns, rows
        )
        free = inside & ~booked[cells].any(axis=1)
        length = int(np.argmin(free)) if not free.all() else len(free)
        if length >= SHORTEST:
            booked[cells[:length].ravel()] = True
            found.append((ribbon, length))
    return found


def _cells(
    path: Field, half: float, reach: Field, columns: int, rows: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Cells under a path's width, (steps, across), and whether each step is inside the booked area."""
    side = _normals(path)
    across = np.linspace(-1, 1, int(half * 2.6 / CELL) + 2, dtype=np.float32) * np.float32(half + 0.0011)
    spots = path[:, None, :] + side[:, None, :] * across[None, :, None]
    place = ((spots + reach) / np.float32(CELL)).astype(np.intp)
    inside = (np.abs(path) < reach).all(axis=1)
    return np.clip(place[..., 1], 0, rows - 1) * columns + np.clip(place[..., 0], 0, columns - 1), inside


def _normals(path: Field) -> Field:
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + np.float32(1e-9)
    return np.stack([-along[:, 1], along[:, 0]], axis=-1)


def _draw(pen: ImageDraw.ImageDraw, easel: Easel, path: Field, half: float, tone: Field) -> None:
    """A ribbon with round ends, a lighter edge on one side and a darker one on the other."""
    frame = easel.frame
    scale = frame.unit * SHEET
    centre = (path[::2] + (frame.half_width, frame.half_height)) * scale
    side = _normals(path[::2]) * np.float32(half * scale)
    _strip(pen, centre, side, -1, 1, tone, ends=half * scale)
    if half * scale > 5:
        _strip(pen, centre, side, -0.92, -0.50, tone * 1.10 + 0.03)
        _strip(pen, centre, side, 0.58, 0.94, tone * 0.88)


def _strip(
    pen: ImageDraw.ImageDraw, centre: Field, side: Field, low: float, high: float, tone: Field, ends: float = 0.0
) -> None:
    fill = _bytes(tone)
    outline = np.concatenate([centre + side * np.float32(low), (centre + side * np.float32(high))[::-1]])
    pen.polygon(outline.ravel().tolist(), fill=fill)
    if ends:
        for x, y in (centre[0].tolist(), centre[-1].tolist()):
            pen.ellipse((x - ends, y - ends, x + ends, y + ends), fill=fill)


def _bytes(colour: Field) -> tuple[int, int, int]:
    red, green, blue = (np.clip(colour, 0, 1) * 255 + 0.5).astype(int).tolist()
    return red, green, blue
