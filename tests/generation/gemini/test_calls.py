"""A call to Gemini under strain: keys that are used up or refused, an overloaded, slow or absent vendor."""

from typing import Any

import pytest

from generation.models import ErrorCode
from generation.prompts.enhance import enhance
from generation.providers.base import ProviderError
from generation.providers.gemini import client
from generation.providers.keyring import REFUSED_SECONDS, REST_SECONDS_MAX, KeyRing, NoKey
from tests import wires
from tests.emulators.gemini import GeminiEmulator
from tests.generation.gemini.asking import MODEL, failure, keys_used, order, pictures
from tests.generation.gemini.conftest import KEYS
from tests.generation.providers.contract import chain

FIRST, SECOND, THIRD = KEYS


def ask() -> str:
    return enhance(prompt="A pier in fog", style="none", model_name="Nano Banana", seen=None)


def rest_of(key: str, model: str = MODEL) -> float:
    """For how many seconds more a key rests, as every worker sees it."""
    try:
        KeyRing(f"gemini:{model}", [key]).take()
    except NoKey as none:
        return none.retry_after_seconds
    return 0.0


# --- Keys ------------------------------------------------------------------------------------------------------------


def test_a_used_up_key_rests_as_long_as_google_says_and_the_next_is_asked_at_once(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, seconds=70, match=FIRST)
    assert len(pictures(order())) == 1
    assert keys_used(gemini) == [FIRST, SECOND]
    assert 60 < rest_of(FIRST) <= 70
    pictures(order())
    assert keys_used(gemini)[2:] == [SECOND]


def test_the_third_key_is_asked_when_two_are_used_up(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, match=FIRST)
    gemini.faults.add("refuse", status=429, match=SECOND)
    assert len(pictures(order())) == 1
    assert keys_used(gemini) == [FIRST, SECOND, THIRD]


def test_with_all_keys_used_up_the_model_is_busy_and_says_until_when(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, seconds=47, times=None)
    error = failure(order())
    assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_BUSY, False, False)
    assert 0 < error.retry_after_seconds <= 47
    assert "all keys" in error.detail
    assert "429 RESOURCE_EXHAUSTED" in error.detail
    assert keys_used(gemini) == KEYS
    assert failure(order()).code == ErrorCode.PROVIDER_BUSY
    assert len(gemini.calls) == 3  # nobody was asked again


def test_nobody_waits_a_day_because_a_vendor_says_so(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, seconds=86_400, times=None)
    assert failure(order()).retry_after_seconds <= 60
    assert rest_of(FIRST) <= REST_SECONDS_MAX


def test_a_key_that_is_used_up_for_pictures_still_answers_questions(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, match=MODEL, times=None)
    failure(order())
    assert ask()
    assert keys_used(gemini)[-1] == FIRST


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_key_rests_for_long_and_the_next_is_asked(gemini: GeminiEmulator, status: int) -> None:
    gemini.faults.add("refuse", status=status, reason="API_KEY_INVALID", match=FIRST)
    assert len(pictures(order())) == 1
    assert keys_used(gemini) == [FIRST, SECOND]
    assert REFUSED_SECONDS - 60 < rest_of(FIRST) <= REFUSED_SECONDS


def test_with_all_keys_refused_a_person_is_needed(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=403, times=None)
    for _ in range(2):  # the second time without a call
        error = failure(order())
        assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_DOWN, True, True)
        assert "refused" in error.detail
    assert keys_used(gemini) == KEYS


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_gateway_that_dislikes_an_order_closes_no_door(gemini: GeminiEmulator, settings: Any, status: str) -> None:
    with wires.wire(wires.answer(b"<html>Attention required!</html>", status=status)) as wire:
        settings.GEMINI_BASE_URL = wire.url
        error = failure(order())
    assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_FAILED, True, False)
    settings.GEMINI_BASE_URL = gemini.url
    assert len(pictures(order())) == 1
    assert keys_used(gemini) == [FIRST]


def test_one_key_that_is_only_used_up_leaves_the_door_open(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=429, seconds=50, match=SECOND, times=None)
    gemini.faults.add("refuse", status=403, times=None)
    gemini.faults.add("refuse", status=403, times=None)
    error = failure(order())
    assert (error.code, error.closes_door) == (ErrorCode.PROVIDER_BUSY, False)


