"""What a page says of itself to other sites: one tag for each kind of page, in its `head` block."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import template

from gallery import sharing
from gallery.models import Collection, Post
from gallery.pieces import Piece

if TYPE_CHECKING:
    from accounts.models import User

register = template.Library()
TEMPLATE = "gallery/partials/meta.html"


@register.inclusion_tag(TEMPLATE)
def meta_of_piece(piece: Piece) -> dict[str, Any]:
    return {"meta": sharing.of_piece(piece)}


@register.inclusion_tag(TEMPLATE)
def meta_of_artist(artist: "User", posts: Sequence[Post]) -> dict[str, Any]:
    return {"meta": sharing.of_artist(artist, posts)}


@register.inclusion_tag(TEMPLATE)
def meta_of_explore(posts: Sequence[Post], *, first: bool = True) -> dict[str, Any]:
    return {"meta": sharing.of_explore(posts, first=first)}


@register.inclusion_tag(TEMPLATE)
def meta_of_collection(collection: Collection, posts: Sequence[Post]) -> dict[str, Any]:
    """`posts` may be those of the page; what a collection holds of private assets has none."""
    return {"meta": sharing.of_collection(collection, posts)}
