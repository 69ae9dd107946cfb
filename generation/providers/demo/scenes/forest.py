"""A wood in the morning: trunks behind trunks in the mist, light falling between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generation.providers.demo import noise, silhouettes
from generation.providers.demo.canvas import Field, Picture, distance, glow, grow, over
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

LAYERS = 6


@dataclass(frozen=True, slots=True)
class _Light:
    air: tuple[str, ...]
    far: str
    near: str
    sun: str


_LIGHTS = {
    "dawn": _Light(("#dfe9cf", "#f6eecb", "#b9cfae", "#6f9479"), "#a8c4a2", "#0f241d", "#fff2c4"),
    "day": _Light(("#cfe5b5", "#f0f3c2", "#a9cf8f", "#4f8a5c"), "#93bf86", "#0d2a1c", "#fdf6c0"),
    "sunset": _Light(("#f3c187", "#fde0a6", "#d98a5a", "#7d4a3d"), "#c98a62", "#24120f", "#ffe3a0"),
    "dusk": _Light(("#5a6f9c", "#93a1c4", "#4b5f8c", "#26345a"), "#5f7199", "#0a1022", "#d5dcf5"),
    "night": _Light(("#1c3a58", "#3f6a88", "#173552", "#0a1a30"), "#24486a", "#030810", "#cfe4f5"),
}


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    light = _LIGHTS["night" if easel.reading.time == "night" else easel.hour("dawn", "day", "sunset", "dusk")]
    u, v = easel.between(-0.5, 0.5) * frame.half_width, frame.at(easel.between(0.22, 0.42))
    picture = _air(easel, light, u, v)
    tones, sun = easel.ramp(light.far, light.near), easel.ink(light.sun)
    rays = _rays(easel, u, v)
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        over(picture, _trees(easel, depth), tint(np.array([depth**1.25], np.float32), tones)[0])
        if layer < LAYERS - 1:
            _mist(picture, easel, depth, tones)
            glow(picture, rays * np.float32(0.42 * (1 - depth) + 0.05), sun)
        easel.report(0.2 + 0.8 * depth)
    return picture


def _air(easel: Easel, light: _Light, u: float, v: float) -> Picture:
    """The lit air behind all trees, brightest where the sun stands."""
    frame = easel.frame
    picture = np.repeat(tint(frame.down, easel.ramp(*light.air)), frame.width, axis=1)
    away = distance(frame, u, v)
    glow(picture, np.exp(-((away / np.float32(0.34)) ** 2)) * np.float32(0.75), easel.ink(light.sun))
    leaves = grow(noise.fbm(frame.reduced(2).u * 7, frame.reduced(2).v * 7, seed=easel.noise_seed(), octaves=5), frame)
    shade = np.clip(leaves * np.float32(1.6) + np.float32(0.35) - frame.down * np.float32(1.1), 0, 1) * np.float32(0.45)
    over(picture, shade.astype(np.float32), easel.ink(light.far))
    return picture


def _rays(easel: Easel, u: float, v: float) -> Field:
    """Shafts that spread from the sun, as noise over the angle."""
    frame = easel.frame
    small = frame.reduced(3)
    dx, dy = small.u - np.float32(u), small.v - np.float32(v - 0.35)
    angle = np.arctan2(dx, dy)
    shaft = np.clip(
        noise.line(angle * 7, 2.0, seed=easel.noise_seed(), octaves=3) * np.float32(1.6) + np.float32(0.1), 0, 1
    )
    return grow(shaft * np.exp(-((np.hypot(dx, dy) / np.float32(1.1)) ** 2)), frame)


def _trees(easel: Easel, depth: float) -> Field:
    """One row of trunks with their boughs, on uneven ground; far rows are many and thin."""
    frame, rng = easel.frame, easel.rng
    sheet = silhouettes.Sheet(frame, 2)
    ground = np.float32(frame.at(0.66 + 0.30 * depth)) + np.float32(0.035) * noise.line(
        frame.u * 2.2, depth * 9, seed=easel.noise_seed(), octaves=4
    )
    if easel.wants("tree", default=True):
        count = max(int((26 - 21.5 * depth**0.7) * frame.half_width * 2.2), 3)
        slots = (np.arange(count) + rng.uniform(0.08, 0.92, count)) / count
        for place in (slots * 2 - 1) * (frame.half_width + 0.04):
            foot = float(np.interp(place, frame.u[0], ground[0]))
            _trunk(sheet, easel, float(place), foot + 0.02, 0.0070 + 0.025 * depth**1.5)
    grass = np.float32(0.004 + 0.010 * depth) * np.abs(
        noise.line(frame.u * (90 - 40 * depth), depth, seed=easel.noise_seed(), octaves=2)
    )
    return np.maximum(sheet.mask(), silhouettes.below(frame, ground - grass))


def _trunk(sheet: silhouettes.Sheet, easel: Easel, u: float, foot: float, half: float) -> None:
    """A trunk from its roots out of the frame's top, leaning a little, with a few boughs."""
    rng = easel.rng
    half *= float(rng.uniform(0.6, 1.35))
    top = -easel.frame.half_height - 0.05
    t = np.linspace(0, 1, 22) ** 2.2
    lean, sway, phase = rng.normal(0, 0.035), rng.uniform(0, 0.012), rng.uniform(0, 6)
    centre = u + lean * t + sway * np.sin(t * 5 + phase)
    width = half * (1 - 0.5 * t) + half * 1.2 * np.exp(-t / 0.018)
    rise = foot + (top - foot) * t
    outline = np.concatenate([np.stack([centre - width, rise], -1), np.stack([centre + width, rise], -1)[::-1]])
    sheet.polygon(outline.astype(np.float32))
    for _ in range(int(rng.integers(2, 6))):
        start = float(rng.uniform(0.42, 0.98))
        at = (float(np.interp(start, t, centre)), float(np.interp(start, t, rise)))
        _bough(sheet, rng, at, half * 0.34, int(rng.choice((-1, 1))), 3)


