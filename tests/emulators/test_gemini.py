"""The emulator answers Google's own SDK as Google does, and does wrong what it is told to."""

import http.client
import io
import json
import threading
import urllib.request
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from tests.emulators.gemini import GeminiEmulator
from tests.emulators.gemini.emulator import MENU

TEXT, PICTURES = "gemini-2.5-flash", "gemini-2.5-flash-image"
SCHEMA = {
    "type": "object",
    "properties": {
        "prompt": {"type": "string"},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["sea", "town"]}},
    },
}


@pytest.fixture(scope="module")
def vendor() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as emulator:
        yield emulator


@pytest.fixture
def gemini(vendor: GeminiEmulator) -> GeminiEmulator:
    vendor.reset()
    return vendor


@cache  # one that nobody holds closes itself in the middle of a call
def client(gemini: GeminiEmulator, key: str = "some-key", **options: Any) -> genai.Client:
    options = {"timeout": 10_000, **options}
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=gemini.url, **options))


def ask(
    gemini: GeminiEmulator,
    contents: Any = "A pier in fog",
    *,
    model: str = TEXT,
    key: str = "some-key",
    timeout: int = 10_000,
    **config: Any,
) -> Any:
    return client(gemini, key, timeout=timeout).models.generate_content(
        model=model, contents=contents, config=types.GenerateContentConfig(**config)
    )


def drawn(answer: types.GenerateContentResponse) -> Image.Image:
    (inline,) = [part.inline_data for part in answer.parts or [] if part.inline_data]
    return Image.open(io.BytesIO(inline.data or b""))


def control(gemini: GeminiEmulator, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{gemini.url}/_emulator/{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


# --- What it can -----------------------------------------------------------------------------------------------------


def test_prose_is_a_rewriting_of_the_words(gemini: GeminiEmulator) -> None:
    answer = ask(gemini)
    assert "A pier in fog, " in (answer.text or "")
    assert answer.usage_metadata.total_token_count > 80
    assert answer.model_version == TEXT


def test_json_fits_the_schema_and_is_the_same_each_time(gemini: GeminiEmulator) -> None:
    config: Any = {"response_mime_type": "application/json", "response_json_schema": SCHEMA}
    told = ask(gemini, **config).parsed
    assert told["prompt"].startswith("A pier in fog, ")
    assert told["score"] in range(1, 6)
    assert set(told["tags"]) <= {"sea", "town"}
    assert ask(gemini, **config).parsed == told


def test_a_typed_schema_is_understood(gemini: GeminiEmulator) -> None:
    schema = types.Schema(type=types.Type.OBJECT, properties={"prompt": types.Schema(type=types.Type.STRING)})
    answer = ask(gemini, response_mime_type="application/json", response_schema=schema)
    assert answer.parsed["prompt"].startswith("A pier in fog, ")


@pytest.mark.parametrize(("ratio", "size", "pixels"), [("16:9", None, (1344, 768)), ("3:4", "2K", (1728, 2368))])
def test_a_picture_has_the_asked_ratio_and_size(
    gemini: GeminiEmulator, ratio: str, size: str | None, pixels: tuple[int, int]
) -> None:
    image = types.ImageConfig(aspect_ratio=ratio, image_size=size)
    answer = ask(gemini, model=PICTURES, response_modalities=["TEXT", "IMAGE"], image_config=image)
    assert drawn(answer).size == pixels


def test_a_picture_with_words_comes_back_tinted(gemini: GeminiEmulator) -> None:
    sent = Image.new("RGB", (300, 300), (255, 255, 255))
    answer = ask(gemini, [sent, "make it dusk"], model=PICTURES, response_modalities=["IMAGE"])
    assert drawn(answer).size == (1024, 1024)
    assert drawn(answer).getpixel((5, 5)) != (255, 255, 255)


def test_a_picture_is_really_looked_at(gemini: GeminiEmulator) -> None:
    names = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"subject": {"type": "string"}, "colours": names}}
    sent = Image.new("RGB", (100, 300), (200, 30, 30))
    answer = ask(gemini, [sent, "Describe"], response_mime_type="application/json", response_json_schema=schema)
    assert answer.parsed == {"subject": "a tall scene in red", "colours": ["red"]}


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_models_are_listed_and_shown(gemini: GeminiEmulator, version: str) -> None:
    models = client(gemini, api_version=version).models
    assert f"models/{PICTURES}" in {model.name for model in models.list()}
    assert models.get(model=TEXT).display_name == "Gemini 2.5 Flash"


# --- What it refuses -------------------------------------------------------------------------------------------------


def test_a_bad_key_is_a_bad_request(gemini: GeminiEmulator) -> None:
    with pytest.raises(errors.ClientError) as caught:
        ask(gemini, key="bad-key")
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert caught.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"


def test_nobody_comes_in_without_a_key(gemini: GeminiEmulator) -> None:
    connection = http.client.HTTPConnection(gemini.url.removeprefix("http://"))
    connection.request("GET", "/v1/models")
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize("body", [[], {}, {"contents": "x"}, {"contents": ["x"]}, {"contents": [{"parts": [5]}]}])
def test_a_request_that_cannot_be_read_is_a_bad_one(gemini: GeminiEmulator, body: Any) -> None:
    connection = http.client.HTTPConnection(gemini.url.removeprefix("http://"))
    headers = {"x-goog-api-key": "some-key", "Content-Type": "application/json"}
    connection.request("POST", f"/v1/models/{TEXT}:generateContent", json.dumps(body), headers)
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["error"]["status"]) == (400, "INVALID_ARGUMENT")
    connection.close()


