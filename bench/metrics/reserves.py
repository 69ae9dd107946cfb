"""M9: reserves a second by the ledger's own functions, on one hot account and on a thousand, beside pgbench.

pgbench runs the three statements of a hold in prepared form, from C; ours are 8 threads of one Python process. Then the
same again after the wallets have been updated half a million times. Every reserve that was answered must be there.
"""

import os
import random
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction

from bench import books, cells, machine, people
from bench.bare.views import ACCOUNTS
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground, postgres_pid
from bench.load import percentile
from credits import ledger
from credits.models import Transfer, TransferKind, Wallet, WalletKind

THREADS = 8
UPDATES, QUICK_UPDATES = 500_000, 10_000
ROLES = ("ledger", "postgres")
HOLD = """
\\set account random(1, {accounts})
BEGIN;
UPDATE account SET balance = balance - 1 WHERE id = :account;
INSERT INTO job (account_id, state, prompt) VALUES (:account, 'queued', 'a lighthouse') RETURNING id \\gset
INSERT INTO hold (account_id, job_id, amount) VALUES (:account, :id, 1);
COMMIT;
"""
# A new version of the row that a reserve updates, without its transfer. Half of them are the hot account's.
TOUCH = """
\\set wallet {first} + {step} * random(0, {accounts} - 1)
UPDATE credits_wallet SET topped_up_on = topped_up_on WHERE id = :wallet;
UPDATE credits_wallet SET topped_up_on = topped_up_on WHERE id = {hot};
"""


def measure(ground: Ground) -> Verdict:
    """Each cell of ours beside pgbench's, first on fresh tables, then on tables full of dead rows."""
    owners = [person.user.pk for person in people.make(ACCOUNTS)]
    ground.roles["ledger"] = []
    touched = UPDATES if ground.seconds >= 1 else QUICK_UPDATES
    answered = 0

    def ours(label: str, among: Sequence[int]) -> Callable[[int], Cell]:
        def cell(number: int) -> Cell:
            nonlocal answered
            made, accepted = _tried(ground, label, number, lambda: _reserve(among, ground.seconds))
            answered += accepted
            return made

        return cell

    def bare(label: str, accounts: int) -> Callable[[int], Cell]:
        hold = _script(label, HOLD.format(accounts=accounts))
        return lambda number: _tried(ground, label, number, lambda: _pgbench(hold, "bare", ground.seconds))[0]

    _reserve(owners, 1)  # opens what a first call opens
    answered += Transfer.objects.filter(phase="reserve").count()
    found: cells.Cells = {}
    for phase in ("", " later"):
        if phase:
            _touch(owners, touched)
        plans = [bare(f"bare many{phase}", ACCOUNTS), ours(f"many{phase}", owners)]
        plans += [bare(f"bare hot{phase}", 1), ours(f"hot{phase}", owners[:1])]
        found |= cells.interleave(ground, plans)
    return _verdict(found, answered)


def _verdict(found: cells.Cells, answered: int) -> Verdict:
    wrong = books.breaches()
    there = Transfer.objects.filter(phase="reserve").count()
    if there != answered:
        wrong.append(f"{answered} reserves were answered, {there} are there")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('credits_wallet') / 1024")
        (kilobytes,) = cursor.fetchone()
    figures = {"reserves": float(there), "credits_wallet_kb": float(kilobytes)}
    return Verdict(not wrong, _goals(found), figures, wrong, cells.noisy(found))


def _goals(found: cells.Cells) -> list[Goal]:
    def share(of: str, to: str) -> float:
        return cells.ratio(found, (of, THREADS), (to, THREADS), lambda cell: cell.per_second)

    slower = cells.ratio(found, ("hot", THREADS), ("many", THREADS), lambda cell: cell.p95)
    # Reserves a second move with the neighbours of the minutes between; what one costs hardly does.
    costs = {
        label: cells.ratio(found, (label, THREADS), (f"{label} later", THREADS), _cpu) for label in ("many", "hot")
    }
    lasting = {label: share(f"{label} later", label) for label in ("many", "hot")}
    return [
        Goal.at_least("1,000 accounts: reserves a second, of pgbench's holds", share("many", "bare many"), 0.3),
        Goal.at_least("one account: reserves a second, of ours on 1,000", share("hot", "many"), 0.6),
        Goal.at_least("one account: reserves a second, of pgbench's holds on one", share("hot", "bare hot"), 0.4),
        Goal.no_more_than("one account: p95, of ours on 1,000", slower, 3),
        Goal.at_least("1,000 accounts: after the updates, of before", lasting["many"], 0.9),
        Goal.at_least("one account: after the updates, of before", lasting["hot"], 0.9),
        Goal.at_least("1,000 accounts: CPU before the updates, of after", costs["many"], 0.9),
        Goal.at_least("one account: CPU before the updates, of after", costs["hot"], 0.9),
    ]


