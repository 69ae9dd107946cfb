"""Keeping a lease while something slow runs under it, so that no call is ever longer than its lease."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error, connection


@contextmanager
def beating(renew: Callable[[], object], *, name: str) -> Iterator[None]:
    """Renew a lease of JOB_LEASE_SECONDS in a thread of its own, which ends with the block."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(settings.JOB_LEASE_SECONDS / 3):
                with suppress(Error):  # away for a moment: the next beat tries again
                    renew()
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
