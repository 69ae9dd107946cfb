"""What a metric stands on: databases with people in them, the site's processes, the anchors'. Ends them all by pid."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from bench import machine
from bench.bare.views import TABLES
from config import embedded, servers
from generation.models import InferenceModel, Lane

ROOT = Path(__file__).resolve().parent.parent
PORTS = range(18_000, 19_000)
START_SECONDS = 30.0
STOP_SECONDS = 8.0
LOST_REDIS = 6  # a broker's database where nobody listens


class Ground:
    """A context: on entry the databases are ready, on exit no process is left."""

    def __init__(self, metric: str, *, rounds: int, seconds: float, patience: int) -> None:
        self.metric = metric
        self.rounds = rounds
        self.seconds = seconds
        self.patience = patience
        self.port = 0
        self.bare_port = 0
        self.roles: dict[str, list[int]] = {}  # the first processes of each role's trees
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Ground":
        servers.ensure()
        call_command("migrate", interactive=False, verbosity=0)
        add_model()
        make_bare_database()
        self.roles["postgres"] = [postgres_pid()]
        self.roles["redis"] = [int(broker(0).info("server")["process_id"])]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection.close()
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)  # each began a session of its own
            process.wait()
        embedded.release_and_wait(settings.VAR_DIR, STOP_SECONDS)

    def wait_until_quiet(self) -> None:
        """Before a cell; not where nobody waits for neighbours (`--patience 1`, `--quick`)."""
        if self.patience > 1:
            machine.wait_until_quiet(self.roles)

    # --- The site's processes and the anchors', laid out alike ---

    def web(self) -> None:
        self.port = free_port()
        self._serve("web", "config.wsgi:application", self.port)

    def bare_web(self) -> None:
        self.bare_port = free_port()
        self._serve("bare", "bench.bare.wsgi:application", self.bare_port)

    def worker(self) -> None:
        self._celery("worker", ["-A", "config", "worker", "-Q", ",".join(Lane.values)], settings.CELERY_BROKER_URL)

    def bare_worker(self) -> None:
        self._celery("bare_worker", ["-A", "bench.bare.queue:app", "worker", "-Q", "bare"], os.environ["BARE_BROKER"])

    def beat(self) -> None:
        schedule = str(settings.VAR_DIR / "beat-schedule")
        self._start("beat", ["celery", "--quiet", "-A", "config", "beat", "-s", schedule, "--pidfile="])

    def _serve(self, role: str, application: str, port: int) -> None:
        layout = ["--workers", "2", "--blocking-threads", "4", "--no-ws", "--respawn-failed-workers"]
        self._start(
            role,
            ["granian", "--interface", "wsgi", application, "--host", "127.0.0.1", "--port", str(port), *layout],
            PORT=str(port),
        )
        wait_for_answer(port)

    def _celery(self, role: str, words: list[str], broker_url: str) -> None:
        self._start(
            role,
            ["celery", "--quiet", *words, "-n", f"{role}@%h", "-c", "2", "--without-gossip", "--without-mingle"],
        )
        wait_for_consumer(broker_url)

    def _start(self, role: str, words: list[str], **variables: str) -> None:
        log = (settings.VAR_DIR / f"{role}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *words],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._processes.append(process)
        self.roles[role] = [process.pid]

    def log_of(self, role: str, characters: int = 2000) -> str:
        return (settings.VAR_DIR / f"{role}.log").read_text(errors="replace")[-characters:]


def add_model() -> None:
    """One model of the instant provider for each lane, named by it."""
    for lane in Lane:
        InferenceModel.objects.create(
            slug=lane,
            name=f"Instant on {lane}",
            about="Answers at once",
            provider="bench",
            lane=lane,
            aspect_ratios=["1:1"],
            price_credits=1,
            typical_seconds=1,
        )


def make_bare_database() -> None:
    host, port = os.environ["BARE_HOST"], os.environ["BARE_PORT"]
    with psycopg.connect(host=host, port=port, user="atelier", dbname="postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE bare")
    with psycopg.connect(host=host, port=port, user="atelier", dbname="bare", autocommit=True) as bare:
        bare.execute(TABLES)
        bare.execute("VACUUM ANALYZE")


def broker_url(database: int) -> str:
    return f"redis+socket://{embedded.redis_socket(settings.VAR_DIR)}?virtual_host={database}"


def broker(database: int) -> "redis.Redis":
    return redis.Redis(unix_socket_path=str(embedded.redis_socket(settings.VAR_DIR)), db=database)


def database_of(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["virtual_host"][0])


def postgres_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def free_port() -> int:
    """Below 32768, where the load generator's own sockets begin."""
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit("bench: no free port between 18000 and 18999")


def wait_for_answer(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        http = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            http.request("GET", "/healthz")
            http.getresponse().read()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"bench: nothing answers on port {port}") from error
            time.sleep(0.05)
        finally:
            http.close()


def wait_for_consumer(url: str) -> None:
    """A worker listens once it waits in a blocking pop on its broker's database."""
    database = database_of(url)
    deadline = time.monotonic() + START_SECONDS
    while not any(one["cmd"] == "brpop" and int(one["db"]) == database for one in broker(0).client_list()):
        if time.monotonic() > deadline:
            raise SystemExit("bench: the worker does not start")
        time.sleep(0.05)
