"""Noise warped by noise (after Íñigo Quílez): folds of silk, and polished marble with metal veins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Frame, Picture, blur, even_tones, grow, over
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

_SILKS = (
    ("#2a0410", "#6d0c22", "#b8243a", "#e8705f", "#f6c3a1"),
    ("#06122e", "#123a78", "#2f74c0", "#8fbfe8", "#eef4f2"),
    ("#1c0830", "#4a1f7a", "#8f4fb8", "#d99ad0", "#fbe3dc"),
    ("#04201c", "#0b5248", "#2a9482", "#93d2b0", "#f4f0cf"),
    ("#241404", "#6b3f0c", "#b9822a", "#e8c06a", "#fdf2cf"),
)
_STONES = (
    (("#03211c", "#0b4a3c", "#157a5f", "#7bc3a0", "#0e5b4a", "#02261f"), "#d8ab53"),
    (("#0a1330", "#16306e", "#2a5cb0", "#86b2de", "#1b3f86", "#081029"), "#dcb866"),
    (("#f4efe8", "#e2d9d0", "#c9bdb4", "#f8f4ee", "#b3a59c", "#efe8e0"), "#b98a3e"),
    (("#16100e", "#3a2420", "#7a3f38", "#c98a78", "#4f2a28", "#120c0b"), "#e0b878"),
    (("#1b1030", "#43286e", "#7a56a8", "#c9aede", "#3a2260", "#140b26"), "#e6c68a"),
)


@dataclass(frozen=True, slots=True)
class _Fold:
    """A warped field and its two levels of warp, all (height, width) at half size."""

    body: Field
    warp: Field
    base: Field


def paint_silk(easel: Easel) -> Picture:
    frame = easel.frame
    calm = {"wild": 1.25, "calm": 0.75}.get(easel.reading.mood, 1.0)
    fold = _fold(easel, scale=1.15, strength=1.55 * calm, octaves=3)
    easel.report(0.5)
    tones = even_tones(fold.body * np.float32(0.8) + np.float32(0.35) * fold.base + np.float32(0.3) * fold.warp, 0.7)
    height = blur(fold.body + np.float32(0.4) * fold.warp, 2.0)
    diffuse, shine = _lit(height, easel.frame.reduced(2), 0.23)
    picture = tint(grow(tones, frame), easel.ramp(*easel.by_prompt(_SILKS)))
    picture *= (np.float32(0.30) + np.float32(0.98) * grow(diffuse, frame))[..., None]
    gleam = grow(shine**26, frame)
    over(picture, np.clip(gleam, 0, 1) * np.float32(0.34), easel.ink("#fff4ea"))
    return picture


def paint_marble(easel: Easel) -> Picture:
    frame = easel.frame
    stops, metal = easel.by_prompt(_STONES)
    fold = _fold(easel, scale=1.05, strength=1.35, octaves=4)
    easel.report(0.5)
    tones = even_tones(fold.body * np.float32(0.75) + np.float32(0.45) * fold.base + np.float32(0.35) * fold.warp, 0.75)
    diffuse, shine = _lit(blur(fold.body + np.float32(0.4) * fold.warp, 1.5), frame.reduced(2), 0.085)
    light = grow(diffuse, frame)
    picture = tint(grow(tones, frame), easel.ramp(*stops))
    picture *= (np.float32(0.52) + np.float32(0.66) * light)[..., None]
    picture += (grow(shine**30, frame) * np.float32(0.16))[..., None]
    if easel.wants("vein", default=True):
        _vein(picture, easel, fold, metal, light)
    return picture


def _fold(easel: Easel, *, scale: float, strength: float, octaves: int) -> _Fold:
    """fbm(p + r(p + q(p))): each level of warp is itself noise."""
    small = easel.frame.reduced(2)
    coarse = easel.frame.reduced(4)
    shift, lean = np.float32(easel.between(0, 40)), easel.between(0, np.pi)
    seed, pull = easel.noise_seed(), np.float32(strength)
    x, y = _turned(coarse, lean, scale)
    x = x + shift
    base = noise.fbm(x + np.float32(5.2), y + np.float32(1.3), seed=seed + 10, octaves=octaves)
    other = noise.fbm(x, y, seed=seed, octaves=octaves)
    wx, wy = x + pull * other, y + pull * base
    first = noise.fbm(wx + np.float32(1.7), wy + np.float32(9.2), seed=seed + 20, octaves=octaves)
    second = noise.fbm(wx + np.float32(8.3), wy + np.float32(2.8), seed=seed + 30, octaves=octaves)
    first, second, base = grow(first, small), grow(second, small), grow(base, small)
    x, y = _turned(small, lean, scale)
    body = noise.fbm(x + shift + pull * first, y + pull * second, seed=seed + 40, octaves=octaves + 1)
    return _Fold(body, first, base)


def _turned(frame: Frame, angle: float, scale: float) -> tuple[Field, Field]:
    """Coordinates turned and drawn out along one direction, as folds are."""
    c, s = np.float32(np.cos(angle) * scale), np.float32(np.sin(angle) * scale)
    return frame.u * c - frame.v * s, (frame.u * s + frame.v * c) * np.float32(0.8)


def _lit(height: Field, frame: Frame, relief: float) -> tuple[Field, Field]:
    """Diffuse light and the cosine to the half vector, of a height field lit from the upper left; each 0..1."""
    slope_v, slope_u = np.gradient(height)
    rise = np.float32(relief * frame.unit)
    slope_u, slope_v = slope_u * rise, slope_v * rise
    length = np.sqrt(slope_u**2 + slope_v**2 + 1)
    light = np.array([-0.59, -0.59, 0.55])
    half = light + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    diffuse = (-slope_u * np.float32(light[0]) - slope_v * np.float32(light[1]) + np.float32(light[2])) / length
    mirror = (-slope_u * np.float32(half[0]) - slope_v * np.float32(half[1]) + np.float32(half[2])) / length
    return np.clip(diffuse, 0, 1), np.clip(mirror, 0, 1)


def _vein(picture: Picture, easel: Easel, fold: _Fold, metal: str, light: Field) -> None:
    """Thin gold seams where the folded field crosses its zero lines; thicker here and there."""
    frame = easel.frame
    phase = grow(fold.body * np.float32(6) + fold.warp * np.float32(3.4), frame)
    slope_v, slope_u = np.gradient(phase)
    pixels = np.abs(np.sin(phase)) / np.maximum(np.hypot(slope_u, slope_v) * np.abs(np.cos(phase)), np.float32(1e-4))
    thick = np.clip(grow(fold.base, frame) * np.float32(3.4) + np.float32(0.45), 0, 2) * np.float32(
        frame.unit / 1024 * 1.5
    )
    seam = np.clip(thick - pixels + np.float32(0.5), 0, 1) * (thick > 0.15)
    gilt = easel.ink(metal) * (np.float32(0.50) + np.float32(0.85) * light)[..., None]
    over(picture, seam.astype(np.float32) * np.float32(0.92), gilt)
