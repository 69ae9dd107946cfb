"""A long exposure: stars drawn into arcs round the pole, over a wood."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generation.providers.demo import noise, silhouettes, skies
from generation.providers.demo.canvas import Picture, blur_picture, from_image, over
from generation.providers.demo.easel import Easel

ARCS = 1500
SHEET = 2
_SKIES = (
    ("#070c1c", "#0d1d3f", "#23416d", "#6d7f94", "#d8a274"),
    ("#080a1e", "#1a1546", "#42307a", "#8d5f96", "#eba48c"),
    ("#040d14", "#08283a", "#14525f", "#5b9490", "#dcc48e"),
)
_TINTS = ("#8fb4ff", "#c9dcff", "#e8efff", "#fff4dc", "#ffcf9a", "#ffb98a")


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    picture = skies.backdrop(easel, easel.ramp(*easel.by_prompt(_SKIES)), bottom=frame.at(0.93))
    easel.report(0.1)
    if easel.wants("star", default=True):
        _exposure(picture, easel)
    easel.report(0.7)
    _wood(picture, easel)
    return picture


def _exposure(picture: Picture, easel: Easel) -> None:
    """Arcs of one common angle, screened over the sky, with a soft bloom; fainter near the ground."""
    frame = easel.frame
    pole_u, pole_v = easel.between(-0.45, 0.45) * frame.half_width, frame.at(easel.between(0.30, 0.52))
    lines = _arcs(easel, pole_u, pole_v)
    light = lines + blur_picture(lines, frame.unit * 0.003) * np.float32(0.6)
    fade = np.clip(np.float32(1.18) - frame.down * np.float32(0.8), 0, 1)[..., None]
    picture += (1 - picture) * np.clip(light * fade, 0, 1)


def _arcs(easel: Easel, pole_u: float, pole_v: float) -> Picture:
    """Arcs as short straight pieces: Pillow draws those far faster than its own arcs."""
    frame, rng = easel.frame, easel.rng
    sheet = frame.grown(SHEET)
    image = Image.new("RGB", (sheet.width, sheet.height))
    pen = ImageDraw.Draw(image)
    centre = ((pole_u + frame.half_width) * sheet.unit, (pole_v + frame.half_height) * sheet.unit)
    far = np.hypot(frame.half_width + abs(pole_u), frame.half_height + abs(pole_v)) * sheet.unit
    sweep = easel.between(24, 70)
    radii = np.sqrt(rng.uniform(0.0003, 1, ARCS)) * far
    starts, spans = rng.uniform(0, 360, ARCS), sweep * rng.uniform(0.75, 1.1, ARCS)
    light = np.clip(rng.pareto(1.6, ARCS) * 0.22 + 0.16, 0, 1)
    tints = easel.inks(*_TINTS)[rng.integers(len(_TINTS), size=ARCS)] * light[:, None]
    widths = np.maximum(np.round((1.1 + 2.6 * light**2) * sheet.unit / 2048), 1).astype(int)
    for radius, start, span, tone, width in zip(
        radii, starts, spans, (tints * 255).astype(int).tolist(), widths.tolist(), strict=True
    ):
        turn = np.radians(start + span * np.linspace(0, 1, 2 + int(radius * span / 2400)))
        arc = np.stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn)], axis=-1)
        pen.line(arc.ravel().tolist(), fill=tuple(tone), width=width)
    return from_image(image, SHEET)


def _wood(picture: Picture, easel: Easel) -> None:
    frame = easel.frame
    for depth, (down, tone, height) in enumerate(
        ((0.80, "#26374a", 0.075), (0.885, "#101c2a", 0.12), (0.955, "#050a10", 0.20))
    ):
        line = np.float32(frame.at(down)) + np.float32(0.045) * noise.line(
            frame.u * 2.4, depth, seed=easel.noise_seed()
        )
        if easel.wants("tree", default=True):
            count = int(13 / height * frame.half_width * 2)
            mask = silhouettes.conifers(frame, line, easel.rng, count=count, height=height)
        else:
            mask = silhouettes.below(frame, line)
        over(picture, mask, easel.ink(tone))
