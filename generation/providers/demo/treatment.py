"""The last hand on a picture: tone, texture and grain of each style. Also breaks up banding before eight bits."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture, blur, glow, grow, resample, smooth, vignette
from generation.providers.demo.easel import Easel

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
ANIME_BANDS = 9
BRUSH_STEPS = 7
"""Samples of the line integral on either side of a pixel."""


def finish(picture: Picture, easel: Easel) -> Picture:
    """Give a finished scene its style; returns a picture of the same size, to be clipped by the caller."""
    np.clip(picture, 0, 1, out=picture)
    style = easel.reading.style
    if style == "realistic":
        return _film(picture, easel)
    if style == "anime":
        return _cel(picture, easel)
    if style == "artistic":
        return _oil(picture, easel)
    vignette(picture, easel.frame, 0.10)
    return _grain(picture, easel, 0.010)


def _grain(picture: Picture, easel: Easel, amount: float) -> Picture:
    """Grain in the mid-tones; also the dither that hides the steps of eight bits."""
    speck = noise.grain(picture.shape[:2], seed=easel.noise_seed())
    if not easel.wants("grain", default=True):
        amount = 0.002
    picture += (speck * np.float32(amount))[..., None]
    return picture


def _film(picture: Picture, easel: Easel) -> Picture:
    """A soft print: lifted blacks, a warm halo round highlights, coarser grain."""
    frame = easel.frame
    luma = picture @ LUMA
    halo = blur(smooth(luma, 0.72, 1.0), frame.unit * 0.016)
    glow(picture, halo * np.float32(0.38), np.array([1.0, 0.74, 0.52], np.float32))
    picture *= np.float32(0.93)
    picture += np.array([0.030, 0.033, 0.040], np.float32)
    vignette(picture, frame, 0.26)
    coarse = blur(noise.grain(picture.shape[:2], seed=easel.noise_seed()), 0.75)
    if easel.wants("grain", default=True):
        picture += (coarse * (np.float32(0.050) - np.float32(0.030) * luma))[..., None]
    return picture


def _cel(picture: Picture, easel: Easel) -> Picture:
    """Flat bands of light with crisp edges and a thin dark line where tones meet."""
    frame = easel.frame
    luma = blur(picture @ LUMA, max(frame.unit / 1024 * 1.1, 0.6))
    scaled = luma * np.float32(ANIME_BANDS)
    band = np.floor(scaled)
    flat = (band + smooth(scaled - band, 0.42, 0.58)) / np.float32(ANIME_BANDS)
    picture *= ((flat + np.float32(0.03)) / (luma + np.float32(0.03)))[..., None]
    grey = (picture @ LUMA)[..., None]
    picture += (picture - grey) * np.float32(0.16)
    slope_v, slope_u = np.gradient(luma)
    ink = smooth(np.hypot(slope_u, slope_v) * np.float32(frame.unit / 1024), 0.05, 0.16)
    picture *= (1 - np.float32(0.42) * ink)[..., None]
    return _grain(picture, easel, 0.003)


def _oil(picture: Picture, easel: Easel) -> Picture:
    """Brush strokes along the picture's own contours, lit from the upper left, on a canvas weave."""
    frame = easel.frame
    stroke, step_u, step_v = _strokes(picture @ LUMA, easel)
    reach = np.float32(frame.unit * 0.0042)
    rows = np.arange(frame.height, dtype=np.float32)[:, None] + stroke * step_v * reach
    columns = np.arange(frame.width, dtype=np.float32)[None, :] + stroke * step_u * reach
    rows = np.clip(rows + 0.5, 0, frame.height - 1)
    columns = np.clip(columns + 0.5, 0, frame.width - 1)
    moved = picture[rows.astype(np.intp), columns.astype(np.intp)]
    slope_v, slope_u = np.gradient(stroke)
    relief = (-slope_u - slope_v) * np.float32(frame.unit / 1024 * 0.060)
    moved *= (1 + np.clip(relief, -0.16, 0.16) + _weave(easel) * np.float32(0.028))[..., None]
    vignette(moved, frame, 0.12)
    return _grain(moved, easel, 0.006)


def _strokes(luma: Field, easel: Easel) -> tuple[Field, Field, Field]:
    """Line integral convolution of noise along the contours: (stroke in about -1..1, direction u, direction v).

    After Cabral and Leedom (1993), on a smaller copy.
    """
    small = easel.frame.reduced(max(easel.frame.unit / 520, 1))
    tone = blur(resample(luma, small.width, small.height, Image.Resampling.BOX), 5.0)
    slope_v, slope_u = np.gradient(tone)
    swirl = noise.fbm(small.u * 2.2, small.v * 2.2, seed=easel.noise_seed(), octaves=2) * np.float32(2.4)
    push_u = -slope_v + np.cos(swirl) * np.float32(0.0018)
    push_v = slope_u + np.sin(swirl) * np.float32(0.0018)
    length = np.hypot(push_u, push_v) + np.float32(1e-6)
    step_u, step_v = push_u / length, push_v / length
    bristle = blur(noise.grain(luma.shape, seed=easel.noise_seed())[: small.height, : small.width], 0.8)
    stroke = _integrate(bristle, step_u, step_v)
    stroke /= np.float32(max(float(stroke.std()), 1e-6) * 1.6)
    return grow(stroke, easel.frame), grow(step_u, easel.frame), grow(step_v, easel.frame)


def _integrate(field: Field, step_u: Field, step_v: Field) -> Field:
    height, width = field.shape
    total = field.copy()
    for side in (-1.0, 1.0):
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        for _ in range(BRUSH_STEPS):
            at = (
                np.clip(rows, 0, height - 1).astype(np.intp),
                np.clip(columns, 0, width - 1).astype(np.intp),
            )
            rows, columns = rows + side * step_v[at], columns + side * step_u[at]
            total += field[at]
    return total


def _weave(easel: Easel) -> Field:
    """The threads of a canvas, -1..1."""
    pitch = np.float32(2 * np.pi * 1024 / 5.2)
    frame = easel.frame
    warp, weft = np.sin(frame.u * pitch), np.sin(frame.v * pitch)
    sway = noise.fbm(frame.reduced(4).u * 9, frame.reduced(4).v * 9, seed=easel.noise_seed(), octaves=2)
    return np.asarray(warp * weft * (np.float32(0.7) + np.float32(0.6) * grow(sway, frame)), np.float32)
