"""How long a model takes for one picture, and whether the intervals shown for its jobs held: from its last runs, kept
on its catalogue row, where prices and pages read it. The only writer of the measured fields; it moves no price that was
shown."""

from django.db import connection, transaction

from generation import catalogue

RUNS_MAX = 200
RUNS_MIN = 20  # fewer say too little: until then the catalogue's typical time stands

# One statement for all models. Each reads its RUNS_MAX latest successes by index and, one by one, what each of them
# delivered: with LIMIT 1 the planner does not think of reading all attempts.
#
# The price's time is what the provider measured. The interval is of what a person waits for once a worker has begun:
# with the queue at the provider, and with storing. A run of an equivalent that took over tells nothing of the model
# that was asked for, but whether its interval held does.
#
# A row that a sync holds is left for the next time, so that neither waits for the other. The median of a provider that
# answers at once would be 0, which no charge could be divided by: a millisecond stands for it.
MEASURE = """
    UPDATE generation_inferencemodel AS kept
       SET measured_seconds = now.seconds, measured_runs = now.runs, measured_low = now.low, measured_high = now.high,
           coverage = now.coverage, coverage_jobs = now.shown, measured_at = statement_timestamp()
      FROM (
        SELECT id, runs, shown, coverage,
               CASE WHEN runs >= %(least)s THEN greatest(0.001, round(median::numeric, 3)) END AS seconds,
               CASE WHEN runs >= %(least)s THEN greatest(0.001, round(whole[1]::numeric, 3)) END AS low,
               CASE WHEN runs >= %(least)s THEN greatest(0.001, round(whole[2]::numeric, 3)) END AS high
          FROM (
            SELECT model.id,
                   count(*) FILTER (WHERE run.is_own) AS runs,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY run.seconds) FILTER (WHERE run.is_own) AS median,
                   percentile_cont('{0.1, 0.9}'::float8[]) WITHIN GROUP (ORDER BY run.whole)
                     FILTER (WHERE run.is_own) AS whole,
                   count(run.held) AS shown, avg(run.held) AS coverage
              FROM (SELECT id FROM generation_inferencemodel WHERE NOT is_retired
                    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS model
             CROSS JOIN LATERAL (
               SELECT coalesce(attempt.model_id = model.id, true) AS is_own,
                      attempt.run_seconds / attempt.pictures AS seconds,
                      extract(epoch FROM job.finished_at - attempt.started_at)::float8 / attempt.pictures AS whole,
                      CASE WHEN job.expected_low IS NOT NULL THEN
                        (extract(epoch FROM job.finished_at - job.created_at)
                           BETWEEN job.expected_low AND job.expected_high)::int END::float8 AS held
                 FROM (SELECT id, created_at, finished_at, expected_low, expected_high FROM generation_job
                        WHERE model_id = model.id AND finished_at IS NOT NULL AND error_code = ''
                        ORDER BY finished_at DESC LIMIT %(most)s) AS job
                CROSS JOIN LATERAL (
                  SELECT run_seconds, pictures, started_at, model_id FROM generation_attempt
                   WHERE job_id = job.id AND pictures IS NOT NULL LIMIT 1) AS attempt) AS run
             GROUP BY model.id) AS each
      ) AS now
     WHERE kept.id = now.id
       AND (kept.measured_seconds, kept.measured_runs, kept.measured_low, kept.measured_high,
            kept.coverage, kept.coverage_jobs)
           IS DISTINCT FROM (now.seconds, now.runs, now.low, now.high, now.coverage, now.shown)
"""


def measure() -> int:
    """Bring every model's measured time up to date; returns how many changed. Twice at once is harmless."""
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, {"least": RUNS_MIN, "most": RUNS_MAX})
        changed: int = cursor.rowcount
    if changed:
        transaction.on_commit(catalogue.forget)
    return changed
