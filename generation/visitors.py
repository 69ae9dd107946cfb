"""A browser that has no user row yet: known again by its own secret, so that two clicks of it are one person."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Visitor:
    """A browser without a user row. `key` knows it again by its own secret, `become` gives it a guest's row."""

    key: str
    become: Callable[[int | None], "User"]


def take_turns(key: str) -> None:
    """Wait for whoever else holds this key, until the end of the caller's transaction."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
