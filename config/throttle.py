"""Sliding windows and UTC days, counted in Redis: all limits of a request in one round trip, all of them or none.

Storage, keys and a window's layout are those of the `limits` library; the script is ours, since the library runs one a
limit. Redis's clock alone counts. Knows numbers and keys, no business.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import redis
from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage, storage_from_string
from redis.commands.core import Script

# A day's counter has no date in its name: it ends at midnight, by the same clock that counts it.
# Of several limits that refuse, the one that takes longest says when.
HIT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local day = math.floor(now / 86400)
local midnight = (day + 1) * 86400
local refused, wait = 0, 0
for i, key in ipairs(KEYS) do
    local most, seconds, free_at = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i]), now
    if seconds > 0 then
        free_at = (tonumber(redis.call('LINDEX', key, most - 1)) or -seconds) + seconds
    elseif (tonumber(redis.call('GET', key)) or 0) >= most then
        free_at = midnight
    end
    if free_at - now > wait then
        refused, wait = i, free_at - now
    end
end
if refused > 0 then
    return {refused, math.ceil(wait)}
end
local counted = {0, day}
for i, key in ipairs(KEYS) do
    local most, seconds = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    if seconds > 0 then
        redis.call('LPUSH', key, now)
        redis.call('LTRIM', key, 0, most - 1)
        redis.call('EXPIRE', key, seconds)
    else
        counted[#counted + 1] = redis.call('INCR', key)
        redis.call('EXPIREAT', key, midnight)
    end
end
return counted
"""
# What was counted on an earlier day is gone with it, and a counter that was lost is not below zero.
TAKE_BACK = """
if math.floor(redis.call('TIME')[1] / 86400) == tonumber(ARGV[1]) then
    for _, key in ipairs(KEYS) do
        if (tonumber(redis.call('GET', key)) or 0) > 0 then
            redis.call('DECR', key)
        end
    end
end
"""


@dataclass(frozen=True)
class Window:
    """At most `most` hits of `key` in any `seconds`."""

    name: str
    key: str
    most: int
    seconds: int

    @property
    def place(self) -> str:
        item = RateLimitItemPerSecond(self.most, self.seconds, namespace=self.name)
        return _storage().prefixed_key(item.key_for(self.key))


@dataclass(frozen=True)
class Day:
    """At most `most` hits of `key` in a UTC day."""

    name: str
    key: str
    most: int
    seconds = 0  # to the script: no window

    @property
    def place(self) -> str:
        return _day_place(self.name, self.key)


Limit = Window | Day


@dataclass(frozen=True)
class Refusal:
    """The limit that refused, and when it lets one pass again."""

    limit: Limit
    retry_after_seconds: int


@dataclass(frozen=True)
class Hit:
    """What was counted. `used` is how far each Day among the limits is by it, in their order."""

    limits: tuple[Limit, ...]
    day: int  # since 1970, by Redis's clock
    used: tuple[int, ...]


def hit(*limits: Limit) -> Hit | Refusal:
    """Count one hit of each of these limits, or none of them when one of them refuses."""
    numbers = [number for limit in limits for number in (limit.most, limit.seconds)]
    refused, number, *used = _script(HIT)([limit.place for limit in limits], numbers)
    return Refusal(limits[refused - 1], number) if refused else Hit(limits, number, tuple(used))


def take_back(counted: Hit) -> None:
    """Undo what a hit took from its days: what it was for was never accepted. In its windows it stays."""
    places = [limit.place for limit in counted.limits if isinstance(limit, Day)]
    _script(TAKE_BACK)(places, [counted.day])


def used_today(names: list[str], key: str) -> list[int]:
    """How far the days of these names are for `key`, in one round trip."""
    counts = _redis().mget([_day_place(name, key) for name in names])
    return [int(count or 0) for count in counts]


def seconds_left_today() -> int:
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1, int((midnight - now).total_seconds()))


def _day_place(name: str, key: str) -> str:
    return _storage().prefixed_key(f"day/{name}/{key}")


@cache
def _storage() -> RedisStorage:
    storage = storage_from_string(settings.LIMITS_URL, socket_timeout=2, socket_connect_timeout=2)
    assert isinstance(storage, RedisStorage)
    return storage


def _redis() -> "redis.Redis":
    client = _storage().get_connection()
    assert isinstance(client, redis.Redis)
    return client


@cache
def _script(text: str) -> Script:
    """Sent by its hash; a Redis that does not know it, after a restart, is told."""
    return _redis().register_script(text)
