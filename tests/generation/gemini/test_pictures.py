"""Gemini's picture models: what is asked of them, and what an answer without a picture means."""

from collections.abc import Callable
from typing import Any

import pytest

from generation.models import ErrorCode
from generation.providers.base import Reference, Watch
from tests.emulators.gemini import GeminiEmulator
from tests.generation.gemini.asking import asked_of, failure, order, parts_of, pictures, png, sent_picture

BLOCKS = ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY", "OTHER", "A_REASON_OF_TOMORROW")
WITHHELD = (
    "SAFETY",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "RECITATION",
    "IMAGE_RECITATION",
    "PROHIBITED_CONTENT",
    "SPII",
    "BLOCKLIST",
)
TEXT_PART = {"text": "Here you are"}
HTML_PART = {"inlineData": {"mimeType": "text/html", "data": "PGI-"}}


def at(share: float, act: Callable[[], object]) -> Watch:
    """Something happens just before the call at which so much is done."""

    def progress(done: float) -> None:
        if done == share:
            act()

    return Watch(progress=progress)


# --- Asking ----------------------------------------------------------------------------------------------------------


def test_the_words_the_ratio_and_the_safety_settings_are_sent(gemini: GeminiEmulator) -> None:
    (picture,) = pictures(order(prompt="A pier in fog", aspect_ratio="16:9"))
    assert picture.size == (1344, 768)
    config = asked_of(gemini)["generationConfig"]
    assert gemini.calls[-1].path == "/v1/models/gemini-2.5-flash-image:generateContent"
    assert parts_of(gemini) == [{"text": "A pier in fog"}]
    assert config == {"responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "16:9"}}
    settings = asked_of(gemini)["safetySettings"]
    assert len(settings) == 4
    assert {setting["threshold"] for setting in settings} == {"BLOCK_MEDIUM_AND_ABOVE"}


def test_a_recipe_names_the_size(gemini: GeminiEmulator) -> None:
    (picture,) = pictures(order(provider_model="gemini-3-pro-image", recipe={"image_size": "2K"}))
    assert picture.size == (2048, 2048)
    assert asked_of(gemini)["generationConfig"]["imageConfig"]["imageSize"] == "2K"


def test_a_reference_goes_along_before_the_words(gemini: GeminiEmulator) -> None:
    reference = Reference(data=png(), content_type="image/png")
    pictures(order(reference=reference))
    inline, words = parts_of(gemini)
    assert sent_picture(inline) == reference.data
    assert inline["inlineData"]["mimeType"] == "image/png"
    assert words["text"] == "Misty ridges at first light"


def test_each_picture_is_a_call_and_a_step_of_the_progress(gemini: GeminiEmulator) -> None:
    told: list[float] = []
    made = pictures(order(seeds=(1, 2, 3, 4)), Watch(progress=told.append))
    assert len(gemini.calls) == len({picture.tobytes() for picture in made}) == 4
    assert told == [0, 0.25, 0.5, 0.75, 1]


def test_a_cancelled_job_asks_for_no_further_picture(gemini: GeminiEmulator) -> None:
    stop: list[bool] = []
    watch = Watch(progress=lambda done: stop.append(True) if done == 0.5 else None, cancelled=lambda: bool(stop))
    assert len(pictures(order(seeds=(1, 2)), watch)) == 1
    assert len(gemini.calls) == 1


def test_without_time_nothing_is_asked(gemini: GeminiEmulator) -> None:
    error = failure(order(seconds_left=0.1))
    assert (error.code, error.permanent) == (ErrorCode.TIMEOUT, False)
    assert gemini.calls == []


# --- Withheld --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.* is not a valid BlockedReason:UserWarning")
@pytest.mark.parametrize("reason", BLOCKS)
def test_a_blocked_prompt_is_told_as_one_and_not_sent_again(gemini: GeminiEmulator, reason: str) -> None:
    gemini.faults.add("block_prompt", reason=reason, times=None)
    error = failure(order())
    assert (error.code, error.permanent, error.provider_at_fault) == (ErrorCode.BLOCKED_PROMPT, True, False)
    assert reason in error.detail
    assert len(gemini.calls) == 1


@pytest.mark.parametrize("reason", WITHHELD)
def test_a_withheld_picture_is_told_as_one_and_not_asked_for_again(gemini: GeminiEmulator, reason: str) -> None:
    gemini.faults.add("block_output", reason=reason, times=None)
    error = failure(order(seeds=(1, 2)))
    assert (error.code, error.permanent, error.provider_at_fault) == (ErrorCode.BLOCKED_OUTPUT, True, False)
    assert reason in error.detail
    assert len(gemini.calls) == 1


def test_a_closed_account_needs_a_person(gemini: GeminiEmulator) -> None:
    gemini.faults.add("block_output", reason="PUP_LIMITED_DISABLED")
    error = failure(order())
    assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_DOWN, True, True)


