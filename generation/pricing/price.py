"""What one picture costs and why: the rule base's multiplier times the model's rate, rounded once. Pure: it reads no
database and no clock. Floats stop here, at `whole_credits`."""

import math
from dataclasses import dataclass

from generation.pricing import rules

RATE_MAX = 1_000_000

# Below this part of the expected time a run is charged less.
QUICK_PART = 0.5

# The usual picture, in the order in which the explanation leaves it.
BASE = {"size": 1.0, "steps": 1.0, "references": 0.0, "time": 1.0}

USUAL = rules.ENGINE.infer(BASE)

# A multiplier of 1.4999999999999998 stands for 1.5.
FLOAT_NOISE = 1e-9

Membership = tuple[str, str, float]  # variable, word, degree


@dataclass(frozen=True)
class Part:
    """One line of the explanation; all lines' credits add up to the price. `about` is "rate" or the input's name."""

    about: str
    label: str
    note: str
    credits: int

    @property
    def amount(self) -> str:
        """As shown: the rate plainly, all else with its sign."""
        if self.about == "rate":
            return str(self.credits)
        return f"−{-self.credits}" if self.credits < 0 else f"+{self.credits}"


@dataclass(frozen=True)
class Priced:
    """Credits for one picture. `memberships` holds every fact of the rule base that is true at all, with its degree."""

    credits: int
    multiplier: float
    memberships: tuple[Membership, ...]
    lines: tuple[Part, ...]
    version: int

    @property
    def summary(self) -> str:
        """In one line: "large picture, quick model: 3 + 1"."""
        words = {about: _words(self.memberships, about)[0][0] for about in BASE}
        seen = {part.about: part for part in self.lines}
        said = [f"{words['size']} picture"]
        said += [seen[about].label.lower() for about in ("steps", "references") if about in seen]
        said += ["usual time" if words["time"] == "usual" else f"{words['time']} model"]
        sums = [f"{'−' if part.credits < 0 else '+'} {abs(part.credits)}" for part in self.lines[1:] if part.credits]
        return f"{', '.join(said)}: {' '.join([str(self.lines[0].credits), *sums])}"


def credits_per_picture(
    *, rate: int, megapixels: float, steps_ratio: float = 1.0, references: int = 0, time_ratio: float = 1.0
) -> Priced:
    """The price of one picture, at least 1 credit.

    `rate` is the model's price of its usual picture (1 to RATE_MAX), `steps_ratio` is against the model's normal steps,
    `time_ratio` the expected time against the model's typical time. A value outside the rule base's range counts as the
    range's nearer end. No argument lowers the price by rising (proof in rules.py). Raises ValueError for a rate out of
    range and for a value that is negative or not finite.
    """
    if not 1 <= rate <= RATE_MAX:
        raise ValueError(f"a rate of {rate}")
    asked = {"size": megapixels, "steps": steps_ratio, "references": references, "time": time_ratio}
    for about, value in asked.items():
        _refuse_odd(about, value)
    values, inference = dict(BASE), USUAL
    price, parts = rate, [Part("rate", "The model’s rate", "one picture", rate)]
    # One input after the other leaves the usual picture; what that changes is its part, so the parts add up.
    for about, value in asked.items():
        if value != BASE[about]:
            values[about] = value
            inference = rules.ENGINE.infer(values)
        elif about in {"steps", "references"}:
            continue  # nobody asked for it, so there is nothing to explain
        before, price = price, whole_credits(rate * inference.value)
        parts.append(Part(about, _label(about, value), _note(inference.memberships, about), price - before))
    return Priced(price, inference.value, inference.memberships, tuple(parts), rules.VERSION)


def charge(*, quoted: int, expected_seconds: float, measured_seconds: float | None) -> int:
    """Credits for one stored picture, after the run: 1 to `quoted`.

    From half of the expected time on, or when the time is not known, it is the quote. Below, it is
    quoted x (1/2 + measured / expected), which falls to half of the quote; and at least one credit less than the quote,
    unless that would leave nothing. A longer measured time never costs less. Raises ValueError for a quote below 1, an
    expected time that is not positive, and times that are negative or not finite.
    """
    if quoted < 1 or expected_seconds == 0:
        raise ValueError(f"a quote of {quoted}, expected to take {expected_seconds} s")
    _refuse_odd("expected_seconds", expected_seconds)
    if measured_seconds is None:
        return quoted
    _refuse_odd("measured_seconds", measured_seconds)
    part = measured_seconds / expected_seconds
    if part >= QUICK_PART:
        return quoted
    return max(1, min(quoted - 1, whole_credits(quoted * (QUICK_PART + part))))


def whole_credits(amount: float) -> int:
    """The one rounding of prices: to the nearest credit, halves up, at least 1."""
    return max(1, math.floor(amount + 0.5 + FLOAT_NOISE))


def _refuse_odd(about: str, value: float) -> None:
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{about} of {value}")


def _label(about: str, value: float) -> str:
    if about == "size":
        return f"Size {value:.1f} MP"
    if about == "steps":
        return f"{value:.2g} times the usual steps"
    if about == "references":
        return "One reference" if value == 1 else f"{value:g} references"
    return "Expected time"


def _note(memberships: tuple[Membership, ...], about: str) -> str:
    """ "ordinary, hardly large": the word that fits best, then how far its neighbour does."""
    (word, _), *rest = _words(memberships, about)
    return ", ".join([word, *(f"{'hardly' if degree < 0.2 else 'somewhat'} {other}" for other, degree in rest)])


def _words(memberships: tuple[Membership, ...], about: str) -> list[tuple[str, float]]:
    """An input's words, the fitting one first."""
    found = [(word, degree) for variable, word, degree in memberships if variable == about]
    return sorted(found, key=lambda pair: -pair[1])