def _cpu(cell: Cell) -> float:
    return cell.cpu_total_ms


# --- Ours ------------------------------------------------------------------------------------------------------------


def _reserve(owners: Sequence[int], seconds: float) -> list[float]:
    """Latencies in milliseconds of what 8 threads reserved, each on a connection of its own."""
    barrier = threading.Barrier(THREADS)

    def work(_: int) -> list[float]:
        connection.ensure_connection()
        barrier.wait()
        latencies = []
        end = time.monotonic() + seconds
        try:
            while (began := time.monotonic()) < end:
                _one(random.choice(owners))
                latencies.append(1000 * (time.monotonic() - began))
        finally:
            connection.close()
        return latencies

    with ThreadPoolExecutor(THREADS) as pool:
        return [one for row in pool.map(work, range(THREADS)) for one in row]


@transaction.atomic
def _one(owner_id: int) -> None:
    purse = ledger.lock(owner_id=owner_id, is_guest=False)
    ledger.reserve(purse=purse, amount=1, subject=f"bench:{uuid4()}", kind=TransferKind.GENERATION)


# --- pgbench's -------------------------------------------------------------------------------------------------------


def _pgbench(script: Path, database: str, seconds: float) -> list[float]:
    """Latencies in milliseconds, from its log of transactions."""
    prefix = script.with_suffix(".log")
    _run_pgbench(script, database, "-T", str(max(1, round(seconds))), "--log", f"--log-prefix={prefix}")
    latencies = []
    for file in prefix.parent.glob(f"{prefix.name}.*"):
        latencies += [int(line.split()[2]) / 1000 for line in file.read_text().splitlines()]
        file.unlink()
    return latencies


def _run_pgbench(script: Path, database: str, *words: str) -> str:
    program = Path(f"/proc/{postgres_pid()}/exe").resolve().with_name("pgbench")
    place = ["-h", os.environ["BARE_HOST"], "-p", os.environ["BARE_PORT"], "-U", "atelier"]
    clients = ["-n", "-M", "prepared", "-c", str(THREADS), "-j", "2"]
    told = subprocess.run(
        [program, *place, *clients, "-f", script, *words, database], check=True, capture_output=True, text=True
    ).stdout
    failed = re.search(r"number of failed transactions: (\d+)", told)
    assert failed
    assert failed[1] == "0", told
    return told


def _touch(owners: Sequence[int], updates: int) -> None:
    """Write so many dead versions of wallets, as reserves would, and leave them to autovacuum."""
    wallets = Wallet.objects.filter(owner__in=owners, kind=WalletKind.PURCHASED).values_list("owner", "pk")
    by_owner = dict(wallets)
    first, second = sorted(by_owner.values())[:2]  # an owner's wallets are opened together, so these are evenly spaced
    text = TOUCH.format(first=first, step=second - first, accounts=len(owners), hot=by_owner[owners[0]])
    _run_pgbench(_script("touch", text), settings.DATABASES["default"]["NAME"], "-t", str(updates // (2 * THREADS)))


def _script(label: str, text: str) -> Path:
    path: Path = settings.VAR_DIR / f"{label.replace(' ', '-')}.sql"
    path.write_text(text)
    return path


# --- Cells -----------------------------------------------------------------------------------------------------------


def _tried(ground: Ground, label: str, number: int, run: Callable[[], list[float]]) -> tuple[Cell, int]:
    """A cell, tried again while neighbours disturb it, and how many were answered in all tries."""
    accepted = 0
    for _ in range(ground.patience):
        ground.wait_until_quiet()
        before, cpu, began = machine.sample(ground.roles), sum(os.times()[:4]), time.monotonic()
        latencies = sorted(run())
        seconds, cpu = time.monotonic() - began, sum(os.times()[:4]) - cpu  # threads and children
        after = machine.sample(ground.roles)
        accepted += len(latencies)
        other = machine.other_pct(before, after)
        if other < machine.QUIET_PCT:
            break
    spent = {"ledger": 1000 * cpu, "postgres": after.roles["postgres"] - before.roles["postgres"]}
    requests = max(1, len(latencies))
    cell = Cell(
        label=label,
        connections=THREADS,
        round=number,
        per_second=round(len(latencies) / seconds, 1),
        p50=round(statistics.median(latencies), 3),
        p95=round(percentile(latencies, 0.95), 3),
        p99=round(percentile(latencies, 0.99), 3),
        worst=round(latencies[-1], 3),
        cpu_ms={role: round(spent[role] / requests, 3) for role in ROLES},
        generator_cpu_ms=0,
        requests=len(latencies),
        accepted=accepted,
        errors=0,
        other_pct=round(other, 1),
        noisy=other >= machine.QUIET_PCT,
    )
    cells.say(ground, cell)
    return cell, accepted
