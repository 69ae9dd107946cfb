"""The rule base is data, and regular: what the proof of monotone prices in rules.py needs is held here."""

import hashlib
import subprocess
import sys
from itertools import pairwise, product

import pytest

from generation.pricing import rules
from generation.pricing.fuzzy import Variable
from tests.generation.pricing import grids

LEVELS = {
    "size": {"small": -1, "ordinary": 0, "large": 1, "very large": 2},
    "steps": {"few": -1, "usual": 0, "many": 1},
    "references": {"plain": 0, "complex": 1},
    "time": {"quick": -1, "usual": 0, "slow": 1},
    "effort": {"simple": -1, "usual": 0, "complex": 1, "very complex": 2},
    "complexity": {
        "very light": -2,
        "light": -1,
        "ordinary": 0,
        "demanding": 1,
        "very demanding": 2,
        "heavy": 3,
        "very heavy": 4,
    },
    "price": {term.word: level for level, term in enumerate(rules.PRICE.terms, start=-3)},
}

# Prices that were quoted name the version; whoever changes the data changes both lines.
KNOWN = (2, "22e90f3f9a882eb9")


def test_the_data_and_the_version_change_together() -> None:
    data = repr((rules.INPUTS, rules.RULES, rules.PRICE)).encode()
    assert (rules.VERSION, hashlib.sha256(data).hexdigest()[:16]) == KNOWN


def test_there_are_43_rules_and_each_combination_has_exactly_one() -> None:
    reasons = [rule.when for rule in rules.RULES]
    assert len(reasons) == len(set(reasons)) == 6 + 16 + 21
    for first, second in (("steps", "references"), ("size", "effort"), ("complexity", "time")):
        for one, other in product(LEVELS[first], LEVELS[second]):
            assert ((first, one), (second, other)) in reasons


def test_every_rule_adds_the_levels_of_its_reasons() -> None:
    for rule in rules.RULES:
        variable, word = rule.then
        assert LEVELS[variable][word] == sum(LEVELS[name][reason] for name, reason in rule.when), str(rule)


@pytest.mark.parametrize("variable", rules.INPUTS, ids=lambda variable: variable.name)
def test_at_most_two_neighbouring_words_hold_and_add_to_one(variable: Variable) -> None:
    assert [term.word for term in variable.terms] == sorted(
        LEVELS[variable.name], key=LEVELS[variable.name].__getitem__
    )
    for x in grids.along(variable, between=20):
        holding = [i for i, degree in enumerate(variable.degrees(x)) if degree > 0]
        assert len(holding) <= 2
        assert all(b - a == 1 for a, b in pairwise(holding))
        assert sum(variable.degrees(x)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("variable", rules.INPUTS, ids=lambda variable: variable.name)
def test_a_higher_value_never_moves_to_a_lower_word(variable: Variable) -> None:
    means = [sum(i * degree for i, degree in enumerate(variable.degrees(x))) for x in grids.along(variable, between=20)]
    assert all(b >= a - 1e-12 for a, b in pairwise(means))


def test_price_words_are_alike_symmetric_apart_and_broad() -> None:
    shapes = [term.shape for term in rules.PRICE.terms]
    centres = [(shape.left + shape.right) / 2 for shape in shapes]
    assert centres == [1 + level / 4 for level in LEVELS["price"].values()]
    for shape, centre in zip(shapes, centres, strict=True):
        assert (shape.top_left + shape.top_right) / 2 == centre
        assert shape.right - shape.left == 0.25
        assert (shape.top_right - shape.top_left) * 2 >= shape.right - shape.left
    assert all(lower.right <= upper.left for lower, upper in pairwise(shapes))


def test_there_are_at_most_four_inputs() -> None:
    """The proof needs it."""
    assert len(rules.INPUTS) <= 4


def test_prices_need_neither_django_nor_numpy() -> None:
    code = "import sys, generation.pricing.price; print({'django', 'numpy', 'scipy', 'skfuzzy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
