"""The bundled servers, with real processes in folders of their own: who shares them, who stops them, what recovers."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from tests.alive import PATIENCE_SECONDS, nothing_is_left, processes, until

ROOT = Path(__file__).resolve().parent.parent.parent
USER = """
import os, sys
from pathlib import Path
from config import embedded
for var in sys.argv[1:]:
    try:
        embedded.ensure(Path(var))
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
if os.environ.get("FORK"):
    os.write(1, b"%d\\n" % os.fork())  # at one stroke: both of them write here
os.write(1, b"ready\\n")
sys.stdin.read()
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes that use the servers of a VAR_DIR until their standard input ends."""
    users: list[subprocess.Popen[str]] = []

    def begin(*var_dirs: Path, **environment: str) -> subprocess.Popen[str]:
        users.append(
            subprocess.Popen(
                [sys.executable, "-c", USER, *map(str, var_dirs)],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return users[-1]

    yield begin
    for user in users:
        user.kill()
        user.communicate()


def is_ready(user: subprocess.Popen[str]) -> bool:
    assert user.stdout
    return user.stdout.readline() == "ready\n"


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate()


def kill_guardian(var: Path) -> None:
    [guardian] = processes(var, "guardian.py")
    os.kill(guardian, signal.SIGKILL)


def answer(var: Path) -> bool:
    with psycopg.connect(embedded.database_url(var)) as database:
        assert database.execute("SELECT 1").fetchone() == (1,)
    with redis.Redis(unix_socket_path=str(embedded.redis_socket(var))) as client:
        return bool(client.ping())


def test_addresses_are_computed_and_nothing_is_touched(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a long name, with a space"] * 20)
    assert embedded.database_url(deep).startswith("postgresql://atelier@:5432/atelier?host=/")
    assert len(os.fsencode(embedded.redis_socket(deep))) < 100
    assert embedded.socket_dir(deep) == embedded.socket_dir(deep / "x" / "..")
    assert embedded.socket_dir(deep) != embedded.socket_dir(tmp_path)
    assert not list(tmp_path.iterdir())
    assert not embedded.socket_dir(deep).exists()


def test_parallel_first_starts_share_one_pair_of_servers(tmp_path: Path, start: Start) -> None:
    users = [start(tmp_path) for _ in range(5)]
    assert all(map(is_ready, users))
    assert len(processes(tmp_path, "guardian.py")) == 1
    assert len(processes(tmp_path, "redis-server")) == 1
    assert len(processes(tmp_path, "bin/postgres")) == 1
    for user in users[1:]:
        leave(user)
    assert answer(tmp_path)
    leave(users[0])
    until(lambda: nothing_is_left(tmp_path))


def test_data_survives_a_restart_and_nothing_listens_on_a_network(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path)
    assert is_ready(first)
    with psycopg.connect(embedded.database_url(tmp_path)) as database:
        database.execute("CREATE EXTENSION vector")
        database.execute("CREATE TABLE kept AS SELECT lower('ÄÖ') AS word")
        assert database.execute("SHOW listen_addresses").fetchone() == ("",)
    with redis.Redis(unix_socket_path=str(embedded.redis_socket(tmp_path)), db=15, decode_responses=True) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}
        client.set("kept", "yes")
    leave(first)
    until(lambda: nothing_is_left(tmp_path))

    assert is_ready(start(tmp_path, PGPORT="1", PGDATABASE="elsewhere", LC_ALL="xx_XX"))
    with psycopg.connect(embedded.database_url(tmp_path)) as database:
        assert database.execute("SELECT word FROM kept").fetchone() == ("äö",)
    with redis.Redis(unix_socket_path=str(embedded.redis_socket(tmp_path)), db=15, decode_responses=True) as client:
        assert client.get("kept") == "yes"


def test_a_killed_user_leaves_nothing_behind(tmp_path: Path, start: Start) -> None:
    user = start(tmp_path)
    assert is_ready(user)
    user.kill()
    until(lambda: nothing_is_left(tmp_path))


def test_a_forked_child_keeps_the_hold_of_its_dead_parent(tmp_path: Path, start: Start) -> None:
    parent = start(tmp_path, FORK="1")
    assert parent.stdout
    child = next(int(line) for line in parent.stdout if line.strip() not in {"0", "ready"})
    try:
        parent.kill()
        parent.wait()
        time.sleep(1)  # several looks of the guardian
        assert answer(tmp_path)
    finally:
        os.kill(child, signal.SIGKILL)
    until(lambda: nothing_is_left(tmp_path))


def test_a_killed_guardian_takes_its_servers_along_and_the_next_start_recovers(tmp_path: Path, start: Start) -> None:
    survivor = start(tmp_path)
    assert is_ready(survivor)
    kill_guardian(tmp_path)
    other = start(tmp_path)  # at once: the old servers may still be shutting down
    assert is_ready(other)
    assert answer(tmp_path)
    leave(survivor)
    kill_guardian(tmp_path)
    leave(other)
    until(lambda: not processes(tmp_path))
    leave(start(tmp_path))
    until(lambda: nothing_is_left(tmp_path))


def test_a_server_that_dies_is_started_again(tmp_path: Path, start: Start) -> None:
    assert is_ready(start(tmp_path))
    [before] = processes(tmp_path, "redis-server")
    os.kill(before, signal.SIGKILL)
    until(lambda: processes(tmp_path, "redis-server") not in ([], [before]))
    until(lambda: embedded.redis_socket(tmp_path).exists())
    assert answer(tmp_path)


def test_a_process_that_calls_again_starts_what_was_lost(tmp_path: Path) -> None:
    embedded.ensure(tmp_path)
    try:
        kill_guardian(tmp_path)
        until(lambda: not processes(tmp_path, "guardian.py"))
        embedded.ensure(tmp_path)
        assert answer(tmp_path)
    finally:
        assert embedded.release_and_wait(tmp_path, PATIENCE_SECONDS)
    assert nothing_is_left(tmp_path)


def test_release_says_when_somebody_else_still_uses_the_servers(tmp_path: Path, start: Start) -> None:
    assert is_ready(start(tmp_path))
    embedded.ensure(tmp_path)
    assert not embedded.release_and_wait(tmp_path, 0.5)
    assert answer(tmp_path)


def test_stale_sockets_pid_files_and_an_interrupted_first_start_do_not_matter(tmp_path: Path, start: Start) -> None:
    leave(start(tmp_path))
    until(lambda: nothing_is_left(tmp_path))
    sockets = embedded.socket_dir(tmp_path)
    sockets.mkdir(mode=0o700)
    for name in ("redis.sock", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (sockets / name).write_text(f"{os.getpid()}\n")
    # As in a container, the number in the pid file belongs to a living process of something else.
    (tmp_path / "postgres/postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n1\n5432\n{sockets}\n\n0 0\nready\n")
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new/PG_VERSION").write_text("18\n")
    assert is_ready(start(tmp_path))
    assert answer(tmp_path)


@pytest.mark.parametrize("name", ["with a space, a 'quote' and an ü", "/".join(["very-long"] * 30)])
def test_any_folder_serves(tmp_path: Path, start: Start, name: str) -> None:
    assert is_ready(start(tmp_path / name))
    assert answer(tmp_path / name)


def test_two_sites_run_side_by_side(tmp_path: Path, start: Start) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert is_ready(start(one, two))
    with psycopg.connect(embedded.database_url(one)) as database:
        database.execute("CREATE TABLE only_in_one ()")
    with psycopg.connect(embedded.database_url(two)) as database:
        assert database.execute("SELECT to_regclass('only_in_one')").fetchone() == (None,)


def test_a_deleted_folder_ends_its_servers_and_can_be_used_again(tmp_path: Path, start: Start) -> None:
    var = tmp_path / "var"
    assert is_ready(start(var))
    subprocess.run(["rm", "-rf", var], check=True)
    until(lambda: nothing_is_left(var) or not processes(var, "guardian.py"))
    assert is_ready(start(var))
    assert answer(var)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(embedded.EmbeddedError) as caught:
        embedded.ensure(tmp_path / "file" / "var")
    assert str(caught.value).startswith(f"cannot write to {tmp_path}/file/var")
    assert "\n" not in str(caught.value)


def test_a_server_that_does_not_start_is_one_clear_line_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError) as caught:
        embedded.ensure(tmp_path)
    assert "PostgreSQL ended at once" in str(caught.value)
    assert str(tmp_path / "embedded/log") in str(caught.value)
    assert "\n" not in str(caught.value)
    until(lambda: nothing_is_left(tmp_path))


def test_a_machine_without_the_wheels_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedError, match="Set DATABASE_URL and REDIS_URL"):
        embedded.ensure(tmp_path)
