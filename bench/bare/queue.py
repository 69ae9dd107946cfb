"""Celery with nothing in it: a task that does nothing, and one that notes when it began. Set up as the site's queue."""

import os
import time
from functools import cache

from celery import Celery

app = Celery("bare", broker=os.environ["BARE_BROKER"], set_as_current=False)
app.conf.update(
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_default_queue="bare",
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="bare.nothing")
def nothing() -> None:
    pass


@app.task(name="bare.note")
def note(number: int) -> None:
    """One line: the number and the time at which the task began, in nanoseconds of the clock that all share."""
    os.write(_notes(), f"{number} {time.monotonic_ns()}\n".encode())


@cache
def _notes() -> int:
    return os.open(os.environ["BARE_NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
