"""How a day of transfers is sealed, in SQL: a row's canonical text and a day's hash. Data for models and the audit.

docs/ledger.md tells the same to strangers, and verify_statement.py computes it again without a database.
"""

from django.db.models import DateField, Func

from credits.triggers import refuse

# A day that ended this long ago is closed. A row has the time at which its statement began, and none waits that long;
# one that did is refused (STAYS_OUT).
LAG = "interval '1 hour'"
CLOSED = f"(clock_timestamp() - {LAG}) AT TIME ZONE 'UTC'"


class UtcDay(Func):
    """The UTC date of a moment, in the very text of the index `transfer_statement`; migrations name this class."""

    template = "((%(expressions)s AT TIME ZONE 'UTC')::date)"
    output_field = DateField()


# The same in SQL of our own.
DAY = "(transfer.created_at AT TIME ZONE 'UTC')::date"
ROWS = """
    credits_transfer transfer
    JOIN credits_wallet giver ON giver.id = transfer.source_id
    JOIN credits_wallet taker ON taker.id = transfer.target_id
"""
# One JSON array without spaces. to_json escapes as json.dumps(..., ensure_ascii=False) does.
LINE = """
    '[' || transfer.id
    || ',"' || to_char(transfer.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","' || transfer.phase || '","' || transfer.kind || '","' || giver.kind || '","' || taker.kind
    || '",' || transfer.amount || ',' || coalesce(transfer.reserve_id::text, 'null')
    || ',' || to_json(transfer.subject) || ',' || to_json(transfer.reason) || ']'
"""
COLUMNS = ("id", "at", "phase", "kind", "from", "to", "amount", "ends", "subject", "reason")
DIGESTS = f"string_agg(sha256(convert_to({LINE}, 'UTF8')), ''::bytea ORDER BY transfer.id)"
# What the first checkpoint of an owner names as the one before.
BEGINNING = bytes(32)
BEGINNING_SQL = "decode(repeat('00', 32), 'hex')"

# Fills a new checkpoint from the rows: a caller names owner and day, and cannot get the rest wrong.
SEAL = f"""
    -- Whoever wrote a transfer of this owner holds one of these locks until it commits: after them none is in between.
    PERFORM FROM credits_wallet WHERE owner_id = NEW.owner_id ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO earlier FROM credits_checkpoint WHERE owner_id = NEW.owner_id ORDER BY day DESC LIMIT 1;
    IF NEW.day >= ({CLOSED})::date THEN
        {refuse("checkpoint_day_is_over")}
    END IF;
    IF NEW.day <= earlier.day THEN
        {refuse("checkpoint_follows_the_last")}
    END IF;
    IF EXISTS (SELECT FROM credits_transfer transfer WHERE owner_id = NEW.owner_id
                  AND {DAY} > coalesce(earlier.day, '-infinity') AND {DAY} < NEW.day) THEN
        {refuse("checkpoint_leaves_no_day_out")}
    END IF;
    SELECT count(*), max(transfer.id), {DIGESTS} INTO NEW.rows, NEW.last_id, digests
      FROM {ROWS} WHERE transfer.owner_id = NEW.owner_id AND {DAY} = NEW.day;
    IF NEW.rows = 0 THEN
        {refuse("checkpoint_has_rows")}
    END IF;
    NEW.previous_id = earlier.id;
    NEW.hash = sha256(coalesce(earlier.hash, {BEGINNING_SQL}) || digests);
    RETURN NEW;
"""  # noqa: S608  (our own names, at import time)

# After the lock on the wallet, which sealing takes too: a transfer is sealed with its day or refused, never missed.
# Today's need no look: a day that is not over is never sealed.
STAYS_OUT = f"""
    IF NEW.created_at < date_trunc('day', clock_timestamp(), 'UTC') AND EXISTS (
        SELECT FROM credits_checkpoint WHERE owner_id = NEW.owner_id
           AND day >= (NEW.created_at AT TIME ZONE 'UTC')::date) THEN
        {refuse("transfer_day_is_open")}
    END IF;
"""