@pytest.mark.parametrize("ratio", ["9:21", "7:3"])
def test_a_ratio_that_it_has_not_is_refused(gemini: GeminiEmulator, ratio: str) -> None:
    with pytest.raises(errors.ClientError) as caught:
        ask(gemini, model=PICTURES, image_config=types.ImageConfig(aspect_ratio=ratio))
    assert caught.value.code == 400


def test_a_model_that_it_has_not_is_not_found(gemini: GeminiEmulator) -> None:
    with pytest.raises(errors.ClientError) as caught:
        ask(gemini, model="gemini-9")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_a_picture_that_is_none_is_refused(gemini: GeminiEmulator) -> None:
    with pytest.raises(errors.ClientError) as caught:
        ask(gemini, [types.Part.from_bytes(data=b"GIF89a nothing", mime_type="image/png"), "Describe"])
    assert "input image" in (caught.value.message or "")


# --- What goes wrong on demand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (429, "RESOURCE_EXHAUSTED", errors.ClientError),
        (403, "PERMISSION_DENIED", errors.ClientError),
        (500, "INTERNAL", errors.ServerError),
        (503, "UNAVAILABLE", errors.ServerError),
    ],
)
def test_refusals_are_google_s(gemini: GeminiEmulator, status: int, word: str, kind: type[errors.APIError]) -> None:
    gemini.faults.add("refuse", status=status, seconds=7)
    with pytest.raises(kind) as caught:
        ask(gemini)
    assert (caught.value.code, caught.value.status) == (status, word)
    assert caught.value.details["error"]["details"][-1]["retryDelay"] == "7s"
    assert ask(gemini).text  # once only


def test_a_fault_may_be_one_key_s_alone(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, match="key-one", times=None)
    with pytest.raises(errors.ClientError):
        ask(gemini, key="key-one")
    assert ask(gemini, key="key-two").text


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY", "OTHER"])
def test_a_blocked_prompt_has_no_candidates(gemini: GeminiEmulator, reason: str) -> None:
    gemini.faults.add("block_prompt", reason=reason)
    answer = ask(gemini)
    assert answer.candidates is None
    assert answer.prompt_feedback.block_reason == reason


@pytest.mark.parametrize("reason", ["SAFETY", "IMAGE_SAFETY", "IMAGE_RECITATION", "SPII"])
def test_a_blocked_answer_has_no_content(gemini: GeminiEmulator, reason: str) -> None:
    gemini.faults.add("block_output", reason=reason)
    (candidate,) = ask(gemini).candidates
    assert (candidate.finish_reason, candidate.content) == (reason, None)


def test_half_an_answer_is_not_parsed(gemini: GeminiEmulator) -> None:
    gemini.faults.add("truncated")
    answer = ask(gemini, response_mime_type="application/json", response_json_schema=SCHEMA)
    assert answer.parsed is None
    assert answer.candidates[0].finish_reason == "MAX_TOKENS"


@pytest.mark.parametrize("fault", ["drop", "hang"])
def test_a_lost_answer_is_an_error_of_the_transport(gemini: GeminiEmulator, fault: str) -> None:
    gemini.faults.add(fault)
    with pytest.raises(httpx2.TransportError):
        ask(gemini, timeout=300)


def test_faults_and_calls_are_at_hand_over_http(gemini: GeminiEmulator) -> None:
    control(gemini, "POST", "faults", {"name": "no_image"})
    assert ask(gemini).candidates[0].finish_reason == "NO_IMAGE"
    (call,) = control(gemini, "GET", "calls")
    assert call["path"] == f"/v1/models/{TEXT}:generateContent"
    control(gemini, "POST", "reset")
    assert gemini.calls == []


def test_by_chance_the_same_things_go_wrong_for_the_same_seed(gemini: GeminiEmulator) -> None:
    def outcomes() -> list[str]:
        gemini.faults.sprinkle(rate=0.5, seed=7, menu=MENU)
        return [outcome(gemini) for _ in range(20)]

    first = outcomes()
    assert first == outcomes()
    assert 3 < len([one for one in first if one == "text"]) < 17
    gemini.faults.sprinkle(rate=0.0, seed=0, menu=())


def outcome(gemini: GeminiEmulator) -> str:
    try:
        answer = ask(gemini)
    except (errors.APIError, httpx2.HTTPError, ValueError) as error:
        return type(error).__name__
    return "text" if answer.text else "nothing"


def test_it_stops_at_once_with_a_call_in_hand() -> None:
    with GeminiEmulator() as emulator:
        emulator.faults.add("hang")
        waiting = threading.Thread(target=lambda: outcome(emulator), daemon=True)
        waiting.start()
        while not emulator.calls:
            assert waiting.is_alive()
            waiting.join(0.01)
    waiting.join(5)
    assert not waiting.is_alive()
