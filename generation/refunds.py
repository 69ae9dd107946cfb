"""Gives back what a job was charged. Decides only who gets it; how much is left and where it goes is the ledger's."""

from django.db import transaction

from credits import ledger
from credits.purse import Refund
from generation.errors import PaidByGuest
from generation.models import Job


@transaction.atomic
def refund(*, job_id: int, amount: int, key: str, reason: str, actor_id: int) -> Refund:
    """Give `amount` of the job's charge back to its owner, once per key. The job's state and pictures stay.

    Raises Job.DoesNotExist, PaidByGuest, and the ledger's OverRefund, KeyReused, Refused.
    """
    # Locked, before the wallets as everywhere: its owner must not change meanwhile.
    job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
    made = ledger.refund(subject=job.subject, amount=amount, key=key, reason=reason, actor_id=actor_id)
    if made.owner_id != job.owner_id:
        raise PaidByGuest
    return made
