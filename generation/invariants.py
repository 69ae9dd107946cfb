"""What must hold between jobs, their money, attempts and assets: sentences, and the SQL that finds what breaks them.

Data for audit.py. A job and its transfers meet by the subject as one text, so that PostgreSQL hashes and does not loop.
"""

from django.conf import settings

from credits.invariants import Check

# A sweep may be late, a submit that began before a merge commits after it, and a prediction is looked at once more.
SWEEP_GRACE_SECONDS = settings.SWEEP_SECONDS * 3 + 60 + 45

JOBS = (
    Check(
        "job_past_deadline",
        "Every job has ended soon after its deadline.",
        f"""
        SELECT id FROM generation_job
         WHERE finished_at IS NULL AND deadline_at < now() - interval '{SWEEP_GRACE_SECONDS} seconds'
        """,  # noqa: S608  (a number of ours)
    ),
    Check(
        "job_state_fits",
        "An ended job has a time and waits no more, a failed one says why, and a success was tried.",
        """
        SELECT id, state FROM generation_job
         WHERE (finished_at IS NULL) <> (state IN ('queued', 'starting', 'running', 'storing'))
            OR state NOT IN ('queued', 'starting', 'running', 'storing', 'succeeded', 'failed', 'cancelled')
            OR waiting AND finished_at IS NOT NULL OR state = 'failed' AND error_code = ''
            OR state = 'succeeded' AND tries = 0
        """,
    ),
    Check(
        "job_is_held",
        "Every open job waits, or a worker's lease or a prediction that is asked about holds it.",
        """
        SELECT job.id FROM generation_job job
         WHERE job.finished_at IS NULL AND NOT job.waiting AND job.lease_until IS NULL
           AND NOT EXISTS (SELECT FROM generation_attempt attempt WHERE attempt.job_id = job.id
                              AND attempt.finished_at IS NULL AND attempt.poll_at IS NOT NULL)
        """,
    ),
    Check(
        "job_price_is_its_quote",
        "A job costs what its accepted quote says.",
        """
        SELECT id, price_credits, quote ->> 'price_credits' AS quoted FROM generation_job
         WHERE quote ->> 'price_credits' IS DISTINCT FROM price_credits::text
            OR quote ->> 'count' IS DISTINCT FROM count::text
        """,
    ),
    Check(
        "job_money_fits_state",
        "Every job reserves its price until it ends; only a success is charged, at most for what was stored in time.",
        """
        SELECT job.id, job.state, money.reserved, money.open, money.charged, made.pictures AS stored
          FROM generation_job job
          LEFT JOIN (SELECT subject, sum(amount) FILTER (WHERE phase = 'reserve') AS reserved,
                            count(*) FILTER (WHERE phase = 'reserve') - count(reserve_id) AS open,
                            sum(amount) FILTER (WHERE phase = 'capture') AS charged
                       FROM credits_transfer WHERE phase <> 'final'
                      GROUP BY subject) money ON money.subject = 'job:' || job.code
          LEFT JOIN (SELECT job_id, count(*) AS pictures FROM generation_asset
                      WHERE NOT is_late GROUP BY job_id) made ON made.job_id = job.id
         WHERE money.reserved IS DISTINCT FROM job.price_credits * job.count
            OR (money.open = 0) <> (job.finished_at IS NOT NULL)
            OR CASE WHEN job.state = 'succeeded'
                    THEN coalesce(money.charged, 0) NOT BETWEEN 1 AND job.price_credits * coalesce(made.pictures, 0)
                    ELSE money.charged IS NOT NULL END
        """,
    ),
    Check(
        "reserve_of_no_job",
        "Every reserve of a job belongs to one.",
        """
        SELECT held.id FROM credits_transfer held WHERE held.phase = 'reserve' AND held.subject LIKE 'job:%'
           AND NOT EXISTS (SELECT FROM generation_job job WHERE held.subject = 'job:' || job.code)
        """,
    ),
    Check(
        "free_spend_fits_jobs",
        "Each address's budget of today is what its jobs of today hold or were charged.",
        # A job's row is a moment younger than the day it was budgeted on: what began around midnight is left out.
        """
        SELECT coalesce(budget.address, job.address) AS budget, budget.spent, job.spent AS spent_by_jobs
          FROM (SELECT address, spent FROM generation_freespend
                 WHERE day = (now() AT TIME ZONE 'utc')::date AND spent > 0) budget
          FULL JOIN (SELECT job.free_address AS address,
                            sum(CASE WHEN job.finished_at IS NULL THEN job.free_credits
                                     ELSE coalesce(charge.amount, 0) END) AS spent,
                            min(job.created_at) < date_trunc('day', now() AT TIME ZONE 'utc') AT TIME ZONE 'utc'
                                                  + interval '1 minute' AS at_midnight
                       FROM generation_job job
                       LEFT JOIN LATERAL (SELECT sum(amount) AS amount FROM credits_transfer
                                           WHERE subject = 'job:' || job.code AND phase = 'capture') charge ON true
                      WHERE job.free_address <> ''
                        AND job.created_at >= date_trunc('day', now() AT TIME ZONE 'utc') AT TIME ZONE 'utc'
                      GROUP BY job.free_address) job ON job.address = budget.address
         WHERE coalesce(budget.spent, 0) <> coalesce(job.spent, 0) AND job.at_midnight IS NOT true
        """,
    ),
    Check(
        "attempt_at_most_three",
        "A job has at most three attempts, one of them live, and none that was not a try of it.",
        """
        SELECT job.id FROM generation_attempt attempt JOIN generation_job job ON job.id = attempt.job_id GROUP BY job.id
        HAVING count(*) > 3 OR count(*) FILTER (WHERE attempt.finished_at IS NULL) > 1
            OR max(attempt.number) > job.tries OR min(attempt.number) < 1
            OR count(DISTINCT attempt.number) < count(*)
        """,
    ),
    Check(
        "attempt_live_after_end",
        "No attempt is live once its job has ended.",
        """
        SELECT attempt.id FROM generation_attempt attempt JOIN generation_job job ON job.id = attempt.job_id
         WHERE attempt.finished_at IS NULL AND job.finished_at IS NOT NULL
        """,
    ),
    Check(
        "asset_one_per_index",
        "A job has one asset at most for each of its pictures.",
        """
        SELECT max(id) AS id FROM generation_asset GROUP BY job_id, index HAVING count(*) > 1
        """,
    ),
    Check(
        "asset_fits_its_job",
        "An asset is one that its job asked for, belongs to the same person, and is late only when the job had failed.",
        """
        SELECT asset.id, job.state FROM generation_asset asset LEFT JOIN generation_job job ON job.id = asset.job_id
         WHERE job.id IS NULL OR asset.index NOT BETWEEN 0 AND job.count - 1 OR asset.owner_id <> job.owner_id
            OR job.state <> CASE WHEN asset.is_late THEN 'failed' ELSE 'succeeded' END
        """,
    ),
    Check(
        "asset_names_its_bytes",
        "Every asset names its object, with its size and its hash.",
        """
        SELECT id FROM generation_asset
         WHERE length(sha256) <> 64 OR storage_key = '' OR size_bytes < 1 OR width < 1 OR height < 1
        """,
    ),
    Check(
        "asset_shown_unmoderated",
        "Nothing is shown that moderation has not passed.",
        "SELECT id FROM generation_asset WHERE visibility <> 'private' AND moderation <> 'passed'",
    ),
    Check(
        "public_copy_of_what_is_public",
        "Only what everybody may see has copies that everybody may read, and it names them as its own.",
        """
        SELECT asset.id FROM generation_asset asset
          LEFT JOIN generation_publicfolder folder ON folder.name = asset.public_folder AND folder.asset_id = asset.id
         WHERE asset.public_folder <> ''
           AND (asset.visibility <> 'public' OR asset.level NOT IN ('general', 'suggestive')
                OR asset.deleted_at IS NOT NULL OR folder.state IS DISTINCT FROM 'used')
        """,
    ),
    Check(
        "public_folder_is_named",
        "Every public folder that is not being filled or deleted is the one its asset names.",
        """
        SELECT folder.id FROM generation_publicfolder folder JOIN generation_asset asset ON asset.id = folder.asset_id
         WHERE folder.state = 'used' AND asset.public_folder <> folder.name
        """,
    ),
)
