"""A small Mamdani inference engine: values in, one number out, the same on every machine. Pure Python, no Django, no
numpy. It knows nothing of prices.

AND is min, implication is min, aggregation is max, and the number is the centroid of the result. Rules may chain: what
one concludes can be a reason of later ones, without a number in between. As min and max distribute over each other, a
chain gives exactly what the flat rule base of all its combinations would."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

Fact = tuple[str, str]  # variable, word
Piece = tuple[float, float, float, float]  # of a line: x, y, and x, y further right


@dataclass(frozen=True)
class Trapezoid:
    """A membership function: 0 up to `left`, 1 from `top_left` to `top_right`, 0 again from `right` on."""

    left: float
    top_left: float
    top_right: float
    right: float

    def __post_init__(self) -> None:
        if not self.left <= self.top_left <= self.top_right <= self.right:
            raise ValueError(f"corners out of order: {self}")

    def degree(self, x: float) -> float:
        """How far x belongs, 0 to 1. A vertical side belongs with 1."""
        if x < self.top_left:
            return (x - self.left) / (self.top_left - self.left) if x > self.left else 0.0
        if x > self.top_right:
            return (self.right - x) / (self.right - self.top_right) if x < self.right else 0.0
        return 1.0

    def corners(self, height: float) -> tuple[float, float, float, float]:
        """Where the function bends when it is cut off at `height`."""
        rise, fall = self.top_left - self.left, self.right - self.top_right
        return self.left, self.left + height * rise, self.right - height * fall, self.right


def triangle(left: float, peak: float, right: float) -> Trapezoid:
    """The membership function that is 1 at `peak` only."""
    return Trapezoid(left, peak, peak, right)


@dataclass(frozen=True)
class Term:
    """A word and what it means."""

    word: str
    shape: Trapezoid


@dataclass(frozen=True)
class Variable:
    """A quantity in words. Values outside `low` to `high` count as the nearer end."""

    name: str
    low: float
    high: float
    terms: tuple[Term, ...]

    def clamp(self, x: float) -> float:
        return min(max(x, self.low), self.high)

    def degrees(self, x: float) -> list[float]:
        """Per term, how far x belongs."""
        inside = self.clamp(x)
        return [term.shape.degree(inside) for term in self.terms]


@dataclass(frozen=True)
class Rule:
    """If all of `when` hold, `then` holds as far as the weakest of them."""

    when: tuple[Fact, ...]
    then: Fact

    def __str__(self) -> str:
        reasons = " and ".join(f"{variable} is {word}" for variable, word in self.when)
        return f"If {reasons}, {self.then[0]} is {self.then[1]}."


@dataclass(frozen=True)
class Inference:
    """The number, and every fact that holds at all with its degree."""

    value: float
    memberships: tuple[tuple[str, str, float], ...]


class Engine:
    """A rule base made ready: each fact is a place in a list, each rule the places it reads and the one it raises."""

    def __init__(self, *, inputs: tuple[Variable, ...], rules: tuple[Rule, ...], output: Variable) -> None:
        """Raises ValueError for a fact used before it is concluded, and for an output with an unknown word or a
        vertical side."""
        self.inputs, self.rules, self.output = inputs, rules, output
        self._places = {(of.name, term.word): i for i, (of, term) in enumerate(_terms(inputs))}
        self._compiled = [self._compile(i) for i in range(len(rules))]
        self._outputs = [(self._places[output.name, term.word], term.shape) for term in self._concluded_outputs()]
        self._facts = list(self._places)

    def infer(self, values: Mapping[str, float]) -> Inference:
        """The output's number for one value per input variable."""
        degrees = [degree for variable in self.inputs for degree in variable.degrees(values[variable.name])]
        degrees += [0.0] * (len(self._places) - len(degrees))
        for reads, raises in self._compiled:
            degrees[raises] = max(degrees[raises], min([degrees[place] for place in reads]))
        clipped = [(shape, degrees[place]) for place, shape in self._outputs if degrees[place] > 0]
        holding = tuple((*fact, degree) for fact, degree in zip(self._facts, degrees, strict=True) if degree > 0)
        return Inference(value=centroid(clipped), memberships=holding)

    def _compile(self, position: int) -> tuple[tuple[int, ...], int]:
        rule = self.rules[position]
        late = {later.then for later in self.rules[position:]}
        for fact in rule.when:
            if fact not in self._places or fact in late:
                raise ValueError(f"{fact} is used before it is concluded: {rule}")
        place = self._places.setdefault(rule.then, len(self._places))
        return tuple(self._places[fact] for fact in rule.when), place

    def _concluded_outputs(self) -> list[Term]:
        words = {word for name, word in (rule.then for rule in self.rules) if name == self.output.name}
        terms = [term for term in self.output.terms if term.word in words]
        if not terms or len(terms) < len(words):
            raise ValueError(f"a rule concludes a word that {self.output.name} does not have")
        if any(term.shape.left == term.shape.top_left or term.shape.right == term.shape.top_right for term in terms):
            raise ValueError(f"{self.output.name} has a vertical side; the centroid is exact for sloped ones only")
        return terms


def centroid(clipped: Sequence[tuple[Trapezoid, float]]) -> float:
    """The centre of gravity below the highest of some trapezoids, each cut off at its height.

    That outline is a chain of straight lines, so the integrals are sums over its pieces: exact, with no grid. Raises
    ZeroDivisionError when nothing has a height.
    """
    area = moment = 0.0
    for a, ya, b, yb in _pieces(sorted(clipped, key=lambda cut: cut[0].left)):
        area += (b - a) * (ya + yb) / 2
        moment += (b - a) * (a * (2 * ya + yb) + b * (ya + 2 * yb)) / 6
    return moment / area


def _pieces(clipped: Sequence[tuple[Trapezoid, float]]) -> Iterable[Piece]:
    """The outline of trapezoids sorted from the left. Ones that do not overlap need no look at each other."""
    if all(one.right <= other.left for (one, _), (other, _) in pairwise(clipped)):
        for shape, height in clipped:
            left, top_left, top_right, right = shape.corners(height)
            yield left, 0.0, top_left, height
            yield top_left, height, top_right, height
            yield top_right, height, right, 0.0
    else:
        bends = sorted({x for shape, height in clipped for x in shape.corners(height)})
        for x0, x1 in pairwise(bends):
            yield from _outline(clipped, x0, x1)


def _outline(clipped: Sequence[tuple[Trapezoid, float]], x0: float, x1: float) -> Iterable[Piece]:
    """The highest line over x0 to x1, where nothing bends."""
    lines = [
        (min(shape.degree(x0), height), min(shape.degree(x1), height))
        for shape, height in clipped
        if shape.left <= x0 and x1 <= shape.right
    ]
    if len(lines) < 2:
        return [(x0, line[0], x1, line[1]) for line in lines]
    crossings = {_crossing(one, other) for one, other in combinations(lines, 2)}
    parts = sorted({0.0, 1.0} | {part for part in crossings if 0 < part < 1})
    tops = [(x0 + (x1 - x0) * part, max(y0 + (y1 - y0) * part for y0, y1 in lines)) for part in parts]
    return [(*here, *there) for here, there in pairwise(tops)]


def _crossing(one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far along two lines meet, as a part of their common span; outside 0 to 1 when they do not."""
    before, after = one[0] - other[0], one[1] - other[1]
    return before / (before - after) if before * after < 0 else -1.0


def _terms(variables: tuple[Variable, ...]) -> list[tuple[Variable, Term]]:
    return [(variable, term) for variable in variables for term in variable.terms]
