"""Noise: gradient noise after Perlin, its fractal sums, and grain. All are pure functions of place and seed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from generation.providers.demo.canvas import Field

PERIOD = 64
"""The lattice repeats after this many cells; a power of two."""
GRADIENT_GAIN = np.float32(1.5)
"""Brings two-dimensional gradient noise to about -1..1."""
LACUNARITY = np.float32(2.03)
"""Just off two, so that the lattices of successive octaves do not line up."""


@lru_cache(maxsize=64)
def _gradients(seed: int) -> tuple[Field, Field]:
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, PERIOD * PERIOD).astype(np.float32)
    return np.cos(angle), np.sin(angle)


def perlin(x: Field, y: Field, *, seed: int) -> Field:
    """Gradient noise with the quintic fade of Perlin (2002), about -1..1; x and y broadcast, one cell per unit."""
    x, y = np.broadcast_arrays(x, y)
    cell_x, cell_y = np.floor(x), np.floor(y)
    dx, dy = x - cell_x, y - cell_y
    left, top = cell_x.astype(np.intp) & (PERIOD - 1), (cell_y.astype(np.intp) & (PERIOD - 1)) * PERIOD
    right, bottom = (left + 1) & (PERIOD - 1), (top + PERIOD) & (PERIOD * PERIOD - 1)
    grad_x, grad_y = _gradients(seed)

    def corner(index: npt.NDArray[np.intp], across: Field, down: Field) -> Field:
        return np.take(grad_x, index) * across + np.take(grad_y, index) * down

    fade_x, fade_y = _fade(dx), _fade(dy)
    upper = corner(top + left, dx, dy)
    upper += fade_x * (corner(top + right, dx - 1, dy) - upper)
    lower = corner(bottom + left, dx, dy - 1)
    lower += fade_x * (corner(bottom + right, dx - 1, dy - 1) - lower)
    upper += fade_y * (lower - upper)
    return upper * GRADIENT_GAIN


def _fade(t: Field) -> Field:
    return t * t * t * (t * (t * 6 - 15) + 10)


def fbm(x: Field, y: Field, *, seed: int, octaves: int = 4, gain: float = 0.5) -> Field:
    """Fractal sum of gradient noise, about -1..1."""
    total, weight, sum_of_weights = perlin(x, y, seed=seed), 1.0, 1.0
    for octave in range(1, octaves):
        x, y, weight = x * LACUNARITY + np.float32(3.1), y * LACUNARITY + np.float32(7.7), weight * gain
        total += np.float32(weight) * perlin(x, y, seed=seed + octave)
        sum_of_weights += weight
    return total / np.float32(sum_of_weights)


def ridged(x: Field, y: Field, *, seed: int, octaves: int = 5) -> Field:
    """Fractal sum of folded noise: sharp crests near 1, about 0..1."""
    total, weight, sum_of_weights = np.float32(0) * (x + y), 1.0, 0.0
    for octave in range(octaves):
        fold = 1 - np.abs(perlin(x, y, seed=seed + octave))
        total += np.float32(weight) * fold * fold
        sum_of_weights += weight
        x, y, weight = x * LACUNARITY, y * LACUNARITY + np.float32(1.9), weight / 2
    return total / np.float32(sum_of_weights)


def line(x: Field, at: float, *, seed: int, octaves: int = 4, gain: float = 0.5) -> Field:
    """A fractal curve: `fbm` along one row of the plane."""
    return fbm(x, np.full_like(x, at + 0.37), seed=seed, octaves=octaves, gain=gain)


def grain(shape: tuple[int, int], *, seed: int) -> Field:
    """White noise, mean 0, deviation 1: the sum of four bytes, cheaper than a true Gaussian."""
    raw = np.random.default_rng(seed).bytes(shape[0] * shape[1] * 4)
    quads = np.frombuffer(raw, np.uint8).reshape(shape[0], shape[1], 4)
    return np.asarray((quads.sum(axis=2, dtype=np.float32) - np.float32(510)) / np.float32(147.8), np.float32)
