"""Recipes as the catalogue has them, and the orders of these tests."""

from typing import Any

from generation.providers.base import Order
from tests.generation.providers.contract import an_order

# A quarter of a megapixel is drawn in no time.
FLUX: dict[str, Any] = {
    "fields": {"prompt": "prompt", "aspect_ratio": "aspect_ratio", "seed": "seed", "count": "num_outputs"},
    "fixed": {"output_format": "png", "megapixels": "0.25"},
}
SDXL: dict[str, Any] = {
    "fields": {
        "prompt": "prompt",
        "negative": "negative_prompt",
        "width": "width",
        "height": "height",
        "seed": "seed",
        "count": "num_outputs",
        "steps": "num_inference_steps",
        "guidance": "guidance_scale",
        "reference": "image",
        "strength": "prompt_strength",
    },
}
SDXL_VERSION = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"


def flux(**changes: Any) -> Order:
    return an_order(**{"provider_model": "black-forest-labs/flux-schnell", "recipe": FLUX} | changes)


def sdxl(**changes: Any) -> Order:
    return an_order(**{"provider_model": f"stability-ai/sdxl:{SDXL_VERSION}", "recipe": SDXL} | changes)
