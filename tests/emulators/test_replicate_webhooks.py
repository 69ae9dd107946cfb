"""The emulator's webhooks: really signed, filtered, in order, tried again; and each way in which they can go wrong."""

from collections.abc import Sequence

import pytest
from replicate.client import Client
from replicate.webhook import Webhooks, WebhookSigningSecret

from tests.emulators.asking import ask, outcome
from tests.emulators.conftest import Receiver
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.replicate.webhooks import EVENTS
from tests.emulators.server import Call


def is_valid(call: Call, secret: str) -> bool:
    """What the SDK says of it."""
    key = WebhookSigningSecret(key=secret)
    try:
        Webhooks.validate(headers=dict(call.headers), body=call.raw.decode(), secret=key, tolerance=300)
    except ValueError:
        return False
    return True


def told_of(emulator: ReplicateEmulator, client: Client, receiver: Receiver, events: Sequence[str] = ()) -> list[Call]:
    """All that a new prediction's webhook was told."""
    outcome(emulator, ask(client, webhook=f"{receiver.url}/told/?attempt=signed", events=events))
    return receiver.calls


def test_every_event_is_told_signed_and_in_its_order(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    calls = told_of(emulator, client, receiver, EVENTS)
    assert [call.body["status"] for call in calls] == ["starting", "processing", "succeeded"]
    assert all(is_valid(call, client.webhooks.default.secret().key) for call in calls)
    assert {call.query["attempt"] for call in calls} == {"signed"}
    assert {call.headers["content-type"] for call in calls} == {"application/json"}
    assert len({call.headers["webhook-id"] for call in calls}) == 3
    assert calls[-1].body == emulator.predictions[0]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], ["output", "completed"]),
        (["completed"], ["completed"]),
        (["start"], ["start"]),
        (["start", "completed"], ["start", "completed"]),
    ],
)
def test_only_the_events_that_are_asked_for_are_told(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver, events: list[str], told: list[str]
) -> None:
    statuses = ["starting" if event == "start" else "succeeded" for event in told]
    assert [call.body["status"] for call in told_of(emulator, client, receiver, events)] == statuses


def test_logs_are_throttled(emulator: ReplicateEmulator, client: Client, receiver: Receiver) -> None:
    assert len(told_of(emulator, client, receiver, ["logs"])) == 1


def test_an_end_that_is_not_taken_is_told_again_under_the_same_id(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    receiver.answers = [500, 404]
    calls = told_of(emulator, client, receiver, ["completed"])
    assert len(calls) == 3
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert all(is_valid(call, emulator.secret) for call in calls)


def test_a_redirect_is_neither_followed_nor_tried_again(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    receiver.answers = [301]
    assert [call.path for call in told_of(emulator, client, receiver, ["completed"])] == ["/told/"]


def test_it_gives_up_after_its_last_try_and_never_retries_a_start(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    receiver.answers = [500] * 99
    calls = told_of(emulator, client, receiver, ["start", "completed"])
    assert [call.body["status"] for call in calls] == ["starting"] + ["succeeded"] * 4


def test_a_cancelled_prediction_is_told_as_such(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    emulator.faults.add("stuck", status="starting")
    prediction_id = ask(client, webhook=f"{receiver.url}/told/", events=["completed"])
    client.predictions.cancel(prediction_id)
    outcome(emulator, prediction_id)
    assert [call.body["status"] for call in receiver.calls] == ["canceled"]


# --- What can go wrong -----------------------------------------------------------------------------------------------


def test_the_webhooks_that_a_fault_names_are_dropped(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    emulator.faults.add("drop_webhook", events=["completed"])
    assert [call.body["status"] for call in told_of(emulator, client, receiver, ["start", "completed"])] == ["starting"]
    assert len(told_of(emulator, client, receiver, ["start", "completed"])) == 3, "the fault was for one prediction"


def test_a_duplicate_has_the_same_id(emulator: ReplicateEmulator, client: Client, receiver: Receiver) -> None:
    emulator.faults.add("duplicate_webhook", copies=20)
    calls = told_of(emulator, client, receiver, ["completed"])
    assert len(calls) == 20
    assert len({call.headers["webhook-id"] for call in calls}) == 1


def test_the_end_can_be_told_before_the_start(emulator: ReplicateEmulator, client: Client, receiver: Receiver) -> None:
    emulator.faults.add("reorder_webhooks")
    calls = told_of(emulator, client, receiver, ["start", "completed"])
    assert [call.body["status"] for call in calls] == ["succeeded", "starting"]


def test_the_end_can_be_told_before_the_create_is_answered(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    emulator.faults.add("webhook_first")
    answered = ask(client, webhook=f"{receiver.url}/told/", events=["completed"])
    assert [call.body["id"] for call in receiver.calls] == [answered]


def test_a_webhook_can_weigh_megabytes(emulator: ReplicateEmulator, client: Client, receiver: Receiver) -> None:
    emulator.faults.add("large_webhook")
    [call] = told_of(emulator, client, receiver, ["completed"])
    assert len(call.raw) > 3_000_000
    assert is_valid(call, emulator.secret)


@pytest.mark.parametrize("fault", ["unsigned_webhook", "forged_webhook", "stale_webhook"])
def test_a_webhook_that_must_not_be_believed_does_not_pass_the_sdk(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver, fault: str
) -> None:
    emulator.faults.add(fault)
    [call] = told_of(emulator, client, receiver, ["completed"])
    assert not is_valid(call, emulator.secret)


def test_two_signatures_pass_with_the_right_secret(
    emulator: ReplicateEmulator, client: Client, receiver: Receiver
) -> None:
    emulator.faults.add("rotated_webhook")
    [call] = told_of(emulator, client, receiver, ["completed"])
    assert len(call.headers["webhook-signature"].split()) == 2
    assert is_valid(call, emulator.secret)


def test_anything_can_be_delivered_signed(emulator: ReplicateEmulator, receiver: Receiver) -> None:
    assert emulator.deliver(f"{receiver.url}/told/", {"id": "of nobody"}, event_id="msg_again") == 200
    assert emulator.deliver(f"{receiver.url}/told/", b"not json", age_seconds=86_400) == 200
    assert [is_valid(call, emulator.secret) for call in receiver.calls] == [True, False]
    assert receiver.calls[0].headers["webhook-id"] == "msg_again"


def test_nobody_at_the_other_end_is_no_trouble(emulator: ReplicateEmulator, client: Client) -> None:
    told = outcome(emulator, ask(client, webhook="http://127.0.0.1:9/told"))
    assert told["status"] == "succeeded"
