"""The menus of the finder, in a template: thirty boxes, which are the same for nearly everybody."""

from django import template
from django.utils.safestring import SafeString

from config import stencils
from gallery.finder import Menu

register = template.Library()


@register.simple_tag
def finder_menus(menus: tuple[Menu, ...]) -> SafeString:
    """Each filter that has boxes, checked as they were left."""
    return stencils.render("gallery/partials/finder_menus.html", menus=menus)
