"""Limits on asking: a sliding window per address, requests per day and person, free credits per day and address."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from config import throttle
from generation import access
from generation.errors import DailyLimit, RateLimited


@dataclass(frozen=True)
class Used:
    """Today's requests against their maximum, as the bar shows them."""

    used: int
    maximum: int

    @property
    def level(self) -> str:
        if self.used >= self.maximum:
            return "full"
        return "near" if self.used >= 0.8 * self.maximum else ""


def rate(*, address: str) -> None:
    """Count a request of this address. Raises RateLimited with the seconds to wait."""
    amount, window = settings.RATE_LIMIT_GENERATE
    refusal = throttle.hit("generate", address, amount=amount, window_seconds=window)
    if refusal:
        raise RateLimited(
            limit=refusal.limit,
            window_seconds=refusal.window_seconds,
            retry_after_seconds=refusal.retry_after_seconds,
        )


def daily(*, owner_id: int, tier: access.Tier) -> None:
    """Count one of today's requests of this person. Raises DailyLimit."""
    refusal = throttle.spend_today("generate", str(owner_id), amount=1, limit=access.daily_requests_max(tier))
    if refusal:
        raise DailyLimit(limit=refusal.limit, retry_after_seconds=refusal.retry_after_seconds, what="requests")


def daily_undo(*, owner_id: int) -> None:
    """A counted request was not accepted after all."""
    throttle.give_back_today("generate", str(owner_id), amount=1)


def used_today(*, owner_id: int | None, tier: access.Tier) -> Used:
    used = throttle.used_today("generate", str(owner_id)) if owner_id else 0
    return Used(used=used, maximum=access.daily_requests_max(tier))


def address_key(address: str) -> str:
    """A keyed hash: the budget needs to recognise an address, nobody needs to read it."""
    return hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]


def spend_free(*, address: str, amount: int) -> None:
    """Take `amount` from today's budget of free credits of an address key, inside the caller's transaction.

    Raises DailyLimit. In the database rather than in Redis, so that a rollback or a release gives it back exactly.
    """
    if amount > settings.FREE_CREDITS_PER_ADDRESS or not _spend(address, amount, settings.FREE_CREDITS_PER_ADDRESS):
        raise DailyLimit(
            limit=settings.FREE_CREDITS_PER_ADDRESS,
            retry_after_seconds=throttle.seconds_left_today(),
            what="free credits",
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


def release_free(*, address: str, amount: int, since: datetime) -> None:
    """Give back what an ended job did not use, to the day it was taken from: a job may end on the next one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE generation_freespend SET spent = greatest(0, spent - %s)
               WHERE address = %s AND day = (%s::timestamptz AT TIME ZONE 'utc')::date""",
            [amount, address, since],
        )
