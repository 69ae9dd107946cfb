"""What a visitor of the gallery looks for: read from an address, checked once, written back into addresses."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from django.core.cache import cache
from django.db import models
from django.db.models import Exists, OuterRef

from config import caches
from gallery import days
from gallery.errors import BadFilter
from gallery.models import Post
from gallery.paging import Order
from generation import catalogue
from generation.fields import one_line
from generation.models import InferenceModel
from generation.shapes import SHAPES
from generation.tones import TONES

if TYPE_CHECKING:
    from django.http import QueryDict

WORDS_MAX = 200
ARTISTS_MAX = 10
SCORE_MAX = 100
SHOWN_MAX = 40  # characters of a wrong value that its error repeats
MODELS_KEY, MODELS_SECONDS = "finder:models:1", 60

T = TypeVar("T")

_HANDLE = re.compile(r"@?([A-Za-z0-9_]{3,30})")
_SCORE = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)


class Sort(models.TextChoices):
    """As the address says it. Without one a search shows its best matches, and a wall its newest."""

    NEW = "new", "New"
    LIKED = "liked", "Liked"
    RATED = "rated", "Rated"


class Mode(models.TextChoices):
    """How the words are meant: as words, or as a description of what is seen."""

    WORDS = "words", "Words"
    LOOK = "look", "Look"
    BOTH = "both", "Words and look"


@dataclass(frozen=True)
class ModelChoice:
    """A model that pictures may be of; offered in the menu when it is current or has made one that is shown."""

    pk: int
    slug: str
    name: str
    is_offered: bool


@dataclass(frozen=True)
class Chip:
    """One active filter, and the address without it."""

    label: str
    url: str


@dataclass(frozen=True)
class Choice:
    """One box of a menu, as it was left."""

    value: str
    label: str
    is_checked: bool


@dataclass(frozen=True)
class Menu:
    """The boxes of one filter."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Finder:
    """Checked values; empty means not set. Several values of one filter are alternatives, filters add up."""

    words: str = ""
    models: tuple[ModelChoice, ...] = ()
    ratios: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    sort: str = ""
    mode: str = ""
    min_score: str = ""

    @property
    def order(self) -> Order:
        if not self.sort:
            return Order.MATCH if self.words else Order.NEW
        return Order[self.sort.upper()]

    @property
    def is_set(self) -> bool:
        """Whether anything narrows the wall."""
        return self != replace(Finder(), sort=self.sort, mode=self.mode, min_score=self.min_score)

    @property
    def from_moment(self) -> datetime | None:
        return days.begins(self.since)

    @property
    def to_moment(self) -> datetime | None:
        return days.ends(self.until)

    def query(self) -> str:
        """The same as the part of an address behind the question mark, in one order, without what is not set."""
        said = [
            ("q", self.words),
            ("mode", self.mode),
            *(("model", model.slug) for model in self.models),
            *(("ratio", ratio) for ratio in self.ratios),
            *(("color", color) for color in self.colors),
            *(("artist", f"@{artist}") for artist in self.artists),
            ("since", self.since.isoformat() if self.since else ""),
            ("until", self.until.isoformat() if self.until else ""),
            ("min_score", self.min_score),
            ("sort", self.sort),
        ]
        return urlencode([(name, value) for name, value in said if value], safe="@:")

    def url(self, path: str) -> str:
        query = self.query()
        return f"{path}?{query}" if query else path

    def chips(self, path: str) -> Iterator[Chip]:
        """Everything that narrows the wall, each with the address without it."""
        if self.words:
            yield Chip(f"“{self.words}”", replace(self, words="").url(path))
        for model in self.models:
            yield Chip(model.name, replace(self, models=_without(self.models, model)).url(path))
        for ratio in self.ratios:
            yield Chip(ratio, replace(self, ratios=_without(self.ratios, ratio)).url(path))
        for color in self.colors:
            yield Chip(color.title(), replace(self, colors=_without(self.colors, color)).url(path))
        for artist in self.artists:
            yield Chip(f"@{artist}", replace(self, artists=_without(self.artists, artist)).url(path))
        if self.since:
            yield Chip(f"From {_said(self.since)}", replace(self, since=None).url(path))
        if self.until:
            yield Chip(f"To {_said(self.until)}", replace(self, until=None).url(path))


def parse(query: "QueryDict") -> Finder:
    """What an address asks for. Names that are not ours are ignored: link trackers add them. Raises BadFilter."""
    finder = Finder(
        words=_words(query.get("q", "")),
        models=tuple(_models(_given(query, "model"))),
        ratios=_known(query, "ratio", SHAPES, "Ratio"),
        colors=_known(query, "color", TONES, "Colour"),
        artists=_artists(_given(query, "artist")),
        since=_day(query, "since", "From"),
        until=_day(query, "until", "To"),
        sort=_one(query, "sort", Sort, "Sort"),
        mode=_one(query, "mode", Mode, "Search by"),
        min_score=_score(query.get("min_score", "")),
    )
    if finder.since and finder.until and finder.since > finder.until:
        raise BadFilter(field="since", sentence="From is a later day than To, so nothing can lie between them.")
    return finder


