"""Limits on asking: a sliding window per address, requests per day and person, free credits per day and address.

The window and the day of a request are counted together: a door calls `ask` first, and `take_back` when what was asked
for is refused after all.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from django.conf import settings
from django.db import connection

from config import throttle
from generation import access
from generation.access import Feature
from generation.errors import DailyLimit, FreeCreditsSpent, RateLimited

# An address is nobody's business for longer than its budget can be asked about.
KEPT_DAYS = 7


@dataclass(frozen=True)
class Used:
    """Today's requests against their maximum, as the bar shows them."""

    used: int
    maximum: int

    @property
    def left(self) -> int:
        return max(0, self.maximum - self.used)

    @property
    def level(self) -> str:
        if self.used >= self.maximum:
            return "full"
        return "near" if self.used >= 0.8 * self.maximum else ""


@dataclass(frozen=True)
class Asked:
    """A request that was counted, and where today stands with it."""

    hit: throttle.Hit
    used: Used


# --- Requests --------------------------------------------------------------------------------------------------------


def ask(feature: Feature, *, address: str, owner_id: int, tier: access.Tier) -> Asked:
    """Count a request in the window of its address and in its person's day: both, or neither. One round trip.

    Raises RateLimited or DailyLimit, whichever takes longer.
    """
    return _asked(_window(feature, address), _day(feature, owner_id, tier), feature=feature)


def rate(feature: Feature, *, address: str) -> None:
    """Count a request of somebody who has no row yet: there is no day to count. Raises RateLimited."""
    _hit(_window(feature, address), feature=feature)


def daily(feature: Feature, *, owner_id: int, tier: access.Tier) -> Asked:
    """Count a request whose rate was counted before its person had a row. Raises DailyLimit."""
    return _asked(_day(feature, owner_id, tier), feature=feature)


def upload(*, address: str) -> None:
    """Count a picture that is being uploaded, whoever does it: checking one is dear. Raises RateLimited."""
    amount, seconds = settings.RATE_LIMIT_UPLOAD
    answer = throttle.hit(throttle.Window("upload", address, amount, seconds))
    if isinstance(answer, throttle.Refusal):
        raise RateLimited(limit=amount, window_seconds=seconds, retry_after_seconds=answer.retry_after_seconds)


def take_back(asked: Asked) -> None:
    """A counted request was not accepted after all: it uses up nothing of its day. The address did ask, though."""
    throttle.take_back(asked.hit)


def take_back_later(feature: Feature, *, owner_id: int, since: datetime) -> None:
    """A request that was accepted at `since` came to nothing, by no fault of its person: its day gets it back."""
    day = int(since.timestamp()) // 86_400
    throttle.take_back(throttle.Hit((throttle.Day(feature, str(owner_id), 0),), day, ()))


def used_today(feature: Feature, *, owner_id: int | None, tier: access.Tier) -> Used:
    return today([feature], owner_id=owner_id, tier=tier)[feature]


def today(features: list[Feature], *, owner_id: int | None, tier: access.Tier) -> dict[Feature, Used]:
    """Where each of these stands, in one round trip; none for nobody."""
    counts = throttle.used_today([*features], str(owner_id)) if owner_id else [0] * len(features)
    return {
        feature: Used(used, access.daily_max(feature, tier)) for feature, used in zip(features, counts, strict=True)
    }


def _window(feature: Feature, address: str) -> throttle.Window:
    amount, seconds = settings.RATE_LIMIT_GENERATE
    return throttle.Window(feature, address, amount, seconds)


def _day(feature: Feature, owner_id: int, tier: access.Tier) -> throttle.Day:
    return throttle.Day(feature, str(owner_id), access.daily_max(feature, tier))


def _asked(*counted: throttle.Limit, feature: Feature) -> Asked:
    """The last of the limits is the day's."""
    hit = _hit(*counted, feature=feature)
    return Asked(hit, Used(hit.used[-1], counted[-1].most))


def _hit(*counted: throttle.Limit, feature: Feature) -> throttle.Hit:
    answer = throttle.hit(*counted)
    if isinstance(answer, throttle.Refusal):
        _refuse(feature, answer)
    return answer


def _refuse(feature: Feature, refusal: throttle.Refusal) -> NoReturn:
    limit, wait = refusal.limit, refusal.retry_after_seconds
    if isinstance(limit, throttle.Window):
        raise RateLimited(limit=limit.most, window_seconds=limit.seconds, retry_after_seconds=wait)
    raise DailyLimit(limit=limit.most, what=feature, retry_after_seconds=wait)


# --- Free credits of an address --------------------------------------------------------------------------------------


def address_key(address: str) -> str:
    """A keyed hash: the budget needs to recognise an address, nobody needs to read it."""
    return hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]


def spend_free(*, address: str, amount: int) -> None:
    """Take `amount` from today's budget of free credits of an address key, inside the caller's transaction.

    Raises FreeCreditsSpent. In the database, not in Redis, so that a rollback or a release gives it back exactly.
    """
    limit = settings.FREE_CREDITS_PER_ADDRESS
    if amount > limit or not _spend(address, amount, limit):
        raise FreeCreditsSpent(
            limit=limit,
            left=max(0, limit - _spent(address)),
            needed=amount,
            retry_after_seconds=throttle.seconds_left_today(),
        )


def _spend(address: str, amount: int, limit: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generation_freespend AS f (address, day, spent)
               VALUES (%s, (now() AT TIME ZONE 'utc')::date, %s)
               ON CONFLICT (address, day) DO UPDATE SET spent = f.spent + EXCLUDED.spent
               WHERE f.spent + EXCLUDED.spent <= %s RETURNING spent""",
            [address, amount, limit],
        )
        return cursor.fetchone() is not None


def _spent(address: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT spent FROM generation_freespend WHERE address = %s AND day = (now() AT TIME ZONE 'utc')::date",
            [address],
        )
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def release_free(*, address: str, amount: int, since: datetime) -> None:
    """Give back what an ended job did not use, to the day it was taken from: a job may end on the next one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE generation_freespend SET spent = greatest(0, spent - %s)
               WHERE address = %s AND day = (%s::timestamptz AT TIME ZONE 'utc')::date""",
            [amount, address, since],
        )


def forget_budgets() -> int:
    """Drop the budgets of days that no job can come back to; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM generation_freespend WHERE day < (now() AT TIME ZONE 'utc')::date - %s", [KEPT_DAYS]
        )
        return int(cursor.rowcount)
