"""The quote: an itemised upper bound, carried signed by the form that showed it, so that what was shown is what is
reserved, whatever the price has become meanwhile."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.core import signing

from config.templatetags import show
from generation.errors import QuoteExpired
from generation.models import InferenceModel
from generation.pricing import price
from generation.shapes import SHAPES

# The number is the layout of the token: one of another layout, shown before a deploy, has expired.
SALT = "generation.quote:2"


@dataclass(frozen=True)
class Line:
    """One line of the explanation: what, why in plain words, and its amount as text."""

    label: str
    note: str
    amount: str


@dataclass(frozen=True)
class Quote:
    """Credits for one picture times pictures, with the lines that explain them and the same in a few words."""

    price_credits: int
    count: int
    rules_version: int
    expected_seconds: float  # for one picture, as it was when the price was shown
    summary: str
    lines: tuple[Line, ...]

    @property
    def total_credits(self) -> int:
        return self.price_credits * self.count

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "total_credits": self.total_credits}


def make(
    *, model: InferenceModel, aspect_ratio: str, count: int, steps: int | None = None, references: int = 0
) -> Quote:
    """The price of `count` pictures: by the fuzzy rules for one, times pictures.

    `steps` None means the model's normal ones; `references` is the number of pictures to follow.
    """
    priced = price.credits_per_picture(
        rate=model.price_credits,
        megapixels=SHAPES[aspect_ratio].megapixels,
        steps_ratio=steps / model.normal_steps if steps and model.normal_steps else 1.0,
        references=references,
        time_ratio=model.expected_seconds / model.typical_seconds,
    )
    return Quote(
        price_credits=priced.credits,
        count=count,
        rules_version=priced.version,
        expected_seconds=model.expected_seconds,
        summary=priced.summary if count == 1 else f"{priced.summary}, times {count}",
        lines=_lines(priced, model, count),
    )


def _lines(priced: price.Priced, model: InferenceModel, count: int) -> tuple[Line, ...]:
    """The parts of one picture's price in this model's words, then how many times it counts."""
    seconds = show.brief_seconds(model.expected_seconds)
    labels = {"rate": f"{model.name}, its rate", "time": f"About {seconds} a picture"}
    notes = {"time": f"; median of its last {model.measured_runs} runs"} if model.measured_seconds else {}
    parts = [
        Line(labels.get(part.about, part.label), part.note + notes.get(part.about, ""), part.amount)
        for part in priced.lines
    ]
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    return *parts, Line(pictures, "only stored pictures are charged", f"× {count}")


def sign(
    quote: Quote, *, model: InferenceModel, aspect_ratio: str, steps: int | None = None, references: int = 0
) -> str:
    """A token that carries the whole quote and names its request; valid for QUOTE_SECONDS, for any number of jobs."""
    asked = _asked(model, aspect_ratio, quote.count, steps, references)
    lines = [[line.label, line.note, line.amount] for line in quote.lines]
    terms = [quote.price_credits, quote.count, quote.rules_version, quote.expected_seconds, quote.summary, lines]
    return signing.dumps([asked, terms], salt=SALT, compress=True)


def accept(
    token: str,
    *,
    model: InferenceModel,
    aspect_ratio: str,
    count: int,
    steps: int | None = None,
    references: int = 0,
) -> Quote:
    """The quote behind a token, exactly as it was shown for exactly this request. Raises QuoteExpired.

    It is not made anew: neither a new rate nor a new median or rule base moves a price that somebody has seen.
    """
    try:
        asked, terms = signing.loads(token, salt=SALT, max_age=settings.QUOTE_SECONDS)
    except signing.BadSignature as error:  # SignatureExpired is one
        raise QuoteExpired from error
    if asked != _asked(model, aspect_ratio, count, steps, references):
        raise QuoteExpired
    return _read(terms)


def _asked(
    model: InferenceModel, aspect_ratio: str, count: int, steps: int | None, references: int
) -> list[str | int | None]:
    """All that decides about the price but the price list itself, and whether only purchased credits pay."""
    shape = SHAPES[aspect_ratio]
    return [model.slug, int(model.is_pro), aspect_ratio, shape.width, shape.height, count, steps, references]


def _read(terms: Sequence[Any]) -> Quote:
    price_credits, count, rules_version, expected_seconds, summary, lines = terms
    return Quote(price_credits, count, rules_version, expected_seconds, summary, tuple(Line(*line) for line in lines))
