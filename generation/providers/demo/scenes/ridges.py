"""Mountain ranges behind one another in the mist, with firs in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generation.providers.demo import canvas, noise, silhouettes, skies
from generation.providers.demo.canvas import Field, Frame, Picture, glow, grow, over
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

LAYERS = 8


@dataclass(frozen=True, slots=True)
class _Light:
    sky: tuple[str, ...]
    far: str
    near: str
    sun: str


_LIGHTS = {
    "dawn": _Light(("#7d9fc0", "#b9c3d6", "#f0cfc4", "#fbe6cd"), "#b4bfcd", "#16273a", "#fff1d9"),
    "day": _Light(("#7fa3a8", "#b9cbc4", "#f1dcc0", "#f6e7d2"), "#a9bfbd", "#122a30", "#fff3d6"),
    "sunset": _Light(("#3a3f74", "#8a5f8d", "#e08f7f", "#f9c995"), "#cf9592", "#1b1530", "#ffe9c4"),
    "dusk": _Light(("#16204a", "#37437c", "#7b6f9f", "#cf9ca3"), "#8a84a8", "#0d1128", "#ffe3d0"),
    "night": _Light(("#050a18", "#0b1836", "#173258", "#3c5f82"), "#3a5a7c", "#04080f", "#e9eefb"),
}


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    hour = easel.hour("dawn", "day", "sunset", "dusk")
    if easel.reading.time == "night":
        hour = "night"
    light = _LIGHTS[hour]
    horizon = frame.at(0.80)
    picture = skies.backdrop(easel, easel.ramp(*light.sky), bottom=horizon)
    _heavens(picture, easel, light, hour)
    easel.report(0.3)
    _ranges(picture, easel, light)
    return picture


def _heavens(picture: Picture, easel: Easel, light: _Light, hour: str) -> None:
    frame = easel.frame
    u, v = easel.between(-0.62, 0.62) * frame.half_width, frame.at(easel.between(0.20, 0.36))
    if hour == "night":
        picture += skies.stars(easel, count=1500, bottom=frame.at(0.75))
        if easel.wants("moon", default=True):
            skies.moon(picture, easel, u=u, v=v, radius=0.045)
        return
    if easel.wants("cloud", default=True):
        glow(picture, skies.wisps(easel) * np.float32(0.20), easel.ink(light.sun))
    if easel.wants("sun", default=True):
        skies.sun(picture, easel, u=u, v=v, radius=easel.between(0.042, 0.062), colour=light.sun, warmth=0.62)
    if easel.wants("bird", default=easel.reading.key % 2 == 0):
        side = -1 if u > 0 else 1
        count = int(easel.rng.integers(5, 11))
        flock = silhouettes.birds(
            frame, easel.rng, u=u + side * 0.2, v=v + easel.between(-0.02, 0.1), count=count, size=0.013
        )
        over(picture, flock * np.float32(0.85), easel.ink(light.near))


def _ranges(picture: Picture, easel: Easel, light: _Light) -> None:
    tones = easel.ramp(light.far, light.near)
    mist = easel.ink(light.sky[-1])
    foggy = 1.35 if easel.reading.weather == "fog" else 1.0
    foggy = 0.35 if "fog" in easel.reading.hidden else foggy
    texture = _texture(easel)
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        mask, line = _layer_mask(easel, depth, layer)
        _lay(picture, easel.frame, mask, line, depth, tones, mist, foggy, texture)
        if layer == LAYERS - 3 and easel.wants("person"):
            _walker(picture, easel, mask, light.near)
        easel.report(0.3 + 0.7 * depth)


def _walker(picture: Picture, easel: Easel, ground: Field, tone: str) -> None:
    """Somebody on one of the nearer ridges, small under the sky."""
    frame = easel.frame
    u = easel.between(-0.6, 0.6) * frame.half_width
    column = min(int((u + frame.half_width) * frame.unit), frame.width - 1)
    foot = float(frame.v[int(np.argmax(ground[:, column] > 0.5)), 0])
    over(picture, silhouettes.walker(frame, u=u, v=foot + 0.006, size=0.085), easel.ink(tone))


def _layer_mask(easel: Easel, depth: float, layer: int) -> tuple[Field, Field]:
    """Where a range covers the picture, and its softened crest, from which mist is measured."""
    frame, rng = easel.frame, easel.rng
    tall = (2 * frame.half_height) ** 0.5
    wild = {"wild": 1.35, "calm": 0.7}.get(easel.reading.mood, 1.0)
    across = frame.u * np.float32(1.5 + depth * 1.4)
    crest = noise.ridged(
        across + np.float32(rng.uniform(0, 50)),
        np.full_like(across, rng.uniform(0, 50)),
        seed=easel.noise_seed(),
        octaves=7,
    )
    base = frame.at(0.40 + 0.56 * depth**1.1)
    line = np.float32(base) - (crest - np.float32(0.45)) * np.float32(0.32 * (1 - 0.5 * depth) * tall * wild)
    line += np.float32(0.008) * noise.line(frame.u * 26, layer, seed=easel.noise_seed(), octaves=3)
    foot = canvas.blur(line, frame.unit * 0.05)
    if layer >= LAYERS - 2 and easel.wants("tree", default=True):
        nearest = layer == LAYERS - 1
        count = int((150 if nearest else 230) * frame.half_width * 2)
        return silhouettes.conifers(frame, line, rng, count=count, height=0.125 if nearest else 0.062), foot
    return silhouettes.below(frame, line), foot


def _lay(
    picture: Picture,
    frame: Frame,
    mask: Field,
    line: Field,
    depth: float,
    tones: Field,
    mist: Field,
    foggy: float,
    texture: Field,
) -> None:
    """One range: its own tone at the crest, dissolving into mist towards its foot."""
    top = frame.row(float(line.min()) - 0.30)
    if top >= frame.height:
        return
    own = tint(np.array([depth], np.float32), tones)[0]
    behind = tint(np.array([max(depth - 0.34, 0)], np.float32), tones)[0]
    haze = behind * np.float32(0.5) + mist * np.float32(0.5)
    sink = np.clip((frame.v[top:] - line + np.float32(0.03)) / np.float32(0.30 - 0.10 * depth), 0, 1) ** np.float32(0.8)
    sink = np.clip(sink * np.float32((1 - 0.86 * depth) * foggy), 0, 1)
    paint_ = own + sink[..., None] * (haze - own)
    paint_ += (texture[top:] * np.float32(0.035 * (1 - 0.5 * depth)))[..., None]
    over(picture, mask[top:], paint_, top)


def _texture(easel: Easel) -> Field:
    small = easel.frame.reduced(2)
    return grow(noise.fbm(small.u * 8, small.v * 13, seed=easel.noise_seed(), octaves=4), easel.frame)
