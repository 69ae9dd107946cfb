"""The engine alone: membership, rules that chain, and a centroid that is exact."""

import numpy as np
import pytest
import skfuzzy  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from generation.pricing.fuzzy import Engine, Rule, Term, Trapezoid, Variable, centroid, triangle

WARMTH = Variable("warmth", 0.0, 10.0, (Term("cold", triangle(0, 0, 10)), Term("warm", triangle(0, 10, 10))))
FAN = Variable("fan", 0.0, 4.0, (Term("low", triangle(0, 1, 2)), Term("high", triangle(1, 2, 3))))

# Three words that overlap more than their neighbours, unlike those of prices.
corners = st.lists(st.integers(0, 40), min_size=4, max_size=4, unique=True).map(lambda found: Trapezoid(*sorted(found)))
cut_shapes = st.lists(st.tuples(corners, st.integers(1, 8).map(lambda eighths: eighths / 8)), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("x", "degree"), [(-1, 0), (0, 0), (1, 0.5), (2, 1), (3, 1), (4, 1), (5, 0.75), (7, 0.25), (8, 0), (9, 0)]
)
def test_a_trapezoid_rises_stays_and_falls(x: float, degree: float) -> None:
    assert Trapezoid(0, 2, 4, 8).degree(x) == degree


def test_a_vertical_side_belongs_wholly() -> None:
    assert [triangle(0, 0, 2).degree(x) for x in (-1, 0, 1)] == [0, 1, 0.5]
    assert [triangle(0, 2, 2).degree(x) for x in (1, 2, 3)] == [0.5, 1, 0]


def test_corners_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        Trapezoid(0, 3, 2, 4)


def test_a_value_beyond_the_ends_counts_as_the_end() -> None:
    assert WARMTH.degrees(-5) == WARMTH.degrees(0) == [1, 0]
    assert WARMTH.degrees(99) == WARMTH.degrees(10) == [0, 1]


def test_the_centroid_of_one_symmetric_shape_is_its_middle_at_any_height() -> None:
    assert [centroid([(Trapezoid(1, 2, 4, 5), height)]) for height in (0.1, 0.5, 1.0)] == pytest.approx([3, 3, 3])


def test_the_centroid_of_two_crossing_triangles_counts_the_overlap_once() -> None:
    """By hand: up to 1, down to a half at 1.5, up to 1 at 2, down to 0 at 4."""
    area = 1 / 2 + 3 / 8 + 3 / 8 + 1
    moment = 1 / 3 + (3 / 8) * (1 + 2 / 9) + (3 / 8) * (2 - 2 / 9) + 8 / 3
    assert centroid([(triangle(0, 1, 2), 1.0), (triangle(1, 2, 4), 1.0)]) == pytest.approx(moment / area, abs=1e-12)


@given(cut_shapes)
def test_the_centroid_is_that_of_scikit_fuzzy(clipped: list[tuple[Trapezoid, float]]) -> None:
    mesh = np.linspace(0, 40, 1281)
    outline = np.zeros_like(mesh)
    for shape, height in clipped:
        sides = [shape.left, shape.top_left, shape.top_right, shape.right]
        outline = np.fmax(outline, np.fmin(height, skfuzzy.trapmf(mesh, sides)))
    assert centroid(clipped) == pytest.approx(skfuzzy.defuzz(mesh, outline, "centroid"), abs=2e-3)


def test_a_rule_holds_as_far_as_its_weakest_reason_and_words_as_far_as_their_strongest_rule() -> None:
    light = Variable("light", 0.0, 1.0, (Term("dark", triangle(0, 0, 1)), Term("bright", triangle(0, 1, 1))))
    rules = (
        Rule((("warmth", "cold"), ("light", "dark")), ("fan", "low")),
        Rule((("warmth", "warm"), ("light", "dark")), ("fan", "high")),
        Rule((("warmth", "warm"), ("light", "bright")), ("fan", "high")),
    )
    found = Engine(inputs=(WARMTH, light), rules=rules, output=FAN).infer({"warmth": 6, "light": 0.25})
    degrees = {(variable, word): degree for variable, word, degree in found.memberships}
    assert degrees["fan", "low"] == pytest.approx(0.4)
    assert degrees["fan", "high"] == pytest.approx(0.6)


def test_a_chain_gives_what_the_flat_rules_give() -> None:
    chained = (
        Rule((("warmth", "cold"),), ("comfort", "poor")),
        Rule((("warmth", "warm"),), ("comfort", "good")),
        Rule((("comfort", "poor"),), ("fan", "low")),
        Rule((("comfort", "good"),), ("fan", "high")),
    )
    flat = (Rule((("warmth", "cold"),), ("fan", "low")), Rule((("warmth", "warm"),), ("fan", "high")))
    long, short = (Engine(inputs=(WARMTH,), rules=rules, output=FAN) for rules in (chained, flat))
    for x in range(11):
        assert long.infer({"warmth": x}).value == short.infer({"warmth": x}).value


def test_a_fact_used_before_it_is_concluded_is_refused() -> None:
    rules = (Rule((("comfort", "good"),), ("fan", "low")), Rule((("warmth", "warm"),), ("comfort", "good")))
    with pytest.raises(ValueError, match="before it is concluded"):
        Engine(inputs=(WARMTH,), rules=rules, output=FAN)


def test_an_unknown_conclusion_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have"):
        Engine(inputs=(WARMTH,), rules=(Rule((("warmth", "warm"),), ("fan", "furious")),), output=FAN)


def test_an_output_with_a_vertical_side_is_refused() -> None:
    steep = Variable("fan", 0.0, 4.0, (Term("low", triangle(0, 0, 2)),))
    with pytest.raises(ValueError, match="vertical"):
        Engine(inputs=(WARMTH,), rules=(Rule((("warmth", "warm"),), ("fan", "low")),), output=steep)


def test_a_rule_reads_as_a_sentence() -> None:
    rule = Rule((("size", "large"), ("effort", "usual")), ("complexity", "demanding"))
    assert str(rule) == "If size is large and effort is usual, complexity is demanding."
