"""What Replicate's JSON is read as, in all the shapes that it comes in."""

import json
import logging
from typing import Any

import pytest

from generation.models import ErrorCode, Level
from generation.providers.base import RemoteState, Verdict
from generation.providers.replicate import predictions

A, B, C = (f"https://replicate.delivery/{name}.png" for name in "abc")


def told(**changes: Any) -> dict[str, Any]:
    return {
        "id": "ufawqhfynnddngldkgtslldrkq",
        "status": "succeeded",
        "output": [A],
        "error": None,
        "logs": "",
        "metrics": {"predict_time": 1.5},
    } | changes


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("starting", RemoteState.WAITING),
        ("processing", RemoteState.RUNNING),
        ("succeeded", RemoteState.SUCCEEDED),
        ("failed", RemoteState.FAILED),
        ("canceled", RemoteState.CANCELLED),
        ("aborted", RemoteState.FAILED),
    ],
)
def test_every_documented_status_is_known(status: str, state: RemoteState) -> None:
    prediction = predictions.read(told(status=status), recipe={})
    assert prediction.state == state
    assert (prediction.error is not None) == (state == RemoteState.FAILED)
    assert bool(prediction.files) == (state == RemoteState.SUCCEEDED)


def test_an_unknown_status_is_waited_for_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert predictions.read(told(status="warming"), recipe={}).state == RemoteState.WAITING
    assert "'warming'" in caplog.text


def test_a_prediction_whose_deadline_came_first_has_timed_out() -> None:
    error = predictions.read(told(status="aborted"), recipe={}).error
    assert error is not None
    assert error.code == ErrorCode.TIMEOUT


@pytest.mark.parametrize(
    "shape",
    [
        None,
        [],
        "text",
        {},
        {"status": "succeeded"},
        {"id": "x"},
        told(id=None),
        told(id=7),
        told(id=""),
        told(id="../predictions"),
        told(status=None),
        told(status=["succeeded"]),
    ],
)
def test_what_is_no_prediction_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match="no prediction"):
        predictions.read(shape, recipe={})


@pytest.mark.parametrize(
    ("output", "files"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        (7, ()),
        (True, ()),
        ("a description", ()),
        (A, (A,)),
        ([A, B], (A, B)),
        ([A, None, 3, "text", B], (A, B)),
        ({"image": A, "masks": [B, {"last": C}]}, (A, B, C)),
        ("data:image/png;base64,AA==", ("data:image/png;base64,AA==",)),
        ("http://127.0.0.1:8001/a.png", ("http://127.0.0.1:8001/a.png",)),
        (["http://replicate.delivery/a.png", "file:///etc/passwd", "gopher://x", "//x/y", A], (A,)),
    ],
)
def test_the_addresses_in_an_output_are_its_files(output: Any, files: tuple[str, ...]) -> None:
    assert predictions.read(told(output=output), recipe={}).files == files


def test_a_recipe_names_the_parts_that_are_files_in_their_order() -> None:
    output = {"color_video": A, "model_file": B, "gaussian_ply": None}
    assert predictions.files(output, recipe={"files": ["model_file"]}) == (B,)
    assert predictions.files(output, recipe={"files": ["model_file", "color_video", "gone"]}) == (B, A)
    assert predictions.files([A], recipe={"files": ["model_file"]}) == (A,)


def test_an_output_without_end_is_read_to_a_bound() -> None:
    deep: Any = A
    for _ in range(500):
        deep = [deep]
    assert predictions.files(deep, recipe={}) == ()
    assert len(predictions.files([A] * 1000, recipe={})) == predictions.FILES_MAX


@pytest.mark.parametrize(
    ("metrics", "seconds"),
    [
        ({"predict_time": 1.5}, 1.5),
        ({"predict_time": 2}, 2.0),
        ({}, None),
        (None, None),
        ([], None),
        ({"predict_time": "1.5"}, None),
        ({"predict_time": True}, None),
        ({"predict_time": -1}, None),
        ({"predict_time": float("nan")}, None),
        ({"predict_time": float("inf")}, None),
    ],
)
def test_the_measured_time_is_a_number_or_nothing(metrics: Any, seconds: float | None) -> None:
    assert predictions.read(told(metrics=metrics), recipe={}).run_seconds == seconds


