"""Seals each owner's closed UTC days: one checkpoint a day with transfers, each naming the one before.

A trigger fills a checkpoint from the rows (seals.py); this module only finds the days. Safe to run twice at once, and
after any time without it: what is not sealed yet is found by the indexes, not by remembering.
"""

import logging
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from credits import wallets
from credits.seals import CLOSED, DAY

log = logging.getLogger(__name__)

OWNERS_MAX = 1_000  # looked at in one batch
DAYS_MAX = 400  # of one owner, in one transaction

# Two index entries a person tell whether a closed day is open; the transfers themselves are not read.
OWNERS = f"""
    SELECT person.owner_id, coalesce(newest.day > sealed.day, newest.day IS NOT NULL) AS is_due
      FROM (SELECT DISTINCT owner_id FROM credits_wallet
             WHERE owner_id > %(after)s ORDER BY owner_id LIMIT %(most)s) person
      LEFT JOIN LATERAL (
           SELECT {DAY} AS day FROM credits_transfer transfer
            WHERE owner_id = person.owner_id AND {DAY} < ({CLOSED})::date
            ORDER BY {DAY} DESC, id DESC LIMIT 1) newest ON true
      LEFT JOIN LATERAL (
           SELECT day FROM credits_checkpoint
            WHERE owner_id = person.owner_id ORDER BY day DESC LIMIT 1) sealed ON true
     ORDER BY person.owner_id
"""  # noqa: S608  (our own text)
NEXT_DAY = f"""
    SELECT {DAY} FROM credits_transfer transfer
     WHERE owner_id = %(owner)s AND {DAY} > {{after}} ORDER BY {DAY}, id LIMIT 1
"""  # noqa: S608
LAST_SEALED = "(SELECT coalesce(max(day), '-infinity') FROM credits_checkpoint WHERE owner_id = %(owner)s)"
# From day to day by the index, however many rows a day has; in their order, since each names the one before.
SEAL = f"""
    WITH RECURSIVE open (day) AS (
        ({NEXT_DAY.format(after=LAST_SEALED)})
        UNION ALL
        SELECT ({NEXT_DAY.format(after="open.day")}) FROM open WHERE open.day < ({CLOSED})::date
    )
    INSERT INTO credits_checkpoint (owner_id, day)
    SELECT %(owner)s, day FROM open WHERE day < ({CLOSED})::date ORDER BY day LIMIT %(most)s
"""  # noqa: S608


@dataclass(frozen=True)
class Batch:
    """What one batch did. `next_after` is the owner to go on after, None when nobody is left."""

    owners: int = 0
    days: int = 0
    busy: int = 0  # owners whose wallets somebody else held; the next run finds them again
    next_after: int | None = None

    def __add__(self, other: "Batch") -> "Batch":
        busy = self.busy + other.busy
        return Batch(self.owners + other.owners, self.days + other.days, busy, other.next_after)


def seal_batch(*, after_owner_id: int = 0) -> Batch:
    """Seal every closed day of the owners among the next OWNERS_MAX people, each owner in a transaction of its own."""
    with connection.cursor() as cursor:
        cursor.execute(OWNERS, {"after": after_owner_id, "most": OWNERS_MAX})
        people: list[tuple[int, bool]] = cursor.fetchall()
    batch = Batch()
    for owner_id, is_due in people:
        if is_due:
            batch += _seal_or_pass(owner_id)
    return batch + Batch(next_after=people[-1][0] if len(people) == OWNERS_MAX else None)


def seal_all() -> Batch:
    """Every batch, one after the other."""
    done = seal_batch()
    while done.next_after is not None:
        done += seal_batch(after_owner_id=done.next_after)
    return done


def seal(*, owner_id: int) -> int:
    """Seal every closed day of one owner; how many there were."""
    days = made = _seal(owner_id)
    while made == DAYS_MAX:
        made = _seal(owner_id)
        days += made
    return days


def _seal_or_pass(owner_id: int) -> Batch:
    try:
        days = seal(owner_id=owner_id)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        log.warning("the wallets of owner %s stay locked; the next run seals their days", owner_id)
        return Batch(busy=1)
    return Batch(owners=1 if days else 0, days=days)


@transaction.atomic
def _seal(owner_id: int) -> int:
    # First the locks, in a statement of their own: one that began before them would not see what they waited for.
    wallets.lock(owner_id, ())
    with connection.cursor() as cursor:
        cursor.execute(SEAL, {"owner": owner_id, "most": DAYS_MAX})
        return int(cursor.rowcount)
