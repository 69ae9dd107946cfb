"""From an order to what a model on Replicate is asked: its target, and its input as the catalogue's recipe writes it.

Pure. A recipe is data of the catalogue row, so that a new model needs no code:

- `fields`: our word to the name of the model's field. Our words are prompt, negative, style, aspect_ratio, width,
  height, count, seed, steps, guidance, reference, strength. A word that is not there is not sent, nor is one that the
  order leaves open. Without `fields` only the prompt is sent, as "prompt".
- `fixed`: fields with a value of their own. What the order says is written over them.
- `ratios`, `styles`: our ratio or style to their word for it. A ratio without one is sent as it is, a style is not.
- `seed_max`: their largest seed; larger ones are folded into it, each always onto the same.
- `reference_list`: their field takes a list of pictures.
- `strength_inverted`: theirs says how close to stay to the reference, where ours says how far to go.
- `files`: the names of the files in an output that is an object (predictions.py).
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generation.providers.base import Order

ONLY_PROMPT = {"prompt": "prompt"}
_TARGET = re.compile(
    r"(?P<deployment>deployment:)?(?P<name>[\w.-]+/[\w.-]+)(?::(?P<version>[\w-]+))?", re.ASCII | re.IGNORECASE
)


class Via(StrEnum):
    """What a prediction is asked of."""

    MODEL = "model"
    VERSION = "version"
    DEPLOYMENT = "deployment"


@dataclass(frozen=True)
class Target:
    """`name` is "owner/name" of the model or the deployment; `version` is empty but for a version."""

    via: Via
    name: str
    version: str = ""


def target(provider_model: str) -> Target:
    """Of "owner/name", "owner/name:version" or "deployment:owner/name". Raises ValueError for anything else."""
    found = _TARGET.fullmatch(provider_model)
    if not found or (found["deployment"] and found["version"]):
        raise ValueError(f"{provider_model!r} names nothing on Replicate")
    if found["deployment"]:
        return Target(Via.DEPLOYMENT, found["name"])
    if found["version"]:
        return Target(Via.VERSION, found["name"], found["version"])
    return Target(Via.MODEL, found["name"])


def wrong(recipe: Mapping[str, Any]) -> list[str]:
    """What makes no sense in a recipe, a sentence each."""
    sentences = [f"{key}: no recipe has this" for key in sorted(recipe.keys() - _KEYS)]
    sentences += [
        f"{key}: {_KEYS[key][1]}" for key, value in recipe.items() if key in _KEYS and not _KEYS[key][0](value)
    ]
    fields = recipe.get("fields", ONLY_PROMPT)
    if not sentences and (unknown := fields.keys() - WORDS):
        sentences.append(f"fields: nobody has the words {', '.join(sorted(unknown))}")
    return sentences


def _are_words(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(word, str) and word for word in value.values())


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_WORD_TO_WORD = (_are_words, "is an object of words")
_YES_OR_NO = (lambda value: isinstance(value, bool), "is true or false")
_KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "fields": _WORD_TO_WORD,
    "fixed": (lambda value: isinstance(value, Mapping), "is an object"),
    "ratios": _WORD_TO_WORD,
    "styles": _WORD_TO_WORD,
    "seed_max": (_is_count, "is a whole number above zero"),
    "reference_list": _YES_OR_NO,
    "needs_reference": _YES_OR_NO,
    "strength_inverted": _YES_OR_NO,
    "files": (_are_names, "is a list of names"),
}


def build(order: Order) -> dict[str, Any]:
    """The model's input. The same order gives the same input, by which a lost prediction is found again.

    Raises ValueError for a recipe with a word that nobody has.
    """
    fields: Mapping[str, str] = order.recipe.get("fields", ONLY_PROMPT)
    if unknown := fields.keys() - WORDS:
        raise ValueError(f"a recipe has the unknown words {sorted(unknown)}")
    said = {name: _WORDS[word](order) for word, name in fields.items()}
    return dict(order.recipe.get("fixed", {})) | {name: value for name, value in said.items() if value is not None}


def _ratio(order: Order) -> str:
    words: Mapping[str, str] = order.recipe.get("ratios", {})
    return words.get(order.aspect_ratio, order.aspect_ratio)


def _style(order: Order) -> str | None:
    words: Mapping[str, str] = order.recipe.get("styles", {})
    return words.get(order.style)


def _seed(order: Order) -> int:
    seed_max = order.recipe.get("seed_max")
    return order.seeds[0] % (seed_max + 1) if seed_max else order.seeds[0]


def _reference(order: Order) -> str | list[str] | None:
    """As a data: address: our references are small, and an upload of its own would be one more thing to fail."""
    if order.reference is None:
        return None
    data = base64.b64encode(order.reference.data).decode()
    address = f"data:{order.reference.content_type};base64,{data}"
    return [address] if order.recipe.get("reference_list") else address


def _strength(order: Order) -> float | None:
    if order.reference is None or order.strength is None:
        return None
    return round(1 - order.strength if order.recipe.get("strength_inverted") else order.strength, 4)


_WORDS: dict[str, Callable[[Order], Any]] = {
    "prompt": lambda order: order.prompt,
    "negative": lambda order: order.negative_prompt or None,
    "style": _style,
    "aspect_ratio": _ratio,
    "width": lambda order: order.width,
    "height": lambda order: order.height,
    "count": lambda order: len(order.seeds),
    "seed": _seed,
    "steps": lambda order: order.steps,
    "guidance": lambda order: order.guidance,
    "reference": _reference,
    "strength": _strength,
}
WORDS = frozenset(_WORDS)
