"""Lists in pages, as Replicate's: {"previous", "next", "results"} with absolute addresses that carry a cursor.

A cursor names the row that it stands at, not a number of rows: rows that arrive at the front meanwhile repeat nothing.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tests.emulators.server import Call

Row = TypeVar("Row")


def page(
    call: Call, rows: Sequence[Row], *, base_url: str, size: int, key: Callable[[Row], str], tell: Callable[[Row], Any]
) -> dict[str, Any]:
    """The page of `rows` that the call's cursor asks for."""
    start = _start(call.query.get("cursor", ""), [key(row) for row in rows], size)
    shown = rows[start : start + size]
    address = f"{base_url}{call.path}?cursor="
    return {
        "previous": address + _cursor("before", key(shown[0])) if start > 0 and shown else None,
        "next": address + _cursor("after", key(shown[-1])) if start + size < len(rows) else None,
        "results": [tell(row) for row in shown],
    }


def _cursor(side: str, key: str) -> str:
    return base64.urlsafe_b64encode(f"{side}:{key}".encode()).decode().rstrip("=")


def _start(cursor: str, keys: Sequence[str], size: int) -> int:
    """The index of the page's first row; the first page where the cursor is none or its row has gone."""
    try:
        side, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        place = keys.index(key)
    except ValueError:
        return 0
    return place + 1 if side == "after" else max(0, place - size)