def sort_of(query: "QueryDict") -> Finder:
    """For a wall that can be sorted and no more. Raises BadFilter."""
    return Finder(sort=_one(query, "sort", Sort, "Sort"))


def menus(query: "QueryDict") -> tuple[Menu, ...]:
    """The boxes of the form, checked as an address says, be it right or wrong."""
    asked = {name: set(query.getlist(name)) for name in ("model", "ratio", "color")}
    models = [(one.slug, one.name) for one in known_models() if one.is_offered or one.slug in asked["model"]]
    told = {
        "model": ("Model", models),
        "ratio": ("Ratio", [(ratio, ratio) for ratio in SHAPES]),
        "color": ("Colour", [(tone, tone.title()) for tone in TONES]),
    }
    return tuple(
        Menu(name, label, tuple(Choice(value, said, value in asked[name]) for value, said in choices))
        for name, (label, choices) in told.items()
    )


def known_models() -> list[ModelChoice]:
    """Every model of the catalogue in its order, retired ones last; from the cache, a query when that is cold."""
    known: list[ModelChoice] | None = cache.get(MODELS_KEY)
    if known is None:
        current = {model.pk for model in catalogue.listed()}
        shown = Post.objects.filter(is_listed=True, model=OuterRef("pk"))
        rows = InferenceModel.objects.order_by("is_retired", "position", "pk")
        told = rows.values_list("pk", "slug", "name", Exists(shown))
        known = [ModelChoice(pk, slug, name, is_shown or pk in current) for pk, slug, name, is_shown in told]
        caches.keep(MODELS_KEY, known, MODELS_SECONDS)
    return known


def _words(text: str) -> str:
    """One line, at most so long; what is cut off is not searched for, and the box shows so."""
    return one_line(text[: WORDS_MAX * 2])[:WORDS_MAX].strip()


def _given(query: "QueryDict", name: str) -> list[str]:
    """The values of a parameter that may repeat, each once, without empty ones."""
    return [value for value in dict.fromkeys(query.getlist(name)) if value]


def _wrong(field: str, label: str, value: str) -> BadFilter:
    shown = value if len(value) <= SHOWN_MAX else value[:SHOWN_MAX] + "…"
    return BadFilter(field=field, sentence=f"{label}: “{shown}” is not one of the choices.")


def _known(query: "QueryDict", name: str, choices: Iterable[str], label: str) -> tuple[str, ...]:
    given, known = _given(query, name), list(choices)
    if wrong := next((value for value in given if value not in known), ""):
        raise _wrong(name, label, wrong)
    return tuple(value for value in known if value in given)


def _one(query: "QueryDict", name: str, choices: type[models.TextChoices], label: str) -> str:
    value = query.get(name, "")
    if value and value not in choices.values:
        raise _wrong(name, label, value)
    return value


def _models(slugs: list[str]) -> Iterator[ModelChoice]:
    known = {model.slug: model for model in known_models()} if slugs else {}
    for slug in slugs:
        if slug not in known:
            raise _wrong("model", "Model", slug)
        yield known[slug]


def _artists(handles: list[str]) -> tuple[str, ...]:
    if len(handles) > ARTISTS_MAX:
        raise BadFilter(field="artist", sentence=f"Artist: at most {ARTISTS_MAX} at a time.")
    found = []
    for handle in handles:
        if not (match := _HANDLE.fullmatch(handle.strip())):
            raise BadFilter(
                field="artist",
                sentence=f"Artist: “{handle[:SHOWN_MAX]}” cannot be a handle. One has 3 to 30 letters, digits or _.",
            )
        found.append(match[1].lower())
    return tuple(dict.fromkeys(found))


def _day(query: "QueryDict", name: str, label: str) -> date | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return days.read(text)
    except ValueError as error:
        raise BadFilter(
            field=name, sentence=f"{label}: “{text[:SHOWN_MAX]}” is no day. Write it like 2026-06-18."
        ) from error


def _score(text: str) -> str:
    if text and not (_SCORE.fullmatch(text) and float(text) <= SCORE_MAX):
        raise BadFilter(field="min_score", sentence=f"Score: “{text[:SHOWN_MAX]}” is no number from 0 to {SCORE_MAX}.")
    return text


def _without(values: tuple[T, ...], one: T) -> tuple[T, ...]:
    return tuple(value for value in values if value != one)


def _said(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
