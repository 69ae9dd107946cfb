"""Adds what must hold for jobs and assets to `audit_ledger`, and what apps add that may not know the ledger."""

from credits import audit
from credits.invariants import Check
from generation.invariants import JOBS

__all__ = ["Check", "add", "register"]


def register() -> None:
    """Called once when Django is ready."""
    audit.count("open_jobs", "SELECT count(*) FROM generation_job WHERE finished_at IS NULL")
    audit.register(*JOBS)


def add(*checks: Check) -> None:
    """As `register` of the ledger's audit, for apps that may not know the ledger."""
    audit.register(*checks)
