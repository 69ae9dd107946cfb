"""Dark shapes against the light: treelines, birds, sails. Drawn with Pillow on a larger sheet, brought back smooth."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw

from generation.providers.demo.canvas import Field, Frame

SHEET_FACTOR = 3


class Sheet:
    """A black sheet, SHEET_FACTOR times the frame, on which shapes in u and v are filled with white."""

    def __init__(self, frame: Frame, factor: int = SHEET_FACTOR) -> None:
        self._frame = frame
        self._factor = factor
        self._image = Image.new("L", (frame.width * factor, frame.height * factor))
        self._pen = ImageDraw.Draw(self._image)

    def polygon(self, points: Field, level: int = 255) -> None:
        """Fill a polygon (n, 2) of u, v."""
        self._pen.polygon(self._pixels(points), fill=level)

    def line(self, points: Field, width: float, level: int = 255) -> None:
        """Draw a line (n, 2) of u, v; width in units."""
        pixels = max(round(width * self._frame.unit * self._factor), 1)
        self._pen.line(self._pixels(points), fill=level, width=pixels, joint="curve")

    def ellipse(self, u: float, v: float, across: float, down: float, level: int = 255) -> None:
        (left, top), (right, bottom) = self._pairs(
            np.array([[u - across, v - down], [u + across, v + down]], np.float32)
        )
        self._pen.ellipse((left, top, right, bottom), fill=level)

    def mask(self) -> Field:
        """The sheet brought back to the frame's size, 0..1."""
        return np.asarray(self._image.reduce(self._factor), np.float32) / np.float32(255)

    def _pairs(self, points: Field) -> list[list[float]]:
        scale = self._frame.unit * self._factor
        shift = np.array([self._frame.half_width, self._frame.half_height], np.float32)
        pairs: list[list[float]] = ((points + shift) * np.float32(scale)).tolist()
        return pairs

    def _pixels(self, points: Field) -> list[float]:
        return [value for pair in self._pairs(points) for value in pair]


def below(frame: Frame, line: Field) -> Field:
    """Anti-aliased mask (height, width) of everything under a line of v (1, width)."""
    return np.asarray(np.clip((frame.v - line) * np.float32(frame.unit) + np.float32(0.5), 0, 1), np.float32)


def conifers(frame: Frame, line: Field, rng: np.random.Generator, *, count: int, height: float) -> Field:
    """Mask of a fir wood standing on a line of v (1, width); height is a tall tree's, in units."""
    sheet = Sheet(frame, 2)
    places = np.sort(rng.uniform(-frame.half_width - height * 0.2, frame.half_width + height * 0.2, count))
    clumps = 0.72 + 0.28 * np.sin(places * rng.uniform(4, 9) + rng.uniform(0, 6))
    heights = np.clip(rng.gamma(7, height * 0.088, count), height * 0.15, height * 1.15) * clumps
    feet = np.interp(places, frame.u[0], line[0])
    for place, tall, foot in zip(places, heights, feet, strict=True):
        sheet.polygon(_fir(rng, float(place), float(foot) + 0.004, float(tall)))
    return np.maximum(sheet.mask(), below(frame, line))


def _fir(rng: np.random.Generator, u: float, foot: float, tall: float) -> Field:
    """A fir's outline: tiers of drooping boughs, a little different left and right."""
    tiers = int(rng.integers(9, 14))
    share = np.linspace(0.02, 1, tiers)
    reach = tall * rng.uniform(0.15, 0.21) * share**0.86
    drop = tall * (0.02 + 0.96 * share)
    sides = []
    for side in (-1, 1):
        outer = reach * rng.uniform(0.72, 1.12, tiers)
        tips = np.stack([side * outer, drop], axis=-1)
        notches = np.stack([side * outer * 0.52, drop - tall * 0.018], axis=-1)
        sides.append(np.stack([tips, notches], axis=1).reshape(-1, 2))
    outline = np.concatenate([[[0, 0]], sides[1], sides[0][::-1]])
    return np.asarray(outline + np.array([u, foot - tall]), np.float32)


def birds(frame: Frame, rng: np.random.Generator, *, u: float, v: float, count: int, size: float) -> Field:
    """A loose flock gliding; size is half a wing-span in units."""
    sheet = Sheet(frame)
    for _ in range(count):
        at = (u + rng.normal(0, size * 7), v + rng.normal(0, size * 3))
        sheet.polygon(_bird(rng, float(at[0]), float(at[1]), size * float(rng.uniform(0.55, 1.15))))
    return sheet.mask()


def _bird(rng: np.random.Generator, u: float, v: float, size: float) -> Field:
    t = np.linspace(-1, 1, 25)
    lift = rng.uniform(0.25, 0.62)
    upper = -lift * np.abs(t) ** 0.75 * (1.15 - 0.55 * np.abs(t)) * 1.5
    thick = 0.13 * (1 - np.abs(t)) ** 0.7 + 0.10 * np.exp(-((t / 0.11) ** 2))
    outline = np.concatenate([np.stack([t, upper], -1), np.stack([t, upper + thick], -1)[::-1]]) * size
    lean = rng.uniform(-0.35, 0.35)
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    return np.asarray((outline @ turn.T + (u, v)).astype(np.float32), np.float32)


