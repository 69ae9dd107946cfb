"""Sliding-window and per-day limits in Redis, by the `limits` library. Knows numbers and keys, no business."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter


@dataclass(frozen=True)
class Refusal:
    """Why a hit was refused, in numbers."""

    limit: int
    window_seconds: int
    retry_after_seconds: int


@cache
def _storage() -> RedisStorage:
    storage = storage_from_string(settings.LIMITS_URL, socket_timeout=2, socket_connect_timeout=2)
    assert isinstance(storage, RedisStorage)
    return storage


@cache
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_storage())


def hit(name: str, key: str, *, amount: int, window_seconds: int) -> Refusal | None:
    """Count one request of `key`; at most `amount` pass in any `window_seconds`. None when it passed."""
    item = RateLimitItemPerSecond(amount, window_seconds, namespace=name)
    if _limiter().hit(item, key):
        return None
    stats = _limiter().get_window_stats(item, key)
    return Refusal(amount, window_seconds, max(1, int(stats.reset_time - time.time()) + 1))


def spend_today(name: str, key: str, *, amount: int, limit: int) -> Refusal | None:
    """Add `amount` to today's (UTC) counter of `key` unless that would pass `limit`. None when it was added."""
    day, left = _today()
    total = _storage().incr(f"day:{name}:{key}:{day}", left + 60, amount=amount)
    if total <= limit:
        return None
    give_back_today(name, key, amount=amount)
    return Refusal(limit, 86_400, left)


def give_back_today(name: str, key: str, *, amount: int) -> None:
    """Undo a `spend_today` whose work was never accepted."""
    day, left = _today()
    _storage().incr(f"day:{name}:{key}:{day}", left + 60, amount=-amount)


def used_today(name: str, key: str) -> int:
    day, _ = _today()
    return max(0, _storage().get(f"day:{name}:{key}:{day}"))


def seconds_left_today() -> int:
    return _today()[1]


def _today() -> tuple[str, int]:
    """Today's UTC date as text, and the seconds until it ends."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return now.date().isoformat(), max(1, int((midnight - now).total_seconds()))
