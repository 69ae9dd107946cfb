"""`manage.py audit_ledger`: prove the invariants of ledger and jobs; exit 1 on a breach."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from credits import audit
from credits.invariants import Check


class Command(BaseCommand):
    help = "Prove every invariant of the ledger and of jobs. Exits 1 on a breach."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, **options: Any) -> None:
        report = audit.run()
        self.stdout.write(_as_json(report) if options["json"] else _as_text(report))
        if not report.ok:
            sys.exit(1)


def _as_json(report: audit.Report) -> str:
    breaches = [asdict(breach) for breach in report.breaches]
    return json.dumps({"ok": report.ok, "breaches": breaches, **report.figures, "seconds": round(report.seconds, 3)})


def _as_text(report: audit.Report) -> str:
    broken = {breach.check: breach for breach in report.breaches}
    lines = [_line(check, broken.get(check.name)) for check in audit.checks()]
    figures = ", ".join(f"{name.replace('_', ' ')}: {number}" for name, number in report.figures.items())
    verdict = "The books are in order." if report.ok else f"{len(broken)} of {len(lines)} checks found a breach."
    return "\n".join([*lines, figures, verdict])


def _line(check: Check, breach: audit.Breach | None) -> str:
    if breach is None:
        return f"ok      {check.sentence}"
    return f"BREACH  {check.sentence} {breach.rows} rows, e.g. {json.dumps(breach.examples)}"
