"""Cursors of keyset pages: whole numbers as one short text. Opaque, not secret: what comes back is read with care."""

import base64
import re
from datetime import UTC, datetime, timedelta

LENGTH_MAX = 96
NUMBER_MAX = 2**63 - 1  # what a bigint column holds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NUMBER = re.compile(r"-?[0-9]{1,19}")


def write(*parts: int | datetime) -> str:
    """Of numbers and moments, in the order of the keys."""
    text = ".".join(str(micros(part) if isinstance(part, datetime) else part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, count: int, *, least: int = 0) -> list[int]:
    """So many numbers out of a cursor, none below `least`. Raises ValueError for what is none."""
    if len(text) > LENGTH_MAX or "=" in text:
        raise ValueError("too long for a cursor, or padded")
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").split(".")
    if len(parts) != count or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError("not a cursor of this page")
    found = [int(part) for part in parts]
    if min(found) < least or max(found) > NUMBER_MAX:
        raise ValueError("beyond what is counted")
    return found


def micros(when: datetime) -> int:
    """A moment as a number, exactly."""
    return (when - EPOCH) // timedelta(microseconds=1)


def moment(number: int) -> datetime:
    """The moment that `micros` made this number of. Raises ValueError for one that no calendar reaches."""
    try:
        return EPOCH + timedelta(microseconds=number)
    except OverflowError as error:
        raise ValueError("beyond every calendar") from error
