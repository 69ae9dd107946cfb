"""A dahlia seen from above: petals by the golden angle, from the rim inward, each with its own shadow and shine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from generation.providers.demo import noise
from generation.providers.demo.canvas import (
    Colour,
    Field,
    Frame,
    Picture,
    distance,
    from_image,
    grow,
    over,
    smooth,
    to_image,
)
from generation.providers.demo.colour import tint, to_bytes
from generation.providers.demo.easel import Easel

SHEET = 2
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
SHINES = np.array([[1.0, 0.78], [0.86, 0.90], [0.66, 1.0], [0.42, 1.10]])
"""Nested copies of a petal: width beside the whole, and lightness."""

_PALETTES = (
    (("#16302b", "#0e211f", "#081413"), ("#7d0f2c", "#c22347", "#ee5d5a", "#ffa77a", "#ffdca0")),
    (("#232a4a", "#141935", "#0a0d1e"), ("#5a1f7a", "#a03fa8", "#e07ab8", "#f8b8c0", "#fff0d0")),
    (("#3a2f22", "#211a14", "#110d0a"), ("#a8430f", "#e07a1a", "#f7b03a", "#fbd878", "#fff4c8")),
    (("#f4ece2", "#e9dccd", "#d6c3b0"), ("#8a3350", "#c9627f", "#eda3ad", "#f8d3cf", "#fff3e4")),
    (("#e9eef0", "#d3dee3", "#b3c4cd"), ("#1f3f8a", "#3f6fc0", "#86b0e2", "#c8e0f2", "#fbf3d0")),
    (("#1b2417", "#11180e", "#080c07"), ("#e8c9c0", "#f2ddd2", "#faeee2", "#fff8ec", "#f4df9a")),
)


@dataclass(frozen=True, slots=True)
class _Flower:
    u: float
    v: float
    size: float
    petals: int
    narrow: float
    pointed: float


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    ground, stops = easel.by_prompt(_PALETTES)
    table = easel.ramp(*stops)
    picture = _ground(easel, ground)
    flowers = _bed(easel)
    for flower in flowers:
        _shadow(picture, frame, flower)
    sheet = frame.grown(SHEET)
    image = to_image(picture).resize((sheet.width, sheet.height), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(image, "RGBA")
    for index, flower in enumerate(flowers):
        _petals(pen, easel, sheet, flower, table)
        easel.report((index + 1) / len(flowers))
    return from_image(image, SHEET)


def _bed(easel: Easel) -> list[_Flower]:
    """One great flower and, in the space that is left, a few smaller ones."""
    frame = easel.frame
    kind = (easel.between(0.30, 0.46), easel.between(0.55, 0.95))
    big = frame.narrow * easel.between(0.40, 0.455)
    slack_u, slack_v = max(frame.half_width - big, 0), max(frame.half_height - big, 0)
    u, v = easel.between(-0.5, 0.5) * slack_u, easel.between(-0.5, 0.5) * slack_v
    flowers = [_Flower(u, v, big, 560, *kind)]
    for _ in range(60):
        size = big * easel.between(0.2, 0.48)
        at = (easel.between(-1.02, 1.02) * frame.half_width, easel.between(-1.02, 1.02) * frame.half_height)
        if len(flowers) < 7 and all(np.hypot(at[0] - f.u, at[1] - f.v) > (size + f.size) * 1.02 for f in flowers):
            flowers.append(_Flower(*at, size, 330, *kind))
    return flowers[::-1]


def _ground(easel: Easel, stops: tuple[str, ...]) -> Picture:
    """Dim ground, lightest behind the upper left of the flower."""
    frame = easel.frame
    small = frame.reduced(4)
    soft = noise.fbm(small.u * 2.4, small.v * 2.4, seed=easel.noise_seed(), octaves=3)
    away = distance(frame, -0.15, -0.2) * np.float32(0.95) + grow(soft, frame) * np.float32(0.16)
    return tint(np.clip(away, 0, 1), easel.ramp(*stops))


def _shadow(picture: Picture, frame: Frame, flower: _Flower) -> None:
    """A soft shadow of the whole flower on the ground."""
    away = distance(frame, flower.u + flower.size * 0.05, flower.v + flower.size * 0.09)
    dark = smooth(-away, -flower.size * 1.16, -flower.size * 0.78)
    over(picture, dark * np.float32(0.60), np.array([0.03, 0.025, 0.04], np.float32))


def _petals(pen: ImageDraw.ImageDraw, easel: Easel, sheet: Frame, flower: _Flower, table: Field) -> None:
    rng = easel.rng
    size = flower.size * sheet.unit
    centre = np.array([(flower.u + sheet.half_width) * sheet.unit, (flower.v + sheet.half_height) * sheet.unit])
    share = np.arange(flower.petals) / flower.petals
    tones = tint(np.clip(1 - share + rng.normal(0, 0.035, flower.petals), 0, 1).astype(np.float32), table)
    angles = rng.uniform(0, 2 * np.pi) + np.arange(flower.petals) * GOLDEN_ANGLE + rng.normal(0, 0.02, flower.petals)
    shape = _outline(flower)
    for petal in range(flower.petals - 1, 2, -1):
        length = size * (0.075 + 0.29 * float(share[petal]) ** 0.85)
        reach = size * float(share[petal]) ** 0.62
        _petal(pen, shape * length, centre, reach - length, float(angles[petal]), tones[petal], size)
    heart = size * 0.03
    box = (*(centre - heart).tolist(), *(centre + heart).tolist())
    pen.ellipse(box, fill=to_bytes(tones[0] * np.float32(0.94)))


def _outline(flower: _Flower) -> Field:
    """A petal along x, from its root at 0 to its tip at 1 (n, 2)."""
    t = np.linspace(0, 1, 13)
    half = np.sin(np.pi * t**0.74) ** flower.pointed * flower.narrow
    return np.concatenate([np.stack([t, half], -1), np.stack([t, -half], -1)[::-1]]).astype(np.float32)


def _petal(
    pen: ImageDraw.ImageDraw, outline: Field, centre: Field, root: float, angle: float, tone: Colour, size: float
) -> None:
    """Its shadow, then nested copies from dark edge to light middle."""
    c, s = np.cos(angle), np.sin(angle)
    along, aside = np.array([c, s]), np.array([-s, c])
    base = centre + along * root
    across = outline[:, :1] * along
    bulge = outline[:, 1:] * aside
    shade = (across + bulge) * 1.05 + base + (size * 0.008, size * 0.014)
    pen.polygon(shade.ravel().tolist(), fill=(16, 4, 12, 54))
    fills = (np.clip(tone * SHINES[:, 1:], 0, 1) * 255 + 0.5).astype(int).tolist()
    for index, ((width, _), fill) in enumerate(zip(SHINES.tolist(), fills, strict=True)):
        inner = across * (0.42 + 0.58 * width) + bulge * width + base
        pen.polygon(inner.ravel().tolist(), fill=(*fill, 255 if index == 0 else 120))
