"""The emulator against the published shape of Replicate's API, asked through its real SDK."""

import base64
import io
import re
import struct
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from replicate.client import Client
from replicate.exceptions import ReplicateError
from replicate.pagination import paginate

from tests.emulators.asking import PRO, PROMPT, SCHNELL, SDXL, SMALL, WEB, ask, outcome
from tests.emulators.conftest import TOKEN
from tests.emulators.replicate import ReplicateEmulator, models

VERSION = SDXL.partition(":")[2]
TRAINER = "ostris/flux-dev-lora-trainer"
TRAINER_VERSION = models.everything()[TRAINER].versions[0]
HOOK = "http://127.0.0.1:9/webhooks/replicate"  # nobody listens on the discard port
ZIP = {"input_images": "https://atelier.example/kittens.zip"}
INPUT = {"prompt": PROMPT}

Act = Callable[[Client], Any]

# What the SDK is asked, and what Replicate's reference says is then sent: method, path, body, the header Prefer.
TABLE: list[tuple[Act, str, str, Any, str | None]] = [
    (
        lambda client: client.models.predictions.create(
            SCHNELL, INPUT, webhook=HOOK, webhook_events_filter=["start", "completed"], wait=5
        ),
        "POST",
        f"/v1/models/{SCHNELL}/predictions",
        {"input": INPUT, "webhook": HOOK, "webhook_events_filter": ["start", "completed"]},
        "wait=5",
    ),
    (
        lambda client: client.models.predictions.create(SCHNELL, INPUT, wait=True),
        "POST",
        f"/v1/models/{SCHNELL}/predictions",
        {"input": INPUT},
        "wait",
    ),
    (
        lambda client: client.predictions.create(version=VERSION, input=INPUT),
        "POST",
        "/v1/predictions",
        {"input": INPUT, "version": VERSION},
        None,
    ),
    (
        lambda client: client.deployments.predictions.create("atelier/portraits", INPUT),
        "POST",
        "/v1/deployments/atelier/portraits/predictions",
        {"input": INPUT},
        None,
    ),
    (lambda client: client.predictions.list(), "GET", "/v1/predictions", None, None),
    (lambda client: client.models.list(), "GET", "/v1/models", None, None),
    (lambda client: client.models.search("flux"), "QUERY", "/v1/models", "flux", None),
    (lambda client: client.models.get(SCHNELL), "GET", f"/v1/models/{SCHNELL}", None, None),
    (lambda client: client.models.get(SCHNELL).versions.list(), "GET", f"/v1/models/{SCHNELL}/versions", None, None),
    (
        lambda client: client.models.get("stability-ai/sdxl").versions.get(VERSION),
        "GET",
        f"/v1/models/stability-ai/sdxl/versions/{VERSION}",
        None,
        None,
    ),
    (lambda client: client.collections.list(), "GET", "/v1/collections", None, None),
    (lambda client: client.collections.get("text-to-image"), "GET", "/v1/collections/text-to-image", None, None),
    (lambda client: client.hardware.list(), "GET", "/v1/hardware", None, None),
    (lambda client: client.accounts.current(), "GET", "/v1/account", None, None),
    (lambda client: client.deployments.list(), "GET", "/v1/deployments", None, None),
    (
        lambda client: client.deployments.get("atelier/sketches"),
        "GET",
        "/v1/deployments/atelier/sketches",
        None,
        None,
    ),
    (
        lambda client: client.trainings.create(
            model=TRAINER, version=TRAINER_VERSION, input=ZIP, destination="atelier/kittens", webhook=HOOK
        ),
        "POST",
        f"/v1/models/{TRAINER}/versions/{TRAINER_VERSION}/trainings",
        {"input": ZIP, "destination": "atelier/kittens", "webhook": HOOK},
        None,
    ),
    (lambda client: client.trainings.list(), "GET", "/v1/trainings", None, None),
    (lambda client: client.webhooks.default.secret(), "GET", "/v1/webhooks/default/secret", None, None),
]


@pytest.mark.parametrize(
    ("act", "method", "path", "body", "prefer"), TABLE, ids=lambda value: "" if callable(value) else str(value)[:60]
)
def test_what_the_sdk_sends_is_what_replicate_publishes(
    emulator: ReplicateEmulator,
    client: Client,
    act: Act,
    method: str,
    path: str,
    body: Any,
    prefer: str | None,
) -> None:
    act(client)
    call = emulator.calls[-1]
    assert (call.method, call.path, call.body) == (method, path, body)
    assert call.headers.get("prefer") == prefer
    assert call.headers["authorization"] == f"Bearer {TOKEN}"


