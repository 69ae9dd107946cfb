"""One's own pictures: what a filter means, and pages and bounded pieces of what matches. Reads only.

A filter narrows a walk over the owner's pictures, newest first. A page walks over at most WALK_MAX of them, so that
somebody with a hundred thousand waits no longer than somebody with a hundred; where that ended the page says so, and
its cursor goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db import models
from django.db.models import Count, Min, Q
from django.http import QueryDict

from config import cursors
from gallery import days, paging
from gallery.errors import BadFilter
from generation import catalogue
from generation.fields import one_line
from generation.models import Asset, InferenceModel, OutputKind, Visibility
from generation.models.asset import AssetQuerySet
from generation.shapes import SHAPES

PAGE_SIZE = 40
BATCH = 200
WALK_MAX = 5_000
QUERY_MAX = 200
WORDS_MAX = 12
PANORAMA = 2.0


class Form(models.TextChoices):
    """Shapes as people call them: of the ratios that a picture may have."""

    LANDSCAPE = "landscape"
    SQUARE = "square"
    PORTRAIT = "portrait"
    PANORAMA = "panorama"


def _form(ratio: float) -> Form:
    if ratio >= PANORAMA:
        return Form.PANORAMA
    if ratio == 1:
        return Form.SQUARE
    return Form.LANDSCAPE if ratio > 1 else Form.PORTRAIT


RATIOS: Final = {
    form: tuple(shape.value for shape in SHAPES.values() if _form(shape.width / shape.height) == form) for form in Form
}


@dataclass(frozen=True)
class Filter:
    """What is looked for: checked values, as the address says them. Several of one kind mean any of them."""

    q: str = ""
    models: tuple[InferenceModel, ...] = ()
    shapes: tuple[str, ...] = ()
    visibilities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values for an address or hidden fields; nothing for what is not set."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [("model", model.slug) for model in self.models]
        pairs += [("shape", shape) for shape in self.shapes]
        pairs += [("visibility", visibility) for visibility in self.visibilities]
        pairs += [("kind", kind) for kind in self.kinds]
        bounds = {"since": self.since, "until": self.until}
        return pairs + [(name, day.isoformat()) for name, day in bounds.items() if day]

    @property
    def is_set(self) -> bool:
        return bool(self.pairs)


@dataclass(frozen=True)
class Shelf:
    """A page of one's own pictures. `walked`: so many were looked at and the rest were not; older ones may match."""

    items: list[Asset]
    after: str = ""
    walked: int = 0
    upto: str = field(default="", compare=False)
    """The newest picture there was when the first page was made: "all matching" never takes one that came later."""


# --- The filter ------------------------------------------------------------------------------------------------------


def parse(told: QueryDict) -> Filter:
    """The filter of an address or a form. Empty values mean not set. Raises BadFilter."""
    return Filter(
        q=_words(told.get("q", "")),
        models=_models(told),
        shapes=_chosen(told, "shape", Form.values),
        visibilities=_chosen(told, "visibility", Visibility.values),
        kinds=_chosen(told, "kind", OutputKind.values),
        since=_day(told, "since"),
        until=_day(told, "until"),
    )


def _words(text: str) -> str:
    """One line of text. What has no place in text is a gap between words."""
    words = one_line(text[: QUERY_MAX * 4])
    if len(words) > QUERY_MAX:
        raise BadFilter(field="q", sentence=f"A search has at most {QUERY_MAX} characters.")
    if len(words.split()) > WORDS_MAX:
        raise BadFilter(field="q", sentence=f"A search has at most {WORDS_MAX} words.")
    return words


def _chosen(told: QueryDict, name: str, known: list[str]) -> tuple[str, ...]:
    values = {value for value in told.getlist(name) if value}
    if not values <= set(known):
        raise BadFilter(field=name, sentence=f"{name.capitalize()} is one of {', '.join(known)}.")
    return tuple(value for value in known if value in values)


