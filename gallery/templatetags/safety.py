"""What of safety stands on pages of others: the veil over a picture, and the way to report it."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from gallery import levels
from gallery.models import Level
from gallery.safety_forms import ReportForm

register = template.Library()


@register.simple_tag(takes_context=True)
def veil(context: Any, picture: Any) -> SafeString:
    """The veil of a post or an asset, where its viewer wants one; inside the element that holds the picture.

    A checkbox, and the stylesheet does the rest: no script, and the keyboard reaches it.
    """
    request = getattr(context, "request", None)
    viewer = getattr(request, "user", None)
    if picture.level == Level.GENERAL or not levels.of(viewer).veils(picture.level, owner_id=picture.owner_id):
        return mark_safe("")
    return render_to_string("components/veil.html", {"level": Level(picture.level).label.lower()})


@register.inclusion_tag("gallery/partials/report.html", takes_context=True)
def report(context: Any, asset: Any) -> dict[str, Any]:
    """The way to report a picture: a dialog for accounts, the page of its own for everybody else."""
    request = getattr(context, "request", None)
    return {
        "asset": asset,
        "form": ReportForm(is_comment=False),
        "is_member": bool(request and request.user.is_authenticated),
        "csrf_token": context.get("csrf_token"),
    }
