"""What the moderation queue says of a decision."""

from django import template

from gallery import mails
from gallery.models import Decision, Level, Reason

register = template.Library()


@register.filter
def about(decision: Decision) -> str:
    """The picture or comment in its owner's words."""
    return mails.name_of(decision)


@register.simple_tag
def all_levels() -> list[tuple[str, str]]:
    return list(Level.choices)


@register.simple_tag
def all_reasons() -> list[tuple[str, str]]:
    return list(Reason.choices)
