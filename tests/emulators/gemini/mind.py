"""What the emulated model says: the same words get the same answer, and it fits the schema that was asked for."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from tests.emulators.gemini.asked import Asked
from tests.emulators.gemini.eye import Glance, glance

LIGHTS = (
    "low morning light raking across the scene",
    "a soft overcast sky that keeps every colour true",
    "warm lamplight against deep blue shadows",
    "backlit by a hazy late sun",
    "cool moonlight with one warm window",
    "clear midday light with crisp short shadows",
)
SURFACES = (
    "visible brush texture and slightly worn edges",
    "fine grain and gently faded colours",
    "wet surfaces that mirror the light",
    "rough stone, old wood and a little dust",
    "matte paper texture with a restrained palette",
    "polished metal and glass with long reflections",
)
VIEWS = (
    "seen from a low angle with a wide foreground",
    "a calm centred composition with room around the subject",
    "a close view with a shallow depth of field",
    "seen from slightly above, the distance fading into haze",
    "framed by dark shapes at both sides",
    "an asymmetrical composition that leads the eye to the right",
)


def answer(asked: Asked) -> str:
    """JSON by the schema, or prose."""
    if asked.schema is None:
        return f"Here is a thought about that: {rewritten(_words(asked.text))}."
    seen = glance(asked.pictures[0]) if asked.pictures else None
    return json.dumps(_value("", asked.schema or {"type": "object"}, asked, seen), ensure_ascii=False)


def rewritten(words: str) -> str:
    """The words and three phrases that are drawn by them."""
    plain = words.strip().rstrip(".,;") or "an empty room"
    return ", ".join([plain, *(_draw(phrases, plain) for phrases in (LIGHTS, SURFACES, VIEWS))])


def _words(text: str) -> str:
    """What a person wrote: the "words" of a JSON object where the question is one."""
    try:
        told = json.loads(text)
    except ValueError:
        return text
    return str(told.get("words", text)) if isinstance(told, dict) else text


# --- By schema -------------------------------------------------------------------------------------------------------


def _value(name: str, schema: Mapping[str, Any], asked: Asked, seen: Glance | None) -> Any:
    kind = schema.get("type", "")
    match str(kind if isinstance(kind, str) else kind[0]).lower():
        case "object":
            return {key: _value(key, inner, asked, seen) for key, inner in (schema.get("properties") or {}).items()}
        case "array":
            return _list(name, schema, asked, seen)
        case "number" | "integer":
            return _number(schema, f"{name}{asked.text}")
        case "boolean":
            return bool(_digest(f"{name}{asked.text}") % 2)
    return _string(name, schema, asked, seen)


def _list(name: str, schema: Mapping[str, Any], asked: Asked, seen: Glance | None) -> list[Any]:
    items = schema.get("items") or {"type": "string"}
    if seen and name.lower() in ("colours", "colors", "palette"):
        known = items.get("enum") or seen.colours
        return [colour for colour in seen.colours if colour in known][: schema.get("maxItems") or 5]
    return [_value(f"{name}{number}", items, asked, seen) for number in range(int(schema.get("minItems") or 3))]


def _number(schema: Mapping[str, Any], seed: str) -> int:
    low, high = int(schema.get("minimum") or 0), int(schema.get("maximum") or 10)
    return low + _digest(seed) % (high - low + 1)


def _string(name: str, schema: Mapping[str, Any], asked: Asked, seen: Glance | None) -> str:
    if schema.get("enum"):
        return _of_enum(name, schema["enum"], asked, seen)
    if seen is None:
        return rewritten(_words(asked.text))
    main = seen.colours[0] if seen.colours else "grey"
    if name == "subject":
        return f"a {seen.shape} scene in {' and '.join(seen.colours[:2]) or main}"
    return f"Broad areas of {main}; {_draw(SURFACES, main)}."


def _of_enum(name: str, known: Sequence[str], asked: Asked, seen: Glance | None) -> str:
    if seen is None:
        return _draw(known, name + asked.text)
    if name == "light":
        fitting = ("night", "blue hour") if seen.brightness < 0.3 else ("soft", "overcast", "bright daylight")
        return next((word for word in fitting if word in known), known[0])
    if name == "composition" and "wide view" in known and seen.shape == "wide":
        return "wide view"
    return _draw(known, f"{name}{seen}")


def _draw(choices: Sequence[str], seed: str) -> str:
    return choices[_digest(f"{choices[0]}{seed}") % len(choices)]


def _digest(seed: str) -> int:
    return int.from_bytes(blake2b(seed.encode(errors="replace"), digest_size=6).digest())
