"""Pages of pictures by keyset: never OFFSET, never COUNT(*), so the last costs what the first does."""

from collections.abc import Collection
from datetime import UTC, datetime

from config import cursors
from gallery import follows, paging, search, walls
from gallery.finder import Finder
from gallery.models import LEVELS_FOR_ALL, Post
from gallery.paging import PAGE_SIZE, Page

LATEST_SIZE = 12
BESIDE_SIZE = 8
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def explore(
    *, finder: Finder, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE
) -> Page[Post]:
    """What a visitor looks for. Raises BrokenCursor, also for the cursor of another sort."""
    one = search.page if finder.words else walls.page
    return one(finder=finder, order=finder.order, levels=levels, size=size, after=after)


def latest(*, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE) -> Page[Post]:
    """The newest of all. Raises BrokenCursor."""
    return paging.by_moment(Post.objects.listed(levels=levels), "published_at", after=after, size=size)


def of_artist(
    *, artist_id: int, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, finder: Finder | None = None
) -> Page[Post]:
    """What one artist shows, as the finder sorts it. Raises BrokenCursor."""
    finder = finder or Finder()
    return walls.page(
        finder=finder, order=finder.order, levels=levels, size=PAGE_SIZE, after=after, artist_id=artist_id
    )


def beside(*, artist_id: int, but: int, levels: Collection[str]) -> list[Post]:
    """The newest few of an artist, without the asset that is being looked at."""
    posts = Post.objects.listed(levels=levels).filter(owner=artist_id).exclude(asset=but)
    return list(posts.order_by("-published_at", "-pk")[:BESIDE_SIZE])


def of_followed(
    *, follower_id: int, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE
) -> Page[Post]:
    """What the artists show whom one person follows. Raises BrokenCursor."""
    before = paging.place(after) if after else (NEVER, cursors.NUMBER_MAX)
    newest = follows.newest(follower_id=follower_id, levels=levels, before=before, most=size + 1)
    posts = Post.objects.listed(levels=levels).filter(pk__in=newest)
    return paging.by_moment(posts, "published_at", after=after, size=size)
