"""What the tests of every part that talks to an emulated vendor do alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.replicate.emulator import PAGE_SIZE


@contextmanager
def replicate_at(
    running: ReplicateEmulator, settings: Any, *, token: str, secrets: Sequence[str] = ()
) -> Iterator[ReplicateEmulator]:
    """The site's Replicate is the running emulator, as if nobody had called it yet."""
    settings.REPLICATE_API_TOKENS = [token]
    settings.REPLICATE_BASE_URL = running.url
    settings.REPLICATE_FILE_HOSTS = ["127.0.0.1"]
    settings.REPLICATE_WEBHOOK_SECRETS = list(secrets)
    yield running
    running.reset()
    running.tokens.clear()
    running.page_size = PAGE_SIZE
