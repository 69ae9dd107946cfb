"""A sun going down over open water: layered clouds, and the sky mirrored in moving waves."""

from __future__ import annotations

import numpy as np

from generation.providers.demo import noise, silhouettes, skies
from generation.providers.demo.canvas import Colour, Field, Picture, add, distance, glow, grow, over
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

_SKIES = {
    "dawn": (("#5b7fae", "#9aa9c9", "#dfa9ae", "#f6c39c", "#ffdc9f"), "#33507a", "#fff3d8"),
    "day": (("#2f7fc4", "#62a9dc", "#a5d0ea", "#d5e9ef", "#f2f3e6"), "#0f5d86", "#fffbe8"),
    "sunset": (("#2b3f6b", "#5c5f91", "#b8768f", "#f29a6f", "#ffd08a"), "#1d2c4f", "#fff1cf"),
    "dusk": (("#121a3c", "#2b2f66", "#664a82", "#b5677f", "#eda37e"), "#10183a", "#ffe2c0"),
    "night": (("#040816", "#0a142e", "#142b50", "#284a70", "#47708f"), "#040a18", "#eef3ff"),
}


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    hour = easel.hour("dawn", "sunset", "sunset", "dusk", "day")
    stormy = easel.reading.weather == "storm"
    hour = "dusk" if stormy else "night" if easel.reading.time == "night" else hour
    sky_stops, deep, sun_colour = _SKIES[hour]
    horizon = frame.at(easel.between(0.52, 0.62))
    table = easel.ramp(*sky_stops)
    picture = skies.backdrop(easel, table, bottom=horizon)
    sun_u = easel.between(-0.55, 0.55) * frame.half_width
    _air(picture, easel, table, horizon, sun_u, hour, sun_colour)
    easel.report(0.4)
    _water(picture, easel, horizon, sun_u, deep, sun_colour)
    _sail(picture, easel, horizon, sun_u, deep)
    return picture


def _air(picture: Picture, easel: Easel, table: Field, horizon: float, sun_u: float, hour: str, sun: str) -> None:
    frame = easel.frame
    if hour == "night":
        picture += skies.stars(easel, count=1600, bottom=horizon) * np.float32(0.9)
    if easel.wants("cloud", default=True):
        lit = np.clip((frame.v + frame.half_height) / (horizon + frame.half_height) * 1.12 + 0.08, 0, 1)
        cover = skies.wisps(easel, across=1.4, down=6.5) * np.clip(1.25 - lit, 0.10, 1) * np.float32(0.72)
        over(picture, cover, np.repeat(tint(lit.astype(np.float32), table), frame.width, axis=1))
    if easel.reading.weather == "storm" and easel.wants("cloud", default=True):
        _storm(picture, easel, horizon)
    high = easel.between(0.25, 0.6) if hour in ("day", "night") else easel.between(0.02, 0.10) + 0.02
    sun_v = horizon - high * (horizon + frame.half_height)
    if hour == "night" and easel.wants("moon", default=True):
        skies.moon(picture, easel, u=sun_u, v=sun_v, radius=0.044)
    elif hour != "night" and easel.wants("sun", default=easel.reading.weather != "storm"):
        skies.sun(picture, easel, u=sun_u, v=sun_v, radius=0.055 if hour != "day" else 0.04, colour=sun, warmth=0.75)


def _water(picture: Picture, easel: Easel, horizon: float, sun_u: float, deep: str, sun: str) -> None:
    """Each water pixel shows the sky at a height that the wave under it chooses."""
    frame = easel.frame
    top = frame.row(horizon)
    depth = np.maximum(frame.v[top:] - np.float32(horizon), np.float32(1e-4))
    wave = _waves(easel, depth)
    reach = np.clip(depth * 9, 0.12, 1)
    height = np.clip(horizon - depth * np.float32(1.05) - wave * np.float32(0.055) * reach, -frame.half_height, horizon)
    rows = np.clip(((height + frame.half_height) * frame.unit).astype(np.intp), 0, max(top - 1, 0))
    columns = np.clip(
        ((frame.u + wave * np.float32(0.02) + frame.half_width) * frame.unit).astype(np.intp), 0, frame.width - 1
    )
    mirrored = picture[rows, columns] * np.float32(0.80)
    shade = np.clip(depth * np.float32(1.15) + np.float32(0.08) - wave * np.float32(0.10), 0, 0.66)
    mirrored += shade[..., None] * (easel.ink(deep) - mirrored)
    if easel.wants("sun", default=easel.reading.weather != "storm"):
        path = np.exp(-(((frame.u - np.float32(sun_u)) / (np.float32(0.045) + depth * np.float32(0.34))) ** 2))
        add(
            mirrored, np.clip(wave - np.float32(0.16), 0, 1) * path * np.float32(1.5), easel.ink(sun) * np.float32(0.85)
        )
    picture[top:] = mirrored


