"""The same rule base in scikit-fuzzy: flat rules over the four inputs instead of our chain, its own min, max and
centroid. Its numbers are ours."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest
import skfuzzy  # type: ignore[import-untyped]
from skfuzzy import control

from generation.pricing import rules
from generation.pricing.fuzzy import Trapezoid, Variable
from tests.generation.pricing import grids

Words = dict[str, str]

# Divides all corners of the price words; where a cut lies between two points, the error is of the second order.
MESH = np.linspace(0.125, 2.375, 577)


def _flat_rules() -> list[tuple[Words, str]]:
    """Per combination of input words the price word, found by following single rules."""
    conclusions = {rule.when: rule.then[1] for rule in rules.RULES}
    flat = []
    for words in product(*([term.word for term in variable.terms] for variable in rules.INPUTS)):
        said = dict(zip([variable.name for variable in rules.INPUTS], words, strict=True))
        effort = conclusions[("steps", said["steps"]), ("references", said["references"])]
        complexity = conclusions[("size", said["size"]), ("effort", effort)]
        flat.append((said, conclusions[("complexity", complexity), ("time", said["time"])]))
    return flat


def _sides(shape: Trapezoid) -> list[float]:
    return [shape.left, shape.top_left, shape.top_right, shape.right]


def _corners(variable: Variable) -> np.ndarray:
    return np.unique([side for term in variable.terms for side in _sides(term.shape)])


def _degrees(variable: Variable, x: float) -> dict[str, float]:
    """Between corners, scikit-fuzzy's interpolation is exact."""
    universe, inside = _corners(variable), np.clip(x, variable.low, variable.high)
    return {
        term.word: skfuzzy.interp_membership(universe, skfuzzy.trapmf(universe, _sides(term.shape)), inside)
        for term in variable.terms
    }


def test_a_dense_grid_agrees() -> None:
    flat, points = _flat_rules(), grids.over_all(between=1)
    assert len(flat) == 4 * 3 * 2 * 3
    cuts = {term.word: skfuzzy.trapmf(MESH, _sides(term.shape)) for term in rules.PRICE.terms}
    known = {(of.name, x): _degrees(of, x) for of in rules.INPUTS for x in grids.along(of, between=1)}
    seen: dict[tuple[float, ...], float] = {}
    for point in points:
        strengths: defaultdict[str, float] = defaultdict(float)
        for words, price in flat:
            strength = min(known[name, point[name]][word] for name, word in words.items())
            strengths[price] = max(strengths[price], strength)
        key = tuple(strengths[word] for word in cuts)
        if key not in seen:
            outline = np.max([np.fmin(strengths[word], cut) for word, cut in cuts.items()], axis=0)
            seen[key] = skfuzzy.defuzz(MESH, outline, "centroid")
        assert rules.ENGINE.infer(point).value == pytest.approx(seen[key], abs=1e-4), point


# numpy 2.4 warns of how scikit-fuzzy 0.5 calls np.maximum; the result is right.
@pytest.mark.filterwarnings("ignore:Passing more than 2 positional arguments:DeprecationWarning")
def test_its_control_system_agrees_exactly() -> None:
    """It adds the cuts to its mesh, so it is exact too."""
    antecedents = {variable.name: control.Antecedent(_corners(variable), variable.name) for variable in rules.INPUTS}
    for variable in rules.INPUTS:
        for term in variable.terms:
            antecedent = antecedents[variable.name]
            antecedent[term.word] = skfuzzy.trapmf(antecedent.universe, _sides(term.shape))
    price = control.Consequent(_corners(rules.PRICE), "price")
    for term in rules.PRICE.terms:
        price[term.word] = skfuzzy.trapmf(price.universe, _sides(term.shape))
    flat = []
    for words, concluded in _flat_rules():
        one, two, three, four = (antecedents[name][word] for name, word in words.items())
        flat.append(control.Rule(one & two & three & four, price[concluded]))
    simulation = control.ControlSystemSimulation(control.ControlSystem(flat))
    for size, steps, references, time in [
        (1.0, 1.0, 0, 1.0),
        (1.3, 1.2, 1, 1.6),
        (0.5, 0.7, 2, 0.6),
        (3.1, 1.9, 3, 2.2),
    ]:
        point = {"size": size, "steps": steps, "references": references, "time": time}
        simulation.inputs(point)
        simulation.compute()
        assert rules.ENGINE.infer(point).value == pytest.approx(simulation.output["price"], abs=1e-9), point
