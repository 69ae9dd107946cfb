"""What tiles of one's own pictures say."""

from datetime import datetime

from django import template

from gallery import trash

register = template.Library()


@register.filter
def days_left(deleted_at: datetime) -> int:
    """Until what lies in the trash is gone for good."""
    return trash.days_left(deleted_at)
