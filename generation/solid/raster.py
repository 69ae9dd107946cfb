"""Which triangle is seen at each pixel: a visibility buffer in plain numpy. Knows no light and no colour.

Triangles are sorted by the size of their box and tested many at a time; depth and number share one 64-bit key, so
that the nearest is a minimum. Looks are computed afterwards, once a pixel, by whoever shades.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

TESTS_AT_ONCE = 1 << 20
TESTS_MAX = 96 << 20
"""Pixels tested for one picture, counted by boxes: what bounds the time for any input."""
_NOTHING = np.uint64(2**64 - 1)
_DEPTHS = float(2**31)


@dataclass(frozen=True)
class Seen:
    """Pixels where something is seen, as (rows, columns), the triangle there, its corners' shares, and its depth."""

    rows: Indices
    columns: Indices
    triangles: Indices
    shares: Floats
    depths: Floats


def look(corners: Floats, *, width: int, height: int) -> Seen:
    """Corners (n, 3, 3): x to the right and y down in pixels, depth in 0..1, the smaller the nearer. Culls nothing."""
    keys = np.full(width * height, _NOTHING)
    for which, columns, rows in _boxes(corners, width, height):
        _test(corners, which, columns, rows, width, keys)
    places = np.flatnonzero(keys != _NOTHING)
    triangles = (keys[places] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    rows, columns = np.divmod(places, width)
    shares = _shares(corners[triangles], columns.astype(np.float32) + 0.5, rows.astype(np.float32) + 0.5)
    depths = (shares * corners[triangles, :, 2]).sum(axis=1)
    return Seen(rows, columns, triangles, shares, depths)


def _boxes(corners: Floats, width: int, height: int) -> Iterator[tuple[Indices, Indices, Indices]]:
    """Triangles with boxes of one size (a power of two each way), some at a time, with each box's columns and rows."""
    low = np.ceil(np.clip(corners[..., :2].min(axis=1) - 0.5, 0, (width, height))).astype(np.int64)
    high = np.floor(np.clip(corners[..., :2].max(axis=1) - 0.5, -1, (width - 1, height - 1))).astype(np.int64)
    size = high - low + 1
    shown = np.flatnonzero((size > 0).all(axis=1))
    bits = np.ceil(np.log2(size[shown])).astype(np.int64)
    shown, bits = _affordable(shown, bits)
    for kind in np.unique(bits[:, 0] * 64 + bits[:, 1]):
        wide, tall = 1 << int(kind // 64), 1 << int(kind % 64)
        alike = shown[(bits[:, 0] * 64 + bits[:, 1]) == kind]
        some = max(1, TESTS_AT_ONCE // (wide * tall))
        for start in range(0, len(alike), some):
            which = alike[start : start + some]
            columns = low[which, 0, None] + np.arange(wide)
            rows = low[which, 1, None] + np.arange(tall)
            yield which, np.minimum(columns, width - 1), np.minimum(rows, height - 1)


def _affordable(shown: Indices, bits: Indices) -> tuple[Indices, Indices]:
    """All triangles, or every n-th where the boxes of all together hold more than TESTS_MAX pixels."""
    tests = int((2.0 ** bits.sum(axis=1)).sum())
    step = max(1, -(-tests // TESTS_MAX))
    return shown[::step], bits[::step]


def _test(
    corners: Floats, which: Indices, columns: Indices, rows: Indices, width: int, keys: npt.NDArray[np.uint64]
) -> None:
    """Put every triangle of `which` where it is nearest. Columns (n, wide) and rows (n, tall) are its boxes."""
    a, b, c = (corners[which, corner] for corner in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    scale = (1 / np.where(np.abs(area) < 1e-9, np.inf, area)).astype(np.float32)
    x, y = columns.astype(np.float32) + np.float32(0.5), rows.astype(np.float32) + np.float32(0.5)
    first = _edge(b, c, scale, x, y)
    second = _edge(c, a, scale, x, y)
    third = 1 - first - second
    inside = (first >= 0) & (second >= 0) & (third >= 0) & (area != 0)[:, None, None]
    box, row, column = np.nonzero(inside)
    depth = first[inside] * a[box, 2] + second[inside] * b[box, 2] + third[inside] * c[box, 2]
    key = (np.clip(depth, 0, 1).astype(np.float64) * _DEPTHS).astype(np.uint64) << np.uint64(32)
    np.minimum.at(keys, rows[box, row] * width + columns[box, column], key | which[box].astype(np.uint64))


def _edge(start: Floats, end: Floats, scale: Floats, x: Floats, y: Floats) -> Floats:
    """The share of the corner opposite to an edge, at every pixel of each box: (n, tall, wide)."""
    across = ((end[:, 0] - start[:, 0]) * scale)[:, None] * (y - start[:, 1, None])
    down = ((end[:, 1] - start[:, 1]) * scale)[:, None] * (x - start[:, 0, None])
    return np.asarray(across[:, :, None] - down[:, None, :], np.float32)


def _shares(corners: Floats, x: Floats, y: Floats) -> Floats:
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    first = ((c[:, 0] - b[:, 0]) * (y - b[:, 1]) - (c[:, 1] - b[:, 1]) * (x - b[:, 0])) / area
    second = ((a[:, 0] - c[:, 0]) * (y - c[:, 1]) - (a[:, 1] - c[:, 1]) * (x - c[:, 0])) / area
    return np.asarray(np.clip(np.stack([first, second, 1 - first - second], axis=1), 0, 1), np.float32)