def test_one_prediction_is_asked_for_and_cancelled_by_its_id(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("stuck")
    prediction = client.predictions.create(version=VERSION, input=INPUT)
    assert client.predictions.get(prediction.id).id == prediction.id
    assert client.predictions.cancel(prediction.id).status == "canceled"
    assert [(call.method, call.path) for call in emulator.calls[1:]] == [
        ("GET", f"/v1/predictions/{prediction.id}"),
        ("POST", f"/v1/predictions/{prediction.id}/cancel"),
    ]


def test_a_training_runs_to_a_version_and_is_asked_for_by_its_id(emulator: ReplicateEmulator, client: Client) -> None:
    training = client.trainings.create(model=TRAINER, version=TRAINER_VERSION, input=ZIP, destination="atelier/kittens")
    assert outcome(emulator, training.id)["output"]["version"].startswith("atelier/kittens:")
    assert client.trainings.get(training.id).status == "succeeded"
    assert client.trainings.cancel(training.id).status == "succeeded"
    assert client.predictions.list().results == []


def test_a_file_can_be_uploaded(emulator: ReplicateEmulator, client: Client) -> None:
    uploaded = client.files.create(io.BytesIO(b"kittens"), filename="kittens.txt")
    assert (uploaded.name, uploaded.content_type, uploaded.size) == ("kittens.txt", "text/plain", 7)
    assert client.files.get(uploaded.id).checksums == uploaded.checksums


# --- A prediction's life ---------------------------------------------------------------------------------------------


def test_a_prediction_starts_and_then_succeeds_with_all_that_is_documented(
    emulator: ReplicateEmulator, client: Client
) -> None:
    prediction = client.predictions.create(version=VERSION, input=INPUT)
    assert prediction.status == "starting"
    told = outcome(emulator, prediction.id)
    assert re.fullmatch(r"[0-9a-z]{26}", told["id"])
    assert told["input"] == INPUT
    assert told["version"] == VERSION
    assert told["urls"]["cancel"] == f"{emulator.url}/v1/predictions/{told['id']}/cancel"
    assert told["metrics"]["predict_time"] <= told["metrics"]["total_time"]
    assert told["created_at"] <= told["started_at"] <= told["completed_at"]
    assert told["completed_at"].endswith("Z")
    assert (told["error"], told["data_removed"], told["source"]) == (None, False, "api")
    assert client.predictions.get(told["id"]).progress.percentage == 1.0  # type: ignore[union-attr]


def test_a_caller_who_waits_gets_the_output_at_once(emulator: ReplicateEmulator, client: Client) -> None:
    assert client.models.predictions.create(SCHNELL, SMALL, wait=5).status == "succeeded"


def test_an_official_model_hides_its_version(emulator: ReplicateEmulator, client: Client) -> None:
    assert client.models.predictions.create(SCHNELL, INPUT).version == "hidden"


def test_the_output_has_the_shape_of_its_model(emulator: ReplicateEmulator, client: Client) -> None:
    version = client.predictions.create(version=VERSION, input=INPUT | {"num_outputs": 2}).id
    asked = {"a list": ask(client, num_outputs=3), "an address": ask(client, model=PRO), "by version": version}
    outputs = {name: outcome(emulator, prediction_id)["output"] for name, prediction_id in asked.items()}
    assert [len(outputs[name]) for name in ("a list", "by version")] == [3, 2]
    assert outputs["an address"].startswith(f"{emulator.url}/files/")


@pytest.mark.parametrize(
    ("asked", "size"),
    [({"aspect_ratio": "16:9"}, (1360, 768)), ({"aspect_ratio": "2:3", "megapixels": "0.25"}, (416, 624))],
)
@pytest.mark.parametrize(("ending", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_a_picture_has_the_size_and_the_format_that_were_asked_for(
    emulator: ReplicateEmulator, client: Client, asked: dict[str, str], size: Any, ending: str, kind: str
) -> None:
    told = outcome(emulator, ask(client, **{"megapixels": "1"} | asked, output_format=ending))
    answer = WEB.get(told["output"][0])
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.size, picture.format) == (size, kind)
    assert answer.headers["content-type"] == Image.MIME[kind]
    assert "authorization" not in emulator.calls[-1].headers


def test_the_same_seed_draws_the_same_picture_and_another_another(emulator: ReplicateEmulator, client: Client) -> None:
    one, same, other = (WEB.get(outcome(emulator, ask(client, seed=seed))["output"][0]).content for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_reference_shows_through(emulator: ReplicateEmulator, client: Client) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(buffer, "PNG")
    reference = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    told = outcome(emulator, ask(client, model="google/nano-banana", image_input=[reference], output_format="png"))
    picture = Image.open(io.BytesIO(WEB.get(told["output"]).content))
    assert picture.width / picture.height == pytest.approx(1.5, abs=0.02)
    red, green, blue = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 1.5 * max(green, blue)


def test_a_reference_that_is_no_picture_fails_the_prediction(emulator: ReplicateEmulator, client: Client) -> None:
    told = outcome(emulator, ask(client, model="google/nano-banana", image_input=["data:image/png;base64,aGVsbG8="]))
    assert (told["status"], told["error"]) == ("failed", "cannot identify image file")


def test_a_mesh_is_made_where_it_is_asked_for(emulator: ReplicateEmulator, client: Client) -> None:
    version = client.models.get("firtoz/trellis").latest_version.id  # type: ignore[union-attr]
    for wanted in (False, True):
        asked = {"images": ["https://atelier.example/chair.png"], "generate_model": wanted}
        output = outcome(emulator, client.predictions.create(version=version, input=asked).id)["output"]
        assert bool(output["model_file"]) == wanted
    data = WEB.get(output["model_file"]).content
    assert struct.unpack("<4sII", data[:12]) == (b"glTF", 2, len(data))


def test_a_run_that_passes_its_deadline_is_ended(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.faults.add("stuck", status="processing")
    emulator.faults.add("stuck", status="starting")
    hurried = Client(api_token=TOKEN, base_url=emulator.url, headers={"Cancel-After": "1s"})
    ids = [hurried.predictions.create(version=VERSION, input=INPUT).id for _ in range(2)]
    assert [outcome(emulator, prediction_id)["status"] for prediction_id in ids] == ["canceled", "aborted"]


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "- input: prompt is required\n"),
        ({"prompt": 7}, "- input.prompt: Invalid type. Expected: string, given: int\n"),
        ({"prompt": "x", "num_outputs": 5}, "- input.num_outputs: Must be less than or equal to 4\n"),
        ({"prompt": "x", "num_outputs": True}, "- input.num_outputs: Invalid type. Expected: integer, given: bool\n"),
        (
            {"prompt": "x", "megapixels": "9"},
            '- input.megapixels: megapixels must be one of the following: "1", "0.25"\n',
        ),
    ],
)
def test_an_input_that_is_none_is_refused_in_replicates_words(
    emulator: ReplicateEmulator, client: Client, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(ReplicateError) as refused:
        client.models.predictions.create(SCHNELL, given)
    assert (refused.value.status, refused.value.detail) == (422, told)
    assert emulator.predictions == []


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (lambda client: client.models.get("nobody/nothing"), 404),
        (lambda client: client.predictions.get("nothing"), 404),
        (lambda client: client.models.predictions.create("stability-ai/sdxl", INPUT), 404),
        (lambda client: client.predictions.create(version="0" * 64, input=INPUT), 422),
        (lambda client: client.trainings.create(model=SCHNELL, version="x", input=ZIP, destination="a/b"), 404),
    ],
    ids=["no such model", "no such prediction", "a community model by name", "no such version", "not for training"],
)
def test_what_is_not_there_is_refused(emulator: ReplicateEmulator, client: Client, act: Act, status: int) -> None:
    with pytest.raises(ReplicateError) as refused:
        act(client)
    assert refused.value.status == status


