"""Several keys of one vendor: taken in their order, resting for all workers, and told apart without being named."""

from typing import Any

import pytest

from generation.providers.keyring import REST_SECONDS_MAX, KeyRing, NoKey

KEYS = ("key-one", "key-two")


def ring(name: str = "vendor") -> KeyRing:
    """As another worker has it: nothing is kept in the object."""
    return KeyRing(name, KEYS)


def none_left() -> NoKey:
    with pytest.raises(NoKey) as caught:
        ring().take()
    return caught.value


def test_the_first_key_that_does_not_rest_is_taken() -> None:
    assert ring().take() == "key-one"
    ring().rest("key-one", seconds=50)
    assert ring().take() == "key-two"


def test_a_rest_is_one_ring_s_alone() -> None:
    ring().rest("key-one", seconds=50)
    assert ring("another").take() == "key-one"


def test_with_all_at_rest_the_first_one_back_says_how_long_to_wait() -> None:
    ring().rest("key-one", seconds=300)
    ring().rest("key-two", seconds=20)
    assert 0 < none_left().retry_after_seconds <= 20


def test_all_are_refused_only_when_each_is() -> None:
    ring().rest("key-one", seconds=20, refused=True)
    ring().rest("key-two", seconds=20)
    assert not none_left().refused
    ring().rest("key-two", seconds=20, refused=True)
    assert none_left().refused


def test_a_rest_is_bounded() -> None:
    for key in KEYS:
        ring().rest(key, seconds=1e9)
    assert none_left().retry_after_seconds <= REST_SECONDS_MAX


def test_without_a_cache_each_key_is_taken_for_rested(settings: Any) -> None:
    """No job fails because nobody can say which key rests."""
    ring().rest("key-one", seconds=50)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert ring().take() == "key-one"
    ring().rest("key-one", seconds=50)


def test_no_key_is_named() -> None:
    for key in KEYS:
        ring().rest(key, seconds=50)
        assert key not in ring().label(key)
    assert not [key for key in KEYS if key in str(none_left())]
    assert ring().label("key-one") != ring().label("key-two")


def test_a_ring_without_keys_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="vendor"):
        KeyRing("vendor", [])
