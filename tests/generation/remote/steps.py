"""Alice's jobs on an emulated Replicate, one step at a time: what workers, webhooks and the passing of time do."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from credits import audit, statements
from generation import callbacks, sweeping, worker
from generation import remote as engine
from generation.models import Attempt, InferenceModel, Job, Lane
from tests import pictures
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.replicate import webhooks as signed
from tests.emulators.replicate.runs import Run
from tests.generation.asking import rested

OVER_SECONDS = 10


def draw_on(model: InferenceModel) -> InferenceModel:
    """The row as jobs read it."""
    return InferenceModel.objects.get(pk=model.pk)


@dataclass
class Remote:
    """`model` runs at the emulator, `owner` pays."""

    emulator: ReplicateEmulator
    model: InferenceModel
    owner: User

    # --- Jobs --------------------------------------------------------------------------------------------------------

    def ask(self, count: int = 1) -> Job:
        """A job that waits for a worker."""
        return pictures.submit(self.owner, pictures=count, prompt="A red kite", ratio="1:1", model=self.model)

    def begin(self, count: int = 1) -> Attempt:
        """A job whose prediction a worker has begun, or has tried to."""
        job = self.ask(count)
        self.work()
        return Attempt.objects.get(job=job)

    def work(self) -> Job | None:
        """The next job that waits, however long it still had to rest."""
        rested()
        return worker.work(Lane.PROVIDERS)

    # --- The prediction ----------------------------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """All that the emulator was ever asked for, the oldest first."""
        return [self.emulator.run(told["id"]) for told in reversed(self.emulator.predictions)]

    def over(self, number: int = -1) -> Run:
        """A prediction that has come to its end."""
        run = self.runs()[number]
        assert run.over.wait(OVER_SECONDS)
        return run

    @contextmanager
    def before_the_answer(self, happens: Callable[[], None]) -> Iterator[None]:
        """Inside, the answer to a create is on its way for so long that this happens before it arrives."""
        send = httpx.HTTPTransport.handle_request

        def slowly(line: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            answer = send(line, request)
            if request.method == "POST" and request.url.path.endswith("/predictions"):
                try:
                    happens()
                except BaseException:
                    answer.close()
                    raise
            return answer

        with pytest.MonkeyPatch.context() as wire:
            wire.setattr(httpx.HTTPTransport, "handle_request", slowly)
            yield

    # --- What happens later ------------------------------------------------------------------------------------------

    def collect(self, attempt: Attempt) -> None:
        """A look at the prediction, whose time has come. Nothing happens where it is not asked about any more."""
        Attempt.objects.filter(pk=attempt.pk, poll_at__isnull=False).update(poll_at=timezone.now())
        engine.collect(attempt_id=attempt.pk)
        attempt.refresh_from_db()

    def collect_all(self) -> None:
        for attempt in Attempt.objects.filter(poll_at__isnull=False).order_by("pk"):
            self.collect(attempt)

    def bring_in(self, attempt: Attempt) -> Job:
        """The prediction ends, and is looked at; its job."""
        self.over()
        self.collect(attempt)
        return Job.objects.get(pk=attempt.job_id)

    def pass_deadline(self, job_id: int) -> None:
        Job.objects.filter(pk=job_id).update(deadline_at=timezone.now() - timedelta(seconds=20))

    def lose_worker(self) -> sweeping.Swept:
        """Every lease runs out, and the sweep comes."""
        Job.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(hours=1))
        return sweeping.sweep()

    def age(self, attempt: Attempt, seconds: float) -> None:
        """It began so long ago."""
        Attempt.objects.filter(pk=attempt.pk).update(started_at=timezone.now() - timedelta(seconds=seconds))

    # --- Webhooks ----------------------------------------------------------------------------------------------------

    def webhook(self, attempt: Attempt, told: Any, *, event_id: str = "", **changes: Any) -> HttpResponse:
        """What Replicate would post about an attempt; `told` may be bytes."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return self.post(callbacks.token(attempt.code), body, event_id=event_id, **changes)

    def post(
        self, token: str, body: bytes, *, event_id: str = "", secrets: Any = None, age_seconds: int = 0
    ) -> HttpResponse:
        sent = signed.headers(
            secrets or [self.emulator.secret],
            event_id=event_id or signed.new_event_id(),
            body=body,
            age_seconds=age_seconds,
        )
        address = f"/webhooks/replicate/{token}"
        return Client().post(address, body, content_type="application/json", headers=sent)  # type: ignore[return-value]


def charges(job: Job) -> tuple[int, int, int, int]:
    told = statements.of_subject(job.subject)
    return told.reserved, told.captured, told.released, told.open


def nothing_is_broken() -> None:
    result = audit.run()
    assert result.ok, result.breaches


def is_awaited(attempt: Attempt) -> bool:
    """Whether its provider is to be asked again."""
    return attempt.poll_at is not None
