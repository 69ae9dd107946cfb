"""A soak: jobs of several people over every provider while a fifth of what vendors do goes wrong and workers die.

Whatever happened, in the end every job is over, the books are right, and there are as many pictures as were delivered.
SOAK_JOBS and SOAK_SEED in the environment make it longer, or another one; the same seed asks and kills alike.
"""

import json
import os
import random
import re
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.alive import until
from tests.emulators.replicate import webhooks
from tests.emulators.replicate.runs import FINAL
from tests.generation.diffusion import tiny
from tests.processes.person import Person
from tests.processes.site import Process, Site, free_port

pytestmark = pytest.mark.processes

JOBS = int(os.environ.get("SOAK_JOBS", "40"))
SEED = int(os.environ.get("SOAK_SEED", "4"))
FAULT_RATE = "0.2"
PEOPLE = ("ada", "ben", "cleo")
CREDITS = 20_000
OPEN_MAX = 16  # more would only wait for each other
CANCELLED = 0.05  # share of jobs that somebody takes back
# Between two kills so many seconds go by and so much is begun or ended: on a slow machine all would only start, else.
KILL_SECONDS = (0.6, 1.6)
STEPS = 8
STEPS_DONE = """SELECT (SELECT count(*) + count(finished_at) FROM generation_attempt)
                     + (SELECT count(finished_at) FROM generation_job)"""
# Of which worker, and how often all of it. A process of the GPU loads its libraries anew.
KILLED = {"default": 3, "providers": 9, "gpu": 1}
WHOLE = 0.1
SITE = {"JOB_DEADLINE_SECONDS": "150", "LANE_WORKERS": "60,60,60"}
# Pictures that are drawn in no time: the own GPU is this machine's processor.
SMALL = """
    UPDATE generation_inferencemodel
       SET recipe = CASE slug WHEN 'own' THEN '{"steps": 4, "megapixels": 0.01}'
                              ELSE jsonb_set(recipe, '{fixed,megapixels}', '"0.25"') END
     WHERE slug IN ('own', 'flux-schnell') RETURNING slug
"""
TOKENS = "r8_soakToken0001,r8_soakToken0002"
KEYS = "AIzaSoakKey0001,AIzaSoakKey0002,AIzaSoakKey0003"
# What asks for how many pictures. Each has its provider at the wire, but for the demo and the own GPU.
ASKED = (
    ("demo", (2,)),
    ("demo", (2, 4)),
    ("demo-3d", (1,)),
    ("flux-schnell", (1, 3, 4)),
    ("flux-schnell", (1, 2)),
    ("sdxl", (1, 2)),
    ("flux-pro", (1,)),
    ("ideogram", (1,)),
    ("recraft", (1,)),
    ("nano-banana", (1, 2)),
    ("nano-banana", (1, 3)),
    ("nano-banana-pro", (1,)),
    ("nano-banana-replicate", (1,)),
    ("own", (1, 2)),
    ("own", (1,)),
)
# How an exception's line begins that only says that somebody was killed.
EXPLAINED = (
    "billiard.exceptions.WorkerLostError",
    "billiard.einfo.ExceptionWithTraceback",
    "redis.exceptions.",
    "kombu.exceptions.OperationalError",
    "celery.beat.SchedulingError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "BrokenPipeError",
)


