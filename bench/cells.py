"""A cell: one load on one set of processes, with what it cost them. Also how cells become a verdict."""

import json
import pickle
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from bench import machine
from bench.ground import ROOT, Ground
from bench.load import Load, Outcome

WARM_SECONDS = 1.0
# So many connections reach every thread of every worker: its database connection, caches and sessions are warm then.
WARMERS = 16


@dataclass(frozen=True)
class Cell:
    """What is printed. CPU in milliseconds a request, by role; `other_pct` 200 would be both of two cores."""

    label: str
    connections: int
    round: int
    per_second: float
    p50: float
    p95: float
    p99: float
    worst: float
    cpu_ms: dict[str, float]
    generator_cpu_ms: float
    requests: int
    accepted: int
    errors: int
    other_pct: float
    noisy: bool
    sql: float | None = None

    @property
    def cpu_total_ms(self) -> float:
        return sum(self.cpu_ms.values())


@dataclass(frozen=True)
class Goal:
    """One goal of a metric: `value` should be at least (or at most) `want`."""

    name: str
    value: float
    want: float
    at_most: bool = False
    passed: bool = False

    @classmethod
    def at_least(cls, name: str, value: float, want: float) -> "Goal":
        return cls(name, round(value, 3), want, passed=value >= want)

    @classmethod
    def no_more_than(cls, name: str, value: float, want: float) -> "Goal":
        return cls(name, round(value, 3), want, at_most=True, passed=value <= want)


@dataclass
class Verdict:
    """`correct` stands above all goals: a fast wrong answer is worth nothing."""

    correct: bool
    goals: list[Goal]
    figures: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    noisy_cells: int = 0

    @property
    def passed(self) -> bool:
        return self.correct and all(goal.passed for goal in self.goals)


Cells = dict[tuple[str, int], list[Cell]]


def measure(
    ground: Ground, label: str, make: Callable[[], Load], *, roles: Sequence[str], number: int, sql: float | None = None
) -> Cell:
    """One cell, tried again while neighbours disturb it; the last try counts and says that it was noisy."""
    accepted = errors = 0
    for _ in range(ground.patience):
        ground.wait_until_quiet()
        load = make()
        outcome, spent, other = _run(ground, load)
        accepted, errors = accepted + outcome.expected_total, errors + outcome.errors
        if outcome.example:
            print(outcome.example, file=sys.stderr)
        if other < machine.QUIET_PCT:
            break
    requests = max(1, outcome.requests)
    cell = Cell(
        label=label,
        connections=load.connections,
        round=number,
        per_second=round(outcome.requests / max(outcome.seconds, 1e-9), 1),
        **{name: round(getattr(outcome, name), 3) for name in ("p50", "p95", "p99", "worst")},
        cpu_ms={role: round(spent[role] / requests, 3) for role in roles},
        generator_cpu_ms=round(outcome.generator_cpu_ms / requests, 4),
        requests=outcome.requests,
        accepted=accepted,
        errors=errors,
        other_pct=round(other, 1),
        noisy=other >= machine.QUIET_PCT,
        sql=sql,
    )
    say(ground, cell)
    return cell


def say(ground: Ground, cell: Cell) -> None:
    print(json.dumps({"cell": ground.metric, **asdict(cell)}), flush=True)


def _run(ground: Ground, load: Load) -> tuple[Outcome, dict[str, float], float]:
    """The outcome, CPU milliseconds by role within the measured time, and what others used."""
    generator = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert generator.stdin
    assert generator.stdout
    with generator:
        pickle.dump(load, generator.stdin)
        generator.stdin.close()
        samples = []
        for line in generator.stdout:
            if line in {b"go\n", b"stop\n"}:
                samples.append(machine.sample(ground.roles))
            else:
                outcome = Outcome(**json.loads(line))
    before, after = samples
    spent = {role: after.roles[role] - before.roles[role] for role in after.roles}
    return outcome, spent, machine.other_pct(before, after)


def run_quietly(ground: Ground, load: Load) -> Outcome:
    """A load that is no cell."""
    outcome, _, _ = _run(ground, load)
    return outcome


def interleave(ground: Ground, plans: Sequence[Callable[[int], Cell]]) -> Cells:
    """Every plan once a round, in order, so that a cell and its anchor see the same neighbours."""
    cells: Cells = {}
    for number in range(1, ground.rounds + 1):
        for plan in plans:
            cell = plan(number)
            cells.setdefault((cell.label, cell.connections), []).append(cell)
    return cells


def ratio(cells: Cells, of: tuple[str, int], to: tuple[str, int], value: Callable[[Cell], float]) -> float:
    """The median over the rounds of `of` against `to` in the same round; quiet rounds alone, where there are any."""
    pairs = list(zip(cells[of], cells[to], strict=True))
    quiet = [pair for pair in pairs if not (pair[0].noisy or pair[1].noisy)]
    return statistics.median(value(mine) / max(value(bare), 1e-9) for mine, bare in quiet or pairs)


def errors(cells: Cells) -> int:
    return sum(cell.errors for row in cells.values() for cell in row)


def noisy(cells: Cells) -> int:
    return sum(cell.noisy for row in cells.values() for cell in row)
