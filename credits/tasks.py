"""Doors of the worker: what beat asks of the ledger."""

from celery import shared_task

from credits import audit as books
from credits import checkpoints


@shared_task(name="credits.tasks.audit", soft_time_limit=300, time_limit=330)
def audit() -> None:
    """Prove the books and keep the result."""
    books.record()


@shared_task(name="credits.tasks.seal_statements", soft_time_limit=300, time_limit=330)
def seal_statements(after_owner_id: int = 0) -> None:
    """Seal a batch of people's closed days and ask for the next; what a lost message leaves, the next night finds."""
    batch = checkpoints.seal_batch(after_owner_id=after_owner_id)
    if batch.next_after is not None:
        seal_statements.delay(batch.next_after)
