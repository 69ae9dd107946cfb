"""The rule base of prices, as data: what each word means and which words follow from which. Change it together with
VERSION. It prices nothing itself; `price.py` does.

Every word is a level. The usual one is 0, the next one up 1, and each rule adds the levels of its reasons. The price is
the model's rate times 1 + level / 4. Only this regularity makes the price monotone (see PRICE), so tests hold it."""

from generation.pricing.fuzzy import Engine, Rule, Term, Trapezoid, Variable, triangle

VERSION = 2

# Megapixels. All our shapes (0.99 to 1.06) are fully ordinary. Nothing above four is told apart.
SIZE = Variable(
    name="size",
    low=0.25,
    high=4.0,
    terms=(
        Term("small", triangle(0.25, 0.25, 0.95)),
        Term("ordinary", Trapezoid(0.25, 0.95, 1.10, 2.0)),
        Term("large", triangle(1.10, 2.0, 4.0)),
        Term("very large", triangle(2.0, 4.0, 4.0)),
    ),
)

# Steps, as a multiple of the model's normal steps.
STEPS = Variable(
    name="steps",
    low=0.5,
    high=2.0,
    terms=(
        Term("few", triangle(0.5, 0.5, 1.0)),
        Term("usual", triangle(0.5, 1.0, 2.0)),
        Term("many", triangle(1.0, 2.0, 2.0)),
    ),
)

# Reference pictures that the model has to follow besides the words.
REFERENCES = Variable(
    name="references",
    low=0.0,
    high=4.0,
    terms=(
        Term("plain", triangle(0.0, 0.0, 4.0)),
        Term("complex", triangle(0.0, 4.0, 4.0)),
    ),
)

# Expected time, as a multiple of the model's typical time. The broad middle keeps a median's jitter out of prices.
TIME = Variable(
    name="time",
    low=0.4,
    high=2.5,
    terms=(
        Term("quick", triangle(0.4, 0.4, 0.8)),
        Term("usual", Trapezoid(0.4, 0.8, 1.25, 2.5)),
        Term("slow", triangle(1.25, 2.5, 2.5)),
    ),
)

INPUTS = (SIZE, STEPS, REFERENCES, TIME)


STEP = 0.25  # one level, as a part of the model's rate


def _price_term(word: str, level: int) -> Term:
    """A trapezoid around 1 + 0.25 x level that touches its neighbours; its top is half as wide as its base."""
    centre = 1 + STEP * level
    return Term(word, Trapezoid(centre - STEP / 2, centre - STEP / 4, centre + STEP / 4, centre + STEP / 2))


# The multiple of the model's rate. Why none of the four inputs can lower it by rising:
#
# 1. An input has at most two neighbouring words at once, with degrees 1 - d and d. So the levels that hold to a degree
#    of at least t are a run without gaps. Above 1/2 it is one level, the top; below, each input with t <= d < 1/2
#    lengthens it by one level up and each with t <= 1 - d < 1/2 by one level down.
# 2. The price terms are congruent, symmetric and do not overlap. So the centroid m is the mean of the levels, each
#    weighted by the area A(degree) of its term below that degree; A'(t) is the term's width at height t.
# 3. Let d of one input rise below 1/2; above, all is the mirror image. Count levels from the top. Let u other inputs
#    reach up at least as far as d, and q less far. Level u + 1 gains weight by A'(d); and if no other input's better
#    word is as weak as 1 - d, that alone bounds the top, which loses weight by A'(1 - d).
# 4. If another is weaker, m rises if m <= u + 1. Above u + 1 are q levels, of A(d) at most, at distances 1 to q. Below
#    are u + 1 levels of A(d) at least; if u = 0, the weaker input reaches down, which makes two. So it is enough that
#    q <= max(u + 1, 2), and four inputs leave q <= 3 - max(u, 1).
# 5. If none is, u = 0 and m rises if A'(d) (1 - m) + A'(1 - d) m >= 0. Up to m = 1 that holds, since A' never rises.
#    Beyond, m <= 2, since weights fall over the levels 0 to 4 at most, and A'(1 - d) >= A'(d) / 2 is enough: it holds,
#    since a term's top is half as wide as its base.
PRICE = Variable(
    name="price",
    low=0.0,
    high=2.5,
    terms=(
        _price_term("a quarter of the rate", -3),
        _price_term("half the rate", -2),
        _price_term("three quarters of the rate", -1),
        _price_term("the rate", 0),
        _price_term("a quarter more", 1),
        _price_term("half more", 2),
        _price_term("three quarters more", 3),
        _price_term("double", 4),
        _price_term("double and a quarter", 5),
    ),
)


def _table(first: str, second: str, concludes: str, words: str, rows: dict[str, str]) -> tuple[Rule, ...]:
    """Rules from a table: a row per word of `first`, a column per word of `second`, columns apart by |."""
    columns = [word.strip() for word in words.split("|")]
    return tuple(
        Rule(when=((first, row), (second, column)), then=(concludes, conclusion.strip()))
        for row, conclusions in rows.items()
        for column, conclusion in zip(columns, conclusions.split("|"), strict=True)
    )


# fmt: off
EFFORT_RULES = _table("steps", "references", "effort",
                 "plain       | complex", {
    "few":       "simple      | usual",
    "usual":     "usual       | complex",
    "many":      "complex     | very complex",
})

COMPLEXITY_RULES = _table("size", "effort", "complexity",
                   "simple       | usual          | complex        | very complex", {
    "small":       "very light   | light          | ordinary       | demanding",
    "ordinary":    "light        | ordinary       | demanding      | very demanding",
    "large":       "ordinary     | demanding      | very demanding | heavy",
    "very large":  "demanding    | very demanding | heavy          | very heavy",
})

PRICE_RULES = _table("complexity", "time", "price",
                      "quick                      | usual                      | slow", {
    "very light":     "a quarter of the rate      | half the rate              | three quarters of the rate",
    "light":          "half the rate              | three quarters of the rate | the rate",
    "ordinary":       "three quarters of the rate | the rate                   | a quarter more",
    "demanding":      "the rate                   | a quarter more             | half more",
    "very demanding": "a quarter more             | half more                  | three quarters more",
    "heavy":          "half more                  | three quarters more        | double",
    "very heavy":     "three quarters more        | double                     | double and a quarter",
})
# fmt: on

RULES = EFFORT_RULES + COMPLEXITY_RULES + PRICE_RULES

ENGINE = Engine(inputs=INPUTS, rules=RULES, output=PRICE)
