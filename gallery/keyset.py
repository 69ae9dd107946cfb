"""Cursors of one's own pages: opaque, and good for as long as the rows they stand between."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from gallery.errors import BrokenCursor

CURSOR_MAX = 64
ID_MAX = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items, and the cursor of those that follow; empty on the last page."""

    items: list[T]
    after: str


def cursor(*places: int | datetime) -> str:
    """Of ids and moments, in the order of the keys."""
    text = ".".join(str(micros(place) if isinstance(place, datetime) else place) for place in places)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def numbers(text: str, count: int) -> list[int]:
    """So many numbers out of a cursor. Raises BrokenCursor: it is opaque, not secret, and may have been altered."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").split(".")
        found = [int(part) for part in parts if part.isdecimal() and len(text) <= CURSOR_MAX]
    except (UnicodeError, binascii.Error) as error:
        raise BrokenCursor(after=text[:CURSOR_MAX]) from error
    if len(found) != count or len(parts) != count or max(found) > ID_MAX:
        raise BrokenCursor(after=text[:CURSOR_MAX])
    return found


def micros(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


def moment(number: int) -> datetime:
    """Raises BrokenCursor for what is no date."""
    try:
        return EPOCH + timedelta(microseconds=number)
    except OverflowError as error:
        raise BrokenCursor(after=str(number)) from error
