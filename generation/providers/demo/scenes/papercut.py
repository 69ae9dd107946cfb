"""Sheets of cut paper laid over one another like contour lines, each throwing a soft shadow on the one below."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture, blur, even_tones, grow, resample
from generation.providers.demo.easel import Easel

_PALETTES = (
    ("#132a3e", "#1d4a5f", "#2f7479", "#6fa896", "#c9cfae", "#f0dcb2", "#f0b77f", "#e0825a", "#b9503f"),
    ("#2b1733", "#552449", "#8d3557", "#c8565a", "#ea8b62", "#f6bd7e", "#fbe3b5"),
    ("#0f2a22", "#1d4b3a", "#3a7556", "#77a57a", "#bfcf9f", "#efe9c9", "#f7d58c"),
    ("#0b1d33", "#15386b", "#2a62a6", "#5f98cf", "#a5cbe6", "#e3eef0", "#f8d9a8"),
    ("#2c1a4a", "#51307c", "#8453a4", "#b987c0", "#e6bccd", "#f8e3d2", "#f7c07c"),
    ("#fbe9c8", "#f7cf93", "#f0a56b", "#df7355", "#b34a55", "#74305a", "#3a1e4c"),
)


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    sheets = easel.inks(*easel.by_prompt(_PALETTES))
    if easel.rng.uniform() < 0.3:
        sheets = sheets[::-1]
    height = _height(easel)
    easel.report(0.2)
    picture = np.ones((frame.height, frame.width, 3), np.float32) * sheets[0]
    fibre = _fibre(easel)
    picture += fibre
    levels = np.linspace(0.07, 0.92, len(sheets) - 1)
    slope = np.hypot(*np.gradient(height))
    soft = 1 / np.maximum(slope, np.float32(0.35 / frame.unit))
    for index, level in enumerate(levels):
        _sheet(picture, easel, (height - np.float32(level)) * soft, sheets[index + 1], fibre)
        easel.report(0.2 + 0.8 * index / len(levels))
    return np.asarray(picture, np.float32)


def _height(easel: Easel) -> Field:
    """A hollow bent by noise; tones spread evenly, so that every sheet shows."""
    frame = easel.frame
    small = frame.reduced(2)
    seed = easel.noise_seed()
    calm = {"wild": 1.5, "calm": 0.7}.get(easel.reading.mood, 1.0)
    scale = np.float32(easel.between(1.0, 1.7))
    bend_u = noise.fbm(small.u * 1.9, small.v * 1.9, seed=seed + 10, octaves=3) * np.float32(0.30 * calm)
    bend_v = noise.fbm(small.u * 1.9 + 4, small.v * 1.9, seed=seed + 20, octaves=3) * np.float32(0.30 * calm)
    hills = noise.fbm((small.u + bend_u) * scale, (small.v + bend_v) * scale, seed=seed, octaves=3, gain=0.36)
    centre_u = easel.between(-0.4, 0.4) * frame.half_width
    centre_v = easel.between(-0.4, 0.4) * frame.half_height
    across = (small.u - np.float32(centre_u)) / np.float32(0.5 + frame.half_width)
    down = (small.v - np.float32(centre_v)) / np.float32(0.5 + frame.half_height)
    return grow(even_tones(np.hypot(across, down) * np.float32(1.05) - hills * np.float32(0.62), 0.85), frame)


def _sheet(picture: Picture, easel: Easel, pixels: Field, colour: Field, fibre: Field) -> None:
    """Lay one sheet: two shadows below its edge, then the paper, then its lit edge. `pixels` is the distance inside."""
    unit = easel.frame.unit
    mask = np.clip(pixels + np.float32(0.5), 0, 1)
    quarter = _quarter(mask)
    deep = _cast(quarter, easel, 0.0105, 0.0085, 0.012)
    near = _cast(quarter, easel, 0.0032, 0.0020, 0.0042)
    shade = 1 - np.float32(0.42) * np.clip(deep - mask, 0, 1) - np.float32(0.30) * np.clip(near - mask, 0, 1)
    picture *= shade[..., None]
    edge = np.clip(1 - np.abs(pixels - np.float32(unit / 1024)) / np.float32(unit / 1024 * 1.2), 0, 1) * np.float32(
        0.055
    )
    slant = np.float32(1.03) - easel.frame.v * np.float32(0.05) - easel.frame.u * np.float32(0.03)
    paper = colour * slant[..., None] + fibre + edge[..., None]
    picture += mask[..., None] * (paper - picture)


def _quarter(mask: Field) -> Field:
    height, width = mask.shape
    return resample(mask, max(width // 4, 8), max(height // 4, 8), Image.Resampling.BOX)


def _cast(quarter: Field, easel: Easel, down: float, across: float, soft: float) -> Field:
    """The mask's shadow, thrown down and to the right, in units."""
    pixels = easel.frame.unit / 4
    pad = max(int(max(down, across) * pixels) + 2, 2)
    padded = np.pad(blur(quarter, max(soft * pixels, 0.6)), pad, mode="edge")
    shift_v, shift_u = pad - round(down * pixels), pad - round(across * pixels)
    height, width = quarter.shape
    return np.clip(grow(padded[shift_v : shift_v + height, shift_u : shift_u + width], easel.frame), 0, 1)


def _fibre(easel: Easel) -> Picture:
    """Paper's tooth, shape (height, width, 1)."""
    speck = noise.grain((easel.frame.height, easel.frame.width), seed=easel.noise_seed())
    return (blur(speck, 0.9) * np.float32(0.020))[..., None]
