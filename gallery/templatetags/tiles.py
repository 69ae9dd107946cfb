"""The tiles of a wall, in a template. What they show depends on the viewer: context needs the request."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString

from gallery import levels
from gallery import tiles as wall
from gallery.levels import Sight
from gallery.models import Post

register = template.Library()


def _sight(context: Any) -> Sight:
    """Without a request nobody is there."""
    return levels.of(getattr(context.get("request"), "user", None))


@register.simple_tag(takes_context=True)
def tiles(context: Any, posts: Iterable[Post], *, is_first: bool = False, size: str = "") -> SafeString:
    """Every post of a page of a wall; see gallery/tiles.py. `size`: "s" on a small wall."""
    return wall.render(posts, sight=_sight(context), is_first=is_first, size=size)


@register.simple_tag(takes_context=True)
def tile(context: Any, post: Post, *, is_eager: bool = False) -> SafeString:
    """One post, inside an element that the wall itself writes."""
    return wall.render_one(post, sight=_sight(context), is_eager=is_eager)
