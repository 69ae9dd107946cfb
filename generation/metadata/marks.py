"""What a file may tell: where it comes from, always, and its settings where they may be known. Plain values, no I/O."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

PROGRAM = "Atelier"
# Drawn by an algorithm, not by a model that learned from pictures: the IPTC has a word of its own for it.
PROCEDURAL_PROVIDERS = ("demo",)
TEXT_MAX = 2000  # twice what a form takes; what is written must fit the 64 kB of a JPEG's segment
NAME_MAX = 100
SEED_MAX, SIDE_MAX, STEPS_MAX, GUIDANCE_MAX = 2**32 - 1, 100_000, 10_000, 1000.0


class Source(StrEnum):
    """The IPTC's digital source type of what we store."""

    MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    ALGORITHM = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"


def source_of(provider: str) -> Source:
    return Source.ALGORITHM if provider in PROCEDURAL_PROVIDERS else Source.MODEL


@dataclass(frozen=True)
class Settings:
    """How a picture was asked for; None or "" is what is not known. `model` is our slug, `model_name` for people.

    What was read from a file is a claim of whoever wrote the file: text and numbers within bounds, nothing more.
    """

    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    model_name: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    width: int | None = None
    height: int | None = None
    aspect_ratio: str = ""
    style: str = ""
    written: str = ""
    """The words before a model enhanced them; "" where none did."""
    sent: str = ""
    """The words as the model got them, with those of the style; "" where they are the prompt."""

    def told(self) -> dict[str, Any]:
        """Only what is known, by name."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}

    def __bool__(self) -> bool:
        return bool(self.told())


@dataclass(frozen=True)
class Marks:
    """Everything one file tells. `source` and `made_at` are in every file, `settings` only where they may be known;
    `title` and `artist` are those that are public anyway."""

    source: Source
    made_at: datetime
    settings: Settings | None = None
    title: str = ""
    artist: str = ""


# --- From whatever a file says ---------------------------------------------------------------------------------------


def settings_of(said: Mapping[str, Any]) -> Settings:
    """Those values that are of the right kind and size; every other is as if it were not there."""
    return Settings(
        **{name: text(said.get(name), TEXT_MAX) for name in ("prompt", "negative_prompt", "written", "sent")},
        **{name: text(said.get(name), NAME_MAX) for name in ("model", "model_name", "aspect_ratio", "style")},
        seed=_whole(said.get("seed"), 0, SEED_MAX),
        steps=_whole(said.get("steps"), 1, STEPS_MAX),
        guidance=_number(said.get("guidance"), GUIDANCE_MAX),
        width=_whole(said.get("width"), 1, SIDE_MAX),
        height=_whole(said.get("height"), 1, SIDE_MAX),
    )


def text(value: object, most: int) -> str:
    """What a database and a page can keep of it: no control characters but line and tab, no halves of a character."""
    if not isinstance(value, str):
        return ""
    lines = value[: 2 * most].replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if _is_text(char))[:most]


def _is_text(char: str) -> bool:
    code = ord(char)
    return (
        char in "\n\t"
        or (code >= 0x20 and not 0x7F <= code < 0xA0 and not 0xD800 <= code < 0xE000 and code < 0xFFFE)
        or (code > 0xFFFF)
    )


def _whole(value: object, least: int, most: int) -> int | None:
    """A number as JSON or as text has it; only one that is whole, and within its bounds."""
    if isinstance(value, str) and len(value) <= 20:
        try:
            value = int(value)
        except ValueError:
            return None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and least <= value <= most else None  # type: ignore[operator, return-value]


def _number(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)[:40]) > 30:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= most else None
