"""Dense grids over the inputs of prices: every corner of every word, points between, and one beyond each end."""

from itertools import pairwise, product

from generation.pricing import rules
from generation.pricing.fuzzy import Variable


def along(variable: Variable, *, between: int) -> list[float]:
    """An input's corners with `between` points between any two."""
    shapes = [term.shape for term in variable.terms]
    corners = sorted({corner for shape in shapes for corner in shape.corners(1.0)})
    inner = [a + (b - a) * part / (between + 1) for a, b in pairwise(corners) for part in range(1, between + 1)]
    return sorted([variable.low / 2, *corners, *inner, variable.high * 1.5])


def over_all(*, between: int) -> list[dict[str, float]]:
    """Every combination, the last input changing fastest."""
    axes = [along(variable, between=between) for variable in rules.INPUTS]
    return [dict(zip([variable.name for variable in rules.INPUTS], point, strict=True)) for point in product(*axes)]
