"""The process behind config/embedded.py: starts PostgreSQL and Redis, keeps them while they are used, stops them.

Run as a program by its path and detached, so it imports the standard library only and nothing of this project.
"""

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

POSTGRES_PORT = 5432  # only names the socket file: nothing listens on a network
REDIS_SOCKET = "redis.sock"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.2
QUICK_POLL_SECONDS = 0.01
RESTART_PAUSE_SECONDS = 1.0
NO_LOCK = -1
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class GuardianError(Exception):
    """The servers cannot be started; the text goes to whoever asked for them."""


def state_file(var: Path, name: str) -> Path:
    """A file of this machinery.

    `users` is locked by every user, `starting` by one start at a time, `guardian` by a living guardian; `log` is what
    the guardian and the servers say.
    """
    return var / "embedded" / name


def lock_now(fd: int) -> bool:
    """Take the exclusive flock if it is free."""
    with suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@dataclass(frozen=True)
class Site:
    """What one guardian looks after. `lock_fd` is inherited by all it starts, so the lock tells whether any lives."""

    var: Path
    sockets: Path
    postgres_bin: Path
    redis_server: Path
    lock_fd: int = NO_LOCK

    @property
    def data(self) -> Path:
        return self.var / "postgres"

    def run(self, command: list[str | Path], text: str = "") -> bool:
        """Run a helper program to its end; False when it failed, and why is in the log."""
        finished = subprocess.run(
            command, check=False, cwd="/", env=server_environment(), pass_fds=[self.lock_fd], input=text, text=True
        )
        return finished.returncode == 0


@dataclass
class Server:
    """A server program: how it is started, seen to be ready, asked to stop and, when it will not, made to."""

    name: str
    command: list[str | Path]
    folder: Path
    lock_fd: int
    stop_signal: signal.Signals
    force_signal: signal.Signals
    is_ready: Callable[[int], bool]  # given its process id
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            pass_fds=[self.lock_fd],
            preexec_fn=as_child(self.stop_signal),  # noqa: PLW1509  (the guardian has one thread)
        )

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_until_ready(self, deadline: float) -> None:
        while not (self.process and self.is_ready(self.process.pid)):
            if not self.runs():
                raise GuardianError(f"{self.name} ended at once")
            if time.monotonic() > deadline:
                raise GuardianError(f"{self.name} was not ready within {START_SECONDS:.0f} s")
            time.sleep(QUICK_POLL_SECONDS)

    def ask_to_stop(self) -> None:
        if self.process:
            self.process.send_signal(self.stop_signal)

    def wait_until_stopped(self, deadline: float) -> None:
        if not self.process:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.send_signal(self.force_signal)
            self.process.wait()


def server_environment() -> dict[str, str]:
    """Ours without libpq's variables, which would move the server, and without a locale that may not exist."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def die_with(parent: int, number: signal.Signals) -> None:
    """Have the kernel send us `number` when our parent dies, even by SIGKILL. Only Linux can."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the kernel knew
            os.kill(os.getpid(), number)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, so that we can see them end. Only Linux can."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)


