"""The audit on a million transfers of twenty thousand people: each check and the whole, beside one plain pass."""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.db import connection

from bench import books, history, machine
from bench.cells import Goal, Verdict
from bench.ground import Ground
from credits import audit

T = TypeVar("T")
OWNERS, QUICK_OWNERS = 20_000, 200
SECONDS_WANTED = 5
PASS = "SELECT sum(amount), count(*) FROM credits_transfer WHERE phase IN ('final', 'capture')"


def measure(ground: Ground) -> Verdict:
    """Runs it once a round on warm tables; what it finds must be nothing."""
    transfers = history.fill(owners=QUICK_OWNERS if ground.seconds < 1 else OWNERS)
    audit.run()
    wrong: list[str] = []
    rounds = [_round(ground, number, wrong) for number in range(1, ground.rounds + 1)]
    quiet = [one for one in rounds if not one["noisy"]] or rounds
    seconds = statistics.median(one["seconds"] for one in quiet)
    passes = round(statistics.median(one["seconds"] / one["pass_seconds"] for one in quiet), 1)
    cpu = round(statistics.median(one["cpu_seconds"] for one in quiet), 2)
    figures = {"transfers": float(transfers), "seconds": round(seconds, 2), "cpu_seconds": cpu, "plain_passes": passes}
    goal = Goal.no_more_than(f"seconds for {transfers:,} transfers", seconds, SECONDS_WANTED)
    return Verdict(not wrong, [goal], figures, wrong, sum(bool(one["noisy"]) for one in rounds))


def _round(ground: Ground, number: int, wrong: list[str]) -> dict[str, float]:
    ground.wait_until_quiet()
    before = machine.sample(ground.roles)
    plain = _timed(_plain_pass)[0]
    seconds = {}
    for check in audit.checks():
        seconds[check.name], breach = _timed(partial(audit.find, check))
        if breach:
            wrong.append(books.sentence(breach))
    between = machine.sample(ground.roles)
    whole, report = _timed(audit.run)
    after = machine.sample(ground.roles)
    other, cpu = machine.other_pct(before, after), (after.roles["postgres"] - between.roles["postgres"]) / 1000
    wrong += [books.sentence(breach) for breach in report.breaches]
    slowest = dict(sorted(((name, round(took, 2)) for name, took in seconds.items()), key=lambda one: -one[1])[:8])
    line = {
        "seconds": round(whole, 2),
        "cpu_seconds": round(cpu, 2),
        "pass_seconds": round(plain, 3),
        "noisy": other >= machine.QUIET_PCT,
    }
    said = {"cell": ground.metric, "round": number, **line, "other_pct": round(other, 1), "slowest": slowest}
    print(json.dumps(said), flush=True)
    return line


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.monotonic()
    result = work()
    return time.monotonic() - began, result


def _plain_pass() -> None:
    with connection.cursor() as cursor:
        cursor.execute(PASS)
        cursor.fetchone()
