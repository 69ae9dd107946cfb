"""An emulated Replicate for the tests of its adapter: the real SDK speaks to it, predictions take an instant."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulators.fixtures import replicate_at
from tests.emulators.replicate import ReplicateEmulator

TOKEN = "r8_the_first_token_of_the_tests"


@pytest.fixture(scope="module")
def running() -> Iterator[ReplicateEmulator]:
    with ReplicateEmulator(seconds=0.05) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: ReplicateEmulator, settings: Any) -> Iterator[ReplicateEmulator]:
    with replicate_at(running, settings, token=TOKEN) as emulator:
        yield emulator
