"""How often Redis is asked, counted by Redis itself, which tells of each command while someone monitors it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from bench.ground import broker

GREETINGS = ("HELLO", "SELECT", "CLIENT")  # of a new connection, which a warm process has


@dataclass
class Count:
    """Commands by database; what a script does by itself is part of its one command."""

    by_database: Counter[int] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.by_database.total()

    def of(self, url: str) -> int:
        """Those of the database that an address like `redis+unix:///path?db=2` names."""
        return self.by_database[int(parse_qs(urlsplit(url).query)["db"][0])]


@contextmanager
def counted() -> Iterator[Count]:
    """What everybody sends while the context is open."""
    count, ours, end = Count(), broker(0), uuid4().hex
    ours.ping()
    with broker(0).monitor() as monitor:  # type: ignore[no-untyped-call]
        yield count
        ours.echo(end)
        for seen in monitor.listen():
            if end in seen["command"]:
                return
            if seen["client_type"] != "lua" and not seen["command"].startswith(GREETINGS):
                count.by_database[int(seen["db"])] += 1
