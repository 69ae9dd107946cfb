"""A poster of quarter circles, rings and bars on a grid, after the Bauhaus; printed with a slight tooth."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generation.providers.demo import noise
from generation.providers.demo.canvas import Picture, blur, from_image
from generation.providers.demo.colour import to_bytes
from generation.providers.demo.easel import Easel

SHEET = 3
_PALETTES = (
    ("#f1e7d3", "#d9472b", "#efb034", "#1f4e6b", "#14202b", "#8fb5a5"),
    ("#f4ebe1", "#e46f4a", "#f2c14e", "#3f7d6e", "#233045", "#e8b7a5"),
    ("#eef0ea", "#2f56c8", "#f25f3a", "#f6c445", "#16182a", "#9fc3dd"),
    ("#1d2233", "#f0ddb8", "#e4573d", "#3fa197", "#f0a93f", "#56648c"),
    ("#f6e9ea", "#c63d6a", "#f19a7a", "#5c3f86", "#231b3c", "#a9c9c4"),
    ("#e9eee0", "#2f6b46", "#a6bf5a", "#f0b54a", "#1b2e28", "#d9764a"),
)
Box = tuple[float, float, float, float]


def paint(easel: Easel) -> Picture:
    frame = easel.frame
    tones = [to_bytes(ink) for ink in easel.inks(*easel.by_prompt(_PALETTES))]
    sheet = (frame.width * SHEET, frame.height * SHEET)
    image = Image.new("RGB", sheet, tones[0])
    pen = ImageDraw.Draw(image)
    for index, (box, cells) in enumerate(_layout(easel)):
        scaled = (box[0] * sheet[0], box[1] * sheet[1], box[2] * sheet[0], box[3] * sheet[1])
        _tile(pen, easel, scaled, tones, cells)
        easel.report(min(index / 60, 1.0))
    picture = from_image(image, SHEET)
    tooth = blur(noise.grain(picture.shape[:2], seed=easel.noise_seed()), 0.8) * np.float32(0.028)
    return picture + tooth[..., None]


def _layout(easel: Easel) -> list[tuple[Box, int]]:
    """A grid of near-square cells over the whole frame; some cells are joined into squares of two by two."""
    frame = easel.frame
    cells = int(easel.rng.integers(4, 7))
    columns = max(round(cells * frame.half_width * 2), 2)
    rows = max(round(cells * frame.half_height * 2), 2)
    taken = np.zeros((rows, columns), np.bool_)
    boxes: list[tuple[Box, int]] = []
    for row in range(rows):
        for column in range(columns):
            if taken[row, column]:
                continue
            fits = row + 1 < rows and column + 1 < columns and not taken[row : row + 2, column : column + 2].any()
            span = 2 if fits and easel.rng.uniform() < 0.24 else 1
            taken[row : row + span, column : column + span] = True
            boxes.append(((column / columns, row / rows, (column + span) / columns, (row + span) / rows), span))
    return boxes


def _tile(pen: ImageDraw.ImageDraw, easel: Easel, box: Box, tones: list[tuple[int, int, int]], span: int) -> None:
    """One cell: a ground and a figure of two or three colours."""
    rng = easel.rng
    weights = np.array([0.30, 0.16, 0.14, 0.14, 0.13, 0.13])
    picks = rng.choice(len(tones), size=3, replace=False, p=weights)
    ground, figure, accent = (tones[int(pick)] for pick in picks)
    pen.rectangle(box, fill=ground)
    kinds = (_quarter, _rings, _half, _leaf, _bars, _dot, _triangle, _quarter, _leaf)
    kinds[int(rng.integers(len(kinds)))](pen, box, figure, accent, int(rng.integers(4)))


def _corner(box: Box, turn: int) -> tuple[float, float]:
    left, top, right, bottom = box
    return ((left, top), (right, top), (right, bottom), (left, bottom))[turn]


def _pie(pen: ImageDraw.ImageDraw, box: Box, turn: int, share: float, fill: tuple[int, int, int]) -> None:
    """A quarter disc round one corner of the box."""
    x, y = _corner(box, turn)
    wide, tall = (box[2] - box[0]) * share, (box[3] - box[1]) * share
    pen.pieslice((x - wide, y - tall, x + wide, y + tall), 90 * turn, 90 * turn + 90, fill=fill)


def _quarter(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    _pie(pen, box, turn, 1.0, figure)
    _pie(pen, box, turn, 0.5, accent)


def _rings(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    for index, share in enumerate((1.0, 0.8, 0.6, 0.4, 0.2)):
        _pie(pen, box, turn, share, accent if index % 2 else figure)


def _half(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    left, top, right, bottom = box
    pen.pieslice(box, 90 * turn, 90 * turn + 180, fill=figure)
    x, y, r = (left + right) / 2, (top + bottom) / 2, (right - left) * 0.2
    pen.ellipse((x - r, y - r, x + r, y + r), fill=accent)


def _leaf(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    """The lens that two quarter circles share."""
    left, top, right, bottom = box
    t = np.linspace(0, np.pi / 2, 40)
    lens = np.concatenate([np.stack([np.sin(t), 1 - np.cos(t)], -1), np.stack([1 - np.sin(t), np.cos(t)], -1)])
    if turn % 2:
        lens[:, 0] = 1 - lens[:, 0]
    points = lens * (right - left, bottom - top) + (left, top)
    pen.polygon(points.ravel().tolist(), fill=figure)
    _pie(pen, box, (turn % 2 + 1) % 4, 0.22, accent)


def _bars(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    left, top, right, bottom = box
    for bar in range(4):
        fill = accent if bar == turn else figure
        low, high = (bar + 0.1) / 4, (bar + 0.6) / 4
        if turn % 2:
            pen.rectangle((left + (right - left) * low, top, left + (right - left) * high, bottom), fill=fill)
        else:
            pen.rectangle((left, top + (bottom - top) * low, right, top + (bottom - top) * high), fill=fill)


def _dot(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    left, top, right, bottom = box
    for share, fill in ((0.42, figure), (0.24, accent)):
        x, y = (left + right) / 2, (top + bottom) / 2
        pen.ellipse(
            (
                x - (right - left) * share,
                y - (bottom - top) * share,
                x + (right - left) * share,
                y + (bottom - top) * share,
            ),
            fill=fill,
        )


def _triangle(
    pen: ImageDraw.ImageDraw, box: Box, figure: tuple[int, int, int], accent: tuple[int, int, int], turn: int
) -> None:
    corners = [_corner(box, (turn + step) % 4) for step in range(3)]
    pen.polygon(corners, fill=figure)
    _pie(pen, box, (turn + 3) % 4, 0.34, accent)
