"""When a job will be done: an interval that should hold for 8 jobs in 10, from its model's last runs and its place.
Pure: it reads no database and no clock. Whether the intervals hold is measured by timing.py and shown beside them.

Those before it are taken to be as long as one picture of its own model; how many run at once is a setting.
"""

import math
from dataclasses import dataclass

from django.conf import settings

from config.templatetags import show
from generation import lanes
from generation.models import InferenceModel
from generation.providers import registry

# Fewer jobs say nothing about how often the intervals held.
COVERAGE_JOBS_MIN = 20
# Counting further than this would make a submit depend on the backlog.
PLACES_MAX = 5000
# Times are shown, and so promised, in steps: (from so many seconds, in steps of).
STEPS = ((600, 30), (90, 10), (0, 1))
MINUTES_FROM = 90
# Of three points of a skewed distribution: how far its mean lies from its median, in parts of low + high - 2 x median.
SKEW = 0.3
# Half of the width of the middle 80 % of a normal distribution, in standard deviations.
EIGHTY = 1.28
RETRY_SECONDS = (15, 300)
# What it takes to begin a prediction elsewhere.
BEGIN_SECONDS = 1.0


@dataclass(frozen=True)
class Due:
    """Seconds from now to the end of a job: `low` and `high` are None while too few have run."""

    low: float | None
    high: float | None
    typical: float

    @property
    def words(self) -> str:
        """ "9 to 14 s"; while too few have run the typical time alone."""
        if self.low is None or self.high is None:
            return f"about {show.seconds(self.typical)}"
        return between(self.low, self.high)


def due(model: InferenceModel, *, place: int, count: int, share_left: float = 1.0) -> Due:
    """For a job with `place` others before it, of which `share_left` of the run is still to come."""
    pictures = count * share_left
    typical = _seconds(model, place, pictures)
    if model.measured_low is None or model.measured_high is None:
        return Due(low=None, high=None, typical=typical)
    low, high = _interval(model, model.measured_low, model.measured_high, place, pictures)
    return Due(low=_down(max(0.0, low)), high=max(1.0, _up(high)), typical=typical)


def _interval(model: InferenceModel, low: float, high: float, place: int, pictures: float) -> tuple[float, float]:
    """The sum of the runs before a job and of its own: their means add up, and so do the squares of their spreads.

    So the interval of a long queue is narrower than that of a run times its length.
    """
    middle = min(high, max(low, model.expected_seconds))
    mean = middle + SKEW * (low + high - 2 * middle)
    at_once = _at_once(model)
    centre, start = middle * pictures, 0.0
    if place:
        # All workers are busy, each anywhere in its run: the first to be done is the least of so many uniform times.
        first = middle / (at_once + 1)
        centre += mean * place / at_once + first
        start = EIGHTY * first * math.sqrt(at_once / (at_once + 2))
    runs = pictures**2 + place / at_once**2
    below = math.sqrt((middle - low) ** 2 * runs + start**2)
    above = math.sqrt((high - middle) ** 2 * runs + start**2)
    return centre - below, centre + above


def places_max(model: InferenceModel) -> int:
    """Behind how many others a job of this model would be past its deadline before it began: as far as is counted."""
    hopeless = math.ceil(settings.JOB_DEADLINE_SECONDS * _at_once(model) / model.expected_seconds)
    return max(lanes.PLACE_MAX + 1, min(PLACES_MAX, hopeless))


def seconds_late(model: InferenceModel, *, place: int) -> int:
    """When to come again with a job that would be past its deadline before it began; 0 when it would not."""
    late = _seconds(model, place, 0) - settings.JOB_DEADLINE_SECONDS
    if late <= 0 and place < PLACES_MAX:
        return 0
    return max(RETRY_SECONDS[0], min(RETRY_SECONDS[1], math.ceil(late)))


def between(low: float, high: float) -> str:
    """ "9 to 14 s", "1 min 40 s to 3 min", "up to 2 s"."""
    if low < 1:
        return f"up to {_words(high)}"
    if low == high:
        return f"about {_words(high)}"
    return f"{low:.0f} to {_words(high)}" if high < MINUTES_FROM else f"{_words(low)} to {_words(high)}"


def held(model: InferenceModel) -> str:
    """How often the intervals of this model's last jobs held, or nothing while too few have ended."""
    if model.coverage is None or model.coverage_jobs < COVERAGE_JOBS_MIN:
        return ""
    return f"so far {model.coverage:.0%}".replace("%", " %") + f" of {model.coverage_jobs} did"


def _seconds(model: InferenceModel, place: int, pictures: float) -> float:
    return model.expected_seconds * (place / _at_once(model) + pictures)


def _at_once(model: InferenceModel) -> int:
    """How many jobs run at once. One that runs elsewhere holds its worker only until it has begun there."""
    workers: int = settings.LANE_WORKERS[model.lane]
    if registry.is_remote(model.provider):
        return max(workers, round(workers * model.expected_seconds / BEGIN_SECONDS))
    return workers


def _down(seconds: float) -> float:
    step = _step(seconds)
    return float(math.floor(seconds / step) * step)


def _up(seconds: float) -> float:
    step = _step(seconds)
    return float(math.ceil(seconds / step) * step)


def _step(seconds: float) -> int:
    return next(step for since, step in STEPS if seconds >= since)


def _words(seconds: float) -> str:
    if seconds < MINUTES_FROM:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
