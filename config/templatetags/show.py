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
    """A duration as people say it: 4 s, 2 min, 13 h 18 min."""
    if value is None:
        return ""
    whole = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if whole < 90:
        return f"{max(1, whole)} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


@register.filter
def brief_seconds(value: float | None) -> str:
    """A measured duration, as exact as it matters: 0.043 s, 0.6 s, 13 s, 2 min."""
    if value is None:
        return ""
    return f"{value:.2g} s" if value < 9.95 else seconds(value)


@register.simple_tag
def moment(when: datetime | None, style: str = "ago") -> str:
    """A `<time>` element: `ago` for distances, `clock` for 14:32 UTC, `exact` for 14:32:05, `day` for 18 Jun 2026."""
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


_WORDS = {
    "ago": _ago,
    "clock": lambda when: f"{when:%H:%M} UTC",
    "exact": lambda when: f"{when:%H:%M:%S}",
    "day": _day,
}
