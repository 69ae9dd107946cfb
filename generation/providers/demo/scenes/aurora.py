"""Northern lights: curtains of rays over dark hills and a snowy wood."""

from __future__ import annotations

import numpy as np

from generation.providers.demo import noise, silhouettes, skies
from generation.providers.demo.canvas import Field, Frame, Picture, grow, over
from generation.providers.demo.easel import Easel

_CURTAINS = (
    (("#3dffb0", "#7a5cff"), ("#66ffd0", "#4f7dff"), ("#b7ff8a", "#ff6fa8")),
    (("#59ffa0", "#c653ff"), ("#8affc0", "#ff5f9c"), ("#3fe0ff", "#6a5cff")),
    (("#3ff0c8", "#3f7dff"), ("#9dffb0", "#5f6dff"), ("#6affe0", "#c07dff")),
)
RAYS = 15.0


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    picture = skies.backdrop(easel, easel.ramp("#050b18", "#0a1b2e", "#10303d", "#1c4a4d"), bottom=frame.at(0.9))
    picture += skies.stars(easel, count=1700, bottom=frame.at(0.85)) * np.float32(0.8)
    bases = (0.66, 0.56, 0.74)
    for layer, (low, high) in enumerate(easel.by_prompt(_CURTAINS)):
        _curtain(picture, easel, frame.at(bases[layer]), low, high, (0.95, 0.62, 0.42)[layer])
        easel.report(0.2 + 0.2 * layer)
    _ground(picture, easel)
    return picture


def _curtain(picture: Picture, easel: Easel, base: float, low: str, high: str, strength: float) -> None:
    """One curtain: a wavy lower hem, rays that fade upward, green below and violet above."""
    frame = easel.frame
    small = frame.reduced(2)
    light, height = _rays(easel, small, base)
    light = grow(light * np.float32(strength), frame)
    mix = grow(height, frame)[..., None]
    colour = easel.ink(low) * (1 - mix) + easel.ink(high) * mix
    picture += (1 - np.clip(picture, 0, 1)) * np.clip(light[..., None] * colour, 0, 1)


def _rays(easel: Easel, small: Frame, base: float) -> tuple[Field, Field]:
    seed = easel.noise_seed()
    shift, wave = np.float32(easel.between(0, 30)), np.float32(easel.between(1.6, 2.8))
    tall = np.float32((2 * small.half_height) ** 0.8)
    hem = np.float32(base) + np.float32(0.10) * np.sin(small.u * wave + shift)
    hem = hem + np.float32(0.13) * noise.line(small.u * 1.4 + shift, 1.0, seed=seed, octaves=3)
    hem = hem + np.float32(0.035) * np.sin(small.u * 9 + 3 * np.sin(small.u * 4 + shift))
    fold = noise.fbm(small.u * 2 + shift, small.v * np.float32(0.3), seed=seed + 30, octaves=2)
    ray = noise.fbm(small.u * np.float32(RAYS) + 4 * fold, small.v * np.float32(0.35), seed=seed + 20, octaves=4)
    ray = np.clip(np.float32(0.5) + np.float32(0.8) * ray, 0.04, 1.2)
    patchy = np.clip(
        np.float32(0.62) + np.float32(0.9) * noise.line(small.u * 1.1 + shift, 3.0, seed=seed + 31, octaves=2), 0.05, 1
    )
    up = hem - np.float32(0.03) * ray - small.v
    reach = (np.float32(0.15) + np.float32(0.22) * ray) * tall
    fade = np.where(up > 0, np.exp(-np.maximum(up, 0) / reach), np.exp(np.minimum(up, 0) / np.float32(0.042)))
    return fade * ray * patchy, np.clip(up / (np.float32(0.42) * tall), 0, 1)


def _ground(picture: Picture, easel: Easel) -> None:
    frame = easel.frame
    for depth, (down, tone) in enumerate(((0.80, "#0d2730"), (0.875, "#081820"), (0.945, "#03090d"))):
        across = frame.u * np.float32(1.8) + np.float32(easel.between(0, 40))
        crest = noise.ridged(across, np.full_like(across, 1.7 + depth), seed=easel.noise_seed(), octaves=6)
        line = np.float32(frame.at(down)) - (crest - np.float32(0.5)) * np.float32(0.14 - 0.045 * depth)
        if depth == 2 and easel.wants("tree", default=True):
            mask = silhouettes.conifers(frame, line, easel.rng, count=int(95 * frame.half_width * 2), height=0.13)
        else:
            mask = silhouettes.below(frame, line)
        over(picture, mask, easel.ink(tone))
