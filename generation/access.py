"""Which of three kinds a person is, and what that allows. The numbers are settings."""

from enum import IntEnum, StrEnum

from django.conf import settings

from credits import statements


class Tier(IntEnum):
    """Also the position in each three-part setting."""

    GUEST = 0
    ACCOUNT = 1
    CUSTOMER = 2


class Feature(StrEnum):
    """What is counted by the day, each by itself. DAILY_<NAME>_MAX is how much of it each tier has."""

    GENERATE = "generate"
    ENHANCE = "enhance"
    IDEAS = "ideas"
    EVOLVE = "evolve"
    SCORE = "score"


def tier(*, owner_id: int | None, is_guest: bool) -> Tier:
    """A guest (or nobody yet), an account, or an account with a purchase. One query for an account."""
    if owner_id is None or is_guest:
        return Tier.GUEST
    return Tier.CUSTOMER if statements.has_purchased(owner_id=owner_id) else Tier.ACCOUNT


def tier_of(balance: statements.Balance, *, is_guest: bool) -> Tier:
    """The same for a page that has read the balance anyway: no query."""
    if is_guest:
        return Tier.GUEST
    return Tier.CUSTOMER if balance.has_purchased else Tier.ACCOUNT


def open_jobs_max(of: Tier) -> int:
    return settings.OPEN_JOBS_MAX[of]


def daily_max(feature: Feature, of: Tier) -> int:
    most: tuple[int, int, int] = getattr(settings, f"DAILY_{feature.name}_MAX")
    return most[of]
