"""What a model on Replicate takes and gives, read from its OpenAPI schema, and whether an input fits it.

Pure. Schemas are written by whoever made the model: whatever does not look as expected is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INPUTS_MAX = 100
CHOICES_MAX = 60
TEXT_MAX = 300
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Input:
    """One field of a model's input. `type` is "" where the schema does not say; a file is asked for by its address."""

    name: str
    type: str = ""
    about: str = ""
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: Sequence[Any] = ()
    is_required: bool = False
    is_file: bool = False


# --- Reading ---------------------------------------------------------------------------------------------------------


def inputs(openapi: Any, *, training: bool = False) -> list[Input]:
    """The inputs in the order of the model's own page; none where the schema tells of none."""
    schemas = _schemas(openapi)
    told = _mapping(schemas.get("TrainingInput" if training else "Input"))
    required = told.get("required") if isinstance(told.get("required"), list) else []
    properties = sorted(_mapping(told.get("properties")).items(), key=_order)[:INPUTS_MAX]
    return [_input(name, _flat(value, schemas), name in (required or [])) for name, value in properties]


def output_names(openapi: Any) -> list[str]:
    """The names of the parts where the output is an object; none where it is a file or a list of files."""
    schemas = _schemas(openapi)
    return list(_mapping(_flat(schemas.get("Output"), schemas).get("properties")))[:INPUTS_MAX]


def _schemas(openapi: Any) -> Mapping[str, Any]:
    return _mapping(_mapping(_mapping(openapi).get("components")).get("schemas"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _order(named: tuple[str, Any]) -> float:
    place = number(_mapping(named[1]).get("x-order"))
    return INPUTS_MAX if place is None else place


def _flat(value: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """A property with what it refers to: enums stand beside the inputs, and what may be null is one of two."""
    flat: dict[str, Any] = {}
    told = _mapping(value)
    for part in _parts(told):
        name = str(_mapping(part).get("$ref", "")).rpartition("/")[2]
        referred = _mapping(schemas.get(name)) if name else _mapping(part)
        if referred.get("type") != "null":
            flat = {**referred, **flat}
    return {**flat, **told}


def _parts(told: Mapping[str, Any]) -> Iterator[Any]:
    if "$ref" in told:
        yield told
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(told.get(key), list):
            yield from told[key][:CHOICES_MAX]


def _input(name: str, told: Mapping[str, Any], is_required: bool) -> Input:
    choices = told.get("enum")
    is_file = "uri" in (told.get("format"), _mapping(told.get("items")).get("format"))
    return Input(
        name=name[:TEXT_MAX],
        type=kind if isinstance(kind := told.get("type"), str) and kind in _TYPES else "",
        about=str(told.get("description") or "")[:TEXT_MAX],
        default=_short(told.get("default")),
        minimum=number(told.get("minimum")),
        maximum=number(told.get("maximum")),
        choices=[_short(choice) for choice in choices[:CHOICES_MAX]] if isinstance(choices, list) else [],
        is_required=is_required,
        is_file=is_file,
    )


def number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _short(value: Any) -> Any:
    """A value as it is, unless it is long."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:TEXT_MAX]


# --- Whether an input is one -----------------------------------------------------------------------------------------


def wrong(given: Mapping[str, Any], taken: Sequence[Input]) -> list[str]:
    """What is wrong with an input, a sentence each; nothing where it fits."""
    known = {one.name: one for one in taken}
    sentences = [f"{name} is required." for name, one in known.items() if one.is_required and name not in given]
    for name, value in given.items():
        if name not in known:
            sentences.append(f"{name[:TEXT_MAX]} is nothing that this model takes.")
        elif sentence := _misfit(known[name], value):
            sentences.append(f"{name} {sentence}")
    return sentences


def _misfit(one: Input, value: Any) -> str:
    if one.choices:
        fits = value in one.choices
        return "" if fits else f"is one of {', '.join(str(choice) for choice in one.choices)}."
    if one.type and (not isinstance(value, _TYPES[one.type]) or (isinstance(value, bool) and one.type != "boolean")):
        return f"is of type {one.type}."
    if one.is_file and not all(
        str(part).startswith("https://") for part in (value if one.type == "array" else [value])
    ):
        return "is the address of a file, with https://."
    if one.type in ("integer", "number"):
        if one.minimum is not None and value < one.minimum:
            return f"is {one.minimum:g} or more."
        if one.maximum is not None and value > one.maximum:
            return f"is {one.maximum:g} or less."
    return ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
