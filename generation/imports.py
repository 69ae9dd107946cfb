"""Models that staff bring into the catalogue from Replicate: a row is data, so a new model needs no code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify

from generation import catalogue
from generation.models import InferenceModel, Lane, OutputKind
from generation.providers.replicate import guessing, schema

TRIED = "Being tried"
TYPICAL_SECONDS = 10.0
SLUG_MAX, NAME_MAX, ABOUT_MAX = 50, 60, 160
STYLES = {
    "none": "",
    "realistic": "photograph, natural light, fine detail",
    "anime": "anime illustration, clean lines, cel shading",
    "artistic": "painting, visible brushwork, rich texture",
}
# What staff say of a row; the rest follows from it.
FIELDS = (
    "name",
    "about",
    "provider_model",
    "output_kind",
    "aspect_ratios",
    "max_count",
    "seed_support",
    "normal_steps",
    "max_steps",
    "normal_guidance",
    "max_guidance",
    "styles",
    "recipe",
    "price_credits",
    "is_pro",
    "typical_seconds",
    "cost_usd",
    "cost_basis",
    "family",
)


@dataclass(frozen=True)
class Proposal:
    """Values for the form; `unfilled` are inputs that the model requires and nothing fills yet."""

    values: Mapping[str, Any]
    unfilled: Sequence[str]
    can_be_asked: bool


def propose(model: Mapping[str, Any]) -> Proposal:
    """From what the console knows of a model (generation/providers/replicate/console.py)."""
    version = model["version"]
    taken = [schema.Input(**told) for told in version["inputs"]]
    guess = guessing.guess(taken, version["output_names"])
    address = f"{model['owner']}/{model['name']}"
    values = {
        "slug": _free(slugify(model["name"])[: SLUG_MAX - 3] or "model"),
        "name": model["name"][:NAME_MAX],
        "about": " ".join(model["description"].split())[:ABOUT_MAX],
        "provider_model": address if model["is_official"] else f"{address}:{version['id']}",
        "styles": STYLES if guess.row["output_kind"] == OutputKind.PICTURE else {"none": ""},
        "typical_seconds": TYPICAL_SECONDS,
        **guess.row,
    }
    return Proposal(values, guess.unfilled, can_be_asked=bool(taken))


def _free(slug: str) -> str:
    """It, or the first number after it that no row has."""
    taken = set(InferenceModel.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    return next((name for name in (slug, *(f"{slug}-{number}" for number in range(2, 100))) if name not in taken), slug)


def blank() -> InferenceModel:
    """A row to be filled in: off at first, so that staff can try it before people do."""
    return InferenceModel(
        provider="replicate",
        lane=Lane.PROVIDERS,
        family="",
        price_credits=1,
        is_imported=True,
        is_enabled=False,
        message=TRIED,
    )


def complete(row: InferenceModel) -> None:
    """Set what follows from the rest, and check the whole. Raises ValidationError by field."""
    fields = row.recipe.get("fields", {}) if isinstance(row.recipe, dict) else {}
    row.supports_negative, row.supports_reference, row.supports_strength = (
        word in fields for word in ("negative", "reference", "strength")
    )
    catalogue.check(row, said=[name for name in ("slug", *FIELDS) if getattr(row, name) not in (None, "")])


@transaction.atomic
def add(*, row: InferenceModel, actor_id: int, reason: str) -> None:
    """The row at the end of the picker, and in the admin's log who brought it in. Raises ValidationError by field."""
    complete(row)
    last = InferenceModel.objects.aggregate(last=Max("position"))["last"]
    row.position = 0 if last is None else last + 1
    row.validate_unique()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # between the two somebody took the name
        raise ValidationError({"slug": "Another model has this slug."}) from error
    rows = InferenceModel.objects.filter(pk=row.pk)
    LogEntry.objects.log_actions(actor_id, rows, ADDITION, f"Brought in from Replicate: {reason}", single_object=True)
    transaction.on_commit(catalogue.forget)
