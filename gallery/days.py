"""Days as addresses say them, and the moments where they begin and end, in UTC. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read(text: str) -> date:
    """A day like 2026-06-18. Raises ValueError for anything else, weeks and short forms too."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def begins(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def ends(day: date | None) -> datetime | None:
    """Its last moment has passed then; None also for the last day there is."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) if day and day != date.max else None