def test_without_a_key_the_door_is_closed(gemini: GeminiEmulator, settings: object) -> None:
    settings.GEMINI_API_KEYS = []  # type: ignore[attr-defined]
    error = failure(order())
    assert (error.code, error.closes_door) == (ErrorCode.PROVIDER_DOWN, True)
    assert gemini.calls == []


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_no_key_stands_in_an_error_though_google_quotes_it(
    gemini: GeminiEmulator, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    for key in KEYS:
        text = f"Consumer 'api_key:{key}' may not do this, says {key}"
        gemini.faults.add("refuse", status=status, message=text, match=key, times=None)
    error = failure(order())
    told = " ".join(f"{one!s} {one!r} {vars(one)}" for one in chain(error)) + caplog.text
    assert not [key for key in KEYS if key in told]


# --- An overloaded or absent vendor ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_overloaded_vendor_is_asked_three_times_with_the_same_key(gemini: GeminiEmulator, status: int) -> None:
    gemini.faults.add("refuse", status=status, times=2)
    assert len(pictures(order())) == 1
    assert keys_used(gemini) == [FIRST] * 3


@pytest.mark.parametrize(("status", "code"), [(500, ErrorCode.PROVIDER_FAILED), (503, ErrorCode.PROVIDER_BUSY)])
def test_a_fourth_time_is_not_ours_to_try(gemini: GeminiEmulator, status: int, code: ErrorCode) -> None:
    gemini.faults.add("refuse", status=status, times=None)
    error = failure(order())
    assert (error.code, error.permanent) == (code, False)
    assert len(gemini.calls) == client.TRIES_MAX


def test_no_pause_goes_past_the_time_that_is_left(gemini: GeminiEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE_SECONDS", 100)
    gemini.faults.add("refuse", status=503, times=None)
    assert failure(order(seconds_left=20)).code == ErrorCode.PROVIDER_BUSY
    assert len(gemini.calls) == 1


def test_a_vendor_that_hangs_is_left_in_time_and_not_asked_again(gemini: GeminiEmulator) -> None:
    gemini.faults.add("hang")
    error = failure(order(seconds_left=0.6))
    assert (error.code, error.permanent) == (ErrorCode.TIMEOUT, False)
    assert gemini.calls[-1].headers["x-server-timeout"] == "1"  # in whole seconds: it is told, too
    assert len(gemini.calls) == 1


def test_a_call_never_takes_more_than_a_minute(gemini: GeminiEmulator) -> None:
    pictures(order(seconds_left=900))
    assert gemini.calls[-1].headers["x-server-timeout"] == "60"


def test_an_answer_that_drips_is_left_in_time(gemini: GeminiEmulator) -> None:
    gemini.faults.add("drip", seconds=0.05)
    assert failure(order(seconds_left=0.6)).code == ErrorCode.TIMEOUT
    assert len(gemini.calls) == 1


def test_an_answer_without_end_is_left(gemini: GeminiEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_BYTES_MAX", 5_000)
    error = failure(order())
    assert (error.code, error.detail) == (ErrorCode.PROVIDER_FAILED, "unreadable answer: TooLong")


def test_a_lost_answer_is_asked_for_again_only_where_it_is_cheap(gemini: GeminiEmulator) -> None:
    gemini.faults.add("drop")
    error = failure(order())
    assert (error.code, error.permanent) == (ErrorCode.PROVIDER_DOWN, False)
    assert len(gemini.calls) == 1
    gemini.faults.add("drop")
    assert ask()
    assert len(gemini.calls) == 3


def test_a_vendor_that_nobody_reaches_is_down(gemini: GeminiEmulator, settings: object) -> None:
    settings.GEMINI_BASE_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    error = failure(order())
    assert (error.code, error.permanent) == (ErrorCode.PROVIDER_DOWN, False)


def test_a_redirect_is_not_followed_with_a_key(gemini: GeminiEmulator) -> None:
    with GeminiEmulator() as elsewhere:
        gemini.faults.add("redirect", url=f"{elsewhere.url}/v1/models/{MODEL}:generateContent")
        error = failure(order())
        assert (error.code, error.permanent) == (ErrorCode.PROVIDER_DOWN, True)
        assert elsewhere.calls == []


def test_a_picture_that_google_cannot_read_is_the_reference_s_fault(gemini: GeminiEmulator) -> None:
    gemini.faults.add("refuse", status=400, message="Unable to process input image. Please retry or report.")
    error = failure(order())
    assert (error.code, error.permanent, error.provider_at_fault) == (ErrorCode.BAD_REFERENCE, True, False)


def test_every_failure_is_one_kind_of_error(gemini: GeminiEmulator) -> None:
    gemini.faults.add("nested", times=None)
    with pytest.raises(ProviderError) as caught:
        ask()
    assert caught.value.code == ErrorCode.PROVIDER_FAILED
    assert len(gemini.calls) == client.TRIES_MAX
