"""`make run` with real processes: one line for each mistake, a site that answers, and nothing left when it ends."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from config import embedded, run, settings
from tests.alive import PATIENCE_SECONDS, nothing_is_left, processes, until

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = [sys.executable, "-m", "config.run"]


def environment(var: Path, port: int = 0) -> dict[str, str]:
    return {**os.environ, "VAR_DIR": str(var), "PORT": str(port or 8000)}


def manage(var: Path, *arguments: str, **extra: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(var) | extra, capture_output=True, text=True, check=True)
    return done.stdout


def mistake(var: Path, port: int) -> str:
    """What a run that cannot start says."""
    done = subprocess.run(RUN, cwd=ROOT, env=environment(var, port), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not done.stdout
    return done.stderr


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- Mistakes --------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        said = mistake(tmp_path, number)
    assert said.startswith(f"atelier: cannot use port {number}: Address already in use.")
    assert said.count("\n") == 1
    assert not (tmp_path / "postgres").exists()


def test_a_port_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    assert mistake(tmp_path, 70_000).count("\n") == 1


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path, port: int) -> None:
    (tmp_path / "file").touch()
    said = mistake(tmp_path / "file" / "var", port)
    assert said.startswith(f"atelier: cannot write to {tmp_path}/file/var: ")
    assert said.count("\n") == 1


# --- Its workers -----------------------------------------------------------------------------------------------------


def test_each_queue_has_a_worker_and_the_gpus_only_where_there_is_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def queues() -> list[str]:
        return [worker.command[worker.command.index("-Q") + 1] for worker in run.workers()]

    assert queues() == ["default", "providers"]
    monkeypatch.setattr(settings, "DIFFUSION_MODEL", "/models/own")
    assert queues() == ["default", "providers", "gpu"]


# --- A site's lives --------------------------------------------------------------------------------------------------


class Site:
    """A site in a VAR_DIR whose database holds one person already, so that the gallery is not painted each time."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.process: subprocess.Popen[str] | None = None
        manage(var, "migrate", "--verbosity=0")
        manage(
            var, "createsuperuser", "--no-input", "--email=sam@example.org", DJANGO_SUPERUSER_PASSWORD="correct horse"
        )

    def start(self, command: list[str]) -> None:
        """Start and wait for the line that says the site is ready."""
        self.process = subprocess.Popen(
            command,
            cwd=self.var,
            env=environment(self.var, self.port) | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # As at a terminal: a shell's background job, as a test run may be, ignores it and hands that down.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (no thread here)
        )
        assert self.process.stdout
        assert f"Atelier is ready at http://127.0.0.1:{self.port}\n" in iter(self.process.stdout.readline, "")

    def end(self, act: Callable[[int, int], None], number: signal.Signals) -> int:
        """Send a signal to the process (`os.kill`) or its group (`os.killpg`); the exit code once nothing is left."""
        assert self.process
        act(self.process.pid, number)
        code = self.process.wait(PATIENCE_SECONDS)
        until(lambda: nothing_is_left(self.var))
        return code

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
            return int(response.status)

    def people(self) -> int:
        with psycopg.connect(embedded.database_url(self.var)) as database:
            [[count]] = database.execute("SELECT count(*) FROM accounts_user").fetchall()
            return int(count)


@pytest.fixture
def site(tmp_path: Path, port: int) -> Iterator[Site]:
    site = Site(tmp_path / "a site", port)
    yield site
    for pid in processes(site.var):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.processes
def test_a_site_serves_survives_a_killed_worker_and_ends_without_a_trace(site: Site) -> None:
    site.start(RUN)
    assert site.get("/healthz") == 200
    assert site.get("/") == 200
    assert site.get("/readyz") == 200
    for queue in ("default", "providers"):
        until(partial(processes, site.var, f"celery --quiet -A config worker -n {queue}-{site.port}@%h"))
    assert processes(site.var, "celery --quiet -A config beat")
    assert not processes(site.var, "-Q gpu")

    assert "another run uses" in mistake(site.var, site.port + 1)

    before = set(processes(site.var, "celery --quiet -A config worker"))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: set(processes(site.var, "celery --quiet -A config worker")) - before)

    assert site.end(os.kill, signal.SIGTERM) == 0

    # The second start, through make as a person would, ended by Ctrl-C.
    site.start(["make", "--silent", "-C", str(ROOT), "run"])
    assert site.get("/healthz") == 200
    assert site.people() == 1
    site.end(os.killpg, signal.SIGINT)

    # make alone is told to end, then nobody is asked at all.
    for number in (signal.SIGTERM, signal.SIGINT):
        site.start(["make", "--silent", "-C", str(ROOT), "run"])
        site.end(os.kill, number)
    site.start(RUN)
    site.end(os.kill, signal.SIGKILL)
