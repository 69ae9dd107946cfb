"""Several tokens take turns, and none is ever seen."""

from typing import Any

import pytest

from generation.models import ErrorCode
from generation.providers.base import ProviderError
from generation.providers.replicate import client
from generation.providers.replicate.provider import provider
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.replicate.orders import flux

FIRST, SECOND, THIRD = "r8_first_of_three_tokens", "r8_second_of_three_tokens", "r8_third_of_three_tokens"


@pytest.fixture(autouse=True)
def three_tokens(emulator: ReplicateEmulator, settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = [FIRST, SECOND, THIRD]


def used(emulator: ReplicateEmulator) -> list[str]:
    return [call.headers["authorization"].removeprefix("Bearer ") for call in emulator.calls]


def failure() -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        provider.start(flux(), callback_url="")
    return caught.value


def test_the_first_token_is_used_while_it_works(emulator: ReplicateEmulator) -> None:
    provider.start(flux(), callback_url="")
    provider.start(flux(), callback_url="")
    assert used(emulator) == [FIRST, FIRST]


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_a_refused_token_rests_and_the_next_one_serves_the_same_order(emulator: ReplicateEmulator, status: int) -> None:
    emulator.tokens[FIRST] = status
    provider.start(flux(), callback_url="")
    provider.start(flux(), callback_url="")
    assert used(emulator) == [FIRST, SECOND, SECOND]
    assert len(emulator.predictions) == 2


@pytest.mark.parametrize("status", [404, 422, 500])
def test_what_is_not_the_tokens_fault_is_not_tried_with_another(emulator: ReplicateEmulator, status: int) -> None:
    emulator.tokens[FIRST] = status
    failure()
    assert used(emulator) == [FIRST]


def test_a_start_that_may_have_begun_is_not_tried_with_another(emulator: ReplicateEmulator) -> None:
    emulator.faults.add("drop", at="create")
    assert failure().ambiguous
    assert used(emulator) == [FIRST]


def test_when_all_are_refused_the_door_is_closed_and_nobody_knocks_again(emulator: ReplicateEmulator) -> None:
    emulator.tokens["*"] = 402
    for _ in range(2):
        error = failure()
        assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_DOWN, True, True)
    assert used(emulator) == [FIRST, SECOND, THIRD]


def test_when_all_are_busy_it_is_said_for_how_long(emulator: ReplicateEmulator) -> None:
    emulator.faults.add("refuse", at="create", times=3, status=429, retry_after="20")
    for _ in range(2):
        error = failure()
        assert (error.code, error.permanent) == (ErrorCode.PROVIDER_BUSY, False)
        assert 15 < error.retry_after_seconds <= 20
    assert used(emulator) == [FIRST, SECOND, THIRD]


def test_one_that_is_only_busy_keeps_the_door_open(emulator: ReplicateEmulator) -> None:
    emulator.tokens.update({FIRST: 401, SECOND: 429, THIRD: 402})
    for _ in range(2):
        error = failure()
        assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_BUSY, False, False)


def test_a_rested_token_is_tried_again(emulator: ReplicateEmulator) -> None:
    emulator.tokens[FIRST] = 402
    provider.start(flux(), callback_url="")
    emulator.tokens.clear()
    client._ring().rest(FIRST, seconds=1)
    assert client.tokens() == [SECOND, FIRST, THIRD]


def test_a_token_without_credit_still_knows_what_it_made(emulator: ReplicateEmulator) -> None:
    """Another account's token does not: it answers 404, which is not the last word."""
    begun = provider.start(flux(), callback_url="")
    emulator.tokens.update({FIRST: 402, SECOND: 404, THIRD: 404})
    provider_error = failure()
    assert provider_error.code == ErrorCode.PROVIDER_DOWN
    assert provider.look(begun.external_id, recipe={}).external_id == begun.external_id
    provider.cancel(begun.external_id)


def test_what_no_token_knows_is_gone(emulator: ReplicateEmulator) -> None:
    with pytest.raises(ProviderError, match="404") as caught:
        provider.look("nobodyknowsthis", recipe={})
    assert (caught.value.permanent, caught.value.closes_door) == (True, False)
    assert used(emulator) == [FIRST, SECOND, THIRD]


def test_reading_puts_no_token_to_rest(emulator: ReplicateEmulator) -> None:
    begun = provider.start(flux(), callback_url="")
    emulator.faults.add("refuse", at="get", status=429)
    provider.look(begun.external_id, recipe={})
    assert client.tokens()[0] == FIRST


def test_without_a_token_the_door_is_closed(settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = []
    assert failure().closes_door


@pytest.mark.parametrize("status", [401, 422, 500])
def test_a_token_that_the_vendor_repeats_stays_unseen(emulator: ReplicateEmulator, status: int) -> None:
    emulator.faults.add("refuse", at="create", times=3, status=status, detail=f"what is {FIRST} or {SECOND}?")
    error = failure()
    assert client.label(FIRST) in error.detail
    assert FIRST not in f"{error} {error!r}"
    assert SECOND not in f"{error} {error!r}"
