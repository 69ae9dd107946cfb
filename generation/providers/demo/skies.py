"""What several skies share: stars, the sun's or the moon's disc with its light, and thin layers of cloud."""

from __future__ import annotations

import numpy as np

from generation.providers.demo import noise
from generation.providers.demo.canvas import Field, Picture, disc, distance, glow, grow, over, smooth
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

SPLAT_REACH = 5
"""Half the side in pixels of the patch that one star lights."""
STAR_TINTS = ("#a9c8ff", "#dfe9ff", "#ffffff", "#fff3dc", "#ffd9a8")


def stars(easel: Easel, *, count: int, bottom: float, power: float = 2.1) -> Picture:
    """Starlight to add to a sky, black elsewhere; count is for a whole frame, `bottom` the v they reach down to."""
    frame, rng = easel.frame, easel.rng
    light = np.zeros((frame.height, frame.width, 3), np.float32)
    if not easel.wants("star", default=True):
        return light
    rows = max(frame.row(bottom), 1)
    count = max(int(count * rows / frame.height), 1)
    place = rng.uniform(0, 1, (count, 2)) * (frame.width, rows)
    strength = np.minimum(rng.pareto(power, count) * 0.28 + 0.10, 3.2)
    tints = easel.inks(*STAR_TINTS)[rng.integers(len(STAR_TINTS), size=count)]
    _splat(light, place.astype(np.float32), np.asarray(strength[:, None] * tints, np.float32), frame.unit / 1024)
    return light


def _splat(light: Picture, place: Field, colours: Field, scale: float) -> None:
    """Add a small round glow for each star at sub-pixel places (n, 2); bright stars get a wider halo."""
    height, width = light.shape[:2]
    sigma = max(0.62 * scale, 0.5)
    steps = np.arange(-SPLAT_REACH, SPLAT_REACH + 1)
    centre = np.floor(place)
    part = place - centre - 0.5
    across, down = steps[None, :] - part[:, :1], steps[None, :] - part[:, 1:]
    square = across[:, None, :] ** 2 + down[:, :, None] ** 2
    size = 1 + 0.35 * np.clip(colours.max(axis=1) - 0.5, 0, 2)
    core = np.exp(-square / (2 * (sigma * size[:, None, None]) ** 2))
    halo = (
        0.05 * np.clip(colours.max(axis=1)[:, None, None] - 0.6, 0, 2) * np.exp(-np.sqrt(square) / (1.6 * scale + 0.4))
    )
    shape = (core + halo)[..., None] * colours[:, None, None, :]
    rows = np.clip(centre[:, 1].astype(np.intp)[:, None, None] + steps[None, :, None], 0, height - 1)
    columns = np.clip(centre[:, 0].astype(np.intp)[:, None, None] + steps[None, None, :], 0, width - 1)
    np.add.at(light, (np.broadcast_to(rows, square.shape), np.broadcast_to(columns, square.shape)), shape)


def sun(picture: Picture, easel: Easel, *, u: float, v: float, radius: float, colour: str, warmth: float = 0.5) -> None:
    """A disc and the light round it; `warmth` is how strongly it lights the sky."""
    ink = easel.ink(colour)
    away = distance(easel.frame, u, v)
    light = np.exp(-((away / np.float32(0.42)) ** 2)) * np.float32(0.6)
    light += np.exp(-((away / np.float32(max(radius * 2.6, 0.05))) ** 2)) * np.float32(0.65)
    glow(picture, light * np.float32(warmth), ink)
    over(picture, disc(easel.frame, u, v, radius), ink * np.float32(0.35) + np.float32(0.65))


def moon(picture: Picture, easel: Easel, *, u: float, v: float, radius: float) -> None:
    """A full moon with its seas, and a small cool halo."""
    frame = easel.frame
    ink = easel.ink("#e9eefb")
    away = distance(frame, u, v)
    glow(picture, np.exp(-away / np.float32(radius * 1.9)) * np.float32(0.42), ink)
    patch = noise.fbm((frame.u - u) / radius * 1.3 + 4, (frame.v - v) / radius * 1.3, seed=5, octaves=3)
    face = (1 - np.float32(0.16) * smooth(patch, -0.05, 0.3))[..., None] * ink
    over(picture, disc(frame, u, v, radius), face)


def wisps(easel: Easel, *, across: float = 1.3, down: float = 6.0, octaves: int = 6) -> Field:
    """Long thin clouds, 0..1, mostly empty."""
    frame = easel.frame
    small = frame.reduced(2)
    seed = easel.noise_seed()
    lean = np.float32(easel.between(-0.25, 0.25))
    bend = noise.fbm(small.u * 1.1, small.v * 2.0, seed=seed + 9, octaves=2) * np.float32(0.35)
    field = noise.fbm(small.u * across, (small.v + lean * small.u) * down + bend, seed=seed, octaves=octaves)
    return grow(np.clip(field * np.float32(2.0), 0, 1), frame)


def backdrop(easel: Easel, table: Field, *, bottom: float) -> Picture:
    """A sky that runs through a ramp from the top edge to `bottom` (a v), and keeps its last colour below."""
    frame = easel.frame
    share = np.clip((frame.v + frame.half_height) / (bottom + frame.half_height), 0, 1)
    return np.repeat(tint(share.astype(np.float32), table), frame.width, axis=1)


def add_stars(picture: Picture, light: Picture, fade: Field) -> None:
    """Add starlight, dimmed by a field in 0..1 that broadcasts over the picture."""
    picture += light * fade[..., None]
