"""The queue in SQL: whose turn is next on a lane, and how many wait before a job. Writes nothing but the claim.

A job that rests before its next try waits for a time, not for its turn: nobody waits behind it.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models.expressions import RawSQL

from generation.models import Job

PLACE_MAX = 500

PLACE = f"""(SELECT count(*) FROM (
    SELECT 1 FROM generation_job w
    WHERE w.waiting AND w.lane = generation_job.lane AND (w.turn, w.id) < (generation_job.turn, generation_job.id)
      AND (w.not_before IS NULL OR w.not_before <= now())
    LIMIT {PLACE_MAX + 1}) ahead)"""  # noqa: S608  (a constant)

# Of a job that comes to a lane: the least recently served person is next.
TURN = """greatest(
    coalesce((SELECT turn FROM generation_job WHERE lane = %(lane)s AND claimed_at IS NOT NULL
              ORDER BY claimed_at DESC LIMIT 1), 0),
    coalesce((SELECT max(turn) + 1 FROM generation_job WHERE owner_id = %(owner)s AND lane = %(lane)s), 0))"""


@dataclass(frozen=True)
class Standing:
    """What a submit must know, read after the owner's wallets are locked, so that it holds until the commit."""

    open_jobs: int
    turn: int
    place: int  # how many wait before a new job, counted to `count_to`
    known_job_id: int | None


def standing(*, owner_id: int, lane: str, form_keys: list[str], count_to: int = PLACE_MAX + 1) -> Standing:
    """Open jobs, turn and place of a new job, and the job that one of these form keys has already made. One statement.

    The turn is max(turn now served on the lane, owner's last turn on it + 1): the least recently served comes first.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT
                 (SELECT count(*) FROM generation_job WHERE owner_id = %(owner)s AND finished_at IS NULL),
                 next.turn,
                 (SELECT count(*) FROM (
                    SELECT 1 FROM generation_job w WHERE w.waiting AND w.lane = %(lane)s AND w.turn <= next.turn
                                                     AND (w.not_before IS NULL OR w.not_before <= now())
                    LIMIT %(most)s) ahead),
                 (SELECT id FROM generation_job WHERE form_key = ANY(%(keys)s) LIMIT 1)
               FROM (SELECT {TURN} AS turn OFFSET 0) next""",  # noqa: S608  (a constant)
            {"owner": owner_id, "lane": lane, "keys": form_keys, "most": count_to},
        )
        return Standing(*cursor.fetchone())


def turn(*, owner_id: int, lane: str) -> int:
    """The turn of a job that comes to a lane from another one."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TURN}", {"owner": owner_id, "lane": lane})
        return int(cursor.fetchone()[0])


def claim(*, lane: str) -> Job | None:
    """Take the fairest waiting job of a lane under a lease; None when nothing waits. One statement, its own commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE generation_job SET
                 state = CASE state WHEN 'queued' THEN 'starting' ELSE state END,
                 waiting = false, tries = tries + 1, claimed_at = now(),
                 lease_until = now() + make_interval(secs => %(lease)s)
               WHERE id = (
                 SELECT id FROM generation_job
                 WHERE lane = %(lane)s AND waiting AND deadline_at > now()
                   AND (not_before IS NULL OR not_before <= now())
                 ORDER BY turn, id LIMIT 1 FOR UPDATE SKIP LOCKED)
               RETURNING id""",
            {"lane": lane, "lease": settings.JOB_LEASE_SECONDS},
        )
        row = cursor.fetchone()
    return Job.objects.select_related("model", "stand_in", "reference").get(pk=row[0]) if row else None


def place() -> RawSQL:
    """An annotation for Job: how many wait before it on its lane, counted to PLACE_MAX + 1."""
    return RawSQL(PLACE, [])  # noqa: S611  (a constant)


def hint(lane: str, *, seconds: float = 0.0) -> None:
    """Tell the lane's workers that there is work, now or after so long. Lost hints are the sweep's to find."""
    from generation import tasks  # noqa: PLC0415  (tasks are doors of the domain)

    tasks.hint(lane, seconds=seconds)
