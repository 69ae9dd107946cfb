"""Pages of pictures, newest first, by keyset: never OFFSET, never COUNT(*), so the last costs what the first does."""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from gallery import follows
from gallery.errors import BrokenCursor
from gallery.models import LEVELS_FOR_ALL, Post
from gallery.models.post import PostQuerySet

PAGE_SIZE = 40
LATEST_SIZE = 12
BESIDE_SIZE = 8
CURSOR_MAX = 64
ID_MAX = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items, and the cursor of those that follow; empty on the last page."""

    items: list[T]
    after: str


def latest(*, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL, size: int = PAGE_SIZE) -> Page[Post]:
    """The gallery. Raises BrokenCursor."""
    return _posts(Post.objects.listed(levels=levels), after, size)


def of_artist(*, artist_id: int, after: str = "", levels: Collection[str] = LEVELS_FOR_ALL) -> Page[Post]:
    """What one artist shows. Raises BrokenCursor."""
    return _posts(Post.objects.listed(levels=levels).filter(owner=artist_id), after, PAGE_SIZE)


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


def _cursor(*numbers: int) -> str:
    text = ".".join(map(str, numbers))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _numbers(after: str, count: int) -> list[int]:
    """The numbers inside a cursor; it is opaque, not secret, so what does not read as ours is refused."""
    try:
        padded = after.encode("ascii") + b"=" * (-len(after) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").split(".")
        numbers = [int(part) for part in parts if part.isdecimal() and len(after) <= CURSOR_MAX]
    except (UnicodeError, binascii.Error) as error:
        raise BrokenCursor(after=after[:CURSOR_MAX]) from error
    if len(numbers) != count or len(parts) != count or max(numbers) > ID_MAX:
        raise BrokenCursor(after=after[:CURSOR_MAX])
    return numbers


def _place(after: str) -> tuple[datetime, int]:
    """Where a cursor of posts stands: the last one's time of publishing, and its id."""
    micros, last = _numbers(after, 2)
    return _moment(micros, after), last


def _moment(micros: int, after: str) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        raise BrokenCursor(after=after) from error
