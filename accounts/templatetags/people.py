"""What sign-in and sign-up pages say about this browser's guest."""

from typing import Any

from django import template

from accounts import guests

register = template.Library()


@register.simple_tag(takes_context=True)
def guest_pictures(context: dict[str, Any]) -> int:
    """How many pictures would come along; 0 for everybody who is no guest."""
    user = context["request"].user
    return guests.count_pictures(guest_id=user.pk) if getattr(user, "is_guest", False) else 0
