"""Above the clouds: lit banks of cumulus to the horizon, perhaps with a balloon."""

from __future__ import annotations

import numpy as np

from .. import noise, silhouettes, skies
from ..canvas import Field, Picture, distance, glow, grow, over, smooth
from ..colour import tint
from ..easel import Easel

BANKS = 7
_LIGHTS = {
    "dawn": (("#6d93c4", "#b4c4dd", "#f6d5c9", "#ffeccb"), ("#7f86a8", "#c3a9b8", "#f6cdbb", "#fff3df"), "#fff0d2"),
    "day": (("#1f6fb8", "#5fa6dc", "#b4daf0", "#eaf4f3"), ("#7d9dbd", "#b3cbe0", "#e6eff4", "#ffffff"), "#fffdf0"),
    "sunset": (("#34407c", "#86629a", "#ea8f82", "#ffcf8f"), ("#4f426f", "#a4607f", "#f09a7c", "#ffe2ae"), "#fff0c9"),
    "dusk": (("#12183f", "#39407e", "#8a6a9f", "#e2a3a2"), ("#232852", "#51508a", "#a07fa6", "#edbfb4"), "#ffe7d5"),
    "night": (("#040816", "#0b1a3a", "#1d3c6a", "#46719b"), ("#0c1730", "#27436b", "#5b80a8", "#b8d0e4"), "#eef3ff"),
}


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    stormy = easel.reading.weather == "storm"
    known = ("dusk",) if stormy else ("day", "sunset", "dawn", "dusk")
    hour = "night" if easel.reading.time == "night" else easel.hour(*known)
    sky, tones, sun = _LIGHTS[hour]
    picture = skies.backdrop(easel, easel.ramp(*sky), bottom=frame.at(0.68))
    u, v = easel.between(-0.6, 0.6) * frame.half_width, frame.at(easel.between(0.24, 0.42))
    _heavens(picture, easel, hour, u, v, sun)
    table = easel.ramp(*tones)
    for bank in range(BANKS):
        depth = bank / (BANKS - 1)
        if easel.wants("cloud", default=True):
            _bank(picture, easel, depth, u, table)
        easel.report(0.2 + 0.8 * depth)
    glow(picture, np.exp(-((distance(frame, u, v) / np.float32(0.5)) ** 2)) * np.float32(0.18), easel.ink(sun))
    return picture


def _heavens(picture: Picture, easel: Easel, hour: str, u: float, v: float, sun: str) -> None:
    frame = easel.frame
    if hour == "night":
        picture += skies.stars(easel, count=2400, bottom=frame.at(0.75))
        if easel.wants("moon", default=True):
            skies.moon(picture, easel, u=u, v=v, radius=0.05)
    elif easel.wants("sun", default=True):
        skies.sun(picture, easel, u=u, v=v, radius=0.045, colour=sun, warmth=0.7)
    glow(picture, skies.wisps(easel, across=1.0, down=4.5) * np.float32(0.30), easel.ink(sun))
    if easel.wants("bird", default=easel.reading.key % 4 == 0):
        flock = silhouettes.birds(frame, easel.rng, u=-u * 0.8, v=v, count=6, size=0.012)
        over(picture, flock * np.float32(0.75), easel.ink("#25304a"))


def _bank(picture: Picture, easel: Easel, depth: float, sun_u: float, table: Field) -> None:
    """A row of heaped clouds: round tops from summed bumps, lit towards the sun, thin at the foot."""
    frame = easel.frame
    small = frame.reduced(2)
    heap = _heap(easel, depth)
    away = small.v - heap
    seed = easel.noise_seed()
    scale = np.float32(5.2 - 2.6 * depth)
    puff = noise.ridged(small.u * scale, small.v * scale * np.float32(1.25), seed=seed, octaves=5)
    billow = (1 - puff) * np.float32(0.085 + 0.09 * depth)
    body = smooth(away - billow + np.float32(0.035 + 0.03 * depth), -0.006, 0.020 + 0.012 * depth)
    slope_v, slope_u = np.gradient(puff)
    unit = np.float32(small.unit)
    towards = np.float32(np.sign(sun_u) or 1.0)
    relief = (slope_v * np.float32(0.85) - slope_u * towards * np.float32(0.6)) * unit * np.float32(0.055)
    top_light = np.exp(-np.maximum(away, 0) / np.float32(0.10 + 0.10 * depth))
    tone = (
        np.float32(0.16)
        + np.float32(0.62) * top_light
        + np.clip(relief, -0.3, 0.3) * np.float32(0.75) * (np.float32(0.4) + top_light)
    )
    tone += np.float32(0.20 * (1 - depth))
    fade = np.float32(0.92) * body
    over(picture, grow(np.clip(fade, 0, 1), frame), tint(grow(np.clip(tone, 0, 1), frame), table))


def _heap(easel: Easel, depth: float) -> Field:
    """The upper edge of a bank (1, width of the half-size frame): cumulus towers as maxima of round bumps."""
    small, rng = easel.frame.reduced(2), easel.rng
    base = easel.frame.at(0.56 + 0.46 * depth**1.2)
    line = np.full_like(small.u, base)
    count = int(9 * easel.frame.half_width * 2 / (0.6 + depth)) + 2
    for place, size in zip(
        rng.uniform(-1.1, 1.1, count) * easel.frame.half_width, rng.gamma(3, 0.030 + 0.016 * depth, count)
    ):
        bump = np.sqrt(
            np.clip(1 - ((small.u - np.float32(place)) / np.float32(size * 1.3)) ** 2, 0, None)
        ) * np.float32(size)
        line = np.minimum(line, np.float32(base) - bump)
    wave = noise.line(small.u * 3.1, depth * 7, seed=easel.noise_seed(), octaves=3)
    return line + wave * np.float32(0.02)
