"""What goes over the wire to Replicate, through its real SDK, and what its answers mean."""

import json
from typing import Any

import pytest

from generation.models import ErrorCode
from generation.providers.base import Prediction, ProviderError, RemoteState
from generation.providers.replicate import client
from generation.providers.replicate.provider import provider
from tests import wires
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.providers.contract import look_until_over
from tests.generation.replicate.conftest import TOKEN
from tests.generation.replicate.orders import SDXL_VERSION, flux, sdxl

CALLBACK = "https://atelier.example/webhooks/replicate/token"


def start(callback_url: str = "", **changes: Any) -> Prediction:
    return provider.start(flux(**changes), callback_url=callback_url)


def failure(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        start(**changes)
    return caught.value


# --- What is asked ---------------------------------------------------------------------------------------------------


def test_a_model_is_asked_by_its_name(emulator: ReplicateEmulator) -> None:
    begun = start(seconds_left=540.9)
    call = emulator.calls[-1]
    assert (call.method, call.path) == ("POST", "/v1/models/black-forest-labs/flux-schnell/predictions")
    assert set(call.body) == {"input"}
    assert call.body["input"]["prompt"] == "Misty ridges at first light"
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert call.headers["cancel-after"] == "540s"
    assert begun.external_id == emulator.predictions[0]["id"]


def test_a_version_is_asked_by_its_number_alone(emulator: ReplicateEmulator) -> None:
    provider.start(sdxl(width=512, height=512), callback_url="")
    assert emulator.calls[-1].path == "/v1/predictions"
    assert emulator.calls[-1].body["version"] == SDXL_VERSION


def test_a_deployment_is_asked_by_its_name(emulator: ReplicateEmulator) -> None:
    start(provider_model="deployment:atelier/portraits")
    assert emulator.calls[-1].path == "/v1/deployments/atelier/portraits/predictions"


def test_a_webhook_is_told_of_start_and_end_only(emulator: ReplicateEmulator) -> None:
    start(callback_url=CALLBACK)
    body = emulator.calls[-1].body
    assert (body["webhook"], body["webhook_events_filter"]) == (CALLBACK, ["start", "completed"])


def test_replicate_never_gets_a_deadline_that_it_refuses(emulator: ReplicateEmulator) -> None:
    start(seconds_left=0.2)
    assert emulator.calls[-1].headers["cancel-after"] == "5s"


@pytest.mark.parametrize("row", [{"provider_model": "flux"}, {"recipe": {"fields": {"sampler": "scheduler"}}}])
def test_a_row_of_the_catalogue_that_makes_no_sense_is_told_before_anybody_is_asked(
    emulator: ReplicateEmulator, row: dict[str, Any]
) -> None:
    error = failure(**row)
    assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_DOWN, True, False)
    assert emulator.calls == []


def test_a_run_is_read_with_its_measured_time(emulator: ReplicateEmulator) -> None:
    order = flux(seeds=(1, 2))
    over = look_until_over(provider, provider.start(order, callback_url=""), order=order)
    assert over.state == RemoteState.SUCCEEDED
    assert len(over.files) == 2
    assert over.run_seconds is not None


def test_progress_is_read_while_it_runs(emulator: ReplicateEmulator) -> None:
    emulator.faults.add("slow", seconds=30)
    emulator.faults.add("odd_status", status="processing")
    begun = start()
    emulator.run(begun.external_id).logs = " 40%|████      | 4/10"
    assert provider.look(begun.external_id, recipe={}).progress == 0.4


@pytest.mark.parametrize(("status", "state"), [("warming", RemoteState.WAITING), ("aborted", RemoteState.FAILED)])
def test_a_status_that_the_sdk_does_not_know_ends_nothing(
    emulator: ReplicateEmulator, status: str, state: RemoteState
) -> None:
    emulator.faults.add("stuck")
    emulator.faults.add("odd_status", status=status)
    assert provider.look(start().external_id, recipe={}).state == state


def test_a_webhooks_body_is_read_like_an_answer(emulator: ReplicateEmulator) -> None:
    order = flux()
    over = look_until_over(provider, provider.start(order, callback_url=""), order=order)
    assert provider.read(emulator.predictions[0], recipe=order.recipe) == over


def test_cancelling_what_nobody_knows_is_no_error(emulator: ReplicateEmulator) -> None:
    provider.cancel("nobodyknowsthis")
    assert emulator.calls[-1].path == "/v1/predictions/nobodyknowsthis/cancel"


def test_a_cancel_that_does_not_arrive_is_an_error(emulator: ReplicateEmulator) -> None:
    begun = start()
    emulator.faults.add("refuse", at="cancel", status=500)
    with pytest.raises(ProviderError):
        provider.cancel(begun.external_id)


# --- What may have begun all the same --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        ({"name": "drop"}, 1),
        ({"name": "drop", "accepted": False}, 0),
        ({"name": "hang", "seconds": 1.0}, 1),
        ({"name": "refuse", "status": 500}, 0),
        ({"name": "refuse", "status": 502, "html": True, "accepted": True}, 1),
        ({"name": "refuse", "status": 504, "html": True, "accepted": True}, 1),
    ],
)
def test_a_start_whose_answer_is_lost_is_ambiguous(
    emulator: ReplicateEmulator, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], made: int
) -> None:
    monkeypatch.setitem(client.LIMITS_SECONDS, "read", 0.3)
    emulator.faults.add(**fault, at="create")
    error = failure()
    assert (error.ambiguous, error.permanent) == (True, False)
    assert len(emulator.predictions) == made
    assert len(emulator.calls) == 1, "nobody tries a second time"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"7", b"{", b'{"status": "starting"}', b"[" * 200_000, b'{"id": "x", "status": 1}']
)
def test_an_accepted_start_that_cannot_be_read_is_ambiguous(settings: Any, body: bytes) -> None:
    settings.REPLICATE_API_TOKENS = [TOKEN]
    with wires.wire(wires.answer(body, status="201 Created")) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        error = failure()
    assert (error.code, error.ambiguous, error.permanent) == (ErrorCode.PROVIDER_FAILED, True, False)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 429])