def sailboat(frame: Frame, *, u: float, v: float, size: float, heel: float) -> Field:
    """A small sloop: hull, mainsail and jib; size is the mast's length in units, v the waterline."""
    sheet = Sheet(frame)
    hull = [(-0.40, -0.085), (0.46, -0.10), (0.34, 0.03), (-0.30, 0.03)]
    main = [(0.01, -1.0), (0.03, -0.14), (-0.40, -0.13), (-0.22, -0.46), (-0.08, -0.80)]
    jib = [(0.05, -0.92), (0.40, -0.14), (0.07, -0.15)]
    mast = [(0.0, -1.02), (0.025, -1.02), (0.03, -0.05), (0.0, -0.05)]
    turn = np.array([[np.cos(heel), -np.sin(heel)], [np.sin(heel), np.cos(heel)]])
    for shape in _arrays((hull, main, jib, mast)):
        sheet.polygon((shape @ turn.T * size + (u, v)).astype(np.float32))
    return sheet.mask()


def lighthouse(frame: Frame, *, u: float, v: float, size: float) -> Field:
    """A tapering tower with its gallery and lantern on a low rock; size is the tower's height, v the waterline."""
    sheet = Sheet(frame)
    tower = [(-0.095, 0.0), (-0.062, -0.74), (0.062, -0.74), (0.095, 0.0)]
    gallery = [(-0.09, -0.74), (-0.09, -0.77), (0.09, -0.77), (0.09, -0.74)]
    lantern = [(-0.045, -0.77), (-0.045, -0.88), (0.045, -0.88), (0.045, -0.77)]
    dome = [(-0.065, -0.88), (0.0, -1.0), (0.065, -0.88)]
    rock = [(-0.75, 0.10), (-0.52, 0.02), (-0.36, -0.05), (-0.2, -0.03), (-0.08, -0.09), (0.1, -0.07), (0.26, -0.03),
            (0.4, -0.05), (0.58, 0.03), (0.8, 0.10)]  # fmt: skip
    for shape in _arrays((tower, gallery, lantern, dome, rock)):
        sheet.polygon((shape * size + (u, v)).astype(np.float32))
    return sheet.mask()


def balloon(frame: Frame, *, u: float, v: float, size: float) -> tuple[Field, Field]:
    """A hot air balloon: the mask of all of it, and that of every other gore; size is its height in units."""
    whole, gores = Sheet(frame), Sheet(frame)
    t = np.linspace(0, 1, 40)
    half = 0.37 * np.sin(np.pi * np.minimum(t * 0.86 + 0.0, 1)) ** 0.62 * (1 - 0.42 * np.clip(t - 0.55, 0, 1) / 0.45)
    down = -0.5 + 0.78 * t
    for low, high, sheet in ((-1.0, 1.0, whole), (-0.78, -0.36, gores), (0.0, 0.36, gores), (0.78, 1.0, gores)):
        outline = np.concatenate([np.stack([half * low, down], -1), np.stack([half * high, down], -1)[::-1]])
        sheet.polygon((outline * size + (u, v)).astype(np.float32))
    for side in (-1, 1):
        rope = np.array([[side * half[-1] * 0.9, 0.27], [side * 0.045, 0.42]]) * size + (u, v)
        whole.line(rope.astype(np.float32), size * 0.008)
    basket = np.array([[-0.055, 0.41], [0.055, 0.41], [0.045, 0.5], [-0.045, 0.5]]) * size + (u, v)
    whole.polygon(basket.astype(np.float32))
    return whole.mask(), gores.mask()


def walker(frame: Frame, *, u: float, v: float, size: float) -> Field:
    """Somebody standing on a ridge, looking out, with a pack and a stick; size is their height, v the ground."""
    sheet = Sheet(frame)
    body = [(-0.09, -0.80), (0.07, -0.81), (0.10, -0.60), (0.08, -0.42), (0.11, 0.0), (0.03, 0.0), (0.0, -0.36),
            (-0.05, 0.0), (-0.13, 0.0), (-0.09, -0.42), (-0.10, -0.62)]  # fmt: skip
    pack = [(-0.09, -0.80), (-0.20, -0.76), (-0.21, -0.50), (-0.09, -0.47)]
    arm = [(0.05, -0.78), (0.19, -0.56), (0.17, -0.52), (0.02, -0.68)]
    stick = [(0.17, -0.66), (0.19, -0.66), (0.23, 0.0), (0.215, 0.0)]
    for shape in _arrays((body, pack, arm, stick)):
        sheet.polygon((shape * size + (u, v)).astype(np.float32))
    sheet.ellipse(u, v - size * 0.90, size * 0.072, size * 0.085)
    return sheet.mask()


def _arrays(shapes: Iterable[list[tuple[float, float]]]) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    return [np.array(shape, np.float64) for shape in shapes]
