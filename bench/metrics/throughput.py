"""M7: jobs a second from submit to captured credits, beside what Celery does with tasks that do nothing."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import books, cells, machine, people
from bench.bare import queue
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground, broker
from bench.load import Load
from bench.people import Person
from bench.run import BARE_REDIS
from generation.models import Asset, Job, JobState, Lane

PEOPLE = 200
JOBS, QUICK_JOBS = 600, 40
TASKS, QUICK_TASKS = 3000, 500
CONNECTIONS = 8
PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.05  # looking more often would take CPU from what is measured


@dataclass(frozen=True)
class Run:
    seconds: float
    errors: int = 0
    accepted: int = 0


def measure(ground: Ground) -> Verdict:
    """Both from the first message sent to the last one done, by a prefork worker of two."""
    cast = people.make(PEOPLE)
    ground.web()
    ground.worker()
    ground.bare_worker()
    is_quick = ground.seconds < 1
    number, tasks = (QUICK_JOBS, QUICK_TASKS) if is_quick else (JOBS, TASKS)
    _site(ground, cast, QUICK_JOBS)  # the first jobs of a process are slower
    _bare(QUICK_TASKS)

    def site(round_number: int) -> Cell:
        roles = ("web", "worker", "postgres", "redis")
        return _timed(ground, "jobs", roles, round_number, number, lambda: _site(ground, cast, number))

    def bare(round_number: int) -> Cell:
        return _timed(ground, "bare tasks", ("bare_worker", "redis"), round_number, tasks, lambda: _bare(tasks))

    found = cells.interleave(ground, [bare, site])
    accepted = QUICK_JOBS + sum(cell.accepted for cell in found["jobs", CONNECTIONS])
    wrong = books.wrong(jobs=accepted)
    succeeded, pictures = Job.objects.filter(state=JobState.SUCCEEDED).count(), Asset.objects.count()
    if not succeeded == pictures == accepted:
        wrong.append(f"{accepted} jobs were accepted, {succeeded} succeeded, with {pictures} pictures")
    return Verdict(not wrong, _goals(found), {"jobs": accepted}, wrong, cells.noisy(found))


def _goals(found: cells.Cells) -> list[Goal]:
    jobs, bare = ("jobs", CONNECTIONS), ("bare tasks", CONNECTIONS)
    tasks_worth = statistics.median(
        job.cpu_ms["worker"] / task.cpu_ms["bare_worker"] for job, task in zip(found[jobs], found[bare], strict=True)
    )
    return [
        Goal.at_least("jobs a second, of no-op tasks", cells.ratio(found, jobs, bare, lambda c: c.per_second), 0.25),
        Goal.no_more_than("the worker's CPU a job, in no-op tasks", tasks_worth, 4),
    ]


def _timed(
    ground: Ground, label: str, roles: tuple[str, ...], round_number: int, number: int, run: Callable[[], Run]
) -> Cell:
    """A cell that ends with its work and not with the clock."""
    accepted = 0
    for _ in range(ground.patience):
        ground.wait_until_quiet()
        before = machine.sample(ground.roles)
        done = run()
        after = machine.sample(ground.roles)
        accepted += done.accepted
        other = machine.other_pct(before, after)
        if other < machine.QUIET_PCT:
            break
    cell = Cell(
        label=label,
        connections=CONNECTIONS,
        round=round_number,
        per_second=round(number / done.seconds, 1),
        p50=0,
        p95=0,
        p99=0,
        worst=0,
        cpu_ms={role: round((after.roles[role] - before.roles[role]) / number, 3) for role in roles},
        generator_cpu_ms=0,
        requests=number,
        accepted=accepted,
        errors=done.errors,
        other_pct=round(other, 1),
        noisy=other >= machine.QUIET_PCT,
    )
    cells.say(ground, cell)
    return cell


def _site(ground: Ground, cast: list[Person], number: int) -> Run:
    requests = people.submits(cast, lane=Lane.PROVIDERS, htmx=False)
    keys = time.monotonic_ns()
    load = Load(ground.port, requests, CONNECTIONS, 0, PATIENCE_SECONDS, frozenset({303}), keys, number)
    began = time.monotonic()
    outcome = cells.run_quietly(ground, load)
    _until(lambda: not Job.objects.filter(finished_at=None).exists())
    seconds = time.monotonic() - began
    _until(lambda: not Asset.objects.filter(rendered_at=None).exists())  # else the next cell would pay for them
    return Run(seconds, outcome.errors, outcome.expected_total)


def _bare(number: int) -> Run:
    """Done when nothing waits and nothing is unacknowledged: a task that reports would not be one that does nothing."""
    redis = broker(BARE_REDIS)
    began = time.monotonic()
    for _ in range(number):
        queue.nothing.delay()
    _until(lambda: not redis.llen("bare") and not redis.hlen("unacked"))
    return Run(time.monotonic() - began)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("bench: the work does not end")
        time.sleep(LOOK_SECONDS)
