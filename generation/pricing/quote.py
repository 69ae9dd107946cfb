"""The quote: an itemised upper bound, signed so that what was shown is what is reserved."""

import hashlib
from dataclasses import asdict, dataclass

from django.conf import settings
from django.core import signing

from config.templatetags import show
from generation.errors import QuoteExpired
from generation.models import InferenceModel
from generation.pricing import price
from generation.shapes import SHAPES

SALT = "generation.quote"


@dataclass(frozen=True)
class Line:
    """One line of the explanation: what, why in plain words, and its amount as text."""

    label: str
    note: str
    amount: str


@dataclass(frozen=True)
class Quote:
    """Credits for one picture times pictures, with the lines that explain them."""

    price_credits: int
    count: int
    rules_version: int
    expected_seconds: float  # for one picture, as it was when the price was shown
    lines: tuple[Line, ...]

    @property
    def total_credits(self) -> int:
        return self.price_credits * self.count

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "total_credits": self.total_credits}


def make(*, model: InferenceModel, aspect_ratio: str, count: int) -> Quote:
    """The price of `count` pictures: by the fuzzy rules for one, times pictures."""
    priced = price.credits_per_picture(rate=model.price_credits, megapixels=SHAPES[aspect_ratio].megapixels)
    seconds = show.seconds(model.typical_seconds)
    labels = {"rate": f"{model.name}, its rate", "time": f"About {seconds}"}
    parts = [Line(labels.get(part.about, part.label), part.note, part.amount) for part in priced.lines]
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    return Quote(
        price_credits=priced.credits,
        count=count,
        rules_version=priced.version,
        expected_seconds=model.typical_seconds,
        lines=(*parts, Line(pictures, "only stored pictures are charged", f"× {count}")),
    )


def sign(quote: Quote, *, model: InferenceModel, aspect_ratio: str) -> str:
    """A token that says which request costs what; valid for QUOTE_SECONDS."""
    return signing.dumps(_terms(quote, model.slug, aspect_ratio), salt=SALT)


def accept(token: str, *, model: InferenceModel, aspect_ratio: str, count: int) -> Quote:
    """The quote behind a token that was shown for exactly this request. Raises QuoteExpired."""
    try:
        terms = signing.loads(token, salt=SALT, max_age=settings.QUOTE_SECONDS)
    except signing.BadSignature as error:  # SignatureExpired is one
        raise QuoteExpired from error
    quote = make(model=model, aspect_ratio=aspect_ratio, count=count)
    if terms != _terms(quote, model.slug, aspect_ratio):
        raise QuoteExpired
    return quote


def _terms(quote: Quote, slug: str, aspect_ratio: str) -> list[object]:
    shown = hashlib.sha256(repr(quote.lines).encode()).hexdigest()[:16]
    terms = [slug, aspect_ratio, quote.count, quote.price_credits, quote.rules_version, quote.expected_seconds]
    return [*terms, shown]
