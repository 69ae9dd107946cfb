"""From one picture to the next on the same wall, by keyset: what the arrow keys follow. Reads only."""

from collections.abc import Collection

from django.db import models
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from gallery.models import Post
from gallery.pieces import Piece
from generation.models import Asset


class Wall(models.TextChoices):
    """Where a viewer came from."""

    EXPLORE = "explore"
    ARTIST = "artist"
    LIBRARY = "library"


class Step(models.TextChoices):
    """Walls hang the newest first, so the next one is older."""

    NEXT = "next"
    PREVIOUS = "previous"


def beside(*, piece: Piece, wall: Wall, step: Step, levels: Collection[str]) -> str:
    """The address of the neighbour; "" at the end of the wall, and for what does not hang on it."""
    if wall == Wall.LIBRARY:
        return _url(_in_library(piece, step)) if piece.is_owner else ""
    if piece.post is None or not piece.is_public:
        return ""
    posts = Post.objects.listed(levels=levels)
    if wall == Wall.ARTIST:
        posts = posts.filter(owner=piece.post.owner_id)
    return _url(_in_time(posts, piece.post, step))


def _in_library(piece: Piece, step: Step) -> QuerySet[Asset]:
    own = Asset.objects.filter(owner=piece.asset.owner_id, deleted_at__isnull=True)
    if step == Step.NEXT:
        return own.filter(pk__lt=piece.asset.pk).order_by("-pk")
    return own.filter(pk__gt=piece.asset.pk).order_by("pk")


def _in_time(posts: QuerySet[Post], post: Post, step: Step) -> QuerySet[Post]:
    """One row comparison, which walks the index."""
    places, here = Tuple(F("published_at"), F("pk")), (post.published_at, post.pk)
    if step == Step.NEXT:
        return posts.filter(TupleLessThan(places, here)).order_by("-published_at", "-pk")
    return posts.filter(TupleGreaterThan(places, here)).order_by("published_at", "pk")


def _url(found: "QuerySet[Post] | QuerySet[Asset]") -> str:
    neighbour = found.first()
    return neighbour.url if neighbour else ""
