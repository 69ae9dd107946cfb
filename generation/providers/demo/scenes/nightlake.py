"""The Milky Way over a still lake, with the sky and the hills mirrored in it."""

from __future__ import annotations

import numpy as np

from generation.providers.demo import noise, silhouettes, skies
from generation.providers.demo.canvas import Field, Picture, add, grow, over
from generation.providers.demo.easel import Easel

_SKIES = (
    ("#050914", "#0a1734", "#16305c", "#3c5f86", "#c98f6b"),
    ("#04060f", "#0d1030", "#291f57", "#63437f", "#d3868c"),
    ("#03080e", "#06202e", "#0d3d4d", "#2d6f74", "#c7b787"),
)
WATER_DIM = np.float32(0.62)


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    shore = frame.at(easel.between(0.66, 0.73))
    picture = skies.backdrop(easel, easel.ramp(*easel.by_prompt(_SKIES)), bottom=shore)
    rows = min(frame.row(shore) + 1, frame.height)
    if easel.wants("milky way", default=True):
        _milky_way(picture, easel)
    easel.report(0.5)
    starlight = skies.stars(easel, count=5200, bottom=shore)
    picture += starlight
    if easel.wants("moon"):
        skies.moon(picture, easel, u=easel.between(-0.6, 0.6) * frame.half_width, v=frame.at(0.2), radius=0.04)
    if easel.wants("mountain", default=True):
        _hills(picture, easel, shore)
    _mirror(picture, easel, rows)
    return picture


def _milky_way(picture: Picture, easel: Easel) -> None:
    """A bright band broken by dust, leaning with the frame."""
    small = easel.frame.reduced(2)
    seed = easel.noise_seed()
    lean = easel.between(0.45, 1.15) * (1 if easel.rng.uniform() < 0.5 else -1)
    off = easel.between(-0.18, 0.18)
    along: Field = small.u * np.float32(np.cos(lean)) + small.v * np.float32(np.sin(lean))
    aside: Field = -small.u * np.float32(np.sin(lean)) + small.v * np.float32(np.cos(lean)) + np.float32(off + 0.08)
    drift = noise.fbm(along * 2, aside * 2, seed=seed, octaves=3)
    band = np.exp(-((aside + np.float32(0.06) * drift) ** 2) / np.float32(0.026))
    cloud = np.clip(
        noise.fbm(along * np.float32(2.6) + np.float32(2), aside * np.float32(4), seed=seed + 4, octaves=6)
        * np.float32(0.9)
        + np.float32(0.42),
        0,
        1,
    )
    lanes = np.clip(
        noise.ridged(along * np.float32(2.2) + np.float32(5), aside * np.float32(5), seed=seed + 20, octaves=5)
        - np.float32(0.62),
        0,
        1,
    )
    dust = np.clip(1 - np.float32(2.6) * lanes * np.exp(-(aside**2) / np.float32(0.010)), 0, 1)
    light = grow(band * cloud * dust, easel.frame)
    add(picture, light * np.float32(0.80), easel.ink("#a394b4"))
    add(picture, light**3 * np.float32(0.65), easel.ink("#ffc793"))


def _hills(picture: Picture, easel: Easel, shore: float) -> None:
    frame = easel.frame
    for depth, (rise, tall, tone) in enumerate(((0.040, 0.17, "#22354f"), (0.006, 0.095, "#0b1524"))):
        across = frame.u * np.float32(1.7)
        crest = noise.ridged(
            across + np.float32(easel.between(0, 40)),
            np.full_like(across, 3.3 + depth),
            seed=easel.noise_seed(),
            octaves=6,
        )
        line = np.float32(shore - rise) - (crest - np.float32(0.52)) * np.float32(tall * 1.4)
        if depth and easel.wants("tree", default=easel.reading.key % 2 == 0):
            mask = silhouettes.conifers(frame, line, easel.rng, count=int(260 * frame.half_width * 2), height=0.035)
        else:
            mask = silhouettes.below(frame, line)
        over(picture, mask, easel.ink(tone))


def _mirror(picture: Picture, easel: Easel, rows: int) -> None:
    """Fold the upper picture down at the shore, dimmer and rippled; a line of mist hides the fold."""
    frame = easel.frame
    below = frame.height - rows
    if below <= 0:
        return
    depth = (np.arange(below, dtype=np.float32)[:, None] + 1) / np.float32(frame.unit)
    ripple = _ripples(easel, rows) * np.clip(depth * 8, 0, 1)
    source = np.clip(rows - 1 - (depth + ripple * np.float32(0.012)) * frame.unit, 0, rows - 1).astype(np.intp)
    columns = np.clip((frame.u + ripple * np.float32(0.010) + frame.half_width) * frame.unit, 0, frame.width - 1)
    tone = easel.ink("#0a1424")
    water = picture[source, columns.astype(np.intp)] * WATER_DIM
    water += np.clip(depth * np.float32(0.9), 0, 0.5)[..., None] * (tone - water)
    picture[rows:] = water
    mist = np.exp(-np.abs(frame.v - np.float32(rows / frame.unit - frame.half_height)) / np.float32(0.006))
    add(picture, np.broadcast_to(mist * np.float32(0.10), (frame.height, frame.width)), easel.ink("#e6d2bd"))


def _ripples(easel: Easel, rows: int) -> Field:
    frame = easel.frame
    return noise.fbm(frame.u * 5, frame.v[rows:] * 52, seed=easel.noise_seed(), octaves=2)
