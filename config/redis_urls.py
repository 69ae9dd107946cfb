"""Three Redis databases from one address: `cache.clear()` empties a whole database, so the broker must not share it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True)
class RedisUrls:
    """The same server in the dialect of each client: Celery, Django's cache, the `limits` library."""

    broker: str
    cache: str
    limits: str


def from_socket(path: Path) -> RedisUrls:
    """Addresses of a Redis behind a unix socket."""
    return RedisUrls(
        broker=f"redis+socket://{path}?virtual_host=0",
        cache=f"unix://{path}?db=1",
        limits=f"redis+unix://{path}?db=2",
    )


def from_url(url: str) -> RedisUrls:
    """Addresses of `redis://` or `rediss://`; its database number is the broker's, the next two are ours as well.

    Raises ValueError for another scheme or a path that is no number.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ValueError("must look like redis://host:6379/0 or rediss://host:6379/0")
    first = int(parts.path.strip("/") or 0)
    numbered = [urlunsplit(parts._replace(path=f"/{first + offset}")) for offset in range(3)]
    return RedisUrls(*numbered)
