"""Presets: prompts and settings that a person keeps to begin from. The only writer of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.db.models.functions import Now

from config import cursors
from credits.triggers import broken_rule
from generation.errors import BrokenCursor, PresetNameTaken, PresetsFull
from generation.models import Preset

if TYPE_CHECKING:
    from accounts.models import User

PRESETS_MAX = 500
PAGE_SIZE = 40
LATEST_SIZE = 6
# Fields of the studio's form that are settings. A reference picture is none: it is forgotten after a while.
SETTINGS = (
    "model",
    "aspect_ratio",
    "count",
    "style",
    "seed_mode",
    "seed",
    "negative_prompt",
    "steps",
    "guidance",
    "failover",
    "enhance",
)


@dataclass(frozen=True)
class Page:
    """Some presets, and the cursor of those that follow; empty on the last page."""

    items: list[Preset]
    after: str


# --- Reads -----------------------------------------------------------------------------------------------------------


def page(*, owner_id: int, after: str = "") -> Page:
    """The last used first. Raises BrokenCursor."""
    mine = Preset.objects.filter(owner=owner_id).order_by("-used_at", "-pk")
    if after:
        # One row comparison, which walks the index.
        mine = mine.filter(TupleLessThan(Tuple(F("used_at"), F("pk")), _place(after)))
    found = list(mine[: PAGE_SIZE + 1])
    if len(found) <= PAGE_SIZE:
        return Page(found, "")
    end = found[PAGE_SIZE - 1]
    return Page(found[:PAGE_SIZE], cursors.write(end.used_at, end.pk))


def _place(after: str) -> tuple[datetime, int]:
    try:
        number, last = cursors.read(after, 2)
        return cursors.moment(number), last
    except ValueError as error:
        raise BrokenCursor from error


def latest(*, owner_id: int) -> list[Preset]:
    """The few that were used last, for a menu."""
    return list(Preset.objects.filter(owner=owner_id).order_by("-used_at", "-pk")[:LATEST_SIZE])


def find(*, code: str | UUID, owner_id: int | None) -> Preset | None:
    """One's own; None for a code that is malformed, unknown or another's."""
    try:
        uuid = UUID(str(code))
    except ValueError:
        return None
    return Preset.objects.filter(code=uuid, owner=owner_id).first() if owner_id else None


# --- Writes ----------------------------------------------------------------------------------------------------------


def keep(*, owner: "User", name: str, prompt: str, settings: dict[str, Any]) -> Preset:
    """A new one. Raises PresetNameTaken, PresetsFull."""
    with transaction.atomic():
        # Their row is what a person's new presets wait for, one after the other.
        get_user_model()._default_manager.select_for_update(no_key=True).get(pk=owner.pk)
        there = Preset.objects.filter(owner=owner).values_list("pk", flat=True)
        if len(there[:PRESETS_MAX]) >= PRESETS_MAX:
            raise PresetsFull(most=PRESETS_MAX)
        return _saved(Preset(owner=owner, name=name, prompt=prompt, settings=settings))


def edit(*, preset: Preset, name: str, prompt: str, settings: dict[str, Any]) -> Preset:
    """Raises PresetNameTaken."""
    preset.name, preset.prompt, preset.settings = name, prompt, settings
    return _saved(preset)


def delete(*, preset: Preset) -> None:
    Preset.objects.filter(pk=preset.pk).delete()


def used(*, preset: Preset) -> None:
    """It comes first from now on."""
    Preset.objects.filter(pk=preset.pk).update(used_at=Now())


def _saved(preset: Preset) -> Preset:
    """The database alone knows which names are there: it compares them in any case."""
    try:
        with transaction.atomic():
            preset.save(update_fields=None if preset.pk is None else ("name", "prompt", "settings"))
    except IntegrityError as error:
        if broken_rule(error) != "preset_name_once_per_person":
            raise
        raise PresetNameTaken(name=preset.name) from error
    return preset
