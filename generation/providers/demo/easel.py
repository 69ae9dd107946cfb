"""What a scene is handed to paint with: the frame, the reading, colours already steered, and its own random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from generation.providers.demo import colour, words
from generation.providers.demo.canvas import Colour, Field, Frame
from generation.providers.demo.words import Reading

T = TypeVar("T")

SEED_TURN = 0.16
"""Radians of hue by which the seed may turn a palette, at most, to either side."""


@dataclass(frozen=True, slots=True)
class Easel:
    """One picture in the making. `rng` depends on prompt and seed; `report` takes the done share in 0..1."""

    frame: Frame
    reading: Reading
    steering: colour.Steering
    rng: np.random.Generator
    report: Callable[[float], None]

    def ramp(self, *stops: str | tuple[float, str]) -> Field:
        """A steered look-up table through hex colours, evenly spaced or at given positions."""
        placed = [stop if isinstance(stop, tuple) else (i / (len(stops) - 1), stop) for i, stop in enumerate(stops)]
        positions = np.array([position for position, _ in placed])
        return colour.ramp(self.steering.bend(tuple(name for _, name in placed)), positions)

    def ink(self, hex_colour: str) -> Colour:
        """One steered colour, shape (3,)."""
        return np.asarray(colour.to_srgb(self.steering.bend((hex_colour,)))[0].astype(np.float32), np.float32)

    def inks(self, *hex_colours: str) -> Field:
        """Several steered colours, shape (n, 3)."""
        return colour.to_srgb(self.steering.bend(hex_colours)).astype(np.float32)

    def wants(self, thing: str, *, default: bool = False) -> bool:
        return self.reading.wants(thing, default=default)

    def noise_seed(self) -> int:
        return int(self.rng.integers(2**31))

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def hour(self, *known: str) -> str:
        """The time of day the prompt names, or one of the known ones by its hash."""
        return self.reading.time if self.reading.time in known else self.by_prompt(known, salt=1)

    def by_prompt(self, choices: Sequence[T], salt: int = 0) -> T:
        """A choice that all pictures of one prompt share."""
        return choices[(self.reading.key // (salt * 97 + 1)) % len(choices)]


def set_up(*, frame: Frame, reading: Reading, seed: int, report: Callable[[float], None]) -> Easel:
    """An easel for one picture; seed in 0..2**32-1."""
    rng = np.random.default_rng([seed, reading.key])
    turn = float(rng.uniform(-SEED_TURN, SEED_TURN))
    return Easel(frame, reading, steering_of(reading, turn), rng, report)


def steering_of(reading: Reading, turn: float) -> colour.Steering:
    """How the words bend the colours: chroma and contrast multiply, lift adds up."""
    chroma, contrast, lift = 1.0, 1.0, 0.0
    for tone in (*reading.tones, reading.weather, reading.style):
        by_chroma, by_contrast, by_lift = TONE_EFFECTS.get(tone, (1.0, 1.0, 0.0))
        chroma, contrast, lift = chroma * by_chroma, contrast * by_contrast, lift + by_lift
    return colour.Steering(
        wanted=words.hexes(reading.colours),
        avoided=words.hexes(reading.avoided_colours),
        turn=turn if not reading.colours else turn * 0.5,
        chroma=chroma,
        contrast=contrast,
        lift=lift,
    )


TONE_EFFECTS: dict[str, tuple[float, float, float]] = {
    "pastel": (0.72, 0.66, 0.16),
    "vivid": (1.32, 1.06, 0.0),
    "monochrome": (0.0, 1.05, 0.0),
    "muted": (0.55, 0.88, 0.02),
    "dark": (0.88, 0.98, -0.11),
    "bright": (1.05, 0.96, 0.07),
    "storm": (0.62, 1.02, -0.07),
    "fog": (0.80, 0.86, 0.03),
    "snow": (0.84, 0.96, 0.03),
    "rain": (0.85, 0.98, -0.02),
    "realistic": (0.92, 0.97, 0.0),
    "anime": (1.14, 1.03, 0.02),
}
"""Factor of chroma, factor of contrast and lift of lightness of each tone, weather or style."""
