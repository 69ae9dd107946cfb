"""Keyset pages and their cursors, which hold the order and the place of the last item."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from config import cursors
from gallery.errors import BrokenCursor

PAGE_SIZE = 40

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items, and the cursor of those that follow; empty on the last page."""

    items: list[T]
    after: str


class Order(Enum):
    """What a wall is sorted by, highest first, then by id. The value marks the order in a cursor."""

    NEW = 0
    LIKED = 1
    RATED = 2
    MATCH = 3


# --- Pages of any rows -----------------------------------------------------------------------------------------------


def by_id(rows: QuerySet[M], *, after: str = "", size: int = PAGE_SIZE) -> Page[M]:
    """Any rows, those with the highest id first. Raises BrokenCursor."""
    rows = rows.order_by("-pk")
    if after:
        rows = rows.filter(pk__lt=numbers(after, 1)[0])
    found = list(rows[: size + 1])
    return Page(found[:size], cursors.write(found[size - 1].pk) if len(found) > size else "")


def by_moment(rows: QuerySet[M], column: str, *, after: str = "", size: int = PAGE_SIZE) -> Page[M]:
    """Any rows, the latest first by a column that holds a time. Raises BrokenCursor."""
    rows = rows.order_by(f"-{column}", "-pk")
    if after:
        # One row comparison, which walks the index.
        rows = rows.filter(TupleLessThan(Tuple(F(column), F("pk")), place(after)))
    found = list(rows[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    end = found[size - 1]
    return Page(found[:size], cursors.write(getattr(end, column), end.pk))


# --- Cursors ---------------------------------------------------------------------------------------------------------


def after_key(order: Order, key: datetime | int, last: int) -> str:
    """The cursor of what follows the item with this key and id."""
    return cursors.write(key, last) if isinstance(key, datetime) else cursors.write(order.value, key, last)


def key_of(order: Order, after: str) -> tuple[datetime | int, int]:
    """Key and id inside a cursor. Raises BrokenCursor, also for one of another order."""
    if order is Order.NEW:
        return place(after)
    mark, key, last = numbers(after, 3)
    if mark != order.value:
        raise BrokenCursor(after=after)
    return key, last


def place(after: str) -> tuple[datetime, int]:
    """Moment and id inside a cursor. Raises BrokenCursor."""
    number, last = numbers(after, 2)
    return moment(number), last


def numbers(after: str, count: int) -> list[int]:
    """The numbers inside a cursor; what does not read as ours is refused. Raises BrokenCursor."""
    try:
        return cursors.read(after, count)
    except ValueError as error:
        raise BrokenCursor(after=after[: cursors.LENGTH_MAX]) from error


def moment(number: int) -> datetime:
    """The moment behind a number. Raises BrokenCursor for one that no calendar reaches."""
    try:
        return cursors.moment(number)
    except ValueError as error:
        raise BrokenCursor(after=str(number)) from error
