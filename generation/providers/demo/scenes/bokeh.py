"""City lights out of focus behind wet glass; each drop holds the street upside down."""

from __future__ import annotations

import numpy as np

from generation.providers.demo.canvas import Field, Frame, Picture, blur_picture, grow, smooth
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

LIGHTS = 150
DROPS = 1000
_STREETS = (
    (
        ("#0b1420", "#16283a", "#2a2b3e", "#15121c"),
        ("#ffb35c", "#ff7a4d", "#ffd9a0", "#6fd3d8", "#ff5d6c", "#9ec7ff", "#ffe9c9"),
    ),
    (
        ("#120a24", "#2a1546", "#3d1f4c", "#150a1e"),
        ("#ff4fa0", "#8f5cff", "#4fd8ff", "#ff9a5c", "#c97aff", "#5c8cff", "#ffd0e8"),
    ),
    (
        ("#0a1a18", "#143430", "#22423a", "#0c1614"),
        ("#ffd27a", "#7ae0b0", "#fff0c0", "#ff9a6a", "#4fc0b0", "#c8f0a0", "#ffe0b0"),
    ),
    (
        ("#1a0f0c", "#3a2018", "#4a2a1e", "#180e0a"),
        ("#ffb04a", "#ff7a3a", "#ffe0a0", "#ff5a4a", "#ffd070", "#ffc9a0", "#fff0d0"),
    ),
)


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    ground, lamps = easel.by_prompt(_STREETS)
    small = frame.reduced(2)
    street = np.repeat(tint(small.down, easel.ramp(*ground)), small.width, axis=1)
    tones = easel.inks(*lamps) ** np.float32(1.7)
    if easel.wants("light", default=True):
        _reflections(street, easel, small, tones)
        _lights(street, easel, small, tones)
    easel.report(0.4)
    fog = blur_picture(street, small.unit * 0.0060) * np.float32(0.95) + np.float32(0.012)
    sharp, behind = _grown(street, frame), _grown(fog, frame)
    if not easel.wants("drop", default=True):
        return sharp
    return _wet(easel, sharp, behind)


def _grown(picture: Picture, frame: Frame) -> Picture:
    return np.stack([grow(picture[..., channel], frame) for channel in range(3)], axis=-1)


def _lights(street: Picture, easel: Easel, frame: Frame, tones: Field) -> None:
    """Discs of defocused lamps along a street: brighter rims, some small and sharp, some large and faint."""
    rng = easel.rng
    level, slope = easel.between(0.38, 0.62), easel.between(-0.25, 0.25)
    near = np.sort(rng.uniform(0, 1, LIGHTS))
    u = rng.uniform(-1.05, 1.05, LIGHTS) * frame.half_width
    spread = rng.normal(0, 0.10 + 0.13 * near) * (2 * frame.half_height) ** 0.7
    v = frame.at(level) + slope * u * 0.5 + spread
    radius = (0.009 + 0.043 * near**1.3) * rng.uniform(0.75, 1.2, LIGHTS)
    strength = rng.uniform(0.30, 1.05, LIGHTS) * (1.15 - 0.45 * near)
    choice = np.clip(rng.normal(u / frame.half_width, 0.9) * 0.5 + 0.5, 0, 0.999) * len(tones)
    for at in range(LIGHTS):
        _lamp(
            street,
            frame,
            (float(u[at]), float(v[at])),
            float(radius[at]),
            tones[int(choice[at])] * np.float32(strength[at]),
        )


def _lamp(street: Picture, frame: Frame, at: tuple[float, float], radius: float, light: Field) -> None:
    reach = radius + 4 / frame.unit
    top, bottom = frame.row(at[1] - reach), frame.row(at[1] + reach)
    left = max(int((at[0] - reach + frame.half_width) * frame.unit), 0)
    right = max(int((at[0] + reach + frame.half_width) * frame.unit) + 1, 0)
    u, v = frame.u[:, left:right] - np.float32(at[0]), frame.v[top : bottom + 1] - np.float32(at[1])
    away = np.hypot(u, v) / np.float32(radius)
    mask = np.clip((1 - away) * np.float32(radius * frame.unit / 2.2) + np.float32(0.5), 0, 1)
    lit = mask * (np.float32(0.62) + np.float32(0.38) * np.minimum(away, 1) ** 4)
    area = street[top : bottom + 1, left:right]
    area += (1 - np.clip(area, 0, 1)) * np.clip(lit[..., None] * light, 0, 1)


