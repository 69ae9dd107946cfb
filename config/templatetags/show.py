"""How numbers and times are written on pages; available in every template."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html

register = template.Library()


@register.filter
def thousands(number: int | None) -> str:
    """1234 -> 1,234; nothing -> 0."""
    return f"{number or 0:,}"


@register.filter
def signed(number: int | None) -> str:
    """+1,234, −1,234 or 0."""
    return f"{number or 0:+,}".replace("-", "−") if number else "0"


@register.filter
def credits_word(number: int | None) -> str:
    """1 credit, 2 credits."""
    return "1 credit" if number == 1 else f"{number or 0:,} credits"


@register.filter
def seconds(value: float | timedelta | None) -> str:
    """A duration as people say it: 4 s, 2 min, 1 h."""
    if value is None:
        return ""
    whole = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if whole < 90:
        return f"{max(1, whole)} s"
    return f"{round(whole / 60)} min" if whole < 5400 else f"{round(whole / 3600)} h"


@register.simple_tag
def moment(when: datetime | None, style: str = "ago") -> str:
    """A `<time>` element: `ago` for distances, `clock` for 14:32 UTC, `day` for 18 Jun 2026."""
    if when is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', when.isoformat(timespec="seconds"), _WORDS[style](when))


def _ago(when: datetime) -> str:
    gone = (timezone.now() - when).total_seconds()
    if gone < 60:
        return "just now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if gone >= size:
            return f"{int(gone // size)} {unit} ago" if size != 86400 or gone < 30 * 86400 else _day(when)
    return ""


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"


_WORDS = {"ago": _ago, "clock": lambda when: f"{when:%H:%M} UTC", "day": _day}
