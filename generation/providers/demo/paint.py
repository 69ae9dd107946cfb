"""The demo provider's front door: from a prompt and a seed to the bytes of a PNG. No clock, no network, no globals."""

from __future__ import annotations

import io
from collections.abc import Callable

from generation.providers.demo import easel, mark, scenes, treatment, weather
from generation.providers.demo.canvas import Frame, Picture, to_image
from generation.providers.demo.words import Reading, read

__all__ = ["MAX_SIDE_PX", "MIN_SIDE_PX", "Reading", "read", "render"]

MIN_SIDE_PX = 64
MAX_SIDE_PX = 2048
MAX_SEED = 2**32 - 1
COMPRESS_LEVEL = 4
SCENE_SHARE = 0.75
"""Part of the progress that painting the scene takes; treatment and encoding share the rest."""


def render(
    *,
    prompt: str,
    negative_prompt: str = "",
    style: str = "none",
    seed: int,
    width: int,
    height: int,
    on_progress: Callable[[float], None] | None = None,
) -> bytes:
    """Draw a prompt: PNG bytes, RGB, exactly width x height pixels; `on_progress` hears shares from 0 to 1.

    The same arguments give the same bytes in the same environment. Any text is drawn. Raises ValueError for a side
    outside MIN_SIDE_PX..MAX_SIDE_PX or a seed outside 0..2**32-1.
    """
    _check(seed=seed, width=width, height=height)
    report = on_progress or _unheard
    report(0.0)
    reading = read(prompt, negative_prompt, style)
    picture = _paint(reading, Frame(width, height), seed, lambda share: report(share * SCENE_SHARE))
    report(SCENE_SHARE + 0.1)
    data = _encode(picture, seed)
    report(1.0)
    return data


def _check(*, seed: int, width: int, height: int) -> None:
    if not (MIN_SIDE_PX <= width <= MAX_SIDE_PX and MIN_SIDE_PX <= height <= MAX_SIDE_PX):
        raise ValueError(f"sides must be {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, not {width} x {height}")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be 0 to {MAX_SEED}, not {seed}")


def _paint(reading: Reading, frame: Frame, seed: int, report: Callable[[float], None]) -> Picture:
    stand = easel.set_up(frame=frame, reading=reading, seed=seed, report=report)
    picture = scenes.PAINTERS[reading.scene](stand)
    weather.fall(picture, stand)
    return treatment.finish(picture, stand)


def _encode(picture: Picture, seed: int) -> bytes:
    image = to_image(picture)
    mark.stamp(image)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=COMPRESS_LEVEL, pnginfo=mark.metadata(seed=seed))
    return out.getvalue()


def _unheard(_share: float) -> None:
    """The listener of nobody."""
