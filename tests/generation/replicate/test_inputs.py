"""What a model is asked, and of which target, as a recipe of the catalogue says it."""

import base64
from typing import Any

import pytest

from generation import catalogue
from generation.forms import SEED_MAX
from generation.models import InferenceModel
from generation.providers.base import Reference
from generation.providers.replicate import inputs
from generation.providers.replicate.inputs import Target, Via
from tests.emulators.replicate import models
from tests.generation.providers.contract import an_order
from tests.generation.replicate.orders import FLUX, SDXL, flux

PICTURE = Reference(b"\x89PNG picture", "image/png")
ADDRESS = f"data:image/png;base64,{base64.b64encode(PICTURE.data).decode()}"


def written(recipe: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return inputs.build(an_order(recipe=recipe, **changes))


def fields(*words: str) -> dict[str, Any]:
    return {"fields": {word: f"their_{word}" for word in words}}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("black-forest-labs/flux-1.1-pro", Target(Via.MODEL, "black-forest-labs/flux-1.1-pro")),
        ("stability-ai/sdxl:7762fd07", Target(Via.VERSION, "stability-ai/sdxl", "7762fd07")),
        ("deployment:atelier/portraits", Target(Via.DEPLOYMENT, "atelier/portraits")),
    ],
)
def test_a_model_a_version_and_a_deployment_are_told_apart(said: str, meant: Target) -> None:
    assert inputs.target(said) == meant


@pytest.mark.parametrize(
    "said",
    ["", "flux", "a/b/c", "a/b:", "deployment:a", "deployment:a/b:c", "a/b?x=1", "../a/b", "a b/c", "a/b\n", "ä/b"],
)
def test_what_names_nothing_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="names nothing"):
        inputs.target(said)


def test_without_fields_only_the_prompt_is_sent() -> None:
    assert written({}, prompt="a fox", steps=4) == {"prompt": "a fox"}


def test_only_the_fields_of_the_recipe_are_sent_under_their_names() -> None:
    assert written(FLUX, prompt="a fox", aspect_ratio="21:9", seeds=(5, 6), steps=30, negative_prompt="hats") == {
        "prompt": "a fox",
        "aspect_ratio": "21:9",
        "seed": 5,
        "num_outputs": 2,
        "output_format": "png",
        "megapixels": "0.25",
    }


def test_what_the_order_leaves_open_is_the_models_own() -> None:
    said = written(SDXL, width=1024, height=768)
    assert set(said) == {"prompt", "width", "height", "seed", "num_outputs"}


def test_everything_an_order_can_say_is_written() -> None:
    said = written(SDXL, negative_prompt="hats", steps=30, guidance=6.5, reference=PICTURE, strength=0.7)
    assert said["negative_prompt"] == "hats"
    assert (said["num_inference_steps"], said["guidance_scale"]) == (30, 6.5)
    assert (said["image"], said["prompt_strength"]) == (ADDRESS, 0.7)


def test_the_order_is_written_over_what_is_fixed() -> None:
    assert written({"fields": {"count": "n"}, "fixed": {"n": 1, "quality": 80}}, seeds=(1, 2)) == {
        "n": 2,
        "quality": 80,
    }


def test_a_ratio_may_have_a_word_of_its_own() -> None:
    recipe = {"fields": {"aspect_ratio": "size"}, "ratios": {"16:9": "1820x1024"}}
    assert written(recipe, aspect_ratio="16:9") == {"size": "1820x1024"}
    assert written(recipe, aspect_ratio="1:1") == {"size": "1:1"}


def test_a_style_is_sent_only_under_their_word_for_it() -> None:
    recipe = {"fields": {"style": "style"}, "styles": {"realistic": "realistic_image"}}
    assert written(recipe, style="realistic") == {"style": "realistic_image"}
    assert written(recipe, style="anime") == {}


def test_a_large_seed_is_folded_always_onto_the_same() -> None:
    recipe = fields("seed") | {"seed_max": 2**31 - 1}
    assert written(recipe, seeds=(2**32 - 1,)) == {"their_seed": 2**31 - 1}
    assert written(recipe, seeds=(2**31,)) == {"their_seed": 0}
    assert written(recipe, seeds=(7,)) == {"their_seed": 7}


def test_a_reference_may_go_in_a_list() -> None:
    recipe = fields("reference") | {"reference_list": True}
    assert written(recipe, reference=PICTURE) == {"their_reference": [ADDRESS]}


def test_a_strength_without_a_reference_says_nothing() -> None:
    assert written(fields("strength"), strength=0.4) == {}


def test_a_strength_may_be_turned_round() -> None:
    recipe = fields("strength") | {"strength_inverted": True}
    assert written(recipe, reference=PICTURE, strength=0.7) == {"their_strength": 0.3}


def test_the_same_order_is_always_written_alike() -> None:
    order = flux()
    assert inputs.build(order) == inputs.build(order)


def test_a_word_that_nobody_has_is_refused() -> None:
    with pytest.raises(ValueError, match="sampler"):
        written({"fields": {"prompt": "prompt", "sampler": "scheduler"}})


@pytest.mark.django_db
def test_the_most_that_a_form_may_say_is_taken_by_every_model_of_the_catalogue() -> None:
    """The largest seed, number, steps and guidance, in every shape and style, with a reference where one may be."""
    catalogue.sync()
    for row in InferenceModel.objects.filter(provider="replicate"):
        for ratio, style in [(ratio, style) for ratio in row.aspect_ratios for style in row.styles or ["none"]]:
            said = written(
                row.recipe,
                aspect_ratio=ratio,
                style=style,
                width=1024,
                height=1024,
                seeds=(SEED_MAX,) * row.max_count,
                steps=row.max_steps,
                guidance=row.max_guidance,
                negative_prompt="people",
                reference=PICTURE if row.supports_reference else None,
                strength=1.0 if row.supports_strength else None,
            )
            name = inputs.target(row.provider_model).name
            assert models.complete(models.everything()[name], said)[1] == [], f"{row.slug} {ratio} {style}"
