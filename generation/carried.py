"""The settings that a reference picture's file carried: kept beside it for a day, and put into the form on wish.

The picture that we keep has no words in it, so what its file said is remembered here, in the cache: losing it costs
nobody anything. It is a stranger's claim. It fills a form, which is checked as if it had been typed, and nothing else.
"""

import math
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from generation import catalogue, metadata
from generation.metadata import Settings
from generation.models import InferenceModel, Reference, SeedMode, Style
from generation.shapes import SHAPES

SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Filling:
    """Values of the studio's fields, and what could not be taken as it stood, in sentences."""

    fields: dict[str, Any]
    notes: list[str]


# --- Remember --------------------------------------------------------------------------------------------------------


def remember(reference: Reference, data: bytes) -> None:
    """Look into an uploaded file, whose picture has been kept."""
    found = metadata.find(data)
    if found:
        cache.set(_key(reference), found, SECONDS)


def recall(reference: Reference | None) -> Settings | None:
    """What the file of one's picture said; None where it said nothing or that is forgotten."""
    found = cache.get(_key(reference)) if reference is not None else None
    return found if isinstance(found, Settings) else None


def forget(reference: Reference) -> None:
    cache.delete(_key(reference))


def _key(reference: Reference) -> str:
    return f"carried:1:{reference.code}"


# --- Fill ------------------------------------------------------------------------------------------------------------


def fill(found: Settings, *, model: InferenceModel | None) -> Filling:
    """The form as the file has it, for the model that it names where that is ours, otherwise for `model`."""
    ours = _ours(found)
    notes = []
    if found.model_name and ours is None:
        notes.append(f"{found.model_name} is not on offer here, so the model stays as it was.")
    model = ours or model
    fields: dict[str, Any] = {"prompt": found.prompt, "negative_prompt": found.negative_prompt, "count": 1}
    if model is not None:
        fields["model"] = model.slug
        fields["style"] = found.style if found.style in model.styles else Style.NONE
        _take_shape(found, model, fields, notes)
        _take_numbers(found, model, fields, notes)
        if found.negative_prompt and not model.supports_negative:
            notes.append(f"{model.name} has no negative prompt.")
    return Filling(fields, notes)


def _ours(found: Settings) -> InferenceModel | None:
    """By our name for it, or by the one that people read."""
    if found.model:
        return catalogue.find(found.model)
    name = found.model_name.casefold()
    return next((row for row in catalogue.listed() if name and row.name.casefold() == name), None)


def _take_shape(found: Settings, model: InferenceModel, fields: dict[str, Any], notes: list[str]) -> None:
    """Its own ratio, or the nearest that the model makes."""
    if found.aspect_ratio in model.aspect_ratios:
        fields["aspect_ratio"] = found.aspect_ratio
    elif found.width and found.height and model.aspect_ratios:
        fields["aspect_ratio"] = nearest(found.width, found.height, model.aspect_ratios)
        notes.append(f"{found.width} × {found.height} became {fields['aspect_ratio']}, the nearest shape.")


def nearest(width: int, height: int, ratios: list[str]) -> str:
    """The ratio that is least far from width to height; twice as wide is as far as twice as high."""
    wanted = math.log(width / height)
    return min(ratios, key=lambda ratio: abs(math.log(SHAPES[ratio].width / SHAPES[ratio].height) - wanted))


def _take_numbers(found: Settings, model: InferenceModel, fields: dict[str, Any], notes: list[str]) -> None:
    if found.seed is not None and model.supports_seed:
        fields |= {"seed": found.seed, "seed_mode": SeedMode.LOCKED}
    else:
        fields |= {"seed": None, "seed_mode": SeedMode.RANDOM}
    if found.seed is not None and not model.supports_seed:
        notes.append(f"{model.name} takes no seed.")
    for name, value, most in (
        ("steps", found.steps, model.max_steps),
        ("guidance", found.guidance, model.max_guidance),
    ):
        fits = value is not None and most is not None and value <= most
        fields[name] = value if fits else None
        if value is not None and most is not None and not fits:
            notes.append(f"{model.name} takes at most {most:g} for {name}; this said {value:g}.")