def _waves(easel: Easel, depth: Field) -> Field:
    """Wave height in perspective: cells shrink towards the horizon."""
    frame = easel.frame
    wild = {"wild": 1.5, "calm": 0.6}.get(easel.reading.mood, 1.0) * (1.4 if easel.reading.weather == "storm" else 1)
    near: Field = np.float32(1) / (depth * np.float32(5) + np.float32(0.03))
    seed = easel.noise_seed()
    total = noise.perlin(frame.u * near * np.float32(1.5), near * np.float32(6.5), seed=seed)
    total += np.float32(0.6) * noise.perlin(frame.u * near * np.float32(3.1), near * np.float32(15), seed=seed + 1)
    total += np.float32(0.5) * noise.perlin(frame.u * near * np.float32(6.2), near * np.float32(33), seed=seed + 2)
    return total * np.float32(wild)


def _sail(picture: Picture, easel: Easel, horizon: float, sun_u: float, deep: str) -> None:
    frame = easel.frame
    ink = easel.ink(deep) * np.float32(0.55)
    if easel.wants("boat", default=easel.reading.key % 3 == 0 and "lighthouse" not in easel.reading.shown):
        side = -1 if sun_u > 0 else 1
        u, size = sun_u + side * easel.between(0.12, 0.3), easel.between(0.07, 0.12)
        sail = silhouettes.sailboat(frame, u=u, v=horizon + 0.03, size=size, heel=easel.between(-0.09, 0.09))
        over(picture, sail * np.float32(0.92), ink)
    if easel.wants("lighthouse"):
        _beacon(picture, easel, horizon, sun_u, ink)
    if easel.wants("bird", default=easel.reading.key % 5 == 0):
        flock = silhouettes.birds(frame, easel.rng, u=-sun_u * 0.7, v=frame.at(0.28), count=7, size=0.013)
        over(picture, flock * np.float32(0.8), ink)


def _beacon(picture: Picture, easel: Easel, horizon: float, sun_u: float, ink: Colour) -> None:
    """A lighthouse on its rock, across from the sun, with its lamp lit."""
    frame = easel.frame
    side = -1.0 if sun_u > 0 else 1.0
    u, size = side * easel.between(0.35, 0.6) * frame.half_width, easel.between(0.22, 0.30)
    over(picture, silhouettes.lighthouse(frame, u=u, v=horizon + 0.02, size=size), ink * np.float32(0.7))
    away = distance(frame, u, horizon + 0.02 - size * 0.825)
    lamp = np.exp(-away / np.float32(0.007)) * np.float32(1.2) + np.exp(-away / np.float32(0.06)) * np.float32(0.35)
    glow(picture, np.asarray(lamp, np.float32), easel.ink("#ffe9b0"))


def _storm(picture: Picture, easel: Easel, horizon: float) -> None:
    """A heavy bank of cloud over the whole sky, darkest above, with torn edges."""
    frame = easel.frame
    small = frame.reduced(2)
    seed = easel.noise_seed()
    bend = noise.fbm(small.u * 1.7, small.v * 3.0, seed=seed, octaves=3)
    roll = noise.fbm(
        small.u * 1.5 + bend * np.float32(0.5), small.v * 4.2 + bend * np.float32(0.8), seed=seed + 9, octaves=6
    )
    high = np.clip((horizon - small.v) / np.float32(horizon + frame.half_height), 0, 1)
    cover = np.clip(np.float32(0.05) + np.float32(0.75) * high + np.float32(0.95) * roll, 0, 0.94)
    shade = np.clip(np.float32(0.62) - np.float32(0.5) * high + np.float32(0.75) * roll, 0, 1)
    tones = tint(grow(np.asarray(shade, np.float32), frame), easel.ramp("#0d1220", "#222a3d", "#4d566b", "#9aa0ac"))
    over(picture, grow(np.asarray(cover, np.float32), frame), tones)
