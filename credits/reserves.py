"""Writes and reads the rows of reserves and their ends; no balances, no rules. For ledger.py alone, under its locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from credits import errors
from credits.models import SPENDABLE, Phase, Transfer, WalletKind
from credits.purse import Purse

# What every job runs is written out: the ORM takes several times longer to build it than PostgreSQL to run it.
#
# A subject is reserved once. Its second split may differ from its first, so the keys alone would not show the repeat.
RESERVE = """
    INSERT INTO credits_transfer (owner_id, source_id, target_id, amount, phase, kind, key, subject, reason)
    SELECT %(owner)s, part.source, (SELECT id FROM credits_wallet WHERE owner_id IS NULL AND kind = 'revenue'),
           part.amount, 'reserve', %(kind)s, part.key, %(subject)s, ''
      FROM unnest(%(sources)s::bigint[], %(amounts)s::bigint[], %(keys)s::text[]) AS part (source, amount, key)
     WHERE NOT EXISTS (SELECT FROM credits_transfer WHERE subject = %(subject)s AND phase = 'reserve')
"""
HELD = """
    SELECT held.id, wallet.kind, held.amount, ending.phase, ending.amount
      FROM credits_transfer held
      JOIN credits_wallet wallet ON wallet.id = held.source_id
      LEFT JOIN credits_transfer ending ON ending.reserve_id = held.id
     WHERE held.subject = %(subject)s AND held.phase = 'reserve'
"""
END = """
    INSERT INTO credits_transfer
           (owner_id, source_id, target_id, amount, phase, kind, key, subject, reserve_id, reason)
    SELECT held.owner_id, held.source_id, held.target_id, part.amount, part.phase, held.kind, part.key, held.subject,
           held.id, ''
      FROM unnest(%(reserves)s::bigint[], %(amounts)s::bigint[], %(phases)s::text[], %(keys)s::text[])
           AS part (reserve, amount, phase, key)
      JOIN credits_transfer held ON held.id = part.reserve ORDER BY held.source_id
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A reserve, and how it ended where it has."""

    id: int
    wallet: str
    amount: int
    end_phase: str | None
    end_amount: int | None

    @property
    def captured(self) -> int:
        return self.end_amount or 0 if self.end_phase == Phase.CAPTURE else 0


def insert(purse: Purse, parts: Mapping[WalletKind, int], *, subject: str, kind: str) -> bool:
    """Set `parts` aside, one row a wallet, in one statement. False when the subject has been reserved before."""
    values: dict[str, Any] = {
        "owner": purse.owner_id,
        "kind": kind,
        "subject": subject,
        "sources": [purse.wallet_ids[wallet] for wallet in parts],
        "amounts": list(parts.values()),
        "keys": [f"{subject}:reserve:{wallet.value}" for wallet in parts],
    }
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, values)
        return bool(cursor.rowcount)


def is_repeat(purse: Purse, *, amount: int, subject: str, kind: str) -> bool:
    """True when this very reserve stands already; KeyReused when the subject was reserved otherwise."""
    rows = Transfer.objects.filter(subject=subject, phase=Phase.RESERVE).values_list("owner_id", "kind", "amount")
    if not rows:
        return False
    if {row[:2] for row in rows} != {(purse.owner_id, kind)} or sum(row[2] for row in rows) != amount:
        raise errors.KeyReused(key=subject)
    return True


def held(subject: str) -> list[Held]:
    """The subject's reserves in the order of spending."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, {"subject": subject})
        rows = [Held(*row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: SPENDABLE.index(WalletKind(row.wallet)))


def end(subject: str, rows: list[Held], charges: list[int]) -> None:
    """One end for each reserve: a capture of its charge, which returns the rest, or a release of all of it."""
    phases = [Phase.CAPTURE if charge else Phase.RELEASE for charge in charges]
    values: dict[str, Any] = {
        "reserves": [row.id for row in rows],
        "amounts": [charge or row.amount for row, charge in zip(rows, charges, strict=True)],
        "phases": [phase.value for phase in phases],
        "keys": [f"{subject}:{phase.value}:{row.wallet}" for row, phase in zip(rows, phases, strict=True)],
    }
    with connection.cursor() as cursor:
        cursor.execute(END, values)
