"""One picture: an order as the arguments of a pipeline, the run, and what is wrong with the result. Knows no job."""

import inspect
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from generation.models import ErrorCode
from generation.providers.base import Order, ProviderError, Reference
from generation.providers.diffusion.pipeline import Model

# What the sides must be divisible by, for Stable Diffusion 1 to 3, SDXL, FLUX and Qwen alike.
MULTIPLE_PX = 16
STEPS_MAX = 150

OnStep = Callable[[float], None]


def draw(model: Model, order: Order, *, seed: int, on_step: OnStep) -> bytes:
    """A PNG. `on_step` is told the share of steps that are done; what it raises ends the run.

    Raises ProviderError for a picture that is none, and whatever torch raises.
    """
    pipe = model.from_picture if order.reference else model.from_words
    arguments = _arguments(pipe, order, size=size(order, native_px=model.native_px), seed=seed)
    with model.lock:
        result = pipe(**_known(pipe, {**arguments, "callback_on_step_end": _after_step(on_step, arguments)}))
    return _png(result)


# --- The order -------------------------------------------------------------------------------------------------------


def size(order: Order, *, native_px: int | None) -> tuple[int, int]:
    """Width and height in the order's ratio; the recipe's megapixels, or what the model was trained on, at most."""
    asked = order.width * order.height
    most = float(order.recipe.get("megapixels", 0)) * 1_000_000 or (native_px**2 if native_px else asked)
    shrink = min(1.0, (most / asked) ** 0.5)
    short = _whole(min(order.width, order.height) * shrink)
    long = _whole(short * max(order.width, order.height) / min(order.width, order.height))
    return (short, long) if order.width < order.height else (long, short)


def _whole(side: float) -> int:
    return max(1, round(side / MULTIPLE_PX)) * MULTIPLE_PX


def _arguments(pipe: Any, order: Order, *, size: tuple[int, int], seed: int) -> dict[str, Any]:
    """What the order says, under the names that pipelines share; what it leaves open is the recipe's or the model's."""
    import torch

    steps = _steps(pipe, order)
    said = {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt or None,
        "width": size[0],
        "height": size[1],
        "num_inference_steps": steps,
        "guidance_scale": order.recipe.get("guidance") if order.guidance is None else order.guidance,
        # Drawn on the CPU, whatever the device: the same seed gives the same noise everywhere.
        "generator": torch.Generator("cpu").manual_seed(seed),
        "output_type": "np",
    }
    if order.reference:
        strength = _strength(pipe, order)
        # Fewer than one step in all is an error: the faintest change is one.
        said |= {"image": _picture(order.reference, size), "strength": max(strength, 1 / steps)}
    return {name: value for name, value in said.items() if value is not None}


def _steps(pipe: Any, order: Order) -> int:
    steps = order.steps or order.recipe.get("steps") or _default(pipe, "num_inference_steps", 30)
    return max(1, min(STEPS_MAX, int(steps)))


def _strength(pipe: Any, order: Order) -> float:
    strength = order.recipe.get("strength") if order.strength is None else order.strength
    return float(_default(pipe, "strength", 0.6) if strength is None else strength)


def _default(pipe: Any, name: str, otherwise: float) -> float:
    """The model's own."""
    parameter = inspect.signature(pipe.__call__).parameters.get(name)
    return parameter.default if parameter and isinstance(parameter.default, int | float) else otherwise


def _known(pipe: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Not every pipeline has a negative prompt, or a strength."""
    names = inspect.signature(pipe.__call__).parameters
    return {name: value for name, value in arguments.items() if name in names}


def _picture(reference: Reference, size: tuple[int, int]) -> Image.Image:
    try:
        return ImageOps.fit(Image.open(io.BytesIO(reference.data)).convert("RGB"), size)
    except (OSError, ValueError) as error:
        raise ProviderError(ErrorCode.BAD_REFERENCE, permanent=True, detail=str(error)) from error


def _after_step(on_step: OnStep, arguments: dict[str, Any]) -> Callable[..., Any]:
    def after_step(pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step(min(1.0, (step + 1) / (getattr(pipe, "num_timesteps", 0) or arguments["num_inference_steps"])))
        return tensors

    return after_step


# --- The result ------------------------------------------------------------------------------------------------------


def _png(result: Any) -> bytes:
    """The first picture of a result. Numbers that overflowed end as one colour all over: black, or white."""
    if any(getattr(result, "nsfw_content_detected", None) or ()):
        raise ProviderError(ErrorCode.BLOCKED_OUTPUT, permanent=True, detail="the model's own checker blacked it out")
    pixels = result.images[0]
    if not np.isfinite(pixels).all() or pixels.min() == pixels.max():
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail="the picture is blank")
    buffer = io.BytesIO()
    Image.fromarray((pixels * 255).round().astype("uint8")[..., :3]).save(buffer, "PNG")
    return buffer.getvalue()