def test_nobody_comes_in_without_a_token_except_for_files(emulator: ReplicateEmulator) -> None:
    assert WEB.get(f"{emulator.url}/v1/models").status_code == 401
    assert WEB.get(f"{emulator.url}/files/covers/google--nano-banana.png").status_code == 200


def test_a_token_without_credit_reads_and_does_not_run(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.tokens.update({TOKEN: 402, "r8_revoked": 401})
    assert client.models.list().results
    for token, status in ((TOKEN, 402), ("r8_revoked", 401), ("r8_another", None)):
        answer = WEB.post(
            f"{emulator.url}/v1/models/{SCHNELL}/predictions",
            json={"input": INPUT},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.json()["status"] == (status or "starting")


# --- Lists -----------------------------------------------------------------------------------------------------------


def test_lists_come_in_pages_that_the_sdk_can_turn(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.page_size = 4
    pages = list(paginate(client.models.list))
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [model.id for page in pages for model in page.results] == list(models.everything())
    assert client.models.list(pages[1].previous).results == pages[0].results


def test_predictions_are_listed_newest_first_and_none_twice(emulator: ReplicateEmulator, client: Client) -> None:
    emulator.page_size = 2
    ids = [ask(client) for _ in range(4)]
    first = client.predictions.list()
    ids.append(ask(client))  # it arrives while somebody turns pages
    second = client.predictions.list(first.next)
    assert [row.id for row in [*first.results, *second.results]] == list(reversed(ids[:4]))


def test_a_model_carries_the_schema_of_its_inputs(client: Client) -> None:
    schemas = client.models.get(SCHNELL).latest_version.openapi_schema["components"]["schemas"]  # type: ignore[union-attr]
    assert schemas["Input"]["required"] == ["prompt"]
    assert schemas["Input"]["properties"]["num_outputs"]["maximum"] == 4
    assert schemas["Input"]["properties"]["aspect_ratio"]["allOf"] == [{"$ref": "#/components/schemas/aspect_ratio"}]
    assert "16:9" in schemas["aspect_ratio"]["enum"]
    assert schemas["Output"]["type"] == "array"


def test_a_collection_holds_its_models_and_a_search_finds_them(client: Client) -> None:
    assert [model.id for model in client.collections.get("3d-models")] == ["firtoz/trellis"]
    assert [model.id for model in client.models.search("Ideogram v3").results] == ["ideogram-ai/ideogram-v3-turbo"]
