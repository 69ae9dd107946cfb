"""A river mouth from high above: deep water, shoals, surf and land that the rivers have cut."""

from __future__ import annotations

import numpy as np

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture, blur, grow
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

LEVELS = (0.0, 0.28, 0.42, 0.485, 0.505, 0.56, 0.66, 0.8, 1.0)
"""Where a palette's colours lie: deep water, water, shoal, surf, beach at 0.505, then land up to the heights."""
_PALETTES = (
    ("#05233b", "#0a4a63", "#17888f", "#7fcdbd", "#f4ead2", "#e3c795", "#b98a57", "#6d6a45", "#33412f"),
    ("#041c3a", "#0b3f7a", "#2a86c0", "#9adfe2", "#f8f0dc", "#d8d8a0", "#8fae68", "#4a7a4a", "#234a36"),
    ("#1c1030", "#3f2a5f", "#7f5a8f", "#d8a8b8", "#fbe8dc", "#eebf9a", "#cf7f5f", "#8f4440", "#4a2430"),
    ("#0a2a30", "#14565a", "#3f9a8a", "#b8e0c0", "#f6f2de", "#e8dcc0", "#c8b090", "#9a8468", "#e8e8e4"),
)
_WINTER = ("#0a1f38", "#1d466b", "#4f8fb0", "#b4dbe2", "#f6fafa", "#e2ebf0", "#c0cfda", "#93a7b8", "#f4f7fa")


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    stops = _WINTER if easel.reading.weather == "snow" else easel.by_prompt(_PALETTES)
    ground, detail = _ground(easel)
    easel.report(0.6)
    height = grow(ground, frame)
    picture = tint(
        np.clip(height * np.float32(0.9) + np.float32(0.5), 0, 1), easel.ramp(*zip(LEVELS, stops, strict=True))
    )
    light = grow(_light(ground + detail * np.float32(0.05), frame.reduced(2).unit), frame)
    land = height > 0.004
    picture *= np.where(land, np.float32(0.50) + np.float32(0.72) * light, np.float32(0.84) + np.float32(0.22) * light)[
        ..., None
    ]
    _surf(picture, easel, height)
    if easel.wants("cloud", default=easel.reading.key % 3 == 0):
        _clouds(picture, easel)
    return picture


def _ground(easel: Easel) -> tuple[Field, Field]:
    """Height, sea level at 0, at half size; and fine detail. Land lies on one side, cut by branching channels."""
    small = easel.frame.reduced(2)
    seed = easel.noise_seed()
    shift = np.float32(easel.between(0, 40))
    bend_u = noise.fbm(small.u * 1.6 + shift, small.v * 1.6, seed=seed, octaves=4) * np.float32(0.24)
    bend_v = noise.fbm(small.u * 1.6 + shift + 7, small.v * 1.6, seed=seed + 10, octaves=4) * np.float32(0.24)
    u: Field = small.u + bend_u + shift
    v: Field = small.v + bend_v
    side = easel.between(0, 2 * np.pi)
    slope = small.u / np.float32(2 * small.half_width) * np.float32(np.cos(side))
    slope = slope + small.v / np.float32(2 * small.half_height) * np.float32(np.sin(side))
    height = noise.fbm(u * np.float32(1.3), v * np.float32(1.3), seed=seed + 20, octaves=6) * np.float32(
        0.85
    ) + slope * np.float32(1.0)
    channel = noise.ridged(u * np.float32(2.4) + np.float32(3), v * np.float32(2.4), seed=seed + 30, octaves=4)
    cut = np.clip(channel - np.float32(0.70), 0, 1) * np.float32(1.9)
    height -= cut * np.exp(-(((height - np.float32(0.13)) / np.float32(0.24)) ** 2))
    return height, noise.fbm(small.u * 14, small.v * 14, seed=seed + 40, octaves=4)


def _light(ground: Field, unit: float) -> Field:
    """Diffuse light from the north-west, 0..1."""
    slope_v, slope_u = np.gradient(blur(ground, 0.9))
    rise = np.float32(unit * 0.11)
    tilt = (slope_u + slope_v) * rise
    length = np.sqrt(1 + (slope_u * rise) ** 2 + (slope_v * rise) ** 2)
    return np.asarray(np.clip((tilt * np.float32(0.59) + np.float32(0.55)) / length, 0, 1), np.float32)


def _surf(picture: Picture, easel: Easel, height: Field) -> None:
    """Two broken lines of foam along the shore."""
    frame = easel.frame
    small = frame.reduced(2)
    breaks = grow(noise.fbm(small.u * 22, small.v * 22, seed=easel.noise_seed(), octaves=3), frame)
    for level, wide, strength in ((0.008, 0.0055, 0.55), (0.034, 0.005, 0.26)):
        near = (height + np.float32(level) + np.float32(0.012) * breaks) / np.float32(wide)
        foam = np.exp(-(near**2)) * np.clip(np.float32(0.75) + breaks, 0, 1.2) * np.float32(strength)
        picture += foam[..., None] * (1 - np.clip(picture, 0, 1))


def _clouds(picture: Picture, easel: Easel) -> None:
    """A few thin clouds far below the eye, with their shadows."""
    frame = easel.frame
    small = frame.reduced(3)
    field = noise.fbm(small.u * 2.1, small.v * 2.1, seed=easel.noise_seed(), octaves=6)
    cloud = np.clip(field * np.float32(2.2) - np.float32(0.42), 0, 1)
    push = max(int(small.unit * 0.02), 1)
    shadow = np.roll(cloud, (push, push), (0, 1))
    picture *= (1 - np.float32(0.30) * grow(shadow, frame))[..., None]
    picture += np.clip(grow(cloud, frame), 0, 1)[..., None] * np.float32(0.85) * (easel.ink("#fbfaf6") - picture)