def _bough(
    sheet: silhouettes.Sheet, rng: np.random.Generator, at: tuple[float, float], half: float, side: int, forks: int
) -> None:
    """A bough that rises, droops and forks; tapers to its tip."""
    reach = half * rng.uniform(9, 19)
    t = np.linspace(0, 1, 7)
    rise = rng.uniform(0.15, 0.75)
    across = at[0] + side * reach * t
    down = at[1] - reach * (rise * t - rng.uniform(0.1, 0.4) * t * t) + rng.normal(0, half * 0.4, 7) * t
    width = half * (1 - 0.85 * t)
    outline = np.concatenate([np.stack([across, down - width], -1), np.stack([across, down + width], -1)[::-1]])
    sheet.polygon(outline.astype(np.float32))
    for place in rng.uniform(0.3, 0.8, forks):
        if forks > 1 and half > 0.001:
            fork = (float(np.interp(place, t, across)), float(np.interp(place, t, down)))
            _bough(sheet, rng, fork, half * 0.45, side, forks - 1)


def _mist(picture: Picture, easel: Easel, depth: float, tones: Field) -> None:
    """Mist that lies on the ground between two rows."""
    frame = easel.frame
    if "fog" in easel.reading.hidden:
        return
    small = frame.reduced(4)
    drift = grow(noise.fbm(small.u * 1.6, small.v * 4, seed=easel.noise_seed(), octaves=3), frame)
    level = np.exp(-(((frame.v - frame.at(0.70 + 0.28 * depth)) / np.float32(0.17)) ** 2))
    thick = 0.85 if easel.reading.weather == "fog" else 0.66
    veil = np.clip(level * (np.float32(0.75) + drift), 0, 1) * np.float32(thick * (1 - 0.55 * depth))
    over(
        picture,
        veil,
        tint(np.array([max(depth - 0.4, 0)], np.float32), tones)[0] * np.float32(0.5)
        + np.float32(0.4) * picture[0].max(axis=0),
    )
