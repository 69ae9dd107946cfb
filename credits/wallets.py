"""Opens wallets and locks them; no amounts, no transfers. For ledger.py and checkpoints.py: one order of locks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from credits.models import HOUSE, Wallet, WalletKind

# Written out, since every job begins and ends with one of them: they take the locks in id order and read the date that
# the top-up goes by from the database's clock, at once.
LOCK = """
    SELECT id, owner_id, kind, balance, reserved, topped_up_on, (now() AT TIME ZONE 'utc')::date AS today,
           EXISTS (SELECT FROM credits_transfer WHERE owner_id = %(owner)s AND kind = 'purchase') AS has_purchased
      FROM credits_wallet WHERE owner_id = %(owner)s ORDER BY id FOR NO KEY UPDATE
"""
LOCK_OF_SUBJECT = """
    SELECT id, owner_id, kind, balance, reserved, topped_up_on, (now() AT TIME ZONE 'utc')::date AS today,
           NULL AS has_purchased
      FROM credits_wallet
     WHERE owner_id = (SELECT owner_id FROM credits_transfer WHERE subject = %(subject)s AND phase = 'reserve' LIMIT 1)
     ORDER BY id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """A locked wallet as it is now."""

    id: int
    owner_id: int
    kind: str
    balance: int
    reserved: int
    topped_up_on: date | None
    today: date  # by the database's clock, in UTC, the same for the whole transaction
    has_purchased: bool | None  # None where nobody asked

    @property
    def spendable(self) -> int:
        return self.balance - self.reserved


Locks = dict[str, Locked]


def lock(owner_id: int, kinds: Iterable[WalletKind]) -> Locks:
    """Lock all wallets of the owner by kind, opening those of `kinds` that do not exist yet."""
    locks = _lock(LOCK, owner=owner_id)
    if all(kind in locks for kind in kinds):
        return locks
    _open(owner_id, kinds)
    return _lock(LOCK, owner=owner_id)


def lock_of_subject(subject: str) -> Locks:
    """Lock all wallets of the owner who has reserved for this subject; none when nobody has."""
    return _lock(LOCK_OF_SUBJECT, subject=subject)


def house_id(kind: WalletKind) -> int:
    """The house's wallet of this kind. There is one as soon as anybody has a wallet."""
    return Wallet.objects.values_list("id", flat=True).get(owner=None, kind=kind)


def _lock(statement: str, **values: str | int) -> Locks:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the ledger locks wallets: open an atomic block first")
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = [Locked(*row) for row in cursor.fetchall()]
    return {row.kind: row for row in rows}


def _open(owner_id: int, kinds: Iterable[WalletKind]) -> None:
    """Open a person's wallets in the order of spending, and with them the house's, which every transfer needs.

    Two first requests at once: the second waits here for the first and then finds its rows.
    """
    house = [Wallet(kind=kind) for kind in HOUSE]
    own = [Wallet(owner_id=owner_id, kind=kind) for kind in kinds]
    Wallet.objects.bulk_create([*house, *own], ignore_conflicts=True)
