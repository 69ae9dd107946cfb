"""Keyset pages and their cursors. A cursor is opaque, not secret: it holds the order and the place of the last item."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Generic, TypeVar

from gallery.errors import BrokenCursor

PAGE_SIZE = 40
CURSOR_MAX = 64
ID_MAX = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


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


def after_key(order: Order, key: datetime | int, last: int) -> str:
    """The cursor of what follows the item with this key and id."""
    if isinstance(key, datetime):
        return cursor((key - EPOCH) // timedelta(microseconds=1), last)
    return cursor(order.value, key, last)


def key_of(order: Order, after: str) -> tuple[datetime | int, int]:
    """Key and id inside a cursor. Raises BrokenCursor, also for one of another order."""
    if order is Order.NEW:
        micros, last = numbers(after, 2)
        return moment(micros, after), last
    mark, key, last = numbers(after, 3)
    if mark != order.value:
        raise BrokenCursor(after=after)
    return key, last


def cursor(*parts: int) -> str:
    text = ".".join(map(str, parts))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def numbers(after: str, count: int) -> list[int]:
    """The numbers inside a cursor; what does not read as ours is refused. Raises BrokenCursor."""
    try:
        padded = after.encode("ascii") + b"=" * (-len(after) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").split(".")
        found = [int(part) for part in parts if part.isdecimal() and len(after) <= CURSOR_MAX]
    except (UnicodeError, binascii.Error) as error:
        raise BrokenCursor(after=after[:CURSOR_MAX]) from error
    if len(found) != count or len(parts) != count or max(found) > ID_MAX:
        raise BrokenCursor(after=after[:CURSOR_MAX])
    return found


def moment(micros: int, after: str) -> datetime:
    """Raises BrokenCursor for a time that no clock reaches."""
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        raise BrokenCursor(after=after) from error
