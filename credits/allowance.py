"""How many free credits a day brings. The one home of that rule."""

from django.conf import settings


def daily_amount(*, is_guest: bool) -> int:
    """The balance that the daily wallet is topped up to once per UTC day; unspent credits never accumulate."""
    return settings.GUEST_DAILY_FREE_CREDITS if is_guest else settings.DAILY_FREE_CREDITS
