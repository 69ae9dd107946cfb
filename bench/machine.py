"""What processes cost, read from /proc: CPU time of trees of processes, and of everything that is not ours."""

import os
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
QUIET_PCT = 20.0
QUIET_WAIT_SECONDS = 6.0
PROBE_SECONDS = 0.5


@dataclass(frozen=True)
class Sample:
    """CPU milliseconds so far by role, ours altogether, and the whole machine's; at a moment in seconds."""

    at: float
    roles: dict[str, float]
    ours: float
    machine: float


def sample(roles: dict[str, list[int]]) -> Sample:
    """`roles` names the first process of each tree; trees of roles do not overlap. Our own process counts as ours."""
    stats = _stats()
    children = defaultdict(list)
    for pid, (parent, _) in stats.items():
        children[parent].append(pid)
    spent = {role: sum(_tree(pid, children, stats) for pid in pids) for role, pids in roles.items()}
    mine = _tree(os.getpid(), children, stats)
    detached = sum(
        spent[role] for role, pids in roles.items() if not any(_descends(pid, os.getpid(), stats) for pid in pids)
    )
    return Sample(time.monotonic(), spent, mine + detached, _machine())


def other_pct(before: Sample, after: Sample) -> float:
    """CPU used by others, in per cent of one core."""
    seconds = max(0.001, after.at - before.at)
    return max(0.0, (after.machine - before.machine - (after.ours - before.ours)) / (10 * seconds))


def wait_until_quiet(roles: dict[str, list[int]]) -> None:
    """Give neighbours a few seconds to finish what they do."""
    deadline = time.monotonic() + QUIET_WAIT_SECONDS
    while time.monotonic() < deadline:
        before = sample(roles)
        time.sleep(PROBE_SECONDS)
        if other_pct(before, sample(roles)) < QUIET_PCT:
            return


def _stats() -> dict[int, tuple[int, float]]:
    """Parent and CPU milliseconds (with those of children that ended) of each process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            found[int(entry.name)] = (int(fields[1]), 1000 * sum(map(int, fields[11:15])) / TICKS)
    return found


def _tree(pid: int, children: dict[int, list[int]], stats: dict[int, tuple[int, float]]) -> float:
    return stats.get(pid, (0, 0.0))[1] + sum(_tree(child, children, stats) for child in children[pid])


def _descends(pid: int, ancestor: int, stats: dict[int, tuple[int, float]]) -> bool:
    while pid in stats and pid != ancestor:
        pid = stats[pid][0]
    return pid == ancestor


def _machine() -> float:
    """Busy time of all cores: user, nice, system, interrupts, not idle and not waiting."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq = map(int, fields[:7])
    return 1000 * (user + nice + system + irq + softirq) / TICKS