def test_a_picture_beside_a_verdict_is_still_withheld(gemini: GeminiEmulator) -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "aaaa"}}
    gemini.faults.add("shape", body={"candidates": [{"finishReason": "IMAGE_SAFETY", "content": {"parts": [part]}}]})
    assert failure(order()).code == ErrorCode.BLOCKED_OUTPUT


# --- Nothing in it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "values"),
    [
        ("no_image", {}),
        ("no_candidates", {}),
        ("text_only", {}),
        ("empty_picture", {}),
        ("bad_base64", {}),
        ("wrong_mime", {"mime": "text/html"}),
        ("wrong_mime", {"mime": "image/svg+xml"}),
        ("block_output", {"reason": "IMAGE_OTHER"}),
        ("block_output", {"reason": "OTHER"}),
        ("shape", {"body": 3}),
        ("shape", {"body": []}),
        ("shape", {"body": {"candidates": [None]}}),
        ("shape", {"body": {"candidates": [{"finishReason": 7}]}}),
        ("shape", {"body": {"candidates": [{"content": "x"}]}}),
        ("shape", {"body": {"candidates": [{"content": {"parts": [{"text": 5}]}}]}}),
        ("shape", {"body": {"candidates": [{"content": {"parts": [TEXT_PART, HTML_PART]}}]}}),
    ],
)
def test_an_answer_without_a_picture_may_be_another_one_next_time(
    gemini: GeminiEmulator, fault: str, values: dict[str, Any]
) -> None:
    gemini.faults.add(fault, times=None, **values)
    error = failure(order())
    assert (error.code, error.permanent, error.provider_at_fault) == (ErrorCode.PROVIDER_FAILED, False, True)
    assert error.detail
    assert len(gemini.calls) == 1  # the one who gave the order decides whether it is given again


@pytest.mark.filterwarnings("ignore:.* is not a valid FinishReason:UserWarning")
def test_a_reason_that_nobody_knows_yet_is_kept_for_staff(gemini: GeminiEmulator) -> None:
    gemini.faults.add("block_output", reason="A_REASON_OF_TOMORROW")
    error = failure(order())
    assert (error.code, error.permanent) == (ErrorCode.PROVIDER_FAILED, False)
    assert "A_REASON_OF_TOMORROW" in error.detail


def test_a_draft_that_the_model_thought_aloud_is_not_the_picture(gemini: GeminiEmulator) -> None:
    draft = {"inlineData": {"mimeType": "image/png", "data": "aaaa"}, "thought": True}
    gemini.faults.add("shape", body={"candidates": [{"finishReason": "STOP", "content": {"parts": [draft]}}]})
    assert failure(order()).code == ErrorCode.PROVIDER_FAILED


# --- After the first one ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["block_output", "text_only"])
def test_one_picture_that_is_missing_costs_no_other(gemini: GeminiEmulator, fault: str) -> None:
    watch = at(0.25, lambda: gemini.faults.add(fault))
    assert len(pictures(order(seeds=(1, 2, 3, 4)), watch)) == 3
    assert len(gemini.calls) == 4


def test_what_came_before_a_failure_is_kept(gemini: GeminiEmulator) -> None:
    watch = at(0.5, lambda: gemini.faults.add("refuse", status=404, times=None))
    assert len(pictures(order(seeds=(1, 2, 3, 4)), watch)) == 2
    assert len(gemini.calls) == 3
