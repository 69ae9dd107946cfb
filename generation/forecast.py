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

# Fewer jobs say nothing about how often the intervals held.
COVERAGE_JOBS_MIN = 20
# Counting further than this would make a submit depend on the backlog.
PLACES_MAX = 5000
# From here on times are shown, and so promised, in minutes.
COARSE_FROM_SECONDS = 90
RETRY_SECONDS = (15, 300)


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
    low, high = model.measured_low, model.measured_high
    return Due(
        low=None if low is None else _down(_seconds(model, low, place, count * share_left)),
        high=None if high is None else _up(_seconds(model, high, place, count * share_left)),
        typical=_seconds(model, model.expected_seconds, place, count * share_left),
    )


def places_max(model: InferenceModel) -> int:
    """Behind how many others a job of this model would be past its deadline before it began: as far as is counted."""
    hopeless = math.ceil(settings.JOB_DEADLINE_SECONDS * _at_once(model) / model.expected_seconds)
    return max(lanes.PLACE_MAX + 1, min(PLACES_MAX, hopeless))


def seconds_late(model: InferenceModel, *, place: int) -> int:
    """When to come again with a job that would be past its deadline before it began; 0 when it would not."""
    late = _seconds(model, model.expected_seconds, place, 0) - settings.JOB_DEADLINE_SECONDS
    if late <= 0 and place < PLACES_MAX:
        return 0
    return max(RETRY_SECONDS[0], min(RETRY_SECONDS[1], math.ceil(late)))


def between(low: float, high: float) -> str:
    """ "9 to 14 s", "1 min 40 s to 3 min", "up to 2 s"."""
    if low < 1:
        return f"up to {show.seconds(high)}"
    if low == high:
        return f"about {show.seconds(high)}"
    if high < COARSE_FROM_SECONDS:
        return f"{low:.0f} to {high:.0f} s"
    return f"{show.seconds(low)} to {show.seconds(high)}"


def held(model: InferenceModel) -> str:
    """How often the intervals of this model's last jobs held, or nothing while too few have ended."""
    if model.coverage is None or model.coverage_jobs < COVERAGE_JOBS_MIN:
        return ""
    return f"so far {model.coverage:.0%}".replace("%", " %") + f" of {model.coverage_jobs} did"


def _seconds(model: InferenceModel, each: float, place: int, pictures: float) -> float:
    return each * (place / _at_once(model) + pictures)


def _at_once(model: InferenceModel) -> int:
    at_once: int = settings.LANE_WORKERS[model.lane]
    return at_once


def _down(seconds: float) -> float:
    step = _step(seconds)
    return float(math.floor(seconds / step) * step)


def _up(seconds: float) -> float:
    step = _step(seconds)
    return float(max(1, math.ceil(seconds / step) * step))


def _step(seconds: float) -> int:
    return 60 if seconds >= COARSE_FROM_SECONDS else 1
