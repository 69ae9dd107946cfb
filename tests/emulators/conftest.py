"""An emulator of Replicate, its real SDK, and somebody who receives its webhooks."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest
from replicate.client import Client

from tests.emulators.faults import Fault
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.replicate.emulator import PAGE_SIZE
from tests.emulators.server import Call, Emulator, Reply, Route

TOKEN = "r8_tried"


class Receiver(Emulator):
    """Takes webhooks; `answers` are the statuses of the first ones, then it says 200."""

    name: ClassVar[str] = "receiver"

    def __init__(self) -> None:
        self.answers: list[int] = []
        super().__init__()

    def routes(self) -> Sequence[Route]:
        return (Route("POST", r"/told/.*", "told", self._take),)

    def _take(self, call: Call, faults: object) -> Reply:
        status = self.answers.pop(0) if self.answers else 200
        return Reply(status, headers={"Location": f"{self.url}/told/elsewhere"} if status == 301 else {})

    def refusal(self, fault: Fault) -> Reply:
        return Reply(404)


@pytest.fixture(scope="module")
def running() -> Iterator[ReplicateEmulator]:
    with ReplicateEmulator(seconds=0.03, retry_seconds=(0.01, 0.02, 0.03)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: ReplicateEmulator) -> ReplicateEmulator:
    """One that nobody has called yet."""
    running.reset()
    running.tokens.clear()
    running.page_size = PAGE_SIZE
    return running


@pytest.fixture(scope="module")
def client(running: ReplicateEmulator) -> Client:
    return Client(api_token=TOKEN, base_url=running.url)


@pytest.fixture(scope="module")
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def receiver(receiving: Receiver) -> Receiver:
    receiving.reset()
    receiving.answers.clear()
    return receiving
