"""Proves the ledger's invariants from its rows, by SQL that shares nothing with the code that wrote them.

Other apps add their own checks and figures with `register` and `count`; this module knows none of their tables.
Each check is one statement, hence one snapshot: work that goes on meanwhile cannot look like a breach.
"""

import logging
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from credits.invariants import FIGURES, LEDGER, SUMS, Check, guards_stand
from credits.models import Audit

log = logging.getLogger(__name__)

EXAMPLES_MAX = 5
KEPT = timedelta(days=90)
# Sums and joins over a whole history would otherwise be done in many small batches on disk.
WORK_MEM = "64MB"


@dataclass(frozen=True)
class Breach:
    """A check that found rows; `examples` are at most five of them."""

    check: str
    sentence: str
    rows: int
    examples: list[dict[str, Any]]


@dataclass(frozen=True)
class Report:
    """The outcome of one run: what was checked, the registered counts, and the credits by kind of wallet."""

    ok: bool
    breaches: list[Breach]
    figures: dict[str, int]
    seconds: float
    checks: list[str]
    sums: dict[str, int]


_checks: dict[str, Check] = {}
_figures: dict[str, str] = {}


def register(*checks: Check) -> None:
    """Add checks of another app. Called when Django is ready."""
    _checks.update({check.name: check for check in checks})


def count(name: str, sql: str) -> None:
    """Add a figure to the report: a SELECT of one number."""
    _figures[name] = sql


def checks() -> list[Check]:
    """All checks: the ledger's own, then the registered ones."""
    return [*LEDGER, guards_stand(), *_checks.values()]


def run() -> Report:
    """Run every check now. Reads only."""
    start = time.monotonic()
    breaches = [breach for breach in map(find, checks()) if breach]
    figures = {name: int(_first(sql)[0]) for name, sql in {**FIGURES, **_figures}.items()}
    sums: dict[str, int] = _first(SUMS)[0]
    names = [check.name for check in checks()]
    return Report(not breaches, breaches, figures, time.monotonic() - start, names, sums)


def find(check: Check) -> Breach | None:
    """Run one check now."""
    rows, examples = _first(
        f"""WITH breach AS ({check.sql})
            SELECT (SELECT count(*) FROM breach),
                   (SELECT coalesce(json_agg(example), '[]'::json)
                      FROM (SELECT * FROM breach LIMIT {EXAMPLES_MAX}) AS example)"""  # noqa: S608  (our own text)
    )
    return Breach(check.name, check.sentence, rows, examples) if rows else None


def record() -> Report:
    """Run every check and keep the result for the pages that show it; a breach is logged as an error."""
    report = run()
    Audit.objects.create(**asdict(report))
    Audit.objects.filter(at__lt=timezone.now() - KEPT).delete()
    for breach in report.breaches:
        log.error("ledger breach: %s (%s rows, e.g. %s)", breach.sentence, breach.rows, breach.examples)
    return report


def _first(sql: str) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        cursor.execute(sql)
        return cursor.fetchone()
