"""What stands around every page, quickly: the bar at its top and the foot below. Runs no query but for the viewer."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from config import stencils

register = template.Library()

# Pages that the bar marks as the one that is open.
MARKED = (
    "studio",
    "explore",
    "following",
    "library",
    "trash",
    "archives",
    "archive",
    "collections",
    "presets",
    "credits",
    "settings",
    "queue",
)


@register.simple_tag(takes_context=True)
def bar(context: Any) -> SafeString:
    """The bar and the menu behind it, for whoever asks."""
    request = context.get("request")
    user = getattr(request, "user", None)
    name = getattr(getattr(request, "resolver_match", None), "url_name", "")
    is_member = bool(user and user.is_authenticated)
    return stencils.render(
        "components/bar.html",
        _of_member(user, context) if is_member else {},
        here=name if name in MARKED else "",
        known=bool(user and user.pk),
        member=is_member,
        moderates=bool(user and is_member and user.is_staff and user.has_perm("gallery.add_decision")),
        guest_daily_credits=context.get("guest_daily_credits", 0),
    )


def _of_member(user: Any, context: Any) -> dict[str, str]:
    handle = user.handle or ""
    return {
        "handle": handle,
        "artist_url": reverse("artist", args=[handle]) if handle else "",
        "public_name": user.public_name,
        "letter": (user.display_name or handle)[:1].upper()[:1],
        "csrf_token": str(context.get("csrf_token", "")),
    }


@register.simple_tag(takes_context=True)
def foot(context: Any) -> SafeString:
    """The links below every page."""
    user = getattr(context.get("request"), "user", None)
    return stencils.render("components/foot.html", known=bool(user and user.pk))
