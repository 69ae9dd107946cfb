"""A real site for tests: bundled servers, web, worker and beat as processes of their own, in a VAR_DIR that goes away.

Knows how to start, freeze, kill and read a site; what must hold is the tests' to say. `stop` leaves no process behind.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.conf import settings

from config import embedded, guardian
from tests.alive import until

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_SECONDS = 20
# What a developer's or the test run's own environment must not decide here.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "DEBUG", "S3_BUCKET", "S3_PUBLIC_URL", "DJANGO_ALLOW_ASYNC_UNSAFE", "MAKELEVEL")
# Limits that are not the test's subject are out of its way, and what takes minutes in production takes seconds.
PLAIN = {
    "JOB_LEASE_SECONDS": "3",
    "SWEEP_SECONDS": "1",
    "JOB_DEADLINE_SECONDS": "120",
    "OPEN_JOBS_MAX": "60,60,60",
    "RATE_LIMIT_GENERATE": "1000/60",
    "DAILY_GENERATE_MAX": "1000,1000,1000",
    "FREE_CREDITS_PER_ADDRESS": "10000",
}


class Process:
    """One process of the site and its children, as a group of its own; the kernel ends it when the test run dies."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self.command, self.environment, self.log = name, command, environment, log
        # As in config/run.py: granian ends its children on SIGTERM, a worker would finish its tasks first.
        self.orphan_signal = signal.SIGQUIT if name.startswith("worker") else signal.SIGTERM
        self.changes: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **changes: str) -> None:
        """Start it, with `changes` to the site's environment."""
        assert not self.runs(), f"{self.name} runs already"
        self.changes = changes
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment | changes,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=guardian.as_child(self.orphan_signal),  # noqa: PLW1509  (no test starts one while its threads run)
            )

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        """To the process and all of its children."""
        assert self.process
        os.killpg(self.process.pid, number)

    def children(self) -> list[int]:
        """The processes that it has started itself."""
        assert self.process
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def kill(self) -> None:
        """SIGKILL to all of it: nothing can be finished, said or cleaned up."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.signal_group(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Ask it to end (SIGTERM to the process alone, as a supervisor does) and wait until it has."""
        if self.process is None:
            return
        try:
            if self.runs():
                self.process.terminate()
            self.process.wait(STOP_SECONDS)
        finally:
            self.kill()


