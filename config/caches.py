"""Django's Redis cache with one client a pool: making one costs several times what it is then used for."""

from typing import Any

from django.core.cache.backends import redis
from redis import Redis
from redis.exceptions import RedisError

# What every call raises while the server is away or full.
Away = RedisError


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
