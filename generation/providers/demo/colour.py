"""Colour in OKLab (Björn Ottosson, 2020): ramps without muddy middles, and steering of palettes to asked-for hues."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, exp, hypot, pi

import numpy as np
import numpy.typing as npt

from generation.providers.demo.canvas import Colour, Field, Picture

Lab = npt.NDArray[np.float64]
RAMP_STEPS = 1024
GAMUT_STEPS = 14
NEUTRAL_CHROMA = 0.035
"""Below this a colour has no hue worth speaking of: black, white, grey, silver."""
HUE_KEPT = 0.16
"""How much of a palette's own spread of hues survives beside one asked-for colour."""
YELLOWS = (1.15, 2.1)
WARM_SHADOWS = 0.9
"""Dark yellow is olive; painters shade it with orange and brown. Radians for each unit of lightness."""
AVOID_REACH = 1.15
"""Hues within this many radians of an unwanted one are turned away to its edge."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS = np.linalg.inv(_TO_LMS)
_FROM_LAB = np.linalg.inv(_TO_LAB)


def parse(hex_colour: str) -> npt.NDArray[np.float64]:
    """'#rrggbb' to sRGB in 0..1, shape (3,)."""
    return np.array([int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def to_lab(srgb: npt.NDArray[np.float64]) -> Lab:
    """sRGB (..., 3) to OKLab."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def to_linear(lab: Lab) -> npt.NDArray[np.float64]:
    """OKLab (..., 3) to linear sRGB, not clipped."""
    return np.asarray((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T)


def to_srgb(lab: Lab) -> npt.NDArray[np.float64]:
    """OKLab (..., 3) to sRGB in 0..1."""
    linear = np.clip(to_linear(lab), 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def fit(lab: Lab) -> Lab:
    """Reduce chroma, at the same lightness and hue, until each colour (n, 3) can be shown."""
    low, high = np.zeros(len(lab)), np.ones(len(lab))
    for _ in range(GAMUT_STEPS):
        middle = (low + high) / 2
        linear = to_linear(lab * np.stack([np.ones_like(middle), middle, middle], axis=-1))
        shown = ((linear > -1e-4) & (linear < 1 + 1e-4)).all(axis=-1)
        low, high = np.where(shown, middle, low), np.where(shown, high, middle)
    inside = ((to_linear(lab) > -1e-4) & (to_linear(lab) < 1 + 1e-4)).all(axis=-1)
    scale = np.where(inside, 1.0, low)
    return np.asarray(lab * np.stack([np.ones_like(scale), scale, scale], axis=-1))


@dataclass(frozen=True, slots=True)
class Steering:
    """How a picture's own colours are bent: towards wanted colours, away from unwanted hues, and in tone.

    `turn` is in radians; `chroma` and `contrast` are factors; `lift` is added to OKLab lightness.
    """

    wanted: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    turn: float = 0.0
    chroma: float = 1.0
    contrast: float = 1.0
    lift: float = 0.0

    def bend(self, hex_colours: tuple[str, ...]) -> Lab:
        """The OKLab values (n, 3), inside the sRGB gamut, of a palette's colours after steering."""
        own = to_lab(np.stack([parse(colour) for colour in hex_colours]))
        wanted = [to_lab(parse(colour)) for colour in self.wanted]
        bent = np.stack([self._bend_one(lab, wanted) for lab in own])
        return fit(bent)

    def _bend_one(self, lab: Lab, wanted: list[Lab]) -> Lab:
        lightness, chroma, hue = float(lab[0]), hypot(lab[1], lab[2]), atan2(lab[2], lab[1]) + self.turn
        if wanted:
            lightness, chroma, hue = _towards(lightness, chroma, hue, wanted)
        for unwanted in self.avoided:
            hue = _away(hue, to_lab(parse(unwanted)))
        lightness = (lightness - 0.55) * self.contrast + 0.55 + self.lift
        chroma *= self.chroma
        return np.array([min(max(lightness, 0.0), 1.0), chroma * np.cos(hue), chroma * np.sin(hue)])


def _towards(lightness: float, chroma: float, hue: float, wanted: list[Lab]) -> tuple[float, float, float]:
    """Choose among the wanted colours by lightness: dark parts take the darkest of them, light parts the lightest."""
    tone = sum(float(lab[0]) for lab in wanted) / len(wanted)
    lightness += 0.45 * (tone - 0.6) * (1 - abs(2 * lightness - 1))
    coloured = sorted((lab for lab in wanted if hypot(lab[1], lab[2]) > NEUTRAL_CHROMA), key=lambda lab: float(lab[0]))
    if not coloured:
        return lightness, chroma * 0.10, hue
    share = len(coloured) / len(wanted)
    position = min(max((lightness - 0.2) / 0.65, 0.0), 1.0) * (len(coloured) - 1)
    target = coloured[round(position)]
    aim, strength = atan2(target[2], target[1]), hypot(target[1], target[2])
    if YELLOWS[0] < aim < YELLOWS[1]:
        aim -= WARM_SHADOWS * max(float(target[0]) - lightness, 0.0)
    near = exp(-(((lightness - float(target[0])) / 0.3) ** 2))
    lightness += 0.35 * (float(target[0]) - lightness) * near
    body = exp(-(((lightness - float(target[0])) / 0.42) ** 2))
    bent_chroma = (0.35 * chroma + 0.65 * strength * body) * (0.35 + 0.65 * share)
    return lightness, bent_chroma, aim + HUE_KEPT * max(min(_turned(hue - aim), 1.2), -1.2)


def _away(hue: float, unwanted: Lab) -> float:
    centre = atan2(unwanted[2], unwanted[1])
    offset = _turned(hue - centre)
    if abs(offset) >= AVOID_REACH or hypot(unwanted[1], unwanted[2]) < NEUTRAL_CHROMA:
        return hue
    side = 1.0 if offset >= 0 else -1.0
    return centre + side * (AVOID_REACH + 0.3 * (AVOID_REACH - abs(offset)))


def _turned(angle: float) -> float:
    """An angle brought to -pi..pi."""
    return (angle + pi) % (2 * pi) - pi


def ramp(lab: Lab, positions: npt.NDArray[np.float64]) -> Field:
    """A look-up table (RAMP_STEPS, 3) of sRGB through OKLab colours (n, 3) at positions (n,) in 0..1."""
    steps = np.linspace(0, 1, RAMP_STEPS)
    mixed = np.stack([np.interp(steps, positions, lab[:, channel]) for channel in range(3)], axis=-1)
    return to_srgb(mixed).astype(np.float32)


def tint(values: Field, table: Field) -> Picture:
    """Look values in 0..1 up in a ramp; shape (...) to (..., 3)."""
    index = np.clip(values * np.float32(RAMP_STEPS - 1) + np.float32(0.5), 0, RAMP_STEPS - 1).astype(np.intp)
    return np.asarray(np.take(table, index, axis=0), np.float32)


def to_bytes(srgb: Colour) -> tuple[int, int, int]:
    """A colour for Pillow."""
    red, green, blue = (np.clip(srgb, 0, 1) * 255 + 0.5).astype(int).tolist()
    return red, green, blue