class Site:
    """A site on a free port. `environment` changes its switches."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.var = var
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.mails = var / "mails"
        self.logs = var / "logs"
        ours = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        here = {"VAR_DIR": str(var), "PORT": str(self.port), "EMAIL_URL": f"filemail:///{self.mails}"}
        self.environment = ours | PLAIN | here | {"PYTHONUNBUFFERED": "1"} | environment
        self.python = sys.executable
        python = [self.python, "-W", "ignore:You're running the worker", "-m"]
        celery = [*python, "celery", "--quiet", "-A", "config"]
        granian = [*python, "granian", "--interface", "wsgi", "config.wsgi:application", "--host", "127.0.0.1"]
        granian += ["--port", str(self.port), "--workers", "2", "--blocking-threads", "4", "--no-ws"]
        granian += ["--workers-kill-timeout", "5"]  # as in config/run.py
        worker = [*celery, "worker", "-n", f"tried-{self.port}@%h", "-c", "2", "-Q", "default,providers,gpu"]
        beat = [*celery, "beat", "--pidfile=", "-s", str(var / "beat-schedule")]
        self.web = self.process("web", [*granian, "--respawn-failed-workers"])
        self.worker = self.process("worker", [*worker, "-l", "info", "--without-gossip", "--without-mingle"])
        self.beat = self.process("beat", beat)
        self.others: list[Process] = []

    def process(self, name: str, command: list[str]) -> Process:
        return Process(name, command, self.environment, self.logs / f"{name}.log")

    def another(self, process: Process, *more: str) -> Process:
        """A second one of the same kind, which `stop` knows of; `more` is added to its command."""
        twin = self.process(f"{process.name}-{len(self.others) + 2}", [*process.command, *more])
        self.others.append(twin)
        return twin

    # --- From start to stop -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make it from nothing and wait until it serves."""
        self.logs.mkdir(parents=True)
        self.mails.mkdir()
        shutil.copytree(settings.STATIC_ROOT, self.var / "static")  # this run has collected the same files already
        embedded.ensure(self.var)
        self.manage("migrate", "--verbosity=0")
        self.manage("sync_catalogue")
        self.run_all()

    def run_all(self) -> None:
        """Bring every process to life in the plain environment, and wait until the site serves."""
        for twin in self.others:
            twin.kill()
        self.others.clear()
        for process in (self.web, self.worker, self.beat):
            if process.runs() and process.changes:
                process.stop()
            if not process.runs():
                process.start()
        self.serves()

    def serves(self) -> None:
        until(lambda: self.status("/readyz") == 200)

    def status(self, path: str) -> int:
        """The status of an answer to nobody in particular; 0 when none came."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def restart_web(self, **changes: str) -> None:
        self.web.stop()
        self.web.start(**changes)
        self.serves()

    def stop(self) -> None:
        """End everything; a test run whose site leaves something behind has failed."""
        for process in (self.beat, self.worker, self.web, *self.others):
            process.kill()
        assert embedded.release_and_wait(self.var, STOP_SECONDS), "somebody still uses the bundled servers"

    # --- What it holds ----------------------------------------------------------------------------------------------

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(embedded.database_url(self.var), autocommit=True) as database:
            return database.execute(sql, values).fetchall()

    def number(self, sql: str, *values: Any) -> int:
        [[number]] = self.rows(sql, *values)
        return int(number)

    def open_jobs(self) -> int:
        return self.number("SELECT count(*) FROM generation_job WHERE finished_at IS NULL")

    def open_reserves(self) -> int:
        return self.number(
            "SELECT count(*) FROM credits_transfer r WHERE phase = 'reserve'"
            " AND NOT EXISTS (SELECT 1 FROM credits_transfer e WHERE e.reserve_id = r.id)"
        )

    def strays(self) -> set[str]:
        """Files in storage that no row names, but for renditions."""
        media = self.var / "media"
        named = {
            str(key)
            for (key,) in self.rows(
                "SELECT storage_key FROM generation_asset UNION SELECT poster_key FROM generation_asset"
                " UNION SELECT storage_key FROM generation_reference"
            )
        }
        here = {
            str(path.relative_to(media))
            for folder in ("images", "models", "references")
            for path in (media / folder).rglob("*")
            if path.is_file()
        }
        assert here >= named - {""}
        return here - named

    def proof(self) -> dict[str, Any]:
        """What `audit_ledger` says."""
        proof: dict[str, Any] = json.loads(self.manage("audit_ledger", "--json"))
        return proof

    def code_mailed_to(self, address: str) -> str:
        """The six digits of the newest mail to `address`."""
        for path in sorted(self.mails.iterdir(), key=lambda mail: mail.stat().st_mtime_ns, reverse=True):
            text = path.read_text()
            if f"To: {address}\n" in text and (found := re.search(r"^\d{6}$", text, re.MULTILINE)):
                return found[0]
        raise AssertionError(f"no code was mailed to {address}")

    # --- Its servers ------------------------------------------------------------------------------------------------

    def redis(self, number: int = 0) -> "redis.Redis":
        """A client of the site's Redis; databases 0, 1 and 2 are broker, cache and limits."""
        return redis.Redis(unix_socket_path=str(embedded.redis_socket(self.var)), db=number, socket_timeout=10)

    def redis_pid(self) -> int:
        return int(self.redis().info("server")["process_id"])

    def postgres_pid(self) -> int:
        return int((self.var / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
