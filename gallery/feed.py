"""Pages of pictures by keyset: never OFFSET, never COUNT(*), so the last costs what the first does."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from gallery import follows, search, walking
from gallery.finder import Finder
from gallery.models import LEVELS_FOR_ALL, Post
from gallery.models.post import PostQuerySet
from gallery.paging import EPOCH, ID_MAX, PAGE_SIZE, Page
from gallery.paging import cursor as _cursor
from gallery.paging import moment as _moment
from gallery.paging import numbers as _numbers

LATEST_SIZE = 12
BESIDE_SIZE = 8
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

M = TypeVar("M", bound=Model)


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


def beside(*, artist_id: int, but: int, levels: Collection[str]) -> list[Post]:
    """The newest few of an artist, without the asset that is being looked at."""
    posts = Post.objects.listed(levels=levels).filter(owner=artist_id).exclude(asset=but)
    return list(posts.order_by("-published_at", "-pk")[:BESIDE_SIZE])


def of_followed(
    *, follower_id: int, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE
) -> Page[Post]:
    """What the artists show whom one person follows. Raises BrokenCursor."""
    before = _place(after) if after else (NEVER, ID_MAX)
    newest = follows.newest(follower_id=follower_id, levels=levels, before=before, most=size + 1)
    return _posts(Post.objects.listed(levels=levels).filter(pk__in=newest), after, size)


def by_id(rows: QuerySet[M], *, after: str = "", size: int = PAGE_SIZE) -> Page[M]:
    """Any rows, those with the highest id first. Raises BrokenCursor."""
    rows = rows.order_by("-pk")
    if after:
        rows = rows.filter(pk__lt=_numbers(after, 1)[0])
    found = list(rows[: size + 1])
    return Page(found[:size], _cursor(found[size - 1].pk) if len(found) > size else "")


def by_moment(rows: QuerySet[M], moment: str, *, after: str = "", size: int = PAGE_SIZE) -> Page[M]:
    """Any rows, the latest first by a column that holds a time. Raises BrokenCursor."""
    rows = rows.order_by(f"-{moment}", "-pk")
    if after:
        micros, last = _numbers(after, 2)
        # One row comparison, which walks the index.
        rows = rows.filter(TupleLessThan(Tuple(F(moment), F("pk")), (_moment(micros, after), last)))
    found = list(rows[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    end = found[size - 1]
    return Page(found[:size], _cursor((getattr(end, moment) - EPOCH) // timedelta(microseconds=1), end.pk))


def _posts(posts: PostQuerySet, after: str, size: int) -> Page[Post]:
    posts = posts.order_by("-published_at", "-pk")
    if after:
        when, last = _place(after)
        # Two conditions, where one row comparison would say the same: the first bounds the walk over the index.
        posts = posts.filter(published_at__lte=when).filter(Q(published_at__lt=when) | Q(pk__lt=last))
    found = list(posts[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    end = found[size - 1]
    return Page(found[:size], _cursor((end.published_at - EPOCH) // timedelta(microseconds=1), end.pk))


def _place(after: str) -> tuple[datetime, int]:
    """Where a cursor of posts stands: the last one's time of publishing, and its id."""
    micros, last = _numbers(after, 2)
    return _moment(micros, after), last