def test_a_refused_start_has_begun_nothing(emulator: ReplicateEmulator, status: int) -> None:
    emulator.faults.add("refuse", at="create", status=status)
    assert not failure().ambiguous
    assert emulator.predictions == []


@pytest.mark.parametrize("status", ["401 Unauthorized", "402 Payment Required", "403 Forbidden"])
def test_a_gateway_that_dislikes_an_order_closes_no_door(settings: Any, status: str) -> None:
    """Words like "<script>" are enough for some; nobody's token is worse for it."""
    settings.REPLICATE_API_TOKENS = [TOKEN]
    with wires.wire(wires.answer(b"<html>Attention required!</html>", status=status)) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        for _ in range(2):
            error = failure()
            assert (error.permanent, error.closes_door, error.ambiguous) == (True, False, False)
        assert len(wire.requests) == 2  # the token does not rest
        with pytest.raises(ProviderError) as caught:
            provider.look("a-prediction", recipe={})
    assert not caught.value.permanent  # what was begun may run all the same: it is asked about again


def test_a_start_that_never_left_has_begun_nothing(emulator: ReplicateEmulator, settings: Any) -> None:
    settings.REPLICATE_BASE_URL = "http://127.0.0.1:9"
    error = failure()
    assert (error.code, error.ambiguous) == (ErrorCode.PROVIDER_DOWN, False)


# --- What an answer means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["86400", "86400.5", "inf", "nan", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_long_retry_after_is_cut(emulator: ReplicateEmulator, asked: str) -> None:
    emulator.faults.add("refuse", at="create", status=429, retry_after=asked)
    error = failure()
    assert (error.code, error.permanent) == (ErrorCode.PROVIDER_BUSY, False)
    assert error.retry_after_seconds == client.RETRY_AFTER_SECONDS_MAX


@pytest.mark.parametrize("asked", ["", "soon", "-5", "0", "Fri, 01 Jan 2010 00:00:00 GMT"])
def test_a_retry_after_of_any_kind_is_a_short_wait(emulator: ReplicateEmulator, asked: str) -> None:
    emulator.faults.add("refuse", at="create", status=429, retry_after=asked)
    assert 1 <= failure().retry_after_seconds <= client.RETRY_AFTER_SECONDS


@pytest.mark.parametrize("status", [429, 503, 504])
def test_the_sdk_repeats_no_read_by_itself(emulator: ReplicateEmulator, status: int) -> None:
    begun = start()
    emulator.faults.add("refuse", at="get", times=None, status=status, retry_after="86400")
    before = len(emulator.calls)
    with pytest.raises(ProviderError) as caught:
        provider.look(begun.external_id, recipe={})
    assert not caught.value.permanent
    assert len(emulator.calls) == before + 1


@pytest.mark.parametrize("body", [b"[]", b"null", b'"no"', b"<html>", b"", b"\xff\xfe", b'{"detail": ["a", 7]}'])
def test_an_error_of_any_shape_is_an_error(settings: Any, body: bytes) -> None:
    settings.REPLICATE_API_TOKENS = [TOKEN]
    with wires.wire(wires.answer(body, status="422 Unprocessable Entity")) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        error = failure()
    assert (error.code, error.permanent, error.provider_at_fault) == (ErrorCode.PROVIDER_FAILED, True, False)
    assert error.detail.startswith("422")


def test_staff_read_what_was_wrong_with_an_input(emulator: ReplicateEmulator) -> None:
    assert "aspect_ratio must be one of the following" in failure(aspect_ratio="7:1").detail


def test_an_answer_without_end_is_left(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_BYTES_MAX", 100_000)
    settings.REPLICATE_API_TOKENS = [TOKEN]
    with wires.wire(wires.answer(json.dumps({"logs": "x" * 200_000}).encode())) as wire:
        settings.REPLICATE_BASE_URL = wire.url
        with pytest.raises(ProviderError) as caught:
            provider.look("x", recipe={})
    assert not caught.value.permanent


def test_the_token_goes_to_replicate_alone(emulator: ReplicateEmulator) -> None:
    """A page's `next` is an address: it must not lead the token away."""
    with ReplicateEmulator() as stranger:
        address = f"{stranger.url}/v1/predictions"
        with pytest.raises(ProviderError, match="not Replicate's"):
            client.once(TOKEN, lambda sdk: sdk.predictions.list(address))
        assert stranger.calls == []


def test_a_redirect_is_not_followed(settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = [TOKEN]
    with wires.wire(wires.answer(b"elsewhere")) as elsewhere:
        with wires.wire(wires.answer(status="302 Found", location=elsewhere.url)) as wire:
            settings.REPLICATE_BASE_URL = wire.url
            with pytest.raises(ProviderError):
                provider.look("x", recipe={})
        assert (len(wire.requests), elsewhere.requests) == (1, [])
