"""A banded giant with rings among stars, lit from the side, its shadow falling across them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generation.providers.demo import noise, skies
from generation.providers.demo.canvas import Field, Frame, Picture, add, disc, distance, grow, over
from generation.providers.demo.colour import tint
from generation.providers.demo.easel import Easel

_PALETTES = (
    (
        ("#6d3a2d", "#b66a45", "#e8b182", "#f7e1c0", "#d58a5f"),
        ("#8a6a55", "#e6cba6", "#cfa983", "#7d6a70"),
        ("#25203a", "#12111f", "#07070d"),
    ),
    (
        ("#10355c", "#1f6a9c", "#5fb0c8", "#c8e8e4", "#3a86b0"),
        ("#5a7088", "#bcd4dc", "#8fb0c0", "#5a6a80"),
        ("#1c2148", "#0d1026", "#05060e"),
    ),
    (
        ("#3a1f52", "#74408a", "#c07fb0", "#f2cfd8", "#95609c"),
        ("#7a5a80", "#e6c2d0", "#b890ae", "#6a5872"),
        ("#38204a", "#190f26", "#08050e"),
    ),
    (
        ("#1f3a2c", "#4a7a52", "#a8bf7f", "#eee8b8", "#76a06a"),
        ("#6a7058", "#dcd8a8", "#a8a888", "#606858"),
        ("#142e34", "#0a171c", "#04080a"),
    ),
)
RING_IN, RING_OUT = 1.32, 2.12
RING_TILT = 0.26
RING_RISE = (1 - RING_TILT**2) ** 0.5
"""Sine and cosine of the angle at which we see the rings' plane."""
GROOVES = 1024


@dataclass(frozen=True, slots=True)
class _Globe:
    """Position and radius in units, the tilt of its axis, and the direction of the light (u, v, towards us)."""

    u: float
    v: float
    radius: float
    tilt: float
    light: tuple[float, float, float]


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    bands, rings, space = easel.by_prompt(_PALETTES)
    globe = _globe(easel)
    picture = _space(easel, space, bands[1], globe)
    easel.report(0.3)
    turned = _turned(frame, globe)
    grooves = _grooves(easel) * np.float32(easel.wants("ring", default=True))
    ring, ring_paint = _rings(globe, turned, grooves, easel.ramp(*rings))
    behind = (turned[1] < 0).astype(np.float32)
    over(picture, ring * behind, ring_paint)
    if easel.wants("planet", default=True):
        over(
            picture,
            disc(frame, globe.u, globe.v, globe.radius),
            _surface(easel, globe, turned, easel.ramp(*bands), grooves),
        )
        _air(picture, easel, globe, bands[3])
    over(picture, ring * (1 - behind), ring_paint)
    easel.report(0.8)
    if easel.wants("moon", default=True):
        _moons(picture, easel, globe)
    return picture


def _globe(easel: Easel) -> _Globe:
    frame = easel.frame
    radius = frame.narrow * easel.between(0.235, 0.33)
    side = 1.0 if easel.rng.uniform() < 0.5 else -1.0
    light = np.array([-side * easel.between(0.45, 0.75), -easel.between(0.25, 0.5), easel.between(0.35, 0.7)])
    light /= np.linalg.norm(light)
    return _Globe(
        u=easel.between(-0.22, 0.22) * frame.half_width,
        v=easel.between(-0.22, 0.22) * frame.half_height,
        radius=radius,
        tilt=side * easel.between(0.2, 0.6),
        light=(float(light[0]), float(light[1]), float(light[2])),
    )


