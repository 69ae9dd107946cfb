"""Pages of pictures by keyset: never OFFSET, never COUNT(*), so the last costs what the first does."""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q

from gallery import search, walking
from gallery.finder import Finder
from gallery.models import LEVELS_FOR_ALL, Post
from gallery.models.post import PostQuerySet
from gallery.paging import EPOCH
from gallery.paging import PAGE_SIZE as PAGE_SIZE  # noqa: PLC0414  (doors know pages from here)
from gallery.paging import Page as Page  # noqa: PLC0414  (as above)
from gallery.paging import cursor as _cursor
from gallery.paging import moment as _moment
from gallery.paging import numbers as _numbers
from generation.models import Asset

LATEST_SIZE = 12


def explore(
    *, finder: Finder, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE
) -> Page[Post]:
    """What a visitor looks for. Raises BrokenCursor, also for the cursor of another sort."""
    one = search.page if finder.words else walking.page
    return one(finder=finder, order=finder.order, levels=levels, size=size, after=after)


def latest(*, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE) -> Page[Post]:
    """The newest of all. Raises BrokenCursor."""
    return _posts(Post.objects.listed(levels=levels), after, size)


def of_artist(
    *, artist_id: int, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, finder: Finder | None = None
) -> Page[Post]:
    """What one artist shows, as the finder sorts it. Raises BrokenCursor."""
    finder = finder or Finder()
    return walking.page(
        finder=finder, order=finder.order, levels=levels, size=PAGE_SIZE, after=after, artist_id=artist_id
    )


def library(*, owner_id: int, after: str = "") -> Page[Asset]:
    """Everything that one person made and kept, private or not. Raises BrokenCursor."""
    assets = Asset.objects.filter(owner=owner_id, deleted_at__isnull=True).order_by("-pk")
    if after:
        (last,) = _numbers(after, 1)
        assets = assets.filter(pk__lt=last)
    found = list(assets[: PAGE_SIZE + 1])
    return Page(found[:PAGE_SIZE], _cursor(found[PAGE_SIZE - 1].pk) if len(found) > PAGE_SIZE else "")


def _posts(posts: PostQuerySet, after: str, size: int) -> Page[Post]:
    posts = posts.order_by("-published_at", "-pk")
    if after:
        micros, last = _numbers(after, 2)
        when = _moment(micros, after)
        # Two conditions, where one row comparison would say the same: the first bounds the walk over the index.
        posts = posts.filter(published_at__lte=when).filter(Q(published_at__lt=when) | Q(pk__lt=last))
    found = list(posts[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    end = found[size - 1]
    return Page(found[:size], _cursor((end.published_at - EPOCH) // timedelta(microseconds=1), end.pk))
