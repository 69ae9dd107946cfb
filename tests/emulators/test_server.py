"""The ground of the emulators: control doors, kills around an answer, and an end that is quick and quiet."""

import os
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from tests.emulators.asking import WEB
from tests.emulators.replicate import ReplicateEmulator
from tests.servers import ROOT

CALLER = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1]) as answer:
    sys.stdout.write(f"{len(answer.read())} bytes, "); sys.stdout.flush()
sys.stdin.read()
"""


def test_faults_and_calls_go_through_doors_too(emulator: ReplicateEmulator) -> None:
    added = WEB.post(f"{emulator.url}/_emulator/faults", json=[{"name": "refuse", "at": "files", "status": 503}])
    assert added.status_code == 201
    assert WEB.get(f"{emulator.url}/_emulator/faults").json() == added.json() == emulator.faults.listed()
    assert WEB.get(f"{emulator.url}/files/covers/x.png").status_code == 503
    [call] = WEB.get(f"{emulator.url}/_emulator/calls").json()
    assert (call["method"], call["path"]) == ("GET", "/files/covers/x.png")
    assert WEB.post(f"{emulator.url}/_emulator/reset").status_code == 204
    assert (emulator.calls, emulator.faults.listed()) == ([], [])


@pytest.mark.parametrize("fault", [{"name": "explode"}, {"name": "refuse", "at": "nowhere"}, {"at": "create"}, "delay"])
def test_a_fault_that_is_none_is_refused(emulator: ReplicateEmulator, fault: object) -> None:
    assert WEB.post(f"{emulator.url}/_emulator/faults", json=fault).status_code == 422
    assert emulator.faults.listed() == []


@pytest.mark.parametrize(("when", "said"), [("before", ""), ("during", ""), ("after", "bytes, ")])
def test_the_caller_can_be_killed_around_the_answer(emulator: ReplicateEmulator, when: str, said: str) -> None:
    emulator.faults.add("kill", at="files", when=when)
    assert call_from_elsewhere(f"{emulator.url}/files/covers/x.png") == -signal.SIGKILL
    assert len(emulator.calls) == 1


def call_from_elsewhere(address: str) -> int:
    """How a process ended that fetches the address and then waits for ever."""
    command = [sys.executable, "-S", "-c", CALLER, address]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as caller:
        return caller.wait(10)


def test_another_process_can_be_killed_by_its_number(emulator: ReplicateEmulator) -> None:
    with subprocess.Popen(["sleep", "60"]) as victim:
        emulator.faults.add("kill", at="files", pid=victim.pid)
        assert WEB.get(f"{emulator.url}/files/covers/x.png").status_code == 200
        assert victim.wait(10) == -signal.SIGKILL


def test_an_end_breaks_what_hangs_and_leaves_nobody_listening() -> None:
    broken: list[Exception] = []
    with ReplicateEmulator() as emulator:
        emulator.faults.add("hang", at="files")
        caller = threading.Thread(target=fetch, args=(f"{emulator.url}/files/covers/x.png", broken))
        caller.start()
        while not emulator.calls:
            os.sched_yield()
    caller.join(5)
    assert not caller.is_alive()
    assert isinstance(broken[0], httpx.RemoteProtocolError | httpx.ReadError)
    with pytest.raises(httpx.ConnectError):
        WEB.get(emulator.url)


def fetch(address: str, broken: list[Exception]) -> None:
    try:
        WEB.get(address, timeout=30)
    except httpx.TransportError as error:
        broken.append(error)


def test_it_runs_by_hand_until_it_is_told_to_end() -> None:
    command = [sys.executable, "-m", "tests.emulators.replicate", "--port", "0", "--webhook-secret", "whsec_c2VjcmV0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout
        said, address = emulator.stdout.readline().rsplit(maxsplit=1)
        secret = WEB.get(f"{address}/v1/webhooks/default/secret", headers={"Authorization": "Bearer r8_any"})
        emulator.terminate()
        assert emulator.wait(5) == 0
    assert said == "Replicate is emulated at"
    assert secret.json() == {"key": "whsec_c2VjcmV0"}
