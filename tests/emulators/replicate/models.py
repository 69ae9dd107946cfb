"""The models that the emulator knows, told as Replicate tells of them. models.toml is the data; nothing runs here."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("models.toml")
CREATED_AT = "2026-01-12T09:30:00.000000Z"
HIDDEN = "hidden"  # what an official model's prediction says in the place of a version


@dataclass(frozen=True)
class Model:
    """One row of models.toml."""

    id: str
    about: str
    collection: str
    official: bool
    outputs: str
    versions: tuple[str, ...]
    inputs: dict[str, dict[str, Any]]

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    @property
    def name(self) -> str:
        return self.id.split("/")[1]

    @property
    def shown_version(self) -> str:
        return HIDDEN if self.official else self.versions[0]

    @property
    def can_be_trained(self) -> bool:
        return self.outputs == "weights"

    def told(self, base_url: str) -> dict[str, Any]:
        return {
            "url": f"https://replicate.com/{self.id}",
            "owner": self.owner,
            "name": self.name,
            "description": self.about,
            "visibility": "public",
            "github_url": f"https://github.com/{self.id}",
            "paper_url": None,
            "license_url": f"https://github.com/{self.id}/blob/main/LICENSE",
            "run_count": 1000 * len(self.about) + len(self.id),
            "cover_image_url": f"{base_url}/files/covers/{self.owner}--{self.name}.png",
            "default_example": None,
            "is_official": self.official,
            "latest_version": self.version_told(self.versions[0]),
        }

    def version_told(self, version: str) -> dict[str, Any]:
        return {"id": version, "created_at": CREATED_AT, "cog_version": "0.16.9", "openapi_schema": self.openapi()}

    def openapi(self) -> dict[str, Any]:
        """The schema as Cog writes it: enums stand beside the inputs and are referred to."""
        run = "trainings" if self.can_be_trained else "predictions"
        kind = "TrainingInput" if self.can_be_trained else "Input"
        enums: dict[str, Any] = {
            name: {"type": "string", "title": name, "enum": told["choices"], "description": "An enumeration."}
            for name, told in self.inputs.items()
            if "choices" in told
        }
        return {
            "openapi": "3.0.2",
            "info": {"title": "Cog", "version": "0.1.0"},
            "paths": {f"/{run}": {"post": {"summary": "Predict", "description": self.about}}},
            "components": {"schemas": {kind: self._input_schema(kind), "Output": self._output_schema(), **enums}},
        }

    def _input_schema(self, title: str) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "title": title}
        if required := [name for name, told in self.inputs.items() if told.get("required")]:
            schema["required"] = required
        properties: dict[str, Any] = {
            name: _property(name, told, order) for order, (name, told) in enumerate(self.inputs.items())
        }
        return schema | {"properties": properties}

    def _output_schema(self) -> dict[str, Any]:
        address = {"type": "string", "format": "uri"}
        match self.outputs:
            case "files":
                return {"type": "array", "title": "Output", "items": address}
            case "file":
                return address | {"title": "Output"}
        keys = MESH_FILES if self.outputs == "mesh" else ("weights",)
        return {"type": "object", "title": "Output", "properties": {**dict.fromkeys(keys, address)}}


MESH_FILES = ("model_file", "color_video", "gaussian_ply", "normal_video", "combined_video")


def _property(name: str, told: dict[str, Any], order: int) -> dict[str, Any]:
    about: dict[str, Any] = {"x-order": order, "description": told["about"]}
    about |= {key: told[key] for key in ("minimum", "maximum", "default", "format") if key in told}
    if "choices" in told:
        return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]} | about
    shape: dict[str, Any] = {"type": told.get("type", "array"), "title": name.replace("_", " ").title()}
    if "items" in told:
        shape["items"] = {"type": "string", "format": told["items"]}
    return shape | about


@cache
def everything() -> dict[str, Model]:
    """By owner/name."""
    rows = tomllib.loads(DATA.read_text()).values()
    return {row["id"]: Model(**{**row, "versions": tuple(row["versions"])}) for row in rows}


def of_version(version: str) -> Model | None:
    return next((model for model in everything().values() if version in model.versions), None)


# --- Whether an input is one -----------------------------------------------------------------------------------------

TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


def complete(model: Model, given: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The input with the model's defaults, and what is wrong with it as (field, text). Unknown inputs are ignored."""
    if not isinstance(given, dict):
        return {}, [("input", "Invalid type. Expected: object")]
    wrong = [("input", f"{name} is required") for name in _missing(model, given)]
    wrong += [
        (f"input.{name}", text)
        for name, value in given.items()
        if name in model.inputs and (text := _wrong(model.inputs[name], name, value))
    ]
    defaults = {name: told["default"] for name, told in model.inputs.items() if "default" in told}
    return defaults | given, wrong


def _missing(model: Model, given: dict[str, Any]) -> list[str]:
    return [name for name, told in model.inputs.items() if told.get("required") and name not in given]


def _wrong(told: dict[str, Any], name: str, value: Any) -> str:
    if "choices" in told:
        choices = ", ".join(f'"{choice}"' for choice in told["choices"])
        return "" if value in told["choices"] else f"{name} must be one of the following: {choices}"
    if "items" in told:
        fits = isinstance(value, list) and all(_is_address(each) for each in value)
        return "" if fits else "Invalid type. Expected: array of uri"
    kind = told["type"]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return f"Invalid type. Expected: {kind}, given: {type(value).__name__}"
    if told.get("format") == "uri" and not _is_address(value):
        return "Does not match format 'uri'"
    return _out_of_range(told, value) if kind in ("integer", "number") else ""


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://", "data:"))


def _out_of_range(told: dict[str, Any], value: Any) -> str:
    if value < told.get("minimum", value):
        return f"Must be greater than or equal to {told['minimum']}"
    if value > told.get("maximum", value):
        return f"Must be less than or equal to {told['maximum']}"
    return ""
