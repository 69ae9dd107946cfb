"""What falls through the air of an outdoor scene when the prompt asks for it: snow or rain."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generation.providers.demo import vocabulary
from generation.providers.demo.canvas import Picture, blur, glow, over
from generation.providers.demo.easel import Easel

FLAKES = 900
STREAKS = 700
RAIN_LEAN = 0.16


def fall(picture: Picture, easel: Easel) -> None:
    """Let snow or rain fall over an outdoor picture, in place; other scenes and dry prompts stay as they are."""
    reading = easel.reading
    if reading.scene not in vocabulary.OUTDOORS:
        return
    if (reading.weather == "snow" or "snow" in reading.shown) and "snow" not in reading.hidden:
        _snow(picture, easel)
    elif reading.weather in ("rain", "storm") and "rain" not in reading.hidden:
        _rain(picture, easel)


def _snow(picture: Picture, easel: Easel) -> None:
    """Three depths of flakes: many sharp small ones, few large ones out of focus."""
    frame, rng = easel.frame, easel.rng
    scale = frame.unit / 1024
    for share, radius, soft, strength in ((0.72, 1.3, 0.8, 0.75), (0.24, 2.6, 1.6, 0.62), (0.04, 7.0, 4.5, 0.34)):
        layer = Image.new("L", (frame.width, frame.height))
        pen = ImageDraw.Draw(layer)
        count = int(FLAKES * share)
        spots = zip(
            rng.uniform(0, frame.width, count),
            rng.uniform(0, frame.height, count),
            rng.gamma(6, 1 / 6, count),
            strict=True,
        )
        for x, y, size in spots:
            r = max(radius * size * scale, 0.5)
            pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
        mask = blur(np.asarray(layer, np.float32) / np.float32(255), max(soft * scale, 0.5))
        over(picture, mask * np.float32(strength), easel.ink("#fbfdff"))


def _rain(picture: Picture, easel: Easel) -> None:
    """Thin slanted streaks, drawn on a half-size sheet and softened by bringing it back."""
    frame, rng = easel.frame, easel.rng
    sheet = frame.grown(2)
    layer = Image.new("L", (sheet.width, sheet.height))
    pen = ImageDraw.Draw(layer)
    scale = sheet.unit / 2048
    places = rng.uniform(-0.1, 1.1, (STREAKS, 2)) * (sheet.width, sheet.height)
    for (x, y), length, light in zip(
        places, rng.gamma(5, 16, STREAKS) * scale, rng.uniform(30, 120, STREAKS), strict=True
    ):
        ends = (float(x), float(y), float(x - length * RAIN_LEAN), float(y + length))
        pen.line(ends, fill=int(light), width=max(round(2.2 * scale), 1))
    mask = np.asarray(layer.reduce(2), np.float32) / np.float32(255)
    glow(picture, mask * np.float32(0.6), easel.ink("#dfe8f0"))
