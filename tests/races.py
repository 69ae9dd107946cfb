"""Real races: threads with database connections of their own that start at one barrier."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
START_SECONDS = 30


def race(works: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run all of `works` at once; each one's result or the exception that ended it, in their order.

    The test must be transactional (`django_db(transaction=True)`): other connections see committed rows only.
    """
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T | Exception:
        try:
            connection.ensure_connection()
            barrier.wait(START_SECONDS)
            return work()
        except Exception as error:  # noqa: BLE001  (losing a race is a result)
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def together(count: int, work: Callable[[], T]) -> list[T | Exception]:
    """The same work `count` times at once."""
    return race([work] * count)


def wait_for_a_waiter() -> None:
    """Until somebody waits for a lock, which the test itself holds meanwhile."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the lock")
