"""The catalogue as pages read it: from the cache, a query only when that is cold. Also the sync from its file."""

import tomllib
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.db import transaction

from generation.models import InferenceModel
from generation.providers import registry

FILE = Path(__file__).with_name("catalogue.toml")
KEY, SECONDS = "catalogue:2", 60  # the number changes with the fields of the row


def listed() -> list[InferenceModel]:
    """Every model of the picker, in order, also those that are switched off; only of providers this site has."""
    rows: list[InferenceModel] | None = cache.get(KEY)
    if rows is None:
        rows = [row for row in InferenceModel.objects.listed() if registry.is_configured(row.provider)]
        cache.set(KEY, rows, SECONDS)
    return rows


def find(slug: str) -> InferenceModel | None:
    return next((model for model in listed() if model.slug == slug), None)


def forget() -> None:
    """A switch was turned: open pages and the next submit see it at once."""
    cache.delete(KEY)


@transaction.atomic
def sync(path: Path = FILE) -> tuple[int, int]:
    """Write the file's rows; returns how many are listed and how many were retired. Idempotent."""
    rows: dict[str, dict[str, Any]] = tomllib.loads(path.read_text())
    for position, (slug, fields) in enumerate(rows.items()):
        InferenceModel.objects.update_or_create(
            slug=slug, defaults={**fields, "position": position, "is_retired": False}
        )
    retired = InferenceModel.objects.filter(is_retired=False).exclude(slug__in=rows).update(is_retired=True)
    transaction.on_commit(forget)
    return len(rows), retired
