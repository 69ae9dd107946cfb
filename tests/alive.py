"""Which processes of a VAR_DIR are alive, for tests about starting and stopping them."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from config import embedded

PATIENCE_SECONDS = 60


def processes(var: Path, program: str = "") -> list[int]:
    """All that has to do with `var`, by its command, environment or working folder; or one program of it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if _belongs(entry, command, var) and (not program or _is(program, command)):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def _belongs(entry: Path, command: str, var: Path) -> bool:
    if str(var) in command or str(embedded.socket_dir(var)) in command:
        return True
    with suppress(OSError):
        if f"VAR_DIR={var}".encode() in (entry / "environ").read_bytes().split(b"\0"):
            return True
    # PostgreSQL's processes overwrite both; they work in the data folder.
    return bool(command) and (entry / "cwd").samefile(var / "postgres")


def _is(program: str, command: str) -> bool:
    # The guardian's own arguments name the programs that it starts.
    return program in command and ("guardian.py" in command) == (program == "guardian.py")


def nothing_is_left(var: Path) -> bool:
    return not processes(var) and not embedded.socket_dir(var).exists()


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens by itself; a test that waits in vain fails."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
