"""Doors of the worker: what beat asks of the ledger."""

from celery import shared_task

from credits import audit as books


@shared_task(name="credits.tasks.audit", soft_time_limit=300, time_limit=330)
def audit() -> None:
    """Prove the books and keep the result."""
    books.record()
