"""What must hold for guests that became accounts, for `audit_ledger`. That credits never move is the ledger's check."""

from credits import audit
from credits.invariants import Check
from generation.invariants import SWEEP_GRACE_SECONDS

PEOPLE = (
    Check(
        "guest_merged_once",
        "Only guests are merged, each into one account.",
        """
        SELECT guest.id FROM accounts_user guest LEFT JOIN accounts_user account ON account.id = guest.merged_into_id
         WHERE guest.merged_into_id IS NOT NULL AND (NOT guest.is_guest OR account.is_guest IS DISTINCT FROM false)
        """,
    ),
    # What another tab submits while the merge runs is fetched right after it.
    Check(
        "guest_left_nothing_behind",
        "A merged guest's jobs and assets are the account's.",
        f"""
        SELECT guest.id, job.id AS job FROM accounts_user guest JOIN generation_job job ON job.owner_id = guest.id
         WHERE guest.merged_into_id IS NOT NULL AND job.created_at < now() - interval '{SWEEP_GRACE_SECONDS} seconds'
        """,  # noqa: S608  (a number of ours)
    ),
)


def register() -> None:
    """Called once when Django is ready."""
    audit.register(*PEOPLE)