def _reflections(street: Picture, easel: Easel, frame: Frame, tones: Field) -> None:
    """Long soft streaks on the wet road."""
    rng = easel.rng
    for _ in range(26):
        u, wide, tall = rng.uniform(-1, 1) * frame.half_width, rng.uniform(0.008, 0.03), rng.uniform(0.10, 0.26)
        fall = np.exp(-(((frame.v - np.float32(frame.at(0.82))) / np.float32(tall)) ** 2))
        streak = (
            np.exp(-(((frame.u - np.float32(u)) / np.float32(wide)) ** 2)) * fall * np.float32(rng.uniform(0.05, 0.24))
        )
        street += streak[..., None] * tones[int(rng.integers(len(tones)))]


def _wet(easel: Easel, sharp: Picture, behind: Picture) -> Picture:
    """Fogged glass, with drops as little lenses that see the sharp street turned over."""
    frame = easel.frame
    drops = _drops(easel)
    slope_v, slope_u = np.gradient(drops)
    inside = smooth(drops, 0.15, 1.1)
    bend = np.float32(0.085 * frame.unit)
    rows = np.clip(np.arange(frame.height)[:, None] + slope_v * bend, 0, frame.height - 1).astype(np.intp)
    columns = np.clip(np.arange(frame.width)[None, :] + slope_u * bend, 0, frame.width - 1).astype(np.intp)
    lens = sharp[rows, columns] * np.float32(1.18)
    gleam = np.asarray(np.clip(slope_v * 0.9 + slope_u * 0.4, 0, 1) * 0.20, np.float32)
    shade = np.asarray(1 - 0.45 * np.clip(-slope_v, 0, 1), np.float32)
    lens += gleam[..., None]
    lens *= shade[..., None]
    return behind + inside[..., None] * (lens - behind)


def _drops(easel: Easel) -> Field:
    """Height of the water in pixels: many small beads, some large drops, and tracks where one ran down."""
    frame, rng = easel.frame, easel.rng
    field = frame.blank()
    scale = frame.unit / 1024
    sizes = np.sort(rng.gamma(1.7, 2.1, DROPS) + 1.5) * scale
    places = rng.uniform(0, 1, (DROPS, 2)) * (frame.width, frame.height)
    stretch = 1.0 + rng.uniform(0, 0.28, DROPS)
    for (x, y), radius, long in zip(places.tolist(), sizes.tolist(), stretch.tolist(), strict=True):
        _bead(field, x, y, radius, long)
    for _ in range(int(10 * frame.half_width * 2)):
        _track(field, easel, scale)
    return field


def _track(field: Field, easel: Easel, scale: float) -> None:
    """A drop that ran: a string of shrinking beads above it."""
    rng = easel.rng
    x, y = rng.uniform(0, easel.frame.width), rng.uniform(0.15, 1.0) * easel.frame.height
    radius = rng.uniform(7, 13) * scale
    _bead(field, x, y, radius, 1.35)
    for step in range(int(rng.integers(5, 16))):
        x += rng.normal(0, 1.6 * scale)
        y -= rng.uniform(9, 20) * scale
        _bead(field, x, y, radius * rng.uniform(0.16, 0.5) * (1 - step / 24), 1.2)


def _bead(field: Field, x: float, y: float, radius: float, long: float) -> None:
    height, width = field.shape
    left, right = max(int(x - radius), 0), min(int(x + radius) + 2, width)
    top, bottom = max(int(y - radius * long), 0), min(int(y + radius * long) + 2, height)
    if left >= right or top >= bottom:
        return
    across = (np.arange(left, right, dtype=np.float32)[None, :] + 0.5 - x) / radius
    down = (np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5 - y) / (radius * long)
    dome = np.sqrt(np.clip(1 - across**2 - down**2, 0, None)).astype(np.float32) * np.float32(radius)
    area = field[top:bottom, left:right]
    np.maximum(area, dome, out=area)
