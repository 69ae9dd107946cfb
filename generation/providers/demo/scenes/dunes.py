"""Long dunes under a low sun: crisp crests, a lit and a shaded flank, wind ripples, haze in the distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generation.providers.demo import noise, silhouettes, skies
from generation.providers.demo.canvas import Field, Picture, grow, over
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

LAYERS = 6


@dataclass(frozen=True, slots=True)
class _Light:
    sky: tuple[str, ...]
    sand: tuple[str, ...]
    haze: str
    sun: str


_LIGHTS = {
    "dawn": _Light(
        sky=("#6d86b0", "#b3b4c8", "#f0c9b4", "#fbdfc0"),
        sand=("#4a2f40", "#94586a", "#d99a84", "#f7d6b0"),
        haze="#f2d2bd",
        sun="#fff2df",
    ),
    "day": _Light(
        sky=("#3f83b8", "#86b6d2", "#d4dccb", "#f4ddb4"),
        sand=("#6b3a24", "#b0683a", "#e4a560", "#fbdda2"),
        haze="#f1d9b0",
        sun="#fff8e6",
    ),
    "sunset": _Light(
        sky=("#3b4a7c", "#8f6d8c", "#ec9f74", "#fbc98a"),
        sand=("#3a1d2c", "#8f3f35", "#df7f45", "#ffc67e"),
        haze="#f3b988",
        sun="#fff0cf",
    ),
    "dusk": _Light(
        sky=("#171d44", "#3b3a72", "#8d5f86", "#dc9388"),
        sand=("#1c1630", "#4b3358", "#8f5f78", "#d59a90"),
        haze="#b98596",
        sun="#ffe3d0",
    ),
    "night": _Light(
        sky=("#050916", "#0c1a38", "#1b3560", "#3f5f88"),
        sand=("#080d1e", "#1c2c4a", "#46618a", "#93aecb"),
        haze="#3f5c84",
        sun="#eef3ff",
    ),
}


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    hour = "night" if easel.reading.time == "night" else easel.hour("day", "sunset", "dawn", "dusk")
    light = _LIGHTS[hour]
    picture = skies.backdrop(easel, easel.ramp(*light.sky), bottom=frame.at(0.46))
    side = 1.0 if easel.rng.uniform() < 0.5 else -1.0
    _heavens(picture, easel, hour, side, light.sun)
    table, distance = easel.ramp(*light.sand), easel.ink(light.haze)
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        _dune(picture, easel, depth, side, table, distance)
        easel.report(0.2 + 0.8 * depth)
    return picture


def _heavens(picture: Picture, easel: Easel, hour: str, side: float, sun: str) -> None:
    frame = easel.frame
    u, v = side * easel.between(0.25, 0.7) * frame.half_width, frame.at(easel.between(0.16, 0.30))
    if hour == "night":
        picture += skies.stars(easel, count=2200, bottom=frame.at(0.6))
        if easel.wants("moon", default=True):
            skies.moon(picture, easel, u=u, v=v, radius=0.04)
    elif easel.wants("sun", default=True):
        skies.sun(picture, easel, u=u, v=v, radius=0.045, colour=sun, warmth=0.72)
    if easel.wants("bird"):
        flock = silhouettes.birds(frame, easel.rng, u=-u, v=v, count=6, size=0.012)
        over(picture, flock * np.float32(0.8), easel.ink("#3a2a26"))


def _dune(picture: Picture, easel: Easel, depth: float, side: float, table: Field, haze: Field) -> None:
    """One dune: light falls from the sun's side, and turns to shade along an S-shaped edge."""
    frame = easel.frame
    crest = _crest(easel, depth)
    top = frame.row(float(crest.min()) - 0.01)
    if top >= frame.height:
        return
    fall = np.maximum(frame.v[top:] - crest, 0)
    light = _light(easel, crest, fall, top, depth, side)
    ripples = _ripples(easel, fall, top, depth)
    sand = tint(np.clip(light + ripples, 0, 1), table)
    far = np.float32((1 - depth) ** 1.5 * 0.80)
    sand += far * (haze - sand)
    over(picture, silhouettes.below(frame, crest)[top:], sand, top)


def _crest(easel: Easel, depth: float) -> Field:
    frame = easel.frame
    seed, shift = easel.noise_seed(), easel.between(0, 40)
    tall = (2 * frame.half_height) ** 0.6
    slow = noise.line(
        frame.u * np.float32(1.25 - 0.35 * depth) + np.float32(shift), shift, seed=seed, octaves=2, gain=0.3
    )
    peaked = 1 - np.abs(
        noise.line(frame.u * np.float32(1.0 - 0.2 * depth) + np.float32(shift), shift + 9, seed=seed + 3, octaves=1)
    )
    rise = slow * np.float32(0.10) - (peaked - np.float32(0.7)) * np.float32(0.14)
    return np.float32(frame.at(0.40 + 0.50 * depth**1.15)) + rise * np.float32(tall * (0.55 + 0.6 * depth))


def _light(easel: Easel, crest: Field, fall: Field, top: int, depth: float, side: float) -> Field:
    """How sunlit the sand is, 0..1: broad flanks that turn to shade along edges running slantwise down."""
    frame = easel.frame
    shift = np.float32(easel.between(0, 40))
    slant = frame.u + shift + np.float32(side * (2.3 - 0.7 * depth)) * fall
    sway = np.float32(0.11) * np.sin(fall * np.float32(16 - 6 * depth) + slant * np.float32(2.0))
    flank = noise.line(
        (slant + sway * np.clip(fall * 9, 0, 1)) * np.float32(1.45 - 0.45 * depth),
        3.0,
        seed=easel.noise_seed(),
        octaves=1,
    )
    facing = flank * np.float32(1.25) + np.float32(0.10)
    soft = np.float32(0.02) + fall * np.float32(0.55)
    lit = np.clip(facing / (2 * soft) + np.float32(0.5), 0, 1)
    lit = lit * lit * (3 - 2 * lit) * np.float32(0.44)
    rim = np.exp(-fall / np.float32(0.005 + 0.006 * depth)) * np.float32(0.13)
    return np.asarray(
        np.float32(0.24)
        + lit
        + np.clip(facing, -1, 1) * np.float32(0.17)
        + rim
        - np.clip(fall, 0, 0.4) * np.float32(0.22),
        np.float32,
    )


def _ripples(easel: Easel, fall: Field, top: int, depth: float) -> Field:
    """Wind ripples, wider in front and fading out towards the crest."""
    frame = easel.frame
    small = frame.reduced(3)
    bend = grow(noise.fbm(small.u * 2.2, small.v * 3, seed=easel.noise_seed(), octaves=3), frame)[top:]
    wave = np.sin(fall * np.float32(330 - 190 * depth) + np.float32(11) * bend)
    return wave * np.clip(fall * 5, 0, 1) * np.float32(0.008 + 0.032 * depth)
