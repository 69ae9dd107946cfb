"""What is sent to Redis, as the server itself sees it: one line a round trip, whoever sends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import redis
from django.conf import settings

Calls = list[str]


def limits_redis() -> "redis.Redis":
    """A client of the database that limits are counted in."""
    return redis.from_url(settings.LIMITS_URL.replace("redis+unix://", "unix://"))


@contextmanager
def watched() -> Iterator[Calls]:
    """Fills with "database COMMAND arguments" of what is sent inside; what a script does by itself is left out."""
    calls: Calls = []
    ours, end = limits_redis(), uuid4().hex
    ours.ping()  # connected, so that its greeting is not among them
    with limits_redis().monitor() as monitor:  # type: ignore[no-untyped-call]
        yield calls
        ours.echo(end)
        for seen in monitor.listen():
            if end in seen["command"]:
                return
            if seen["client_type"] != "lua":
                calls.append(f"{seen['db']} {seen['command']}")
