"""Each fault of the emulator does what its name says, as many times as it was asked for, where it was asked for."""

import io
import struct
from typing import Any

import httpx
import pytest
from PIL import Image
from pydantic.v1 import ValidationError
from replicate.client import Client
from replicate.exceptions import ReplicateError

from tests.emulators.asking import PRO, PROMPT, SCHNELL, WEB, ask, file_of, outcome
from tests.emulators.conftest import TOKEN
from tests.emulators.faults import Fault, Faults
from tests.emulators.replicate import ReplicateEmulator, mischief

# --- At a door -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 402, 404, 422, 429, 500, 503])
def test_a_create_is_refused_as_often_as_it_was_asked_for(
    emulator: ReplicateEmulator, client: Client, status: int
) -> None:
    emulator.faults.add("refuse", at="create", times=2, status=status)
    for _ in range(2):
        with pytest.raises(ReplicateError) as refused:
            ask(client)
        assert refused.value.status == status
        assert refused.value.title
    assert emulator.predictions == []
    assert ask(client)


def test_a_refusal_can_be_a_page_and_can_ask_for_a_day_of_patience(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("refuse", status=502, html=True)
    emulator.faults.add("refuse", status=429, retry_after=86_400)
    answers = [raw_create(emulator) for _ in range(2)]
    assert answers[0].text.startswith("<html>")
    assert answers[1].headers["retry-after"] == "86400"


def raw_create(emulator: ReplicateEmulator, *, timeout: float = 5.0) -> httpx.Response:
    address = f"{emulator.url}/v1/models/{SCHNELL}/predictions"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return WEB.post(address, json={"input": {"prompt": PROMPT}}, headers=headers, timeout=timeout)


def test_a_refused_create_may_have_been_accepted_all_the_same(emulator: ReplicateEmulator) -> None:
    emulator.faults.add("refuse", status=502, accepted=True)
    assert raw_create(emulator).status_code == 502
    assert len(emulator.predictions) == 1


@pytest.mark.parametrize("fault", ["delay", "hang"])
def test_a_create_that_comes_too_late_was_accepted(emulator: ReplicateEmulator, fault: str) -> None:
    emulator.faults.add(fault, seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        raw_create(emulator, timeout=0.1)
    assert len(emulator.predictions) == 1


@pytest.mark.parametrize("accepted", [True, False])
def test_a_dropped_create_may_have_been_accepted_or_not(emulator: ReplicateEmulator, accepted: bool) -> None:
    emulator.faults.add("drop", accepted=accepted)
    with pytest.raises(httpx.RemoteProtocolError):
        raw_create(emulator)
    assert len(emulator.predictions) == accepted


@pytest.mark.parametrize(
    ("at", "path"),
    [
        ("get", "/v1/predictions/{id}"),
        ("cancel", "/v1/predictions/{id}/cancel"),
        ("list", "/v1/predictions"),
        ("read", "/v1/models"),
    ],
)
def test_each_door_has_faults_of_its_own(emulator: ReplicateEmulator, client: Client, at: str, path: str) -> None:
    prediction_id = ask(client)
    emulator.faults.add("refuse", at=at, status=500)
    address = emulator.url + path.format(id=prediction_id)
    method, headers = "POST" if at == "cancel" else "GET", {"Authorization": f"Bearer {TOKEN}"}
    assert [WEB.request(method, address, headers=headers).status_code for _ in range(2)] == [500, 200]


def test_a_fault_can_be_for_one_model_one_prompt_or_one_prediction(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("fail", match=PRO, times=None)
    emulator.faults.add("nsfw", match="naked", times=None)
    failed, blocked, fine = (ask(client, model=PRO), ask(client, prompt="a naked rock"), ask(client))
    emulator.faults.add("refuse", at="get", match=fine, status=404, times=None)
    assert [outcome(emulator, one)["status"] for one in (failed, blocked, fine)] == ["failed", "failed", "succeeded"]
    assert (
        client.predictions.get(blocked).error
        == "NSFW content detected. Try running it again, or try a different prompt."
    )
    with pytest.raises(ReplicateError):
        client.predictions.get(fine)


# --- In a prediction's life ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["starting", "processing"])
def test_a_stuck_prediction_stays_until_it_is_cancelled(
    emulator: ReplicateEmulator, client: Client, status: str
) -> None:
    emulator.faults.add("stuck", status=status)
    prediction_id = client.predictions.create(model=SCHNELL, input={"prompt": PROMPT}).id
    assert not emulator.run(prediction_id).over.wait(0.1)
    assert client.predictions.get(prediction_id).status == status
    client.predictions.cancel(prediction_id)
    assert outcome(emulator, prediction_id)["status"] == "canceled"


def test_an_aborted_prediction_is_what_the_sdk_cannot_read(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("abort")
    prediction_id = client.predictions.create(model=SCHNELL, input={"prompt": PROMPT}).id
    told = outcome(emulator, prediction_id)
    assert (told["status"], told["started_at"], told["output"]) == ("aborted", None, None)
    with pytest.raises(ValidationError):
        client.predictions.get(prediction_id)


@pytest.mark.parametrize(("final", "status"), [(False, "succeeded"), (True, "dissolved")])
def test_a_status_that_nobody_knows_can_be_on_the_way_or_the_end(
    emulator: ReplicateEmulator, final: bool, status: str
) -> None:
    emulator.faults.add("odd_status", status="dissolved", final=final)
    told = raw_create(emulator).json()
    assert told["status"] == ("starting" if final else "dissolved")
    assert outcome(emulator, told["id"])["status"] == status


def test_a_failure_says_what_it_was_told_to_say(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("fail", error="CUDA out of memory")
    told = outcome(emulator, ask(client))
    assert (told["status"], told["error"], told["output"]) == ("failed", "CUDA out of memory", None)


@pytest.mark.parametrize("output", [None, [], "", 7, {"images": [{"url": "x"}]}], ids=str)
def test_an_output_can_have_any_shape(emulator: ReplicateEmulator, client: Client, output: Any) -> None:
    emulator.faults.add("shape", output=output)
    told = outcome(emulator, ask(client))
    assert (told["status"], told["output"]) == ("succeeded", output)


def test_a_strange_shape_can_hold_a_real_file(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("shape", output={"images": [{"url": "FILE"}]})
    told = outcome(emulator, ask(client))
    assert WEB.get(told["output"]["images"][0]["url"]).headers["content-type"] == "image/png"


@pytest.mark.parametrize("count", [0, 3, 5])
def test_there_can_be_fewer_or_more_outputs_than_were_asked_for(
    emulator: ReplicateEmulator, client: Client, count: int
) -> None:
    emulator.faults.add("count", count=count)
    assert len(outcome(emulator, ask(client, num_outputs=4))["output"]) == count


def test_keys_can_be_missing_and_figures_wrong(emulator: ReplicateEmulator) -> None:
    emulator.faults.add("missing", keys=["id", "urls"])
    emulator.faults.add("metrics", predict_time=12.5)
    told = raw_create(emulator).json()
    assert not {"id", "urls"} & told.keys()
    run = emulator.newest()
    assert outcome(emulator, run.id)["metrics"]["predict_time"] == 12.5


def test_what_a_prediction_held_can_be_gone(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("forgotten")
    told = outcome(emulator, ask(client))
    assert (told["status"], told["data_removed"], told["output"]) == ("succeeded", True, None)
    assert WEB.get(f"{emulator.url}/files/{told['id']}/out-0.png").status_code == 404


# --- With its files --------------------------------------------------------------------------------------------------


def test_a_file_is_refused_and_then_given(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("refuse", at="files", status=500)
    emulator.faults.add("refuse", at="files", status=403)
    told = outcome(emulator, ask(client))
    assert [WEB.get(told["output"][0]).status_code for _ in range(3)] == [500, 403, 200]


@pytest.mark.parametrize(("fault", "values"), [("truncated", {}), ("wrong_length", {"off": 1000})])
def test_a_body_that_is_shorter_than_its_length_is_noticed_on_the_wire(
    emulator: ReplicateEmulator, client: Client, fault: str, values: dict[str, Any]
) -> None:
    emulator.faults.add(fault, **values)
    with pytest.raises(httpx.RemoteProtocolError):
        file_of(emulator, client)


@pytest.mark.parametrize(
    ("fault", "values"), [("cut", {}), ("wrong_length", {"off": -1000}), ("html", {}), ("empty", {})]
)
def test_what_comes_whole_can_be_no_picture(
    emulator: ReplicateEmulator, client: Client, fault: str, values: dict[str, Any]
) -> None:
    emulator.faults.add(fault, **values)
    answer = file_of(emulator, client)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    with pytest.raises(OSError):  # noqa: PT011  (Pillow's own for all of them)
        Image.open(io.BytesIO(answer.content)).load()


def test_a_picture_can_be_a_bomb_in_a_small_file(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("picture_bomb")
    answer = file_of(emulator, client)
    assert len(answer.content) < 200_000
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(answer.content))
    assert struct.unpack(">II", answer.content[16:24]) == (20_000, 20_000)


def test_a_body_can_grow_a_thousand_times(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("gzip_bomb", megabytes=16)
    told = outcome(emulator, ask(client))
    with WEB.stream("GET", told["output"][0]) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) * 900 < 16 * 1024 * 1024


@pytest.mark.parametrize(("fault", "values"), [("drip", {"bytes": 8, "seconds": 0.01}), ("endless", {})])
def test_a_body_can_drip_or_never_end(
    emulator: ReplicateEmulator, client: Client, fault: str, values: dict[str, Any]
) -> None:
    emulator.faults.add(fault, **values)
    told = outcome(emulator, ask(client))
    with WEB.stream("GET", told["output"][0]) as answer:
        pieces = [piece for piece, _ in zip(answer.iter_raw(), range(4), strict=False)]
    assert len(pieces) == 4
    assert sum(map(len, pieces)) < int(answer.headers.get("content-length", 10**9))


def test_a_file_can_be_somewhere_else(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("redirect")
    emulator.faults.add("redirect", to="http://localhost/elsewhere.png", status=307)
    told = outcome(emulator, ask(client))
    answers = [WEB.get(told["output"][0]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 307]
    assert answers[0].headers["location"].startswith("http://169.254.169.254/")


@pytest.mark.parametrize(("fault", "kind"), [("animated_webp", "WEBP"), ("cmyk_jpeg", "JPEG")])
def test_a_picture_can_be_of_an_unusual_kind(
    emulator: ReplicateEmulator, client: Client, fault: str, kind: str
) -> None:
    emulator.faults.add(fault)
    picture = Image.open(io.BytesIO(file_of(emulator, client).content))
    assert picture.format == kind
    assert getattr(picture, "n_frames", 1) == 3 if kind == "WEBP" else picture.mode == "CMYK"


def test_a_mesh_can_point_elsewhere(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("hostile_glb", uri="file:///etc/passwd")
    assert b"file:///etc/passwd" in file_of(emulator, client).content


# --- By chance -------------------------------------------------------------------------------------------------------


def drawn(rate: float, seed: int) -> list[str]:
    """What goes wrong with forty predictions."""
    faults = Faults(mischief.FAULTS)
    faults.sprinkle(rate=rate, seed=seed, menu=mischief.BY_CHANCE)
    return [fault.name if (fault := faults.draw()) else "" for _ in range(40)]


def test_chance_is_the_same_for_the_same_seed_and_about_as_often_as_asked() -> None:
    assert drawn(0.2, 7) == drawn(0.2, 7) != drawn(0.2, 8)
    assert drawn(0, 7) == [""] * 40
    assert 2 <= sum(map(bool, drawn(0.2, 7))) <= 14


LATER = [fault for fault in mischief.BY_CHANCE if fault.at != "create"]


@pytest.mark.parametrize("fault", LATER, ids=lambda fault: f"{fault.name} at {fault.at}")
def test_whatever_chance_brings_is_for_that_prediction_alone(emulator: ReplicateEmulator, fault: Fault) -> None:
    emulator.faults.sprinkle(rate=1.0, seed=1, menu=[fault])
    run = emulator.newest() if raw_create(emulator).is_success else None
    emulator.faults.sprinkle(rate=0.0, seed=1, menu=[])
    assert run
    assert set(run.faults) == ({fault.name} if fault.at == "run" else set())
    assert [left["match"] for left in emulator.faults.listed()] == ([] if fault.at == "run" else [run.id])
