"""Django's Redis cache with one client a pool: making one costs several times what it is then used for."""

import logging
from typing import Any

from django.core.cache.backends import redis
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# What every call raises while the server is away or full.
Away = RedisError


def keep(key: str, value: object, seconds: int) -> None:
    """Cache what can be found again; a Redis that is full keeps it not, and nobody has to wait for that."""
    from django.core.cache import cache  # noqa: PLC0415  (this module is what the cache is made of)

    try:
        cache.set(key, value, seconds)
    except Away as error:
        log.warning("%s is not cached: %s", key, error)


class Client(redis.RedisCacheClient):
    """Each thread has an instance of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._clients: dict[bool, Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        """With one server, as here, reads and writes have the same pool."""
        if write not in self._clients:
            self._clients[write] = super().get_client(key, write=write)
        return self._clients[write]


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client
