"""Prices: exact where they are promised, monotone everywhere, and explained by parts that add up."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generation import shapes
from generation.pricing import price, rules
from tests.generation.pricing import grids

rates = st.integers(1, 1000)
megapixels = st.floats(0, 20)
ratios = st.floats(0, 5)
references = st.integers(0, 8)
wishes = st.fixed_dictionaries(
    {"rate": rates, "megapixels": megapixels, "steps_ratio": ratios, "references": references, "time_ratio": ratios}
)
EVERYTHING = {
    "rate": rates,
    "megapixels": megapixels,
    "steps_ratio": ratios,
    "references": references,
    "time_ratio": ratios,
}


def test_one_megapixel_costs_exactly_the_rate() -> None:
    for rate in range(1, 1001):
        priced = price.credits_per_picture(rate=rate, megapixels=1.0)
        assert (priced.credits, priced.multiplier) == (rate, 1.0)


@pytest.mark.parametrize("shape", shapes.SHAPES.values(), ids=lambda shape: shape.value)
def test_every_shape_costs_exactly_the_rate(shape: shapes.Shape) -> None:
    for rate in (1, 2, 9, 18, 333, 1000, price.RATE_MAX):
        assert price.credits_per_picture(rate=rate, megapixels=shape.megapixels).credits == rate


def test_four_megapixels_cost_at_least_half_more() -> None:
    for rate in range(1, 1001):
        assert price.credits_per_picture(rate=rate, megapixels=4.0).credits >= 1.5 * rate


@pytest.mark.parametrize(("rate", "one", "four"), [(2, 2, 3), (5, 5, 8), (9, 9, 14), (18, 18, 27)])
def test_the_table_of_models_is_this(rate: int, one: int, four: int) -> None:
    assert price.credits_per_picture(rate=rate, megapixels=1.0).credits == one
    assert price.credits_per_picture(rate=rate, megapixels=4.0).credits == four


def test_the_multiplier_is_monotone_over_a_dense_grid() -> None:
    axes = [grids.along(variable, between=2) for variable in rules.INPUTS]
    found = [rules.ENGINE.infer(point).value for point in grids.over_all(between=2)]
    lattice = np.array(found).reshape([len(axis) for axis in axes])
    assert lattice.size > 9_000
    for axis, variable in enumerate(rules.INPUTS):
        assert np.diff(lattice, axis=axis).min() >= -1e-12, variable.name
    assert (lattice.min(), lattice.max()) == pytest.approx((0.25, 2.25))


@given(st.sampled_from(sorted(EVERYTHING)), wishes, st.data())
def test_more_of_anything_never_costs_less(about: str, wish: dict[str, Any], data: st.DataObject) -> None:
    more = {**wish, about: data.draw(EVERYTHING[about])}
    assume(more[about] >= wish[about])
    assert price.credits_per_picture(**more).credits >= price.credits_per_picture(**wish).credits


@given(wishes, wishes)
def test_more_of_everything_never_costs_less(one: dict[str, Any], other: dict[str, Any]) -> None:
    less = {about: min(one[about], other[about]) for about in one}
    more = {about: max(one[about], other[about]) for about in one}
    assert price.credits_per_picture(**more).credits >= price.credits_per_picture(**less).credits


@given(wishes)
def test_the_explanation_adds_up(wish: dict[str, Any]) -> None:
    priced = price.credits_per_picture(**wish)
    assert priced.credits >= 1
    assert sum(line.credits for line in priced.lines) == priced.credits
    assert priced.lines[0].credits == wish["rate"]
    assert [line.about for line in priced.lines][:2] == ["rate", "size"]
    assert priced.lines[-1].about == "time"
    assert priced.version == rules.VERSION


@given(wishes)
def test_each_part_has_the_sign_of_what_it_explains(wish: dict[str, Any]) -> None:
    usual = {"size": (wish["megapixels"], 1), "steps": (wish["steps_ratio"], 1), "time": (wish["time_ratio"], 1)}
    asked = {**usual, "references": (wish["references"], 0)}
    for line in price.credits_per_picture(**wish).lines[1:]:
        value, normal = asked[line.about]
        assert line.credits >= 0 if value >= normal else line.credits <= 0


def test_the_usual_picture_is_explained_in_three_lines() -> None:
    lines = price.credits_per_picture(rate=9, megapixels=1.05).lines
    assert [(line.label, line.note, line.amount) for line in lines] == [
        ("The model’s rate", "one picture", "9"),
        ("Size 1.1 MP", "ordinary", "+0"),
        ("Expected time", "usual", "+0"),
    ]


def test_every_part_is_said_in_plain_words() -> None:
    priced = price.credits_per_picture(rate=9, megapixels=1.2, steps_ratio=1.5, references=1, time_ratio=0.4)
    assert [(line.label, line.note, line.amount) for line in priced.lines] == [
        ("The model’s rate", "one picture", "9"),
        ("Size 1.2 MP", "ordinary, hardly large", "+0"),
        ("1.5 times the usual steps", "usual, somewhat many", "+1"),
        ("One reference", "plain, somewhat complex", "+1"),
        ("Expected time", "quick", "−2"),
    ]
    assert priced.summary == ("ordinary picture, 1.5 times the usual steps, one reference, quick model: 9 + 1 + 1 − 2")


@pytest.mark.parametrize(
    ("wish", "summary"),
    [
        ({"rate": 9, "megapixels": 1.0}, "ordinary picture, usual time: 9"),
        ({"rate": 9, "megapixels": 4.0, "references": 2}, "very large picture, 2 references, usual time: 9 + 5 + 1"),
        ({"rate": 4, "megapixels": 2.0, "time_ratio": 0.3}, "large picture, quick model: 4 + 1 − 1"),
        ({"rate": 4, "megapixels": 1.0, "time_ratio": 2.5}, "ordinary picture, slow model: 4 + 1"),
    ],
)
def test_a_price_has_a_summary(wish: dict[str, Any], summary: str) -> None:
    assert price.credits_per_picture(**wish).summary == summary


def test_memberships_say_every_word_that_holds() -> None:
    degrees = {
        (variable, word): degree
        for variable, word, degree in price.credits_per_picture(rate=9, megapixels=1.0, references=1).memberships
    }
    assert degrees["size", "ordinary"] == degrees["steps", "usual"] == degrees["time", "usual"] == 1
    assert (degrees["references", "plain"], degrees["references", "complex"]) == (0.75, 0.25)
    assert (degrees["price", "the rate"], degrees["price", "a quarter more"]) == (0.75, 0.25)
    assert ("size", "large") not in degrees


def test_beyond_the_ranges_the_ends_count() -> None:
    least = price.credits_per_picture(rate=100, megapixels=0, steps_ratio=0, time_ratio=0)
    most = price.credits_per_picture(rate=100, megapixels=1e9, steps_ratio=1e9, references=10**9, time_ratio=1e9)
    assert (least.credits, most.credits) == (25, 225)


def test_the_least_price_is_one_credit() -> None:
    assert price.credits_per_picture(rate=1, megapixels=0.25, steps_ratio=0.5, time_ratio=0.4).credits == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.5])
@pytest.mark.parametrize("about", ["megapixels", "steps_ratio", "references", "time_ratio"])
def test_odd_values_are_refused(about: str, value: float) -> None:
    wish: dict[str, Any] = {"rate": 9, "megapixels": 1.0, about: value}
    with pytest.raises(ValueError, match=r"of -?(nan|inf|0\.5)"):
        price.credits_per_picture(**wish)


@pytest.mark.parametrize("rate", [0, -1, price.RATE_MAX + 1])
def test_a_rate_out_of_range_is_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        price.credits_per_picture(rate=rate, megapixels=1.0)


@pytest.mark.parametrize(
    ("amount", "whole"), [(0, 1), (0.4, 1), (1.49, 1), (1.5, 2), (1.5 - 1e-12, 2), (2.5, 3), (13.5, 14)]
)
def test_rounding_is_to_the_nearest_credit_halves_up_at_least_one(amount: float, whole: int) -> None:
    assert price.whole_credits(amount) == whole
