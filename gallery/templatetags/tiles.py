"""The tiles of a wall, in a template."""

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from gallery import tiles as wall
from gallery.models import Post

register = template.Library()


@register.simple_tag
def tiles(posts: Iterable[Post], *, is_first: bool) -> SafeString:
    """Every post of a page of a wall; see gallery/tiles.py."""
    return wall.render(posts, is_first=is_first)


@register.simple_tag
def tile(post: Post, *, is_eager: bool = False) -> SafeString:
    """One post, inside an element that the wall itself writes."""
    return wall.render_one(post, is_eager=is_eager)
