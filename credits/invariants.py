"""What must hold in the ledger, each as a sentence and the SQL that finds what breaks it. Data for audit.py."""

from dataclasses import dataclass

from credits import guards
from credits.models import HOUSE, LEGAL_ROUTES
from credits.seals import BEGINNING_SQL, DAY, DIGESTS, ROWS


@dataclass(frozen=True)
class Check:
    """Something that must hold; `sql` selects what breaks it."""

    name: str
    sentence: str
    sql: str


FIGURES = {
    "open_reserves": "SELECT count(*) FILTER (WHERE phase = 'reserve') - count(reserve_id) FROM credits_transfer",
    "transfers": "SELECT count(*) FROM credits_transfer",
}
# The credits of each kind of wallet, the people's as stored and the house's by its transfers. All of them are zero.
SUMS = """
    SELECT coalesce(json_object_agg(kind, total), '{}') FROM (
        SELECT kind, sum(balance)::bigint AS total FROM credits_wallet WHERE owner_id IS NOT NULL GROUP BY kind
        UNION ALL
        SELECT house.kind, coalesce(sum(leg.amount), 0)::bigint
          FROM credits_wallet house LEFT JOIN (
               SELECT target_id AS wallet_id, amount FROM credits_transfer WHERE phase IN ('final', 'capture')
               UNION ALL
               SELECT source_id, -amount FROM credits_transfer WHERE phase IN ('final', 'capture')
               ) leg ON leg.wallet_id = house.id
         WHERE house.owner_id IS NULL GROUP BY house.kind) kinds
"""
OPEN_DAYS_MAX = 7  # whatever is made: nothing is worked on for longer
_HOUSE = ", ".join(f"'{kind.value}'" for kind in HOUSE)

