"""The camera: a long lens from half above, so that a model shows three sides."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from generation.solid.camera import AZIMUTH_DEGREES, POLAR_DEGREES
from generation.solid.geometry import Floats

DISTANCE = 5.2
"""From the middle, in radii of the model."""
FILLED = 0.74
MIDDLE_DOWN = 0.475
NEAR = DISTANCE - 1.6


@dataclass(frozen=True)
class View:
    """Axes as rows (right, up, towards us); `scale` and `shift` bring the image plane to pixels."""

    axes: Floats
    eye: Floats
    scale: float
    shift: Floats

    @classmethod
    def framing(cls, corners: Floats, *, floor: float, pixels: int) -> View:
        """The view in which the model fills the frame, a little above its middle to leave the ground some room."""
        azimuth, polar = radians(AZIMUTH_DEGREES), radians(POLAR_DEGREES)
        back = np.array([sin(polar) * sin(azimuth), cos(polar), sin(polar) * cos(azimuth)])
        right = np.array([cos(azimuth), 0, -sin(azimuth)])
        axes = np.stack([right, np.cross(back, right), back]).astype(np.float32)
        plain = cls(axes, (back * DISTANCE).astype(np.float32), 1.0, np.zeros(2, np.float32))
        flat = plain.project(corners)[..., :2].reshape(-1, 2)
        low, high = flat.min(axis=0), flat.max(axis=0)
        scale = FILLED * pixels / max(float((high - low).max()), 1e-6)
        middle = np.array([0.5, MIDDLE_DOWN], np.float32) * pixels
        return cls(axes, plain.eye, scale, (middle - scale * (low + high) / 2).astype(np.float32))

    def project(self, points: Floats) -> Floats:
        """Points (..., 3) of the world to pixels and depth; depth is linear on the screen, as the raster wants it."""
        seen = points @ self.axes.T
        away = DISTANCE - seen[..., 2]
        flat = np.stack([seen[..., 0], -seen[..., 1]], axis=-1) / away[..., None] * self.scale + self.shift
        return np.concatenate([flat, (1 - NEAR / away)[..., None]], axis=-1).astype(np.float32)

    def in_depth(self, corners: Floats, shares: Floats) -> Floats:
        """Shares on the screen (n, 3) to shares on the triangle itself: what is farther counts for less."""
        weight = shares / self.distances(corners)
        return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)

    def distances(self, points: Floats) -> Floats:
        """Along the line of sight, in radii."""
        return np.asarray(DISTANCE - points @ self.axes[2], np.float32)

    def ground(self, pixels: int, floor: float, *, step: int) -> tuple[Floats, Floats]:
        """Where lines of sight meet the ground: x and z, nan for sky. One line for `step` pixels each way."""
        places = (np.arange(pixels // step, dtype=np.float32) + 0.5) * step
        columns, rows = (places - self.shift[0]) / self.scale, -(places - self.shift[1]) / self.scale
        right, up, back = self.axes
        fall = rows * up[1] - back[1]  # `right` is level
        along = np.where(fall < -1e-3, (floor - self.eye[1]) / np.minimum(fall, -1e-3), np.nan)[:, None]
        x = self.eye[0] + along * (columns * right[0] + (rows * up[0])[:, None] - back[0])
        z = self.eye[2] + along * (columns * right[2] + (rows * up[2])[:, None] - back[2])
        return x.astype(np.float32), z.astype(np.float32)
