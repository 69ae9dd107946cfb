"""How tests ask the emulator of Replicate, and what became of it."""

from collections.abc import Sequence
from typing import Any

import httpx
from replicate.client import Client

from tests.emulators.replicate import ReplicateEmulator

SCHNELL = "black-forest-labs/flux-schnell"
PRO = "black-forest-labs/flux-1.1-pro"
SDXL = "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
PROMPT = "A quiet harbour at dusk"
PATIENCE_SECONDS = 10
WEB = httpx.Client(timeout=5)  # one for all: each loads the certificates of the world
SMALL: dict[str, Any] = {"prompt": PROMPT, "megapixels": "0.25", "output_format": "png"}


def ask(client: Client, *, model: str = SCHNELL, webhook: str = "", events: Sequence[str] = (), **more: Any) -> str:
    """Begin a small picture, or what is asked for; the prediction's id."""
    hooked: dict[str, Any] = {"webhook": webhook} if webhook else {}
    if events:
        hooked["webhook_events_filter"] = list(events)
    return client.models.predictions.create(model, SMALL | more, **hooked).id


def outcome(emulator: ReplicateEmulator, prediction_id: str) -> dict[str, Any]:
    """How it is told when it is over and its webhook knows."""
    run = emulator.run(prediction_id)
    assert run.over.wait(PATIENCE_SECONDS)
    assert run.told_all.wait(PATIENCE_SECONDS)
    return run.told()


def file_of(emulator: ReplicateEmulator, client: Client) -> httpx.Response:
    """The first file of a new prediction, fetched as anybody would."""
    return WEB.get(outcome(emulator, ask(client))["output"][0])