@pytest.mark.parametrize(
    ("logs", "progress"),
    [
        ("", None),
        (None, None),
        (["50%"], None),
        ("loading", None),
        (" 10%|█  | 1/10\n 40%|████ | 4/10", 0.4),
        ("100%|██████████| 28/28", 1.0),
        ("999%", 1.0),
        ("5%" + "x" * 3_000_000, None),
    ],
)
def test_progress_is_the_last_share_in_the_logs(logs: Any, progress: float | None) -> None:
    assert predictions.read(told(status="processing", logs=logs), recipe={}).progress == progress


BLOCKED = (ErrorCode.BLOCKED_OUTPUT, True, False)
INVALID = (ErrorCode.PROVIDER_FAILED, True, False)
PASSING = (ErrorCode.PROVIDER_FAILED, False, True)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("NSFW content detected. Try running it again, or try a different prompt.", BLOCKED),
        ("The input or output was flagged as sensitive. Please try again with different inputs. (E005)", BLOCKED),
        ("Request blocked by our safety system", BLOCKED),
        ("Your request violates our content policy", BLOCKED),
        ("width must be divisible by 8", INVALID),
        ("Invalid image: cannot identify image file", INVALID),
        ("CUDA out of memory. Tried to allocate 20.00 MiB", PASSING),
        ("CUDA error: invalid device ordinal", PASSING),
        ("Prediction interrupted; please retry (code: PA)", PASSING),
        ("upstream request timed out", PASSING),
        ("cannot load model.safetensors", PASSING),
        ("file names are case-sensitive", PASSING),
        ("something nobody has seen before", PASSING),
        ("", PASSING),
        (None, PASSING),
        ({"code": 7}, PASSING),
    ],
)
def test_a_models_own_words_are_told_in_ours(text: Any, verdict: tuple[ErrorCode, bool, bool]) -> None:
    error = predictions.read(told(status="failed", error=text), recipe={}).error
    assert error is not None
    assert (error.code, error.permanent, error.provider_at_fault) == verdict
    assert error.detail


def test_a_long_error_is_cut() -> None:
    error = predictions.read(told(status="failed", error="x" * 100_000), recipe={}).error
    assert error is not None
    assert len(error.detail) == predictions.DETAIL_MAX


@pytest.mark.parametrize("seconds", ["1e308", "1" + 400 * "0", "-1", "NaN", "Infinity", "true", '"4"'])
def test_a_time_that_no_run_takes_was_not_measured(seconds: str) -> None:
    """Also one that no float can hold."""
    told = json.loads(f'{{"id": "p", "status": "succeeded", "metrics": {{"predict_time": {seconds}}}}}')
    assert predictions.read(told, recipe={}).run_seconds is None


def test_what_a_model_says_of_its_failure_can_be_kept() -> None:
    told = json.loads('{"id": "p", "status": "failed", "error": "a\\u0000b\\ud800c\\nd"}')
    error = predictions.read(told, recipe={}).error
    assert error
    assert error.detail == "a b c d"
    assert "\0" not in str(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"output": {"images": [A], "nsfw": True}},
        {"output": {"images": [A, B], "has_nsfw_concepts": [False, True]}},
        {"logs": "100%|###| 4/4\nNSFW content detected in image 0\n"},
    ],
)
def test_a_picture_that_its_model_flagged_is_looked_at_by_a_person(changes: dict[str, Any]) -> None:
    verdict = predictions.read(told(**changes), recipe={"files": ["images"]}).verdict
    assert verdict == Verdict(Level.NUDITY, is_sure=False)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"output": {"images": [A], "nsfw": False}},
        {"output": {"images": [A], "nsfw": "true"}},
        {"output": {"images": [A], "has_nsfw_concepts": [False]}},
        {"logs": "Loading the nsfw checker"},
        {"status": "failed", "output": None, "error": "NSFW content detected"},
    ],
)
def test_no_word_of_a_model_makes_a_picture_anything_else(changes: dict[str, Any]) -> None:
    assert predictions.read(told(**changes), recipe={}).verdict is None
