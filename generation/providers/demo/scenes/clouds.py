"""Above the clouds: lit banks of cumulus to the horizon, perhaps with a balloon."""

from __future__ import annotations

import numpy as np

from generation.providers.demo import noise, silhouettes, skies
from generation.providers.demo.canvas import Field, Frame, Picture, blur, distance, glow, grow, over, smooth
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

BANKS = 6
_LIGHTS = {
    "dawn": (("#6d93c4", "#b4c4dd", "#f6d5c9", "#ffeccb"), ("#7f86a8", "#c3a9b8", "#f6cdbb", "#fff3df"), "#fff0d2"),
    "day": (("#1f6fb8", "#5fa6dc", "#b4daf0", "#eaf4f3"), ("#5c82ad", "#93b4d4", "#d3e2ee", "#ffffff"), "#fffdf0"),
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
    sway = _sway(easel)
    flight = _flight(easel, u)
    for bank in range(BANKS):
        depth = bank / (BANKS - 1)
        if easel.wants("cloud", default=True):
            _bank(picture, easel, depth, u, table, sway)
        if bank == BANKS // 2 - 1 and easel.wants("balloon", default=easel.reading.key % 5 == 0):
            _balloons(picture, easel, flight)
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


def _flight(easel: Easel, sun_u: float) -> list[tuple[float, float, float]]:
    """Where the balloons fly, (u, v, size): a large one across from the sun, and smaller ones farther off."""
    frame = easel.frame
    side = -1.0 if sun_u > 0 else 1.0
    main = (side * easel.between(0.25, 0.6) * frame.half_width, frame.at(easel.between(0.30, 0.46)), 0.20)
    others = [
        (easel.between(-0.9, 0.9) * frame.half_width, frame.at(easel.between(0.2, 0.5)), easel.between(0.05, 0.09))
        for _ in range(2)
    ]
    return [*(other for other in others if abs(other[0] - main[0]) > 0.16), main]


def _balloons(picture: Picture, easel: Easel, flight: list[tuple[float, float, float]]) -> None:
    """Striped balloons with a lit and a shaded side."""
    frame = easel.frame
    body, stripe = easel.inks("#d8503f", "#f6dfb0")
    for u, v, size in flight:
        mask, gores = silhouettes.balloon(frame, u=u, v=v, size=size)
        round_ = np.clip((frame.u - np.float32(u)) / np.float32(size * 0.37), -1, 1)
        light = np.float32(1.02) - np.float32(0.38) * np.abs(round_ + np.float32(0.35)) ** 1.6
        stripes = body + gores[..., None] * (stripe - body)
        hang = smooth(frame.v, v + size * 0.27, v + size * 0.30)
        paint_ = stripes * np.asarray(light, np.float32)[..., None] * (1 - np.float32(0.72) * hang)[..., None]
        over(picture, mask * np.float32(0.86 + 0.14 * min(size / 0.2, 1)), paint_)


def _bank(picture: Picture, easel: Easel, depth: float, sun_u: float, table: Field, sway: tuple[Field, Field]) -> None:
    """A row of heaped clouds: round lumps lit from the sun's side, sinking into haze at the foot."""
    frame = easel.frame
    small = frame.reduced(2)
    base = frame.at(0.60 + 0.50 * depth**1.15)
    dome = _dome(small, sway, _lumps(easel, base, depth), base)
    body = smooth(dome, 0.0, 0.014 + 0.020 * depth)
    light = _diffuse(blur(dome, small.unit * (0.0035 + 0.006 * depth)), small.unit, -1.0 if sun_u < 0 else 1.0)
    sink = np.clip((small.v - np.float32(base - 0.05)) / np.float32(0.10 + 0.16 * depth), 0, 1)
    high = np.clip((np.float32(base + 0.02) - small.v) / np.float32(0.10 + 0.20 * depth), 0, 1)
    tone = np.float32(0.16) + np.float32(0.50) * light + np.float32(0.36) * high - np.float32(0.25 * depth) * sink
    tone = tone * np.float32(0.55 + 0.45 * depth) + np.float32(0.36 * (1 - depth))
    over(picture, grow(body, frame) * np.float32(0.97), tint(grow(np.clip(tone, 0, 1), frame), table))


def _lumps(easel: Easel, base: float, depth: float) -> list[tuple[float, float, float]]:
    """The round lumps of one bank, (u, v, radius): towers of big ones with small ones round their shoulders."""
    rng = easel.rng
    size = 0.030 + 0.105 * depth**1.2
    lumps: list[tuple[float, float, float]] = []
    for slot in np.arange(-easel.frame.half_width - size, easel.frame.half_width + size, size * 1.25):
        tall = min(float(rng.gamma(0.9, size * 1.25)), size * 2.4)
        middle = (float(slot + rng.normal(0, size * 0.3)), base - tall * 0.7, float(size * rng.uniform(0.75, 1.25)))
        lumps.append(middle)
        if tall > size:
            lumps.append((middle[0], base - tall * 0.3, middle[2] * 1.1))
        for turn in rng.uniform(-np.pi, 0, int(rng.integers(4, 8))):
            reach = middle[2] * rng.uniform(0.75, 1.1) + size * 0.2 * rng.uniform(0, 1)
            at = (middle[0] + float(np.cos(turn) * reach), middle[1] + float(np.sin(turn) * reach))
            lumps.append((*at, float(middle[2] * rng.uniform(0.36, 0.72))))
    return lumps


def _dome(small: Frame, sway: tuple[Field, Field], lumps: list[tuple[float, float, float]], base: float) -> Field:
    """Height of the lumps towards us, in units; a flat body fills what lies below the base."""
    u, v = small.u + sway[0], small.v + sway[1]
    dome = np.clip((v - np.float32(base)) * np.float32(1.5), 0, 0.05)
    for at_u, at_v, radius in lumps:
        reach = radius * 1.1 + 0.05
        top, bottom = small.row(at_v - reach), small.row(at_v + reach)
        left = max(int((at_u - reach + small.half_width) * small.unit), 0)
        right = max(int((at_u + reach + small.half_width) * small.unit), 0)
        area = (slice(top, bottom), slice(left, right))
        square = (u[area] - np.float32(at_u)) ** 2 + (v[area] - np.float32(at_v)) ** 2
        rise = np.sqrt(np.maximum(np.float32(radius**2) - square, 0))
        np.maximum(dome[area], rise, out=dome[area])
    return np.asarray(dome, np.float32)


def _diffuse(height: Field, unit: float, side: float) -> Field:
    """Light from above and from the sun's side, wrapped far round as in a cloud; 0..1."""
    slope_v, slope_u = np.gradient(height * np.float32(unit))
    length = np.sqrt(slope_u**2 + slope_v**2 + 1)
    facing = (np.float32(0.62) * slope_v - np.float32(0.42 * side) * slope_u + np.float32(0.62)) / length
    return np.asarray(np.clip(facing * np.float32(0.62) + np.float32(0.38), 0, 1) ** np.float32(1.25), np.float32)


def _sway(easel: Easel) -> tuple[Field, Field]:
    """Ragged displacement (u, v) that turns circles into cloud."""
    small = easel.frame.reduced(2)
    seed = easel.noise_seed()
    fields = (noise.fbm(small.u * 7, small.v * 7, seed=seed + 20 * axis, octaves=5, gain=0.58) for axis in (0, 1))
    sway_u, sway_v = (field * np.float32(0.050) for field in fields)
    return sway_u, sway_v
