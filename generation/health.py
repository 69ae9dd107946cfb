"""How the providers did in the last 24 hours, by what their attempts came to. Computed once a minute by `measure`;
pages read it from the cache, beside the breakers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.core.cache import cache
from django.db import connection

from config.templatetags import show
from generation import breaker, catalogue, equivalents
from generation.models import InferenceModel
from generation.providers import registry
from generation.providers.base import PROVIDER_FAULTS

KEY, KEPT_SECONDS = "health:1", 600
# A share of fewer ended attempts says little.
ATTEMPTS_MIN = 10
SLOW_BELOW = 0.95
# Against the expected time of one picture: a job may be of four.
SLOW_TIMES = 5

# Each provider's last day by the index attempt_outcomes. What people cancelled, and what was refused for its words or
# its reference, is neither a success nor the provider's fault.
DAY = """
    SELECT run.model_id, count(*) FILTER (WHERE run.pictures IS NOT NULL) AS successes,
           count(*) FILTER (WHERE run.error_code = ANY(%(faults)s)) AS faults,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY run.run_seconds) FILTER (WHERE run.pictures IS NOT NULL),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY run.run_seconds) FILTER (WHERE run.pictures IS NOT NULL)
      FROM (SELECT DISTINCT provider FROM generation_inferencemodel WHERE NOT is_retired) AS known
     CROSS JOIN LATERAL (
       SELECT coalesce(attempt.model_id, (SELECT model_id FROM generation_job WHERE id = attempt.job_id)) AS model_id,
              attempt.pictures, attempt.error_code, attempt.run_seconds
         FROM generation_attempt AS attempt
        WHERE attempt.provider = known.provider
          AND attempt.finished_at > statement_timestamp() - interval '24 hours') AS run
     GROUP BY run.model_id
"""


class Level(StrEnum):
    """As the stylesheet's .health draws it."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"


@dataclass(frozen=True)
class Day:
    """What a model's attempts of 24 hours came to; seconds are for whole runs, None without a success."""

    successes: int = 0
    faults: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None

    @property
    def attempts(self) -> int:
        return self.successes + self.faults

    @property
    def percent(self) -> str:
        """The share as text, however few they are; nothing where none has ended."""
        return f"{self.successes / self.attempts * 100:.1f} %" if self.attempts else ""

    @property
    def rate(self) -> float | None:
        """The share of successes; None where too few have ended to say."""
        return self.successes / self.attempts if self.attempts >= ATTEMPTS_MIN else None


@dataclass(frozen=True)
class Line:
    """A model's health as the picker shows it. `can_be_chosen` is False where nothing would come of it."""

    level: Level
    words: str
    day: Day
    can_be_chosen: bool = True


# --- Once a minute ---------------------------------------------------------------------------------------------------


def measure() -> None:
    """Read the last day and keep it for the pages."""
    with connection.cursor() as cursor:
        cursor.execute(DAY, {"faults": [*map(str, PROVIDER_FAULTS)]})
        days = {row[0]: Day(*row[1:]) for row in cursor.fetchall()}
    cache.set(KEY, days, KEPT_SECONDS)


# --- Pages -----------------------------------------------------------------------------------------------------------


def days() -> dict[int, Day]:
    """By the model's key; nothing while the minute task has not run."""
    kept: dict[int, Day] = cache.get(KEY) or {}
    return kept


def picker(models: Sequence[InferenceModel]) -> list[tuple[InferenceModel, Line]]:
    """Each model with what the picker says of it."""
    kept = days()
    stands = breaker.states(sorted({model.provider for model in models}))
    return [(model, _line(model, kept.get(model.pk, Day()), stands)) for model in models]


def ready(picked: Sequence[tuple[InferenceModel, Line]]) -> InferenceModel | None:
    """What is chosen where nobody chose: the first that can run, else the first."""
    able = (model for model, line in picked if line.can_be_chosen)
    return next(able, picked[0][0] if picked else None)


def version(picked: Sequence[tuple[InferenceModel, Line]]) -> str:
    """Changes with all that an open page should hear of: the catalogue, and what can run; not with each figure."""
    told = [(model.slug, line.level, line.can_be_chosen) for model, line in picked]
    return hashlib.sha256(f"{catalogue.version()} {told}".encode()).hexdigest()[:16]


def _line(model: InferenceModel, day: Day, stands: dict[str, breaker.State]) -> Line:
    if not model.available:
        return Line(Level.DOWN, model.message or "Cannot run now", day, can_be_chosen=False)
    stand = stands[model.provider]
    if stand.is_open:
        others = equivalents.family(model)
        can_be_chosen = any(not stands.get(other.provider, breaker.CLOSED).is_open for other in others)
        return Line(Level.DOWN, _down(stand), day, can_be_chosen=can_be_chosen)
    return _of_day(model, day)


def _of_day(model: InferenceModel, day: Day) -> Line:
    if day.rate is None:
        return Line(Level.OK, "", day)
    said = f"{day.percent} of {day.attempts:,} in 24 h"
    is_slow = day.p95_seconds is not None and day.p95_seconds > SLOW_TIMES * model.expected_seconds
    if day.p95_seconds is not None:
        said += f", p95 {show.brief_seconds(day.p95_seconds)}{', slow' if is_slow else ''}"
    return Line(Level.SLOW if is_slow or day.rate < SLOW_BELOW else Level.OK, said, day)


def _down(stand: breaker.State) -> str:
    if stand.by_hand:
        return "Cannot run now"
    return f"Cannot run now, next trial at {datetime.fromtimestamp(stand.until, UTC):%H:%M} UTC"


# --- Staff -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Provider:
    """A provider with its breaker and each of its models' last day."""

    name: str
    is_configured: bool
    stand: breaker.State
    models: list[tuple[InferenceModel, Day]]

    @property
    def next_trial(self) -> datetime | None:
        return datetime.fromtimestamp(self.stand.until, UTC) if self.stand.is_open and not self.stand.by_hand else None


def providers() -> list[str]:
    """Those that a model of the catalogue runs at, also when their keys are not set."""
    rows = InferenceModel.objects.filter(is_retired=False)
    return list(rows.order_by("provider").values_list("provider", flat=True).distinct())


def report() -> list[Provider]:
    """Everything the staff's page shows. One query and two round trips to Redis."""
    kept = days()
    listed = list(InferenceModel.objects.listed())
    names = sorted({model.provider for model in listed})
    stands = breaker.states(names)
    return [
        Provider(
            name=name,
            is_configured=registry.is_configured(name),
            stand=stands[name],
            models=[(model, kept.get(model.pk, Day())) for model in listed if model.provider == name],
        )
        for name in names
    ]
