"""A long history, written past the guards by INSERT .. SELECT: owners, their transfers, jobs, attempts and pictures.

It is what the domain functions would have written in ten days, so that every check of the audit holds afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Model

from accounts.models import User
from bench import people
from credits.models import PERSONAL, Transfer, Wallet
from generation import catalogue, jobs, worker
from generation.models import Asset, Attempt, Job, Lane
from generation.pricing import quote
from generation.wish import Wish

JOBS_EACH = 18  # two a day; the last two are paid from bonus and purchased
DAYS, PRICE = 10, 8
WRITTEN = (User, Wallet, Transfer, Job, Attempt, Asset)

WALLETS = f"""
    INSERT INTO credits_wallet (owner_id, kind, balance, reserved)
    SELECT owner.id, kind, 0, 0 FROM accounts_user owner
     CROSS JOIN unnest(ARRAY[{", ".join(f"'{kind.value}'" for kind in PERSONAL)}]) WITH ORDINALITY
           AS wallet (kind, place)
     WHERE owner.email LIKE 'history%@example.org' ORDER BY owner.id, place
"""
GRANTS = f"""
    INSERT INTO credits_transfer
           (owner_id, source_id, target_id, amount, phase, kind, key, subject, reason, created_at)
    SELECT wallet.owner_id, house.id, wallet.id, gift.amount, 'final', gift.kind,
           CASE gift.kind WHEN 'daily'
                          THEN 'daily:' || wallet.id || ':' || to_char(gift.at AT TIME ZONE 'utc', 'YYYY-MM-DD')
                          WHEN 'welcome' THEN 'welcome:' || wallet.owner_id ELSE 'history:' || wallet.id END,
           '', '', gift.at
      FROM (SELECT 'daily' AS kind, 'issuance' AS house, 'daily' AS wallet, 20 AS amount,
                   now() - day * interval '1 day' AS at
              FROM generate_series(1, {DAYS}) day
            UNION ALL SELECT 'welcome', 'issuance', 'bonus', 50, now() - interval '{DAYS} days'
            UNION ALL SELECT 'purchase', 'sales', 'purchased', 1000, now() - interval '{DAYS} days') gift
      JOIN credits_wallet house ON house.owner_id IS NULL AND house.kind = gift.house
      JOIN credits_wallet wallet ON wallet.kind = gift.wallet
      JOIN accounts_user owner ON owner.id = wallet.owner_id AND owner.email LIKE 'history%@example.org'
     ORDER BY gift.at, wallet.id
"""
RESERVES = f"""
    INSERT INTO credits_transfer
           (owner_id, source_id, target_id, amount, phase, kind, key, subject, reason, created_at)
    SELECT job.owner_id, wallet.id, house.id, part.amount, 'reserve', 'generation',
           'job:' || job.code || ':reserve:' || part.kind, 'job:' || job.code, '', job.created_at
      FROM generation_job job
      JOIN LATERAL (VALUES ('daily', {PRICE}, false), ('bonus', 3, true), ('purchased', {PRICE} - 3, true))
           AS part (kind, amount, is_late) ON part.is_late = (job.turn >= {JOBS_EACH - 2})
      JOIN credits_wallet wallet ON wallet.owner_id = job.owner_id AND wallet.kind = part.kind
      JOIN credits_wallet house ON house.owner_id IS NULL AND house.kind = 'revenue'
     WHERE job.form_key LIKE 'history:%' ORDER BY job.id
"""
ENDS = """
    INSERT INTO credits_transfer
           (owner_id, source_id, target_id, amount, phase, kind, key, subject, reserve_id, reason, created_at)
    SELECT held.owner_id, held.source_id, held.target_id, held.amount, ending.phase, held.kind,
           held.subject || ':' || ending.phase || ':' || held.source_id, held.subject, held.id, '', job.finished_at
      FROM credits_transfer held JOIN generation_job job ON held.subject = 'job:' || job.code
     CROSS JOIN LATERAL (SELECT CASE job.state WHEN 'succeeded' THEN 'capture' ELSE 'release' END AS phase) ending
     WHERE held.phase = 'reserve' AND job.finished_at IS NOT NULL AND job.form_key LIKE 'history:%'
     ORDER BY held.id
"""
BALANCES = """
    UPDATE credits_wallet SET balance = sums.balance, reserved = sums.reserved
      FROM (SELECT wallet_id, sum(moved) AS balance, sum(held) AS reserved
              FROM (SELECT target_id AS wallet_id, amount AS moved, 0 AS held
                      FROM credits_transfer WHERE phase = 'final'
                    UNION ALL
                    SELECT source_id, -amount, 0 FROM credits_transfer WHERE phase IN ('final', 'capture')
                    UNION ALL
                    SELECT held.source_id, 0, held.amount FROM credits_transfer held
                      LEFT JOIN credits_transfer ending ON ending.reserve_id = held.id
                     WHERE held.phase = 'reserve' AND ending.id IS NULL) legs GROUP BY wallet_id) sums
     WHERE id = wallet_id AND owner_id IS NOT NULL