@dataclass
class Soak:
    """A site whose providers are all there, and what has happened to it so far."""

    site: Site
    workers: dict[str, Process]
    secrets: tuple[str, ...]
    replicate_url: str
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    jobs: dict[str, Person] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    next_kill: float = 0.0
    next_steps: int = 0
    said: dict[Path, int] = field(default_factory=dict)  # characters of each log before the soak

    # --- What people do ----------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """One request of somebody; a refusal before anything is reserved is counted."""
        model, counts = self.chance.choice(ASKED)
        person = self.chance.choice(self.people)
        words = {"prompt": f"soak {len(self.jobs):03} a harbour at dusk", "model": model}
        failover = self.chance.choice(["only", "equivalent"])
        answer = person.ask(**words, count=self.chance.choice(counts), failover=failover)
        if answer.status == 201:
            self.jobs[answer.job] = person
        else:
            self.refused[f"{model}: {answer.status} {answer.error}"] += 1

    def take_back(self) -> None:
        code = self.chance.choice(list(self.jobs))
        assert self.jobs[code].cancel(code).status in {200, 409}

    # --- What happens to processes -----------------------------------------------------------------------------------

    def kill_in_time(self) -> None:
        """A process of a worker, which it replaces, or all of it, which its supervisor starts again.

        Celery itself ends a worker that lost a process before it was up.
        """
        for worker in self.workers.values():
            if not worker.runs():
                worker.kill()
                worker.start(**worker.changes)
        if time.monotonic() < self.next_kill or self.site.number(STEPS_DONE) < self.next_steps:
            return
        [name] = self.chance.choices(list(KILLED), list(KILLED.values()))
        self.kill_whole(name) if self.chance.random() < WHOLE else self.kill_one_of(name)
        self.next_kill = time.monotonic() + self.chance.uniform(*KILL_SECONDS)
        self.next_steps = self.site.number(STEPS_DONE) + STEPS

    def kill_whole(self, name: str) -> None:
        self.workers[name].kill()
        self.killed[f"the worker of {name}"] += 1

    def kill_one_of(self, name: str) -> None:
        for pid in self.chance.sample(children := self.workers[name].children(), min(1, len(children))):
            os.kill(pid, signal.SIGKILL)
            self.killed[f"a process of {name}"] += 1

    def kill_redis(self) -> None:
        os.kill(self.site.redis_pid(), signal.SIGKILL)
        self.killed["redis"] += 1
        self.site.serves()

    # --- What is left ------------------------------------------------------------------------------------------------

    def is_settled(self) -> bool:
        """No job is open, and nobody is to be asked about a prediction any more."""
        left = "SELECT count(*) FROM generation_attempt WHERE poll_at IS NOT NULL OR finished_at IS NULL"
        return self.site.open_jobs() == 0 and self.site.number(left) == 0

    def predictions(self) -> list[dict[str, Any]]:
        """All that the emulated Replicate was ever asked to begin."""
        found: list[dict[str, Any]] = []
        url = f"{self.replicate_url}/v1/predictions"
        while url:
            request = urllib.request.Request(url, headers={"Authorization": "Bearer r8_look"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                page = json.load(answer)
            found += page["results"]
            url = page["next"]
        return found

    def logs(self) -> str:
        """What the site has said since the soak began; other tests had faults of their own before."""
        return "\n".join(
            path.read_text(errors="replace")[self.said.get(path, 0) :] for path in self.site.logs.iterdir()
        )


@pytest.fixture
def soak(site: Site, tmp_path: Path) -> Iterator[Soak]:
    say(f"soak of {JOBS} jobs, seed {SEED}")
    said = {path: len(path.read_text(errors="replace")) for path in site.logs.iterdir()}
    secret = webhooks.new_secret()
    tiny.save(tmp_path / "tiny")
    ports = free_port(), free_port()
    vendors = [vendor(site, "replicate", ports[0], "--webhook-secret", secret), vendor(site, "gemini", ports[1])]
    there = SITE | {
        "REPLICATE_API_TOKEN": TOKENS,
        "REPLICATE_BASE_URL": f"http://127.0.0.1:{ports[0]}",
        "REPLICATE_FILE_HOSTS": "127.0.0.1",
        "GEMINI_API_KEYS": KEYS,
        "GEMINI_BASE_URL": f"http://127.0.0.1:{ports[1]}",
        "DIFFUSION_MODEL": str(tmp_path / "tiny"),
        "OMP_NUM_THREADS": "1",
    }
    site.worker.stop()
    workers = {
        name: worker(site, name, processes) for name, processes in (("default", 1), ("providers", 4), ("gpu", 1))
    }
    for process in [*vendors, *workers.values()]:
        process.start(**there)
    site.restart_web(**there)
    site.rows(SMALL)
    site.redis(1).flushdb()  # the catalogue of a site with the demo alone
    secrets = (secret, *TOKENS.split(","), *KEYS.split(","))
    yield Soak(site, workers, secrets, there["REPLICATE_BASE_URL"], random.Random(SEED), said=said)
    site.manage("sync_catalogue")
    site.redis(1).flushdb()


def say(line: str) -> None:
    """For whoever runs it with -s, or looks at a failure."""
    sys.stdout.write(f"{line}\n")


def vendor(site: Site, name: str, port: int, *more: str) -> Process:
    """An emulator as a process of its own."""
    command = [site.python, "-m", f"tests.emulators.{name}", "--port", str(port), "--seconds", "0.2"]
    process = site.process(name, [*command, "--fault-rate", FAULT_RATE, "--seed", str(SEED), *more])
    site.others.append(process)
    return process


def worker(site: Site, queue: str, processes: int) -> Process:
    return site.another(site.worker, "-n", f"{queue}-soak@%h", "-Q", queue, "-c", str(processes))


def accounts(soak: Soak) -> None:
    """People who have bought enough for everything."""
    for name in PEOPLE:
        person = Person(soak.site.url)
        person.sign_up(f"{name}@soak.example", soak.site.code_mailed_to)
        soak.people.append(person)
    soak.site.manage(
        "shell",
        "--no-imports",
        "-c",
        "from accounts.models import User; from tests.funds import give\n"
        f"for user in User.objects.filter(email__endswith='@soak.example'): give(user, purchased={CREDITS})",
    )


# --- The soak --------------------------------------------------------------------------------------------------------


def test_after_a_soak_with_faults_and_kills_nothing_is_open_and_nothing_is_lost(soak: Soak) -> None:
    accounts(soak)
    began = time.monotonic()
    while len(soak.jobs) < JOBS:
        assert sum(soak.refused.values()) < JOBS, soak.refused
        soak.kill_in_time()
        if soak.site.open_jobs() < OPEN_MAX:
            soak.ask()
            if soak.chance.random() < CANCELLED:
                soak.take_back()
        else:
            time.sleep(0.1)
        if len(soak.jobs) == JOBS // 2 and not soak.killed["redis"]:
            soak.kill_redis()
    while soak.site.open_jobs():
        soak.kill_in_time()
        time.sleep(0.1)
        assert time.monotonic() - began < 2 * JOBS + 200, soak.site.open_jobs()
    until(soak.is_settled)
    say(f"{time.monotonic() - began:.0f} s, refused {dict(soak.refused)}, killed {dict(soak.killed)}")

    tell(soak)
    prove_the_books(soak)
    prove_the_pictures(soak)
    prove_the_failures(soak)
    prove_the_predictions(soak)
    prove_the_logs(soak)


def tell(soak: Soak) -> None:
    for row in soak.site.rows(
        "SELECT m.slug, j.state, j.error_code, count(*), sum(j.tries) FROM generation_job j"
        " JOIN generation_inferencemodel m ON m.id = j.model_id WHERE j.code = ANY(%s::uuid[])"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        list(soak.jobs),
    ):
        say(" ".join(map(str, row)))


def prove_the_books(soak: Soak) -> None:
    proof = soak.site.proof()
    assert (proof["ok"], proof["breaches"], proof["open_reserves"], proof["open_jobs"]) == (True, [], 0, 0)


def prove_the_pictures(soak: Soak) -> None:
    """Each success has the pictures that its try delivered, at least one; a cancelled job has none."""
    for code, state, asked, delivered, stored in soak.site.rows(
        """SELECT j.code, j.state, j.count,
                  (SELECT max(pictures) FROM generation_attempt WHERE job_id = j.id),
                  (SELECT count(*) FROM generation_asset WHERE job_id = j.id AND NOT is_late)
             FROM generation_job j WHERE j.code = ANY(%s::uuid[])""",
        list(soak.jobs),
    ):
        if state == "succeeded":
            assert 1 <= stored == delivered <= asked, code
        else:
            assert (stored, delivered) == (0, None), code
    strays = soak.site.strays()
    say(f"{len(strays)} files without a row: {sorted(strays)}")
    assert len(strays) <= 4 * sum(soak.killed.values())


def prove_the_failures(soak: Soak) -> None:
    silent = soak.site.rows(
        """SELECT j.code FROM generation_job j WHERE j.state = 'failed' AND j.code = ANY(%s::uuid[])
              AND (j.error_code = '' OR EXISTS (SELECT FROM generation_attempt a WHERE a.job_id = j.id
                                                   AND (a.error_code = '' OR a.error_detail = '')))""",
        list(soak.jobs),
    )
    assert silent == []


def prove_the_predictions(soak: Soak) -> None:
    """None runs on, and nothing was begun twice for one attempt."""
    begun: Counter[str] = Counter()
    for told in soak.predictions():
        assert told["status"] in FINAL, told
        begun[told["input"]["prompt"]] += 1
    tries = dict(
        soak.site.rows(
            """SELECT j.prompt_sent, count(*) FROM generation_attempt a JOIN generation_job j ON j.id = a.job_id
                WHERE a.provider = 'replicate' AND j.code = ANY(%s::uuid[]) GROUP BY 1""",
            list(soak.jobs),
        )
    )
    assert {prompt: number for prompt, number in begun.items() if number > tries.get(prompt, 0)} == {}


def prove_the_logs(soak: Soak) -> None:
    logs = soak.logs()
    assert [secret for secret in soak.secrets if secret in logs] == []
    assert [line for line in raised(logs) if not line.startswith(EXPLAINED)] == []


def raised(logs: str) -> list[str]:
    """The last line of each traceback, and of a chain of them the last one's."""
    lines = r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(\S.*)$"
    return re.findall(lines + r"(?!\n\n(?:During handling of|The above exception))", logs, re.MULTILINE)