LEDGER = (
    Check(
        "books_sum_to_zero",
        "All people's balances and the house's sums together are zero.",
        """
        SELECT people.total AS people, house.total AS house
          FROM (SELECT coalesce(sum(balance), 0) AS total FROM credits_wallet WHERE owner_id IS NOT NULL) people,
               (SELECT coalesce(sum(amount * ((target_id = ANY (own.ids))::int - (source_id = ANY (own.ids))::int)), 0)
                       AS total
                  FROM credits_transfer,
                       (SELECT array_agg(id) AS ids FROM credits_wallet WHERE owner_id IS NULL) own
                 WHERE phase IN ('final', 'capture')) house
         WHERE people.total + house.total <> 0
        """,
    ),
    Check(
        "balance_equals_transfers",
        "Every stored balance and reserve equals the sum of its transfers.",
        """
        SELECT wallet.id AS wallet, wallet.balance, coalesce(moved.balance, 0) AS balance_by_transfers,
               wallet.reserved, coalesce(held.reserved, 0) AS reserved_by_transfers
          FROM credits_wallet wallet
          LEFT JOIN (SELECT wallet_id, sum(amount) AS balance
                       FROM (SELECT target_id AS wallet_id, amount FROM credits_transfer
                              WHERE phase IN ('final', 'capture')
                             UNION ALL
                             SELECT source_id, -amount FROM credits_transfer
                              WHERE phase IN ('final', 'capture')) legs
                      GROUP BY wallet_id) moved ON moved.wallet_id = wallet.id
          LEFT JOIN (SELECT source_id, sum(amount) AS reserved FROM credits_transfer reserve
                      WHERE phase = 'reserve'
                        AND NOT EXISTS (SELECT FROM credits_transfer WHERE reserve_id = reserve.id)
                      GROUP BY source_id) held ON held.source_id = wallet.id
         WHERE wallet.owner_id IS NOT NULL
           AND (wallet.balance <> coalesce(moved.balance, 0) OR wallet.reserved <> coalesce(held.reserved, 0))
        """,
    ),
    Check(
        "wallet_never_overdrawn",
        "No wallet holds less than is reserved in it, no debt is above zero, and the house stores nothing.",
        f"""
        SELECT id, kind, balance, reserved FROM credits_wallet
         WHERE CASE WHEN kind = 'debt' THEN balance > 0 OR reserved <> 0
                    WHEN kind IN ({_HOUSE}) THEN balance <> 0 OR reserved <> 0 OR owner_id IS NOT NULL
                    ELSE reserved < 0 OR balance < reserved OR owner_id IS NULL END
        """,  # noqa: S608
    ),
    Check(
        "wallet_one_per_kind",
        "Nobody has two wallets of one kind.",
        "SELECT owner_id, kind, count(*) FROM credits_wallet GROUP BY owner_id, kind HAVING count(*) > 1",
    ),
    Check(
        "reserve_ends_once",
        "Every reserve ends at most once, fits its end, and no more is captured than was set aside.",
        """
        SELECT ending.reserve_id AS reserve, ending.id AS ending
          FROM credits_transfer ending LEFT JOIN credits_transfer held ON held.id = ending.reserve_id
         WHERE ending.phase IN ('capture', 'release')
           AND (held.id IS NULL OR held.phase <> 'reserve' OR ending.amount > held.amount
                OR (ending.phase = 'release' AND ending.amount <> held.amount)
                OR (ending.source_id, ending.target_id, ending.owner_id, ending.kind, ending.subject)
                    <> (held.source_id, held.target_id, held.owner_id, held.kind, held.subject))
        UNION ALL
        SELECT reserve_id, max(id) FROM credits_transfer
         WHERE reserve_id IS NOT NULL GROUP BY reserve_id HAVING count(*) > 1
        """,
    ),
    Check(
        "subject_ends_whole",
        f"The reserves of one subject belong to one owner and ended together, within {OPEN_DAYS_MAX} days.",
        f"""
        SELECT held.subject FROM credits_transfer held LEFT JOIN credits_transfer ending ON ending.reserve_id = held.id
         WHERE held.phase = 'reserve' GROUP BY held.subject
        HAVING count(DISTINCT held.owner_id) > 1 OR count(ending.id) NOT IN (0, count(*))
            OR count(ending.id) = 0 AND min(held.created_at) < now() - interval '{OPEN_DAYS_MAX} days'
        """,  # noqa: S608
    ),
    Check(
        "transfer_takes_a_legal_route",
        "Every transfer is positive, in a phase of its kind, and goes between its owner and the house as its kind may.",
        f"""
        SELECT transfer.id FROM credits_transfer transfer
          LEFT JOIN credits_wallet giver ON giver.id = source_id LEFT JOIN credits_wallet taker ON taker.id = target_id
         WHERE amount <= 0 OR source_id = target_id
            OR (phase = 'final') = (transfer.kind = 'generation')
            OR (phase IN ('final', 'reserve')) <> (reserve_id IS NULL)
            OR transfer.owner_id IS DISTINCT FROM coalesce(giver.owner_id, taker.owner_id)
            OR giver.owner_id <> taker.owner_id
            OR (transfer.kind || ' ' || giver.kind || ' ' || taker.kind = ANY (ARRAY[{LEGAL_ROUTES}])) IS NOT TRUE
        """,  # noqa: S608
    ),
    Check(
        "transfer_key_once",
        "Every transfer has a key of its own.",
        # Ordered, the index answers; grouped, a million keys would be hashed.
        """
        SELECT key FROM (SELECT key, lag(key) OVER (ORDER BY key) AS before FROM credits_transfer) keys
         WHERE key = before OR key = ''
        """,
    ),
    Check(
        "daily_once_per_utc_day",
        "Free credits came at most once per wallet and UTC day, and the wallet knows the last one.",
        # The key has the day on which its transaction began, the row the time of its statement, maybe past midnight.
        """
        SELECT id, key FROM credits_transfer
         WHERE kind = 'daily'
           AND key <> 'daily:' || target_id || ':' || to_char(created_at AT TIME ZONE 'utc', 'YYYY-MM-DD')
           AND key <> 'daily:' || target_id || ':'
                      || to_char((created_at - interval '10 minutes') AT TIME ZONE 'utc', 'YYYY-MM-DD')
        UNION ALL
        SELECT wallet.id, last.day FROM credits_wallet wallet
          JOIN (SELECT target_id, max(right(key, 10)) AS day FROM credits_transfer WHERE kind = 'daily'
                 GROUP BY target_id) last ON last.target_id = wallet.id
         WHERE wallet.topped_up_on IS NULL OR to_char(wallet.topped_up_on, 'YYYY-MM-DD') < last.day
        """,
    ),
    Check(
        "by_hand_has_reason_and_actor",
        "Every correction, gift and refund of a charge says who made it and why.",
        r"""
        SELECT id FROM credits_transfer
         WHERE (kind IN ('adjustment', 'goodwill') OR kind = 'refund' AND source_id = (
                SELECT id FROM credits_wallet WHERE owner_id IS NULL AND kind = 'revenue'))
           AND (reason !~ '\S' OR actor_id IS NULL)
        """,
    ),
    Check(
        "refunds_what_was_charged",
        "No more came back of a charge than it took, to who paid it and into the kind of wallet that did.",
        """
        SELECT refund.subject, refund.owner_id, taker.kind, sum(refund.amount) AS refunded
          FROM credits_transfer refund
          JOIN credits_wallet giver ON giver.id = refund.source_id AND giver.kind = 'revenue'
          JOIN credits_wallet taker ON taker.id = refund.target_id
         WHERE refund.kind = 'refund' GROUP BY refund.subject, refund.owner_id, taker.kind
        HAVING sum(refund.amount) > (
               SELECT coalesce(sum(paid.amount), 0)
                 FROM credits_transfer paid JOIN credits_wallet payer ON payer.id = paid.source_id
                WHERE paid.subject = refund.subject AND paid.owner_id = refund.owner_id AND paid.phase = 'capture'
                  AND (payer.kind = 'purchased') = (taker.kind = 'purchased'))
        """,
    ),
    Check(
        "nothing_reserved_in_debt",
        "Nobody set credits aside while a debt was open.",
        """
        WITH leg AS (
            SELECT debt.owner_id, transfer.id, amount AS moved
              FROM credits_transfer transfer JOIN credits_wallet debt ON debt.kind = 'debt' AND debt.id = target_id
            UNION ALL
            SELECT debt.owner_id, transfer.id, -amount
              FROM credits_transfer transfer JOIN credits_wallet debt ON debt.kind = 'debt' AND debt.id = source_id),
        stood AS (
            SELECT owner_id, id, sum(moved) OVER rows AS owed, lead(id) OVER rows AS until FROM leg
            WINDOW rows AS (PARTITION BY owner_id ORDER BY id))
        SELECT held.id AS reserve, stood.owed FROM stood
          JOIN credits_transfer held ON held.owner_id = stood.owner_id AND held.phase = 'reserve'
         WHERE stood.owed < 0 AND held.id > stood.id AND (stood.until IS NULL OR held.id < stood.until)
        """,
    ),
    # The one check that reads the text of every sealed row, hence the slowest.
    Check(
        "checkpoint_seals_its_rows",
        "Every checkpoint hashes the rows of its day and the one before it, and no sealed day has other rows.",
        f"""
        SELECT coalesce(sealed.owner_id, daily.owner_id) AS owner_id, coalesce(sealed.day, daily.day) AS day
          FROM (SELECT owner_id, day, previous_id, rows, last_id, hash,
                       lag(id) OVER chain AS before_id, lag(hash) OVER chain AS before
                  FROM credits_checkpoint WINDOW chain AS (PARTITION BY owner_id ORDER BY day)) sealed
          FULL JOIN (SELECT transfer.owner_id, {DAY} AS day, count(*) AS rows, max(transfer.id) AS last_id,
                            {DIGESTS} AS digests
                       FROM {ROWS}
                       JOIN (SELECT owner_id, max(day) AS day FROM credits_checkpoint GROUP BY owner_id) latest
                         ON latest.owner_id = transfer.owner_id AND {DAY} <= latest.day
                      GROUP BY transfer.owner_id, {DAY}) daily
            ON daily.owner_id = sealed.owner_id AND daily.day = sealed.day
         WHERE (sealed.previous_id, sealed.rows, sealed.last_id, sealed.hash) IS DISTINCT FROM
               (sealed.before_id, daily.rows, daily.last_id,
                sha256(coalesce(sealed.before, {BEGINNING_SQL}) || daily.digests))
        """,  # noqa: S608
    ),
)


def guards_stand() -> Check:
    """The check that finds guards which the models declare and the database lacks, or holds in a weaker form."""
    sentence = "Every constraint and trigger is in place, valid, as declared, and cannot be switched off."
    return Check("guards_stand", sentence, guards.missing())
