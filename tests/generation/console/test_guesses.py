"""What a schema says of a model, and the row of the catalogue that its names suggest."""

import tomllib
from typing import Any

import pytest

from generation import catalogue
from generation.providers.replicate import guessing, schema
from tests.emulators.replicate import models

# Ours by their address on Replicate: the file was written by hand, so it is what a guess should come to.
WRITTEN = {
    row["provider_model"].partition(":")[0]: row
    for row in tomllib.loads(catalogue.FILE.read_text()).values()
    if row["provider"] == "replicate"
}


def guessed(openapi: Any) -> guessing.Guess:
    return guessing.guess(schema.inputs(openapi), schema.output_names(openapi))


def cog(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A schema with these inputs."""
    return {"components": {"schemas": {"Input": {"properties": properties}, **more}}}


@pytest.mark.parametrize("address", WRITTEN)
def test_the_models_of_our_file_are_guessed_as_they_were_written(address: str) -> None:
    row, written = guessed(models.everything()[address].openapi()).row, WRITTEN[address]
    assert row["output_kind"] == written.get("output_kind", "picture")
    assert row.get("max_count", 1) == written["max_count"]
    for word, name in written["recipe"]["fields"].items():
        assert row["recipe"]["fields"][word] == name
    for key in ("reference_list", "needs_reference", "files"):
        assert row["recipe"].get(key) == written["recipe"].get(key)
    assert set(written["aspect_ratios"]) <= set(row["aspect_ratios"])


def test_a_schema_is_read_in_its_order_through_its_references() -> None:
    openapi = cog(
        {
            "late": {"type": "integer", "x-order": 2, "minimum": 1, "maximum": 9, "default": 3},
            "kind": {
                "allOf": [{"$ref": "#/components/schemas/kind"}],
                "x-order": 1,
                "default": "a",
                "description": "Which",
            },
            "maybe": {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}], "x-order": 0},
        },
        kind={"type": "string", "enum": ["a", "b"], "description": "An enumeration."},
    )
    maybe, kind, late = schema.inputs(openapi)
    assert (maybe.name, maybe.type, maybe.is_file) == ("maybe", "string", True)
    assert (kind.choices, kind.type, kind.about) == (["a", "b"], "string", "Which")
    assert (late.minimum, late.maximum, late.default) == (1, 9, 3)


@pytest.mark.parametrize(
    "openapi",
    [
        None,
        [],
        "x",
        {},
        {"components": None},
        {"components": {"schemas": {"Input": 5, "Output": []}}},
        cog({"prompt": None, "seed": 7, "x": {"enum": 3, "type": ["string"], "x-order": "first", "allOf": {}}}),
    ],
)
def test_what_is_no_schema_tells_of_nothing_and_breaks_nothing(openapi: Any) -> None:
    guess = guessed(openapi)
    assert guess.row["aspect_ratios"] == ["1:1"]
    assert schema.output_names(openapi) == []


def test_sizes_in_pixels_become_our_shapes_by_the_one_nearest_to_a_megapixel() -> None:
    choices = ["512x512", "1024x1024", "2048x2048", "1820x1024", "1000x70", "auto"]
    row = guessed(cog({"size": {"enum": choices, "type": "string"}})).row
    assert row["recipe"]["ratios"] == {"1:1": "1024x1024", "16:9": "1820x1024"}
    assert row["recipe"]["fields"] == {"aspect_ratio": "size"}


def test_sides_that_have_limits_take_the_shapes_within_them() -> None:
    side = {"type": "integer", "minimum": 256, "maximum": 1184}
    row = guessed(cog({"width": side, "height": side})).row
    assert row["aspect_ratios"] == ["1:1", "4:5", "3:4", "5:4", "4:3"]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"steps": {"type": "integer", "default": 4, "maximum": 4}}, {"normal_steps": 4}),
        ({"steps": {"type": "integer", "default": 4}}, {"normal_steps": 4}),
        ({"steps": {"type": "integer", "maximum": 50}}, {}),
        ({"steps": {"type": "integer", "default": 20, "maximum": 10**9}}, {"normal_steps": 20, "max_steps": 1000}),
        ({"cfg": {"type": "number", "default": 3.5, "maximum": 10}}, {"normal_guidance": 3.5, "max_guidance": 10.0}),
        ({"num_outputs": {"type": "integer", "maximum": 8}}, {"max_count": 4}),
        ({"num_outputs": {"type": "integer", "maximum": 1}}, {}),
        ({"seed": {"type": "string"}}, {}),
        ({"seed": {"type": "integer"}}, {"seed_support": "best_effort"}),
    ],
)
def test_numbers_are_offered_within_their_limits(properties: dict[str, Any], expected: dict[str, Any]) -> None:
    row = dict(guessed(cog(properties)).row)
    assert {name: row[name] for name in row if name not in ("recipe", "output_kind", "aspect_ratios")} == expected
    chosen = {"max_steps": "steps", "max_guidance": "guidance", "max_count": "count", "seed_support": "seed"}
    assert set(row["recipe"]["fields"]) == {word for name, word in chosen.items() if name in expected}


def test_a_strength_that_says_how_close_to_stay_is_turned_round() -> None:
    picture = {"type": "string", "format": "uri"}
    row = guessed(cog({"image": picture, "image_strength": {"type": "number"}})).row
    assert row["recipe"]["fields"] == {"reference": "image", "strength": "image_strength"}
    assert row["recipe"]["strength_inverted"] is True
    assert guessed(cog({"strength": {"type": "number"}, "image": {"type": "string"}})).row["recipe"]["fields"] == {}


def test_a_largest_seed_is_kept_and_what_nothing_fills_is_named() -> None:
    properties = {
        "prompt": {"type": "string"},
        "seed": {"type": "integer", "maximum": 65535},
        "lora": {"type": "string"},
    }
    openapi = cog(properties)
    openapi["components"]["schemas"]["Input"]["required"] = ["prompt", "lora"]
    guess = guessed(openapi)
    assert guess.row["recipe"]["seed_max"] == 65535
    assert guess.unfilled == ("lora",)
