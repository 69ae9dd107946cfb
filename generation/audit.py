"""Adds what must hold for jobs and assets to `audit_ledger`. Apps that may not know the ledger add theirs by `add`."""

from collections.abc import Iterable

from credits import audit
from credits.invariants import Check
from generation.invariants import JOBS

__all__ = ["Check", "add", "register"]


def register() -> None:
    """Called once when Django is ready."""
    audit.count("open_jobs", "SELECT count(*) FROM generation_job WHERE finished_at IS NULL")
    add(JOBS)


def add(checks: Iterable[Check]) -> None:
    for check in checks:
        audit.register(name=check.name, sql=check.sql, sentence=check.sentence)
