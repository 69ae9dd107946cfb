"""A prediction whose start was ambiguous is found again, or it is not: never another one's."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from generation.providers.base import Order, ProviderError, Reference
from generation.providers.replicate.provider import provider
from tests import wires
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.replicate.conftest import TOKEN
from tests.generation.replicate.orders import flux, sdxl


def lose(emulator: ReplicateEmulator, order: Order) -> str:
    """Start it, lose the answer, and say what it is called there."""
    emulator.faults.add("drop", at="create")
    with pytest.raises(ProviderError) as caught:
        provider.start(order, callback_url="")
    assert caught.value.ambiguous
    return str(emulator.predictions[0]["id"])


def find(order: Order, *, since: datetime | None = None) -> str | None:
    found = provider.find(order, since=since or datetime.now(UTC) - timedelta(seconds=5))
    return found.external_id if found else None


@pytest.mark.parametrize(
    "order",
    [flux(), sdxl(width=512, height=512), flux(provider_model="deployment:atelier/portraits")],
    ids=["model", "version", "deployment"],
)
def test_a_lost_prediction_is_found(emulator: ReplicateEmulator, order: Order) -> None:
    lost = lose(emulator, order)
    provider.start(flux(prompt="Something else"), callback_url="")
    provider.start(flux(seeds=(8,)), callback_url="")
    assert find(order) == lost


def test_what_never_began_is_not_found(emulator: ReplicateEmulator) -> None:
    order = flux()
    emulator.faults.add("drop", at="create", accepted=False)
    with pytest.raises(ProviderError):
        provider.start(order, callback_url="")
    assert find(order) is None


def test_another_models_prediction_is_not_taken(emulator: ReplicateEmulator) -> None:
    provider.start(flux(provider_model="black-forest-labs/flux-dev"), callback_url="")
    assert find(flux()) is None


def test_an_older_one_is_not_taken(emulator: ReplicateEmulator) -> None:
    provider.start(flux(), callback_url="")
    assert find(flux(), since=datetime.now(UTC) + timedelta(minutes=1)) is None


def test_of_two_alike_none_is_taken(emulator: ReplicateEmulator) -> None:
    lose(emulator, flux())
    lose(emulator, flux())
    assert find(flux()) is None


def test_a_reference_need_not_be_repeated_as_it_was_sent(emulator: ReplicateEmulator) -> None:
    """They may list their own address in its place."""
    order = sdxl(width=512, height=512, reference=Reference(b"picture", "image/png"), strength=0.5)
    lost = lose(emulator, order)
    emulator.run(lost).input["image"] = "https://replicate.delivery/uploaded.png"
    assert find(order) == lost


def test_it_is_looked_for_on_more_than_one_page_but_not_on_all(
    emulator: ReplicateEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "page_size", 1)
    order = flux()
    lost = lose(emulator, order)
    for prompt in ("one", "two"):
        provider.start(flux(prompt=prompt), callback_url="")
    assert find(order) == lost
    provider.start(flux(prompt="three"), callback_url="")
    assert find(order) is None


def test_it_is_looked_for_with_every_token_also_of_one_account(emulator: ReplicateEmulator, settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = ["r8_other", TOKEN]
    order = flux()
    lost = lose(emulator, order)
    emulator.calls.clear()
    assert find(order) == lost
    listings = [call for call in emulator.calls if call.path == "/v1/predictions"]
    assert [call.headers["authorization"] for call in listings] == ["Bearer r8_other", f"Bearer {TOKEN}"]


def test_a_list_that_cannot_be_read_says_nothing(emulator: ReplicateEmulator) -> None:
    order = flux()
    lose(emulator, order)
    emulator.faults.add("refuse", at="list", status=500)
    with pytest.raises(ProviderError):
        find(order)


def listing(*rows: dict[str, Any]) -> bytes:
    return wires.answer(json.dumps({"previous": None, "next": None, "results": rows}).encode())


def test_of_two_alike_the_one_whose_webhook_names_the_attempt_is_taken(settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = [TOKEN]
    order = flux(recipe={})
    row = {
        "id": "other",
        "status": "processing",
        "model": order.provider_model,
        "input": {"prompt": order.prompt},
        "created_at": datetime.now(UTC).isoformat(),
        "webhook": f"https://atelier.example/webhooks/replicate/{uuid4()}:sign",
    }
    own = row | {"id": "own", "webhook": f"https://atelier.example/webhooks/replicate/{order.attempt_code}:sign"}
    with wires.wire(listing(row, own), wires.answer(json.dumps(own).encode())) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        assert find(order) == "own"


@pytest.mark.parametrize("row", [None, 7, [], {}, {"created_at": 7}, {"created_at": "yesterday"}, {"input": []}])
def test_a_row_of_any_shape_is_passed_over(settings: Any, row: Any) -> None:
    settings.REPLICATE_API_TOKENS = [TOKEN]
    with wires.wire(listing(row)) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        assert find(flux()) is None


def test_one_that_names_another_s_attempt_is_not_taken(settings: Any) -> None:
    """Equal but for a reference, which listings do not repeat: that would be another person's picture."""
    settings.REPLICATE_API_TOKENS = [TOKEN]
    order = flux(recipe={})
    row = {
        "id": "theirs",
        "status": "processing",
        "model": order.provider_model,
        "input": {"prompt": order.prompt},
        "created_at": datetime.now(UTC).isoformat(),
        "webhook": f"https://atelier.example/webhooks/replicate/{uuid4()}:sign",
    }
    look = wires.answer(json.dumps({**row, "output": None}).encode())
    with wires.wire(listing(row), look) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        assert find(order) is None
