"""The picture plane: coordinates of a frame, and the few ways in which light and paint are laid on it.

Pictures are float32 arrays (height, width, 3) of sRGB in 0..1; fields are (height, width). A function that takes a
picture first changes it in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Field: TypeAlias = npt.NDArray[np.float32]
Picture: TypeAlias = npt.NDArray[np.float32]
Colour: TypeAlias = npt.NDArray[np.float32]

BLUR_REACH = 2.6
"""A Gaussian is cut off this many sigmas from its centre."""
BLUR_FINE_SIGMA = 1.6
"""Wider blurs are done on a smaller copy, where their sigma is about this many pixels."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a picture and its coordinates: u to the right and v down from the centre.

    The unit of u and v is the square root of the area, so that things keep their size in every aspect ratio.
    """

    width: int
    height: int

    @property
    def unit(self) -> float:
        """Pixels in one unit of u or v."""
        return sqrt(self.width * self.height)

    @property
    def half_width(self) -> float:
        return self.width / self.unit / 2

    @property
    def half_height(self) -> float:
        return self.height / self.unit / 2

    @property
    def narrow(self) -> float:
        """The shorter side, in units."""
        return 2 * min(self.half_width, self.half_height)

    @property
    def u(self) -> Field:
        """Shape (1, width)."""
        return (((np.arange(self.width, dtype=np.float32) + 0.5) - self.width / 2) / np.float32(self.unit))[None, :]

    @property
    def v(self) -> Field:
        """Shape (height, 1)."""
        return (((np.arange(self.height, dtype=np.float32) + 0.5) - self.height / 2) / np.float32(self.unit))[:, None]

    @property
    def down(self) -> Field:
        """0 at the top edge, 1 at the bottom edge; shape (height, 1)."""
        return ((np.arange(self.height, dtype=np.float32) + 0.5) / np.float32(self.height))[:, None]

    def at(self, down: float) -> float:
        """The v of a fraction of the height."""
        return (down - 0.5) * 2 * self.half_height

    def row(self, v: float) -> int:
        """The pixel row of v, kept inside the picture."""
        return min(max(int((v + self.half_height) * self.unit), 0), self.height)

    def reduced(self, factor: float) -> Frame:
        """The same view with fewer pixels, for smooth fields that `grow` brings back."""
        return Frame(max(ceil(self.width / factor), 2), max(ceil(self.height / factor), 2))

    def grown(self, factor: int) -> Frame:
        return Frame(self.width * factor, self.height * factor)

    def mesh(self) -> tuple[Field, Field]:
        """Full grids of u and v, shape (height, width) each."""
        u, v = np.broadcast_arrays(self.u, self.v)
        return np.ascontiguousarray(u), np.ascontiguousarray(v)

    def blank(self) -> Field:
        return np.zeros((self.height, self.width), np.float32)


def grow(field: Field, frame: Frame) -> Field:
    """Resample a field (h, w) to the frame's size with Pillow's bicubic filter."""
    return resample(field, frame.width, frame.height, Image.Resampling.BICUBIC)


def resample(field: Field, width: int, height: int, how: Image.Resampling) -> Field:
    image = Image.fromarray(np.ascontiguousarray(field, np.float32))
    return np.asarray(image.resize((width, height), how), np.float32)


def from_image(image: Image.Image, factor: int = 1) -> Picture:
    """A picture from an 8-bit image, brought down by a whole factor."""
    return np.asarray(image.reduce(factor), np.float32) / np.float32(255)


def to_image(picture: Picture) -> Image.Image:
    return Image.fromarray(np.clip(picture * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8))


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur of a field; sigma in pixels. Wide ones work on a smaller copy."""
    factor = sigma / BLUR_FINE_SIGMA
    if factor < 1.5:
        return _convolve(field, sigma)
    height, width = field.shape
    small = resample(field, max(int(width / factor), 4), max(int(height / factor), 4), Image.Resampling.BOX)
    soft = _convolve(small, BLUR_FINE_SIGMA)
    return resample(soft, width, height, Image.Resampling.BICUBIC)


def blur_picture(picture: Picture, sigma: float) -> Picture:
    return np.stack([blur(picture[..., channel], sigma) for channel in range(3)], axis=-1)


def _convolve(field: Field, sigma: float) -> Field:
    reach = max(int(sigma * BLUR_REACH + 0.5), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    return _sweep(_sweep(field, kernel, 0), kernel, 1)


def _sweep(field: Field, kernel: Field, axis: int) -> Field:
    reach = len(kernel) // 2
    pad = [(reach, reach) if side == axis else (0, 0) for side in (0, 1)]
    padded = np.pad(field, pad, mode="edge")
    length = field.shape[axis]
    out = np.zeros_like(field)
    for step, weight in enumerate(kernel):
        out += weight * (padded[step : step + length] if axis == 0 else padded[:, step : step + length])
    return out


def smooth(field: Field, low: float, high: float) -> Field:
    """Hermite step from 0 at `low` to 1 at `high`."""
    t = np.clip((field - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def unit_range(field: Field) -> Field:
    """Stretch to 0..1."""
    low, high = float(field.min()), float(field.max())
    return (field - np.float32(low)) / np.float32(max(high - low, 1e-6))


def even_tones(field: Field, strength: float = 1.0) -> Field:
    """Spread values so that each tone fills about the same area; `strength` mixes with a plain stretch."""
    plain = unit_range(field)
    sample = np.sort(plain.ravel()[:: max(plain.size // 8192, 1)])
    marks = sample[np.linspace(0, len(sample) - 1, 64).astype(np.intp)]
    even = np.interp(plain, marks, np.linspace(0, 1, 64)).astype(np.float32)
    return even * np.float32(strength) + plain * np.float32(1 - strength)


def over(picture: Picture, mask: Field, paint: Picture | Colour, top: int = 0) -> None:
    """Lay paint (a colour, or a picture the size of the mask) over rows from `top`, by a mask in 0..1."""
    rows = picture[top : top + mask.shape[0]]
    rows += mask[..., None] * (paint - rows)


def add(picture: Picture, light: Field, colour: Colour) -> None:
    """Add coloured light."""
    picture += light[..., None] * colour


def glow(picture: Picture, light: Field, colour: Colour) -> None:
    """Screen coloured light: brightens without burning out."""
    picture += (1 - np.clip(picture, 0, 1)) * np.clip(light[..., None] * colour, 0, 1)


def disc(frame: Frame, u: float, v: float, radius: float) -> Field:
    """Anti-aliased disc as a mask (height, width)."""
    return np.asarray(np.clip((radius - distance(frame, u, v)) * np.float32(frame.unit) + 0.5, 0, 1), np.float32)


def distance(frame: Frame, u: float, v: float) -> Field:
    return np.asarray(np.hypot(frame.u - np.float32(u), frame.v - np.float32(v)), np.float32)


def vignette(picture: Picture, frame: Frame, strength: float) -> None:
    """Darken towards the corners, the same in every aspect ratio."""
    across, down = frame.u / frame.half_width, frame.v / frame.half_height
    fall = np.clip((across**2 + down**2) / 2, 0, 1) ** 1.4
    picture *= (1 - np.float32(strength) * fall)[..., None]