"""
TOPPED_UP = """
    UPDATE credits_wallet wallet SET topped_up_on = ((now() - interval '1 day') AT TIME ZONE 'utc')::date
      FROM accounts_user owner
     WHERE owner.id = wallet.owner_id AND owner.email LIKE 'history%@example.org' AND wallet.kind = 'daily'
"""


def fill(*, owners: int) -> int:
    """Write it, and say how many transfers there are now. Needs a database that knows the instant provider."""
    [person] = people.make(1)
    job = _one_job(person)
    with transaction.atomic(), guards_down(*WRITTEN):
        _users(person.user, owners)
        _execute(WALLETS)
        _jobs(job, owners)
        _attempts(Attempt.objects.get(job=job))
        _assets(Asset.objects.get(job=job))
        for statement in (GRANTS, RESERVES, ENDS, BALANCES, TOPPED_UP):
            _execute(statement)
    _execute("VACUUM ANALYZE")
    return Transfer.objects.count()


def _one_job(person: people.Person) -> Job:
    """The job that the others are copies of, made by the real functions."""
    model = catalogue.find(Lane.GPU)
    assert model is not None
    token = quote.sign(quote.make(model=model, aspect_ratio="1:1", count=1), model=model, aspect_ratio="1:1")
    wish = Wish(model=model, prompt=people.PROMPT)
    made = jobs.submit(
        owner=person.user, visitor=None, wish=wish, quote_token=token, key=uuid4().hex, address=person.address
    )
    assert worker.work(Lane.GPU)
    return Job.objects.get(pk=made.job.pk)


def _users(template: User, owners: int) -> None:
    _copy(
        template,
        f"generate_series(1, {owners}) AS number",
        code="gen_random_uuid()",
        email="'history' || number || '@example.org'",
        handle="'history' || number",
    )


def _jobs(template: Job, owners: int) -> None:
    """Every ninth failed; of one owner in fifty the last one is open. `turn` is the job's place among its owner's."""
    is_open = f"(place = {JOBS_EACH - 1} AND owner.id % 50 = 0)"
    created = f"now() - ({DAYS} - place / 2) * interval '1 day'"
    _copy(
        template,
        f"accounts_user owner CROSS JOIN generate_series(0, {JOBS_EACH - 1}) AS place"
        " WHERE owner.email LIKE 'history%@example.org' ORDER BY place, owner.id",
        code="gen_random_uuid()",
        owner_id="owner.id",
        form_key="'history:' || owner.id || ':' || place",
        price_credits=str(PRICE),
        quote=f"""template.quote || '{{"price_credits": {PRICE}, "total_credits": {PRICE}}}'""",
        turn="place",
        state=f"CASE WHEN {is_open} THEN 'queued' WHEN place % 9 = 4 THEN 'failed' ELSE 'succeeded' END",
        error_code=f"CASE WHEN NOT {is_open} AND place % 9 = 4 THEN 'timeout' ELSE '' END",
        tries=f"CASE WHEN {is_open} THEN 0 ELSE 1 END",
        waiting=is_open,
        created_at=created,
        claimed_at=f"CASE WHEN NOT {is_open} THEN {created} END",
        finished_at=f"CASE WHEN NOT {is_open} THEN {created} + interval '9 seconds' END",
        deadline_at="now() + interval '1 day'",
    )


def _attempts(template: Attempt) -> None:
    _copy(
        template,
        "generation_job job WHERE job.form_key LIKE 'history:%' AND job.finished_at IS NOT NULL ORDER BY job.id",
        code="gen_random_uuid()",
        job_id="job.id",
        started_at="job.created_at",
        finished_at="job.finished_at",
    )


def _assets(template: Asset) -> None:
    _copy(
        template,
        "generation_job job WHERE job.form_key LIKE 'history:%' AND job.state = 'succeeded' ORDER BY job.id",
        code="gen_random_uuid()",
        job_id="job.id",
        owner_id="job.owner_id",
        storage_key="'history/' || job.id || '.png'",
        created_at="job.finished_at",
    )


def _copy(template: Model, source: str, **own: str) -> None:
    """A row like the template for each row of `source`, but for the columns in `own`, which are SQL."""
    columns = [str(field.column) for field in template._meta.concrete_fields if not field.primary_key]
    values = ", ".join(own.get(column, f"template.{column}") for column in columns)
    table = template._meta.db_table
    _execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values}"
        f" FROM (SELECT * FROM {table} WHERE id = {template.pk}) template CROSS JOIN {source}"
    )


@contextmanager
def guards_down(*models: type[Model]) -> Iterator[None]:
    """Inside a transaction, for rows that are known to be right.

    Foreign keys and plain triggers sleep in replica mode; firm ones have to be taken down, and stand again after.
    """
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'"
            " AND tgrelid = ANY (%s::text[]::regclass[])",
            [tables],
        )
        firm = cursor.fetchall()
    for table, name in firm:
        _execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    _execute("SET LOCAL session_replication_role = replica")
    yield
    for table, name in firm:
        _execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