def _space(easel: Easel, stops: tuple[str, ...], dust: str, globe: _Globe) -> Picture:
    """Black sky with a faint cloud of dust, brighter on the side of the light."""
    frame = easel.frame
    away = distance(frame, globe.u + globe.light[0] * 0.6, globe.v + globe.light[1] * 0.6)
    picture = tint(np.clip(away * np.float32(0.85), 0, 1), easel.ramp(*stops))
    small = frame.reduced(3)
    cloud = noise.fbm(small.u * 1.5, small.v * 1.5, seed=easel.noise_seed(), octaves=5)
    cloud = np.clip(cloud * np.float32(1.3) + np.float32(0.12), 0, 1) ** 1.5
    add(picture, grow(cloud, frame) * np.float32(0.20), easel.ink(dust))
    picture += skies.stars(easel, count=2600, bottom=frame.half_height)
    return picture


def _turned(frame: Frame, globe: _Globe) -> tuple[Field, Field]:
    """Coordinates along and across the equator, in radii of the globe."""
    c, s = np.float32(np.cos(globe.tilt) / globe.radius), np.float32(np.sin(globe.tilt) / globe.radius)
    u, v = frame.u - np.float32(globe.u), frame.v - np.float32(globe.v)
    return u * c + v * s, v * c - u * s


def _surface(easel: Easel, globe: _Globe, turned: tuple[Field, Field], table: Field, grooves: Field) -> Picture:
    """Cloud bands pulled along by storms, then light with a soft terminator and the rings' shadow."""
    frame = easel.frame
    small = frame.reduced(2)
    along, across = _turned(small, globe)
    height = np.sqrt(np.clip(1 - along**2 - across**2, 0, None))
    latitude = across * np.float32(np.cos(0.3)) + height * np.float32(np.sin(0.3))
    longitude = np.arctan2(along, height + np.float32(0.05))
    seed = easel.noise_seed()
    curl = noise.fbm(longitude * 3, latitude * 9, seed=seed, octaves=4)
    streak = noise.fbm(
        longitude * 1.2 + np.float32(0.45) * curl,
        latitude * np.float32(6.5) + np.float32(0.35) * curl,
        seed=seed + 9,
        octaves=5,
    )
    bands = np.sin(latitude * np.float32(easel.between(11, 17)) + streak * np.float32(2.3)) * np.float32(
        0.5
    ) + np.float32(0.5)
    paint_ = tint(
        grow(np.clip(bands * np.float32(0.70) + streak * np.float32(0.42) + np.float32(0.12), 0, 1), frame), table
    )
    u, v = (frame.u - globe.u) / np.float32(globe.radius), (frame.v - globe.v) / np.float32(globe.radius)
    facing = np.sqrt(np.clip(1 - u**2 - v**2, 0, None))
    lit = np.clip(
        u * np.float32(globe.light[0]) + v * np.float32(globe.light[1]) + facing * np.float32(globe.light[2]), 0, 1
    )
    shadow = 1 - np.float32(0.80) * _ring_shadow(globe, grooves, *turned, facing)
    return np.asarray(
        paint_ * ((lit ** np.float32(0.8)) * np.float32(1.22) * shadow + np.float32(0.012))[..., None], np.float32
    )


def _grooves(easel: Easel) -> Field:
    """How densely the rings cover, from their inner to their outer edge (GROOVES,): fine lines and one wide gap."""
    marks = np.linspace(0, 1, GROOVES, dtype=np.float32)
    coarse = noise.line(marks * 11, 1.0, seed=easel.noise_seed(), octaves=3)
    fine = noise.line(marks * 60, 2.0, seed=easel.noise_seed(), octaves=3)
    cover = np.clip(np.float32(0.60) + np.float32(0.55) * coarse + np.float32(0.32) * fine, 0.05, 0.95)
    gap = np.float32(easel.between(0.55, 0.72))
    cover *= 1 - np.float32(0.95) * np.exp(-(((marks - gap) / np.float32(0.022)) ** 4))
    return np.asarray(cover * np.clip(marks / 0.02, 0, 1) * np.clip((1 - marks) / 0.02, 0, 1), np.float32)


