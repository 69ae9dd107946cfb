"""What `make run` executes: set-up, then web, workers and beat until a signal, after which no process is left.

The children are ours without a process in between, so that the kernel ends them even when this one is killed.
"""

import fcntl
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import FrameType

from config import embedded, guardian, servers, settings

HOST = "127.0.0.1"
PYTHON = sys.executable
CELERY = ["-m", "celery", "--quiet", "-A", "config"]
STOP_SECONDS = 5.0
SERVERS_STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
# A process that was killed is started again; one that ends soon after each start ends the site.
SOON_SECONDS = 10.0
SOON_ENDS_MAX = 3


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Set the site up and serve it until SIGINT, SIGTERM or SIGHUP; raises SystemExit with one line."""
    if "MAKELEVEL" in os.environ:
        guardian.die_with(os.getppid(), signal.SIGTERM)
    guardian.adopt_orphans()
    site = Site([web(), *emulators(), *workers(), beat()])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, site.ask_to_stop)
    probe_ports()
    with only_one_for(settings.VAR_DIR):
        try:
            if settings.EMBEDDED and not (settings.VAR_DIR / "postgres").exists():
                say(f"First start: making the database and a small gallery in {settings.VAR_DIR}. This takes a while.")
            servers.ensure()
            site.run_to_end(Child("set-up", [PYTHON, "-m", "config.run", "set-up"]))
            site.serve()
        finally:
            site.stop()


# --- Before anything starts ------------------------------------------------------------------------------------------


def probe_ports() -> None:
    """Refuse a taken port now: granian shares its port with whoever else does, and never complains."""
    for port in range(settings.PORT, settings.PORT + (3 if settings.EMULATE else 1)):
        probe_port(port)


def probe_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it must be below 65536"
            raise SystemExit(
                f"atelier: cannot use port {port}: {reason}. Choose another one: PORT=8080 make run"
            ) from error


@contextmanager
def only_one_for(var_dir: Path) -> Iterator[None]:
    """Refuse a second run in the same VAR_DIR: two beats would write one schedule."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=var_dir).close()  # a lock file of an earlier run says nothing about the folder
        file = (var_dir / "run.lock").open("a")
    except OSError as error:
        raise SystemExit(
            f"atelier: cannot write to {var_dir}: {error.strerror}. Set VAR_DIR to a folder that you may write to."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SystemExit(
                f"atelier: another run uses {var_dir}. Give this one its own place: VAR_DIR=var2 PORT=8080 make run"
            ) from error
        yield


# --- Web, workers and beat -------------------------------------------------------------------------------------------


@dataclass
class Child:
    """A process of the site, in a session of its own: a terminal's Ctrl-C reaches it through us alone."""

    name: str
    command: list[str]
    orphan_signal: signal.Signals = signal.SIGTERM  # what the kernel sends it when we are killed
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    soon_ends: int = 0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            env={**os.environ, "VAR_DIR": str(settings.VAR_DIR), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=guardian.as_child(self.orphan_signal),  # noqa: PLW1509  (we have one thread)
        )

    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else 0

    def ask_to_stop(self) -> None:
        if self.process and self.exit_code() is None:
            self.process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for the end until `deadline`, then kill whatever is left of the process and its own children."""
        if not self.process:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart_if_ended(self) -> None:
        if (code := self.exit_code()) is None:
            return
        self.end(deadline=0)
        self.soon_ends = self.soon_ends + 1 if time.monotonic() - self.started_at < SOON_SECONDS else 0
        if self.soon_ends >= SOON_ENDS_MAX:
            raise SystemExit(f"atelier: {self.name} ended {self.soon_ends} times in a row, last with code {code}.")
        say(f"atelier: {self.name} ended with code {code}; starting it again")
        self.start()


def web() -> Child:
    command = ["-m", "granian", "--interface", "wsgi", "config.wsgi:application"]
    command += ["--host", HOST, "--port", str(settings.PORT), "--workers", "2", "--blocking-threads", "4", "--no-ws"]
    # Without it one killed worker stops the whole server.
    command += ["--respawn-failed-workers", "--workers-kill-timeout", str(int(STOP_SECONDS))]
    return Child("web", [PYTHON, *command])


def workers() -> list[Child]:
    """One for each queue, so that neither the sweep nor a rendition waits behind a slow job."""
    processes = {"default": 1, "providers": 2}
    if settings.DIFFUSION_MODEL:
        processes["gpu"] = 1  # it holds the model
    return [worker(queue, count) for queue, count in processes.items()]


def worker(queue: str, processes: int) -> Child:
    # Root gets eight lines about pickled messages on every start; ours are JSON only.
    command = ["-W", "ignore:You're running the worker", *CELERY, "worker", "-n", f"{queue}-{settings.PORT}@%h"]
    command += ["-c", str(processes), "-Q", queue, "-l", "info", "--without-gossip", "--without-mingle"]
    # SIGTERM would let it finish its tasks, with nobody left who could end the wait.
    return Child(f"worker of {queue}", [PYTHON, *command], orphan_signal=signal.SIGQUIT)


def emulators() -> list[Child]:
    """The vendors as small servers on the ports after ours, where EMULATE asks for them."""
    if not settings.EMULATE:
        return []
    return [
        Child(f"emulator of {name}", [PYTHON, "-m", f"tests.emulators.{name}", "--port", str(settings.PORT + offset)])
        for offset, name in enumerate(("replicate", "gemini"), start=1)
    ]


def beat() -> Child:
    command = [*CELERY, "beat", "-l", "info", "-s", str(settings.VAR_DIR / "beat-schedule"), "--pidfile="]
    return Child("beat", [PYTHON, *command])


class Site:
    """The running site: its children from the first start to the last end."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.stopping = False

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        # Nothing but a note: a group's signal and make's own arrive as two.
        self.stopping = True

    def is_over(self) -> bool:
        self.stopping = self.stopping or make_was_interrupted()
        return self.stopping

    def run_to_end(self, child: Child) -> None:
        """Run one process to its end, or to ours."""
        if self.stopping:
            return
        child.start()
        while (code := child.exit_code()) is None and not self.is_over():
            time.sleep(POLL_SECONDS)
        child.ask_to_stop()
        child.end(time.monotonic() + STOP_SECONDS)
        if code and not self.stopping:
            raise SystemExit(f"atelier: {child.name} failed; the reason stands above.")

    def serve(self) -> None:
        """Keep the children running until we are asked to stop; says once when the site answers.

        The first one is the web process. The others begin when it answers: on two cores they would delay that.
        """
        ready = False
        running = [] if self.stopping else self.children[:1]
        for child in running:
            child.start()
        while not self.is_over():
            if not ready and (ready := answers()):
                say(f"Atelier is ready at http://{HOST}:{settings.PORT}")
                for child in self.children[1:]:
                    child.start()
                running = self.children
            for child in running:
                child.restart_if_ended()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the children, then the bundled servers unless somebody else uses them."""
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.end(deadline)
        if settings.EMBEDDED and not embedded.release_and_wait(settings.VAR_DIR, SERVERS_STOP_SECONDS):
            say("atelier: another process still uses the bundled servers; they end with it")
        reap()


def make_was_interrupted() -> bool:
    """Whether a SIGINT reached the make above us alone. It does not pass it on, but blocks it and waits for our end."""
    if "MAKELEVEL" not in os.environ:
        return False
    with suppress(OSError):
        for line in Path(f"/proc/{os.getppid()}/status").read_text().splitlines():
            if line.startswith("SigBlk:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1)
    return False


def reap() -> None:
    """Collect the dead that we adopted: in a container nobody else might."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def answers() -> bool:
    """Whether the web process answers, whatever it says."""
    connection = http.client.HTTPConnection(HOST, settings.PORT, timeout=2)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


# --- Set-up, in one process of its own: ours keeps neither Django nor a connection -----------------------------------


def set_up() -> None:
    """Bring database, catalogue, demonstration and static files up to date; quick when they are."""
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    servers.ensure()
    django.setup()
    from config import checks  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    call_command("sync_catalogue")
    for warning in checks.own_gpu_has_its_libraries():
        say(f"atelier: {warning.msg} {warning.hint}")
    if settings.EMBEDDED:  # never in production
        call_command("seed_demo")
    collect_static()


def collect_static() -> None:
    """Collect and compress the static files, unless they are the ones of the last time."""
    from django.core.management import call_command  # noqa: PLC0415

    stamp = settings.VAR_DIR / "static.stamp"
    sources = static_fingerprint()
    collected = (settings.STATIC_ROOT / "staticfiles.json").exists()
    if collected and stamp.exists() and stamp.read_text() == sources:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(sources)


def static_fingerprint() -> str:
    """A hash over every source file's name, size and time, and over what decides how they are written."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415

    versions = [metadata.version(name) for name in ("django", "whitenoise")]
    seen = [f"{versions} {settings.STORAGES['staticfiles']} {settings.STATIC_ROOT}"]
    for finder in get_finders():
        for name, storage in finder.list([]):
            path = Path(storage.path(name))
            state = path.stat()
            seen.append(f"{path} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


if __name__ == "__main__":
    set_up() if sys.argv[1:] == ["set-up"] else main()
