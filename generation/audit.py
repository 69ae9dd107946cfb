"""Invariants of jobs and assets for `audit_ledger`, in SQL, as far as they can be read from rows."""

from django.conf import settings

from credits import audit


def register() -> None:
    """Called once when Django is ready."""
    audit.count("open_jobs", "SELECT count(*) FROM generation_job WHERE finished_at IS NULL")
    grace = settings.SWEEP_SECONDS * 3 + 60
    for name, sentence, sql in (
        (
            "job_past_deadline",
            "Every job has ended soon after its deadline.",
            f"""SELECT id FROM generation_job
               WHERE finished_at IS NULL AND deadline_at < now() - interval '{grace} seconds'""",  # noqa: S608  (a number of ours)
        ),
        (
            "job_open_without_reserve",
            "Every open job holds exactly its quoted price.",
            """SELECT j.id FROM generation_job j
               LEFT JOIN credits_transfer t ON t.subject = 'job:' || j.code AND t.phase = 'reserve'
               LEFT JOIN credits_transfer e ON e.reserve_id = t.id
               WHERE j.finished_at IS NULL GROUP BY j.id
               HAVING coalesce(sum(t.amount) FILTER (WHERE e.id IS NULL), 0) <> j.price_credits * j.count""",
        ),
        (
            "job_charged_wrongly",
            "Only a success is charged, and never more than the price of what was stored.",
            """SELECT j.id FROM generation_job j
               LEFT JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS charged FROM credits_transfer
                                  WHERE subject = 'job:' || j.code AND phase = 'capture') c ON true
               LEFT JOIN LATERAL (SELECT count(*) AS stored FROM generation_asset
                                  WHERE job_id = j.id AND NOT is_late) a ON true
               WHERE j.finished_at IS NOT NULL AND (
                 (j.state = 'succeeded' AND (stored = 0 OR charged = 0 OR charged > j.price_credits * stored))
                 OR (j.state <> 'succeeded' AND charged <> 0))""",
        ),
        (
            "reserve_without_open_job",
            "No reserve of a job outlives it.",
            """SELECT t.id FROM credits_transfer t
               LEFT JOIN credits_transfer e ON e.reserve_id = t.id
               JOIN generation_job j ON t.subject = 'job:' || j.code
               WHERE t.phase = 'reserve' AND e.id IS NULL AND j.finished_at IS NOT NULL""",
        ),
        (
            "reserve_of_no_job",
            "Every reserve of a job belongs to one.",
            """SELECT t.id FROM credits_transfer t WHERE t.phase = 'reserve' AND t.subject LIKE 'job:%'
               AND NOT EXISTS (SELECT 1 FROM generation_job j WHERE t.subject = 'job:' || j.code)""",
        ),
        (
            "attempt_live_after_end",
            "No attempt is live once its job has ended.",
            """SELECT a.id FROM generation_attempt a JOIN generation_job j ON j.id = a.job_id
               WHERE a.finished_at IS NULL AND j.finished_at IS NOT NULL""",
        ),
        (
            "asset_shown_unmoderated",
            "Nothing is shown that moderation has not passed.",
            "SELECT id FROM generation_asset WHERE visibility <> 'private' AND moderation <> 'passed'",
        ),
    ):
        audit.register(name=name, sql=sql, sentence=sentence)
