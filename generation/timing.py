"""How long a model takes for one picture: the median of its last runs, kept on its catalogue row, where prices and
pages read it. The only writer of the measured fields; it moves no price that was shown."""

from django.db import connection, transaction

from generation import catalogue

RUNS_MAX = 200
RUNS_MIN = 20  # fewer say too little: until then the catalogue's typical time stands

# One statement for all models. Each reads its RUNS_MAX latest successes by index and, one by one, what each of them
# delivered: with LIMIT 1 the planner does not think of reading all attempts.
# A row that a sync holds is left for the next time, so that neither waits for the other. The median of a provider that
# answers at once would be 0, which no charge could be divided by: a millisecond stands for it.
MEASURE = """
    UPDATE generation_inferencemodel AS kept
       SET measured_seconds = now.seconds, measured_runs = now.runs, measured_at = statement_timestamp()
      FROM (
        SELECT model.id, count(*) AS runs,
               CASE WHEN count(*) >= %(least)s THEN greatest(0.001, round(
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY run.seconds)::numeric, 3)) END AS seconds
          FROM (SELECT id FROM generation_inferencemodel WHERE NOT is_retired
                ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS model
         CROSS JOIN LATERAL (
           SELECT attempt.run_seconds / attempt.pictures AS seconds
             FROM (SELECT id FROM generation_job
                    WHERE model_id = model.id AND finished_at IS NOT NULL AND error_code = ''
                    ORDER BY finished_at DESC LIMIT %(most)s) AS job
            CROSS JOIN LATERAL (
              SELECT run_seconds, pictures FROM generation_attempt
               WHERE job_id = job.id AND pictures IS NOT NULL LIMIT 1) AS attempt) AS run
         GROUP BY model.id
      ) AS now
     WHERE kept.id = now.id AND (kept.measured_seconds, kept.measured_runs) IS DISTINCT FROM (now.seconds, now.runs)
"""


def measure() -> int:
    """Bring every model's measured time up to date; returns how many changed. Twice at once is harmless."""
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, {"least": RUNS_MIN, "most": RUNS_MAX})
        changed: int = cursor.rowcount
    if changed:
        transaction.on_commit(catalogue.forget)
    return changed
