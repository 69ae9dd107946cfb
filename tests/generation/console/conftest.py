"""Sam at the staff's Replicate pages, an emulated Replicate behind them, and a worker that comes when it is called."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from celery.app.task import Task
from django.test import Client

from accounts.models import User
from tests.emulators.fixtures import replicate_at
from tests.emulators.replicate import ReplicateEmulator

TOKEN = "r8_a_token_of_the_console"
ROOT = "/admin/replicate/"


@pytest.fixture(scope="package")
def running() -> Iterator[ReplicateEmulator]:
    with ReplicateEmulator(seconds=0.05) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: ReplicateEmulator, settings: Any) -> Iterator[ReplicateEmulator]:
    with replicate_at(running, settings, token=TOKEN) as emulator:
        yield emulator


@dataclass
class Desk:
    """A member of staff before the pages; paths are below /admin/replicate/."""

    client: Client
    emulator: ReplicateEmulator
    capture: Callable[..., Any]

    def get(self, path: str = "", **options: Any) -> Any:
        """A page as it is answered; what it asked for is lost on its way to a worker."""
        with self.capture():
            return self.client.get(f"{ROOT}{path}", **options)

    def ask(self, path: str = "") -> str:
        """The page once a worker has been there. Nothing is asked inside the request."""
        with self.worker():
            before = len(self.emulator.calls)
            first = self.client.get(f"{ROOT}{path}")
            assert first.status_code == 200, first.content
            assert len(self.emulator.calls) == before
        return self.text(path)

    def text(self, path: str = "") -> str:
        answer = self.get(path)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def post(self, path: str, said: dict[str, Any]) -> Any:
        with self.worker():
            before = len(self.emulator.calls)
            answer = self.client.post(f"{ROOT}{path}", said)
            assert len(self.emulator.calls) == before
        return answer

    def worker(self) -> Any:
        """What is asked for inside is done at its end, by the tasks that were queued."""
        return self.capture(execute=True)


@pytest.fixture
def desk(
    emulator: ReplicateEmulator,
    client: Client,
    sam: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> Desk:
    """Messages are handed over at once instead of through the broker, in this process and on its connection."""
    client.force_login(sam)
    monkeypatch.setattr(Task, "apply_async", lambda self, args, **options: self(*args))
    return Desk(client, emulator, django_capture_on_commit_callbacks)
