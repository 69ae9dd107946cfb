"""Several keys of one vendor: the next usable one, and a rest for one that was refused or is used up.

Rests live in Redis, so that every worker knows of them; a flushed Redis only means that a key is tried once too often.
"""

import time
from collections.abc import Sequence
from hashlib import blake2b

from django.core.cache import cache

# A key that its vendor refuses outright is tried again after so long: somebody may have paid or renewed it.
REFUSED_SECONDS = 600
REST_SECONDS_MAX = 3600


class NoKey(Exception):
    """Every key is resting, `refused`: because the vendor wants none of them. `retry_after_seconds` is when the first
    one may be tried again."""

    def __init__(self, name: str, *, retry_after_seconds: float, refused: bool) -> None:
        super().__init__(f"all keys of {name} are {'refused' if refused else 'resting'}")
        self.retry_after_seconds = retry_after_seconds
        self.refused = refused


class KeyRing:
    """The keys of a vendor, in their order. They are named by a hash wherever they are noted or logged."""

    def __init__(self, name: str, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError(f"{name} has no key")
        self.name = name
        self.keys = tuple(keys)

    def take(self) -> str:
        """The first key that does not rest. Raises NoKey when all do."""
        resting = cache.get_many([self._place(key) for key in self.keys])
        for key in self.keys:
            if self._place(key) not in resting:
                return key
        first_back = min(until for until, _ in resting.values())
        refused = all(refused for _, refused in resting.values())
        raise NoKey(self.name, retry_after_seconds=max(1.0, first_back - time.time()), refused=refused)

    def rest(self, key: str, *, seconds: float, refused: bool = False) -> None:
        """Leave a key alone for so long; a rest is never shorter than a second, nor longer than an hour."""
        bounded = max(1.0, min(REST_SECONDS_MAX, seconds))
        cache.set(self._place(key), (time.time() + bounded, refused), bounded)

    def rests(self) -> dict[str, tuple[float, bool]]:
        """By label the keys that rest: for how many seconds yet, and whether the vendor refused them."""
        resting = cache.get_many([self._place(key) for key in self.keys])
        told = {key: resting[self._place(key)] for key in self.keys if self._place(key) in resting}
        return {self.label(key): (max(0.0, until - time.time()), refused) for key, (until, refused) in told.items()}

    def label(self, key: str) -> str:
        """What stands for a key in logs and pages: "replicate-1f3a9c"."""
        return f"{self.name}-{blake2b(key.encode(), digest_size=3).hexdigest()}"

    def _place(self, key: str) -> str:
        return f"key:{self.name}:{blake2b(key.encode(), digest_size=12).hexdigest()}"
