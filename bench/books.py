"""What must be true after a metric: the ledger balances, holds are open jobs, no job is lost or doubled."""

from django.db import connection

from credits import audit


def wrong(*, jobs: int) -> list[str]:
    """What is not as it must be, when `jobs` submits were accepted in all; empty when all is well."""
    report = audit.run()
    found = [sentence(breach) for breach in report.breaches]
    made, doubled = _numbers()
    if made != jobs:
        found.append(f"{jobs} submits were accepted and {made} jobs made")
    if doubled:
        found.append(f"{doubled} jobs have more than one reserve")
    if report.figures["open_jobs"] != report.figures["open_reserves"]:
        found.append(f"{report.figures['open_jobs']} open jobs, {report.figures['open_reserves']} holds")
    return found


def breaches() -> list[str]:
    """What the audit finds, where no job is part of what was measured."""
    return [sentence(breach) for breach in audit.run().breaches]


def sentence(breach: audit.Breach) -> str:
    return f"{breach.sentence} {breach.rows} rows"


def _numbers() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM generation_job),
                      (SELECT count(*) FROM (SELECT subject FROM credits_transfer WHERE phase = 'reserve'
                                             GROUP BY subject HAVING count(*) > 1) more)"""
        )
        made, doubled = cursor.fetchone()
    return int(made), int(doubled)