def _rings(globe: _Globe, turned: tuple[Field, Field], grooves: Field, table: Field) -> tuple[Field, Picture]:
    """The rings' cover and their paint, with the globe's shadow on them."""
    along, across = turned
    away = np.hypot(along, across / np.float32(RING_TILT))
    share = np.clip((away - np.float32(RING_IN)) / np.float32(RING_OUT - RING_IN), 0, 1)
    mask = np.take(grooves, (share * np.float32(GROOVES - 1)).astype(np.intp))
    return mask, tint(share, table) * (1 - np.float32(0.92) * _eclipse(globe, along, across))[..., None]


def _sunward(globe: _Globe) -> tuple[np.float32, np.float32, np.float32]:
    """The light's direction along the equator, across it, and towards us."""
    c, s = np.cos(globe.tilt), np.sin(globe.tilt)
    u, v, near = globe.light
    return np.float32(u * c + v * s), np.float32(v * c - u * s), np.float32(near)


def _eclipse(globe: _Globe, along: Field, across: Field) -> Field:
    """Where the globe's shadow falls on the rings, 0..1: behind the globe, within its radius of the light's axis."""
    sun_along, sun_across, sun_near = _sunward(globe)
    near = across * np.float32(RING_RISE / RING_TILT)
    ahead = along * sun_along + across * sun_across + near * sun_near
    beside = np.sqrt(np.maximum(along**2 + across**2 + near**2 - ahead**2, 0))
    return np.asarray(
        np.clip((np.float32(1.0) - beside) * np.float32(16) + np.float32(0.5), 0, 1) * (ahead < 0), np.float32
    )


def _ring_shadow(globe: _Globe, grooves: Field, along: Field, across: Field, facing: Field) -> Field:
    """How much of the light the rings take from the globe: follow each ray back to the rings' plane."""
    sun_along, sun_across, sun_near = _sunward(globe)
    height = across * np.float32(RING_RISE) - facing * np.float32(RING_TILT)
    climb = sun_across * np.float32(RING_RISE) - sun_near * np.float32(RING_TILT)
    way = -height / (climb if abs(climb) > 1e-3 else np.float32(1e-3))
    square = (along + way * sun_along) ** 2 + (across + way * sun_across) ** 2 + (facing + way * sun_near) ** 2
    share = (np.sqrt(square) - np.float32(RING_IN)) / np.float32(RING_OUT - RING_IN)
    index = np.clip(share * np.float32(GROOVES - 1), 0, GROOVES - 1).astype(np.intp)
    return np.asarray(np.take(grooves, index) * (way > 0), np.float32)


def _air(picture: Picture, easel: Easel, globe: _Globe, tone: str) -> None:
    """A thin bright limb on the lit side."""
    frame = easel.frame
    away = distance(frame, globe.u, globe.v)
    u, v = (frame.u - globe.u) / np.float32(globe.radius), (frame.v - globe.v) / np.float32(globe.radius)
    lit = np.clip(u * np.float32(globe.light[0]) + v * np.float32(globe.light[1]) + np.float32(0.15), 0, 1)
    limb = np.exp(-np.abs(away - np.float32(globe.radius)) / np.float32(0.010)) * lit
    add(picture, limb * np.float32(0.42), easel.ink(tone))


def _moons(picture: Picture, easel: Easel, globe: _Globe) -> None:
    """Two or three small moons with the same light."""
    frame = easel.frame
    for _ in range(int(easel.rng.integers(1, 4))):
        size = globe.radius * easel.between(0.03, 0.085)
        u, v = easel.between(-0.88, 0.88) * frame.half_width, easel.between(-0.85, 0.85) * frame.half_height
        if np.hypot(u - globe.u, v - globe.v) < globe.radius * 1.35:
            continue
        du, dv = (frame.u - np.float32(u)) / np.float32(size), (frame.v - np.float32(v)) / np.float32(size)
        facing = np.sqrt(np.clip(1 - du**2 - dv**2, 0, None))
        lit = np.clip(du * globe.light[0] + dv * globe.light[1] + facing * globe.light[2], 0, 1).astype(np.float32)
        over(picture, disc(frame, u, v, size), lit[..., None] * easel.ink("#d9cfc4") + np.float32(0.01))
