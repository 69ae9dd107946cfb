"""A guess at a model's row of the catalogue by the names of its inputs, for staff to look over. Pure.

Models name the same thing in many ways; what no name tells is left to the model's own default.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.providers.replicate.schema import Input, number
from generation.shapes import SHAPES

Inputs = Mapping[str, Input]

SHAPE_TOLERANCE = 0.02
PICTURES_MAX = 4
STEPS_MAX = 1000

PROMPTS = ("prompt", "text_prompt", "text", "caption")
COUNTS = ("num_outputs", "num_images", "number_of_images")
STEPS = ("num_inference_steps", "steps", "num_steps", "sampling_steps")
GUIDANCES = ("guidance", "guidance_scale", "cfg", "cfg_scale")
SIZES = ("size", "image_size", "resolution")
REFERENCES = (
    "image",
    "image_prompt",
    "input_image",
    "image_input",
    "images",
    "input_images",
    "reference_image",
    "init_image",
)
STRENGTHS = ("prompt_strength", "strength", *(INVERTED := ("image_prompt_strength", "image_strength")))
MESHES = ("model_file", "mesh", "glb")
# Wanted in this way wherever there is a choice.
FIXED = {"output_format": "png", "generate_model": True, "randomize_seed": False}
_SIZE = re.compile(r"(\d{2,5}) ?[x×*] ?(\d{2,5})")


@dataclass(frozen=True)
class Guess:
    """Fields of a row; `unfilled` are required inputs that nothing fills."""

    row: Mapping[str, Any]
    unfilled: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Part:
    """What one thing about a model adds: to the recipe's fields, to the recipe, to the row."""

    fields: Mapping[str, str] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)


def guess(taken: Sequence[Input], outputs: Sequence[str] = ()) -> Guess:
    """Of the inputs and the names of the output's parts. What it gives can be saved and tried as it is."""
    known = {one.name: one for one in taken}
    parts = [about(known) for about in _ABOUT]
    fields = {word: name for part in parts for word, name in part.fields.items()}
    recipe: dict[str, Any] = {"fields": fields}
    row: dict[str, Any] = {"output_kind": "picture"}
    for part in parts:
        recipe |= part.recipe
        row |= part.row
    if mesh := next((name for name in MESHES if name in outputs), None):
        recipe["files"], row["output_kind"] = [mesh], "3d"
    filled = {*fields.values(), *recipe.get("fixed", {})}
    unfilled = tuple(one.name for one in taken if one.is_required and one.name not in filled)
    return Guess({**row, "recipe": recipe}, unfilled)


def _first(known: Inputs, names: Sequence[str]) -> Input | None:
    return next((known[name] for name in names if name in known), None)


# --- One thing each --------------------------------------------------------------------------------------------------


def _words(known: Inputs) -> _Part:
    prompt = _first(known, PROMPTS)
    fields = {"prompt": prompt.name} if prompt else {}
    return _Part(fields | ({"negative": "negative_prompt"} if "negative_prompt" in known else {}))


def _shape(known: Inputs) -> _Part:
    """By ratio, by a size in pixels of a list, by two sides; else it makes squares."""
    named = known["aspect_ratio"].choices if "aspect_ratio" in known else ()
    if ratios := [shape for shape in SHAPES if shape in named]:
        return _Part({"aspect_ratio": "aspect_ratio"}, row={"aspect_ratios": ratios})
    for size in filter(None, map(known.get, SIZES)):
        if words := _sized(size.choices):
            return _Part({"aspect_ratio": size.name}, {"ratios": words}, {"aspect_ratios": list(words)})
    width, height = known.get("width"), known.get("height")
    if width and height and (ratios := list(_within(width, height))):
        return _Part({"width": "width", "height": "height"}, row={"aspect_ratios": ratios})
    return _Part(row={"aspect_ratios": ["1:1"]})


def _sized(choices: Sequence[Any]) -> dict[str, str]:
    """Our ratio to their size: of several the one nearest to a megapixel."""
    nearest: dict[str, tuple[float, str]] = {}
    for choice in choices:
        if found := _SIZE.fullmatch(str(choice)):
            width, height = int(found[1]), int(found[2])
            distance = (abs(width * height - 1_000_000), str(choice))
            for shape in _shapes_like(width / height):
                nearest[shape] = min(distance, nearest.get(shape, distance))
    return {shape: nearest[shape][1] for shape in SHAPES if shape in nearest}


def _shapes_like(ratio: float) -> Iterator[str]:
    for value, shape in SHAPES.items():
        if abs(ratio * shape.height / shape.width - 1) <= SHAPE_TOLERANCE:
            yield value


def _within(width: Input, height: Input) -> Iterator[str]:
    for value, shape in SHAPES.items():
        if _takes(width, shape.width) and _takes(height, shape.height):
            yield value


def _takes(side: Input, pixels: int) -> bool:
    if side.type != "integer":
        return False
    return (side.minimum or 0) <= pixels <= (pixels if side.maximum is None else side.maximum)


def _seed(known: Inputs) -> _Part:
    """Whether the same seed gives the same picture only trying tells."""
    seed = known.get("seed")
    if seed is None or seed.type != "integer":
        return _Part()
    limit = {"seed_max": int(seed.maximum)} if seed.maximum and seed.maximum >= 1 else {}
    return _Part({"seed": "seed"}, limit, {"seed_support": "best_effort"})


def _count(known: Inputs) -> _Part:
    count = _first(known, COUNTS)
    if count is None or count.maximum is None or count.maximum < 2:
        return _Part()
    return _Part({"count": count.name}, row={"max_count": min(PICTURES_MAX, int(count.maximum))})


def _steps(known: Inputs) -> _Part:
    return _range(_first(known, STEPS), "steps", int)


def _guidance(known: Inputs) -> _Part:
    return _range(_first(known, GUIDANCES), "guidance", float)


def _range(one: Input | None, word: str, kind: Callable[[float], float]) -> _Part:
    """Its normal value, and its largest where there is something to choose."""
    normal = number(one.default) if one else None
    if one is None or normal is None or not 0 < normal <= STEPS_MAX:
        return _Part()
    row = {f"normal_{word}": kind(normal)}
    if one.maximum is None or one.maximum <= normal:
        return _Part(row=row)
    return _Part({word: one.name}, row=row | {f"max_{word}": kind(min(one.maximum, STEPS_MAX))})


def _reference(known: Inputs) -> _Part:
    reference = next((known[name] for name in REFERENCES if name in known and known[name].is_file), None)
    if reference is None:
        return _Part()
    recipe = {"reference_list": reference.type == "array", "needs_reference": reference.is_required}
    fields, strength = {"reference": reference.name}, _first(known, STRENGTHS)
    if strength:
        fields["strength"] = strength.name
        recipe["strength_inverted"] = strength.name in INVERTED
    return _Part(fields, {name: True for name, said in recipe.items() if said})


def _fixed(known: Inputs) -> _Part:
    fixed = {name: value for name, value in FIXED.items() if name in known and _can_be(known[name], value)}
    return _Part(recipe={"fixed": fixed} if fixed else {})


def _can_be(one: Input, value: Any) -> bool:
    return value in one.choices if one.choices else one.type == "boolean" and isinstance(value, bool)


_ABOUT = (_words, _shape, _seed, _count, _steps, _guidance, _reference, _fixed)
