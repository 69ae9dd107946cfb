"""The charge after the run: at most the quote, less only when it took under half of the expected time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pricing import price

quotes = st.integers(1, 100_000)
expected = st.floats(0.001, 100_000)
measured = st.floats(0, 1_000_000)


@given(quotes, expected, st.none() | measured)
def test_the_charge_is_at_least_one_and_at_most_the_quote(quoted: int, expected: float, measured: float | None) -> None:
    assert 1 <= price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=measured) <= quoted


@given(st.integers(1, 1000), st.floats(0, 20), st.floats(0, 5), st.integers(0, 8), st.floats(0, 5), expected, measured)
def test_no_quote_is_ever_exceeded(
    rate: int, megapixels: float, steps: float, references: int, time: float, expected: float, measured: float
) -> None:
    quoted = price.credits_per_picture(
        rate=rate, megapixels=megapixels, steps_ratio=steps, references=references, time_ratio=time
    ).credits
    assert 1 <= price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=measured) <= quoted


@given(quotes, expected, measured, measured)
def test_a_longer_run_never_costs_less(quoted: int, expected: float, one: float, other: float) -> None:
    quick, slow = (
        price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=seconds)
        for seconds in sorted([one, other])
    )
    assert quick <= slow


@given(quotes, quotes, expected, measured)
def test_a_higher_quote_is_never_charged_less(one: int, other: int, expected: float, measured: float) -> None:
    low, high = (
        price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=measured)
        for quoted in sorted([one, other])
    )
    assert low <= high


@given(st.integers(2, 100_000), expected, st.floats(0, 0.5, exclude_max=True))
def test_under_half_of_the_time_costs_less(quoted: int, expected: float, part: float) -> None:
    measured = expected * part
    if measured / expected < 0.5:  # the product may round up to the half itself
        assert price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=measured) < quoted


@given(quotes, expected, st.floats(0.5, 100))
def test_from_half_of_the_time_on_it_is_the_quote(quoted: int, expected: float, part: float) -> None:
    measured = max(expected * part, expected / 2)
    assert price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=measured) == quoted


@pytest.mark.parametrize(
    ("measured", "charged"), [(None, 20), (30, 20), (5, 20), (4.99, 19), (4, 18), (2.5, 15), (1, 12), (0, 10)]
)
def test_the_charge_falls_to_half_of_the_quote(measured: float | None, charged: int) -> None:
    assert price.charge(quoted=20, expected_seconds=10, measured_seconds=measured) == charged


def test_one_credit_stays_one_credit() -> None:
    assert price.charge(quoted=1, expected_seconds=10, measured_seconds=0) == 1


@pytest.mark.parametrize(
    ("quoted", "expected", "measured"),
    [
        (0, 10, 1),
        (-3, 10, 1),
        (9, 0, 1),
        (9, -1, 1),
        (9, math.nan, 1),
        (9, math.inf, 1),
        (9, 10, -0.1),
        (9, 10, math.nan),
        (9, 10, math.inf),
    ],
)
def test_odd_values_are_refused(quoted: int, expected: float, measured: float) -> None:
    with pytest.raises(ValueError, match="of"):
        price.charge(quoted=quoted, expected_seconds=expected, measured_seconds=measured)
