"""How many SQL statements a request sends, counted by PostgreSQL itself: its log, switched on for a moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from config import guardian

SETTLE_SECONDS = 1.0  # until every idle session has read the new setting, also on a busy machine


@dataclass
class Count:
    statements: int = 0
    commits: int = 0
    texts: tuple[str, ...] = ()


@contextmanager
def counted() -> Iterator[Count]:
    """What every other session of the cluster sends while the context is open."""
    log = guardian.state_file(settings.VAR_DIR, "log")
    found = Count()
    _configure("SET log_statement = 'all'")
    at = log.stat().st_size
    try:
        yield found
        time.sleep(SETTLE_SECONDS)
    finally:
        with log.open(errors="replace") as file:
            file.seek(at)
            lines = [line for line in file if "LOG:  statement: " in line or "LOG:  execute " in line]
        _configure("RESET log_statement")
    found.texts = tuple(line.partition("LOG:  ")[2].strip() for line in lines if "ALTER SYSTEM" not in line)
    found.texts = tuple(text for text in found.texts if "pg_reload_conf" not in text)
    found.statements = len(found.texts)
    found.commits = sum(text.endswith("COMMIT") for text in found.texts)


def _configure(change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SYSTEM {change}")
        cursor.execute("SELECT pg_reload_conf()")
    time.sleep(SETTLE_SECONDS)
