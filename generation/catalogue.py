"""The catalogue as pages read it: from the cache, a query only when that is cold. Also the sync from its file."""

import hashlib
import tomllib
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction

from generation.models import InferenceModel, Style
from generation.providers import registry
from generation.providers.replicate import inputs
from generation.shapes import SHAPES

FILE = Path(__file__).with_name("catalogue.toml")
KEY, SECONDS = "catalogue:3", 60  # the number changes with the fields of the row

# What the file decides. All else on a row is its place there, the staff's, or measured.
FILE_FIELDS = (
    "name",
    "about",
    "provider",
    "provider_model",
    "recipe",
    "family",
    "lane",
    "output_kind",
    "aspect_ratios",
    "styles",
    "seed_support",
    "supports_negative",
    "supports_reference",
    "supports_strength",
    "max_count",
    "price_credits",
    "is_pro",
    "cost_usd",
    "cost_basis",
    "typical_seconds",
    "normal_steps",
    "max_steps",
    "normal_guidance",
    "max_guidance",
)


class BadCatalogue(Exception):
    """The file says something that no row can hold; names the model and the field."""


# --- Reads -----------------------------------------------------------------------------------------------------------


def listed() -> list[InferenceModel]:
    """Every model of the picker, in order, also those that are switched off; only of providers this site has."""
    rows: list[InferenceModel] | None = cache.get(KEY)
    if rows is None:
        rows = [row for row in InferenceModel.objects.listed() if registry.is_configured(row.provider)]
        cache.set(KEY, rows, SECONDS)
    return rows


def find(slug: str) -> InferenceModel | None:
    return next((model for model in listed() if model.slug == slug), None)


def version() -> str:
    """Changes with everything that the picker shows, so that an open page knows whether it is current."""
    told = [
        (row.slug, row.name, row.about, row.is_enabled, row.message, row.price_credits, round(row.expected_seconds, 1))
        for row in listed()
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def forget() -> None:
    """A switch was turned: open pages and the next submit see it at once."""
    cache.delete(KEY)


# --- From the file ---------------------------------------------------------------------------------------------------


@transaction.atomic
def sync(path: Path = FILE) -> tuple[int, int]:
    """Write the file's rows; returns how many there are and how many were retired. Idempotent. Raises BadCatalogue.

    What staff brought in by hand stays as it is.
    """
    rows: dict[str, dict[str, Any]] = tomllib.loads(path.read_text())
    imported = set(InferenceModel.objects.filter(is_imported=True).values_list("slug", flat=True))
    for position, (slug, fields) in enumerate(rows.items()):
        if slug in imported:
            raise BadCatalogue(f"{slug}: staff brought in a model of this name")
        values = _values(slug, fields)
        InferenceModel.objects.update_or_create(
            slug=slug, defaults={**values, "position": position, "is_retired": False}
        )
    left = InferenceModel.objects.filter(is_retired=False, is_imported=False).exclude(slug__in=rows)
    retired = left.update(is_retired=True)
    transaction.on_commit(forget)
    return len(rows), retired


def _values(slug: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Every field that the file decides: as it says, else as a new row would have it. Raises BadCatalogue."""
    if unknown := set(fields) - set(FILE_FIELDS):
        raise BadCatalogue(f"{slug}: {', '.join(sorted(unknown))} is nothing that this file decides")
    if "cost_usd" in fields:
        fields = fields | {"cost_usd": Decimal(str(fields["cost_usd"]))}
    row = InferenceModel(slug=slug, **fields)
    try:
        check(row, said=fields)
    except ValidationError as error:
        raise BadCatalogue(f"{slug}: {error.message_dict}") from error
    return {name: getattr(row, name) for name in FILE_FIELDS}


# --- What a row may say ----------------------------------------------------------------------------------------------


def check(row: InferenceModel, *, said: Collection[str]) -> None:
    """Whether a row can be offered, from wherever it comes; `said` are the fields that somebody wrote.

    Raises ValidationError by field.
    """
    row.clean_fields(exclude={field.name for field in row._meta.fields} - set(said))
    row.validate_constraints()
    if odd := set(row.aspect_ratios) - set(SHAPES):
        raise ValidationError({"aspect_ratios": f"{', '.join(sorted(map(str, odd)))} is no shape of ours"})
    if odd := set(row.styles) - set(Style.values):
        raise ValidationError({"styles": f"{', '.join(sorted(map(str, odd)))} is no style of ours"})
    if row.provider not in registry.PROVIDERS:
        raise ValidationError({"provider": f"{row.provider} is none of {', '.join(registry.PROVIDERS)}"})
    if row.provider == "replicate":
        _check_target(row)
        if wrong := inputs.wrong(row.recipe) or list(_misfits(row)):
            raise ValidationError({"recipe": wrong})


def _check_target(row: InferenceModel) -> None:
    try:
        inputs.target(row.provider_model)
    except ValueError as error:
        raise ValidationError({"provider_model": str(error)}) from error


def _misfits(row: InferenceModel) -> Iterator[str]:
    """Where a row promises what its recipe does not send, or the other way round."""
    fields = row.recipe.get("fields", inputs.ONLY_PROMPT)
    if "prompt" not in fields and not row.needs_reference:
        yield "fields: a prompt has to go somewhere"
    if len(row.aspect_ratios) > 1 and "aspect_ratio" not in fields and not {"width", "height"} <= set(fields):
        yield "fields: several shapes need aspect_ratio, or width and height"
    if row.max_count > 1 and "count" not in fields:
        yield "fields: several pictures need count"
    for word, promise in _promises(row).items():
        if promise != (word in fields):
            yield f"fields: {word} is {'promised and not sent' if promise else 'sent and not promised'}"


def _promises(row: InferenceModel) -> dict[str, bool]:
    return {
        "negative": row.supports_negative,
        "reference": row.supports_reference,
        "strength": row.supports_strength,
        "seed": row.supports_seed,
        "steps": row.max_steps is not None,
        "guidance": row.max_guidance is not None,
    }