def as_child(number: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes its program (`preexec_fn`): default signals, and `number` when we die."""
    parent = os.getpid()

    def prepare() -> None:
        for handled in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(handled, signal.SIG_DFL)
        die_with(parent, number)

    return prepare


# --- A guardian's life -----------------------------------------------------------------------------------------------


def guard(site: Site, answer_fd: int) -> None:
    """Start both servers, answer `ready` or what is wrong, keep them while they are used, stop them."""
    # A signal to everybody must not take the database from processes that are still finishing their work.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Never closed: the kernel does it when this process is gone, in this order. Whoever waited for `users` must not
    # find a guardian that is about to leave, and whoever waits for `guardian` wants to see no process any more.
    mark_fd, users_fd = (
        os.open(state_file(site.var, name), os.O_WRONLY | os.O_CREAT) for name in ("guardian", "users")
    )
    fcntl.flock(mark_fd, fcntl.LOCK_EX)
    servers: list[Server] = []
    try:
        with open(answer_fd, "w") as answer:
            try:
                site = own_sockets(site)
                start(site, servers)
            except (GuardianError, OSError) as error:
                answer.write(" ".join(str(error).split()))
                return
            answer.write("ready")
        keep_while_used(servers, users_fd)
    finally:
        stop(site, servers)


def start(site: Site, servers: list[Server]) -> None:
    """Bring both servers up; what was started is in `servers` even when this raises."""
    make_cluster(site)
    (site.var / "redis").mkdir(mode=0o700, exist_ok=True)
    servers += [postgres(site), redis(site)]
    for server in servers:
        server.start()
    deadline = time.monotonic() + START_SECONDS
    for server in servers:
        server.wait_until_ready(deadline)
    create_database(site)


def keep_while_used(servers: list[Server], users_fd: int) -> None:
    """Return, with the users' lock in hand, once nobody is left or VAR_DIR is gone; restart a server that died."""
    while os.fstat(users_fd).st_nlink and not lock_now(users_fd):
        time.sleep(POLL_SECONDS)
        for server in servers:
            if not server.runs() and time.monotonic() - server.started_at > RESTART_PAUSE_SECONDS:
                sys.stderr.write(f"atelier: {server.name} died; starting it again\n")
                server.start()


def stop(site: Site, servers: list[Server]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        server.wait_until_stopped(deadline)
    if site.lock_fd != NO_LOCK:  # otherwise the folder may be somebody else's
        shutil.rmtree(site.sockets, ignore_errors=True)


def own_sockets(site: Site) -> Site:
    """The site with an empty sockets' folder and the lock on it.

    Servers that a killed guardian left behind hold that lock until they have ended, even if VAR_DIR was deleted since.
    """
    with suppress(FileNotFoundError):
        earlier = os.open(site.sockets, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        deadline = time.monotonic() + STOP_SECONDS
        while not lock_now(earlier):
            if time.monotonic() > deadline:
                raise GuardianError(f"servers of an earlier run still use {site.sockets}")
            time.sleep(QUICK_POLL_SECONDS)
        shutil.rmtree(site.sockets)
        os.close(earlier)
    site.sockets.mkdir(mode=0o700)  # refuses what another user puts there in this moment
    lock_fd = os.open(site.sockets, os.O_RDONLY | os.O_DIRECTORY)
    lock_now(lock_fd)
    return replace(site, lock_fd=lock_fd)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def postgres(site: Site) -> Server:
    settings = {
        "listen_addresses": "",
        "port": str(POSTGRES_PORT),
        "unix_socket_directories": str(site.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "fsync": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Server(
        "PostgreSQL",
        [*not_as_root(site, site.data), site.postgres_bin / "postgres", "-D", site.data, *options],
        folder=Path("/"),
        lock_fd=site.lock_fd,
        stop_signal=signal.SIGINT,  # "fast": disconnects everybody, writes a checkpoint
        force_signal=signal.SIGQUIT,
        is_ready=lambda pid: postgres_is_ready(site.data, pid),
    )


def postgres_is_ready(data: Path, pid: int) -> bool:
    """Look where pg_ctl looks: the eighth line of the pid file is the server's state."""
    with suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False


def make_cluster(site: Site) -> None:
    """Make the database cluster on the first start, and one that was copied or killed fit to start."""
    unfinished = site.var / "postgres.new"
    if not (site.data / "PG_VERSION").exists():
        # An interrupted initdb leaves a folder that looks finished: only a whole one gets the name.
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        command = [*not_as_root(site, unfinished), site.postgres_bin / "initdb", "-D", unfinished]
        command += ["--username=atelier", "--auth=trust", "--encoding=UTF8"]
        # PostgreSQL's own Unicode rules: the same on every machine, whatever its C library.
        command += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        if not site.run(command):
            raise GuardianError("initdb could not make a database cluster")
        unfinished.rename(site.data)
    site.data.chmod(0o700)  # a copied folder may have lost it, and PostgreSQL insists
    forget_dead_postmaster(site.data)


def forget_dead_postmaster(data: Path) -> None:
    """Remove a pid file whose number meanwhile belongs to another program, as happens in containers."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists() or not Path("/proc/self/cwd").exists():
        return
    with suppress(ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        with suppress(FileNotFoundError, PermissionError):
            if Path(f"/proc/{pid}/cwd").samefile(data):
                return
    pid_file.unlink()


def create_database(site: Site) -> None:
    """Make the database `atelier` unless it is there."""
    sql = "SELECT 'CREATE DATABASE atelier' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'atelier')"
    command: list[str | Path] = [site.postgres_bin / "psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1"]
    command += ["-h", site.sockets, "-p", str(POSTGRES_PORT), "-U", "atelier", "-d", "postgres"]
    if not site.run(command, f"{sql} \\gexec\n"):
        raise GuardianError("the database `atelier` could not be created")


def not_as_root(site: Site, data: Path) -> list[str | Path]:
    """The words before a PostgreSQL command, because it refuses to be root; none for an ordinary user."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    owner = data.stat().st_uid or nobody.pw_uid
    identity = ["setpriv", f"--reuid={owner}", f"--regid={nobody.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
    capability = "-all,+dac_override"  # a checkout below /root lies behind a folder that is closed to others
    candidates = (
        (owner, [*identity, f"--inh-caps={capability}", f"--ambient-caps={capability}"]),
        (owner, identity),  # a sandbox without ambient capabilities
        (0, ["unshare", "--user", "--map-user=65534", "--map-group=65534"]),  # a sandbox that knows root alone
    )
    script = 'test -w "$1" && test -w "$2" && "$0" --version'
    for uid, prefix in candidates:
        give(site, uid, data)
        give(site, uid, site.sockets)
        with suppress(FileNotFoundError):  # no such program here
            if site.run([*prefix, "sh", "-c", script, site.postgres_bin / "postgres", data, site.sockets]):
                return [*prefix]
    raise GuardianError("PostgreSQL refuses to run as root and cannot become another user here: use an ordinary user")


def give(site: Site, uid: int, folder: Path) -> None:
    if folder.stat().st_uid != uid:
        site.run(["chown", "-R", str(uid), folder])


# --- Redis -----------------------------------------------------------------------------------------------------------


def redis(site: Site) -> Server:
    settings = {
        "port": "0",
        "unixsocket": str(site.sockets / REDIS_SOCKET),
        "unixsocketperm": "700",
        "databases": "16",
        "dir": ".",
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
    }
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return Server(
        "Redis",
        [site.redis_server, *options],
        folder=site.var / "redis",
        lock_fd=site.lock_fd,
        stop_signal=signal.SIGTERM,
        force_signal=signal.SIGKILL,
        is_ready=lambda _pid: redis_is_ready(site.sockets / REDIS_SOCKET),
    )


def redis_is_ready(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")  # it says -LOADING while it reads its file
    return False


if __name__ == "__main__":
    var_dir, socket_dir, postgres_bin, redis_server = map(Path, sys.argv[1:5])
    guard(Site(var_dir, socket_dir, postgres_bin, redis_server), answer_fd=int(sys.argv[5]))
    os._exit(0)