def _models(told: QueryDict) -> tuple[InferenceModel, ...]:
    """By slug; also those that have left the picker, whose pictures stay."""
    slugs = {slug for slug in told.getlist("model") if slug}
    found = {slug: model for slug in slugs if (model := catalogue.find(slug))}
    if missing := slugs - set(found):
        rows = InferenceModel.objects.filter(slug__in=[slug for slug in missing if "\0" not in slug])
        found |= {model.slug: model for model in rows}
    if slugs - set(found):
        raise BadFilter(field="model", sentence="Model is one of those that are listed.")
    return tuple(found[slug] for slug in sorted(found))


def _day(told: QueryDict, name: str) -> date | None:
    text = told.get(name, "")
    try:
        return days.read(text) if text else None
    except ValueError as error:
        raise BadFilter(field=name, sentence=f"{name.capitalize()} is a day, like 2026-06-18.") from error


# --- Pages -----------------------------------------------------------------------------------------------------------


def page(*, owner_id: int, wanted: Filter, after: str = "", upto: str = "") -> Shelf:
    """One page, newest first: one query, or two with a filter. Raises BrokenCursor."""
    below = paging.numbers(after, 1)[0] if after else None
    if upto:
        paging.numbers(upto, 1)
    lowest, walked = _walk(owner_id, below) if wanted.is_set else (None, 0)
    rows = _matching(owner_id, wanted, below=below)
    found = list((rows.filter(pk__gte=lowest) if lowest else rows)[: PAGE_SIZE + 1])
    if not upto and found and not after:
        upto = cursors.write(found[0].pk)
    if len(found) > PAGE_SIZE:
        return Shelf(found[:PAGE_SIZE], cursors.write(found[PAGE_SIZE - 1].pk), upto=upto)
    if walked == WALK_MAX and lowest:
        return Shelf(found, cursors.write(lowest), walked, upto=upto)
    return Shelf(found, upto=upto)


def batches(*, owner_id: int, wanted: Filter, upto: str = "") -> Iterator[list[int]]:
    """The ids of all that match, newest first, in bounded pieces; nothing newer than `upto`. Raises BrokenCursor.

    Without `upto` what arrives after the first piece was read is left out all the same: pieces only go down.
    """
    below = paging.numbers(upto, 1)[0] + 1 if upto else None
    while True:
        ids = list(_matching(owner_id, wanted, below=below).values_list("pk", flat=True)[:BATCH])
        if ids:
            yield ids
        if len(ids) < BATCH:
            return
        below = ids[-1]


def _own(owner_id: int, below: int | None) -> AssetQuerySet:
    rows = Asset.objects.filter(owner=owner_id, deleted_at__isnull=True).order_by("-pk")
    return rows.filter(pk__lt=below) if below else rows


def _walk(owner_id: int, below: int | None) -> tuple[int | None, int]:
    """Where the walk of one page ends, and over how many pictures it goes: read from the index alone."""
    ends = _own(owner_id, below).values("pk")[:WALK_MAX].aggregate(lowest=Min("pk"), walked=Count("pk"))
    return ends["lowest"], ends["walked"]


def _matching(owner_id: int, wanted: Filter, *, below: int | None) -> AssetQuerySet:
    rows = _own(owner_id, below)
    if wanted.visibilities:
        rows = rows.filter(visibility__in=wanted.visibilities)
    if wanted.kinds:
        rows = rows.filter(kind__in=wanted.kinds)
    if wanted.shapes:
        rows = rows.filter(aspect_ratio__in=[ratio for shape in wanted.shapes for ratio in RATIOS[Form(shape)]])
    if wanted.models:
        rows = rows.filter(Q(model__in=wanted.models) | Q(model__isnull=True, job__model__in=wanted.models))
    if since := days.begins(wanted.since):
        rows = rows.filter(created_at__gte=since)
    if until := days.ends(wanted.until):
        rows = rows.filter(created_at__lt=until)
    return _saying(rows, wanted.q)


def _saying(rows: AssetQuerySet, text: str) -> AssetQuerySet:
    """Those with each of the words in prompt or title. Parts of words count: one's own search is narrow anyway."""
    for word in text.split():
        rows = rows.filter(Q(job__prompt_written__icontains=word) | Q(post__title__icontains=word))
    return rows
