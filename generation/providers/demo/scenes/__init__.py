"""The scenes of the demo provider: one painter for each name in the vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from generation.providers.demo.canvas import Picture
from generation.providers.demo.easel import Easel
from generation.providers.demo.scenes import (
    attractor,
    aurora,
    blocks,
    bloom,
    bokeh,
    clouds,
    delta,
    dunes,
    flow,
    forest,
    geometry,
    glass,
    nightlake,
    papercut,
    planet,
    ridges,
    sea,
    stone,
    trails,
)

Painter = Callable[[Easel], Picture]

PAINTERS: Final[dict[str, Painter]] = {
    "attractor": attractor.paint,
    "aurora": aurora.paint,
    "blocks": blocks.paint,
    "bloom": bloom.paint,
    "bokeh": bokeh.paint,
    "clouds": clouds.paint,
    "delta": delta.paint,
    "dunes": dunes.paint,
    "flow": flow.paint,
    "forest": forest.paint,
    "geometry": geometry.paint,
    "glass": glass.paint,
    "marble": stone.paint_marble,
    "nightlake": nightlake.paint,
    "papercut": papercut.paint,
    "planet": planet.paint,
    "ridges": ridges.paint,
    "sea": sea.paint,
    "silk": stone.paint_silk,
    "trails": trails.paint,
}
