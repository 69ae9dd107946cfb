"""The text that AUTOMATIC1111's web UI writes as `parameters`, and most programs read: words, and a line of settings.

    a harbour at dusk
    Negative prompt: people
    Steps: 28, CFG scale: 3, Seed: 7, Size: 1248x832, Model: FLUX dev, Version: Atelier

Reading walks each character once: the usual expression for it takes quadratic time on a line made for that.
"""

import json
import re
from collections.abc import Iterator

from generation.metadata.marks import PROGRAM, Settings, settings_of

NEGATIVE = "Negative prompt:"
LINES_MAX = 1000
LINE_MAX = 20_000
# The line of settings is the last one, but for what some extensions write after it.
TAIL_LINES = 8
KNOWN = {"Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "Version", "Style"}
_KEY = re.compile(r"\w[\w /-]{0,39}")
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")


# --- Write -----------------------------------------------------------------------------------------------------------


def write(settings: Settings) -> str:
    lines = [settings.prompt]
    if settings.negative_prompt:
        lines.append(f"{NEGATIVE} {settings.negative_prompt}")
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in _pairs(settings)))
    return "\n".join(lines)


def _pairs(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.steps is not None:
        yield "Steps", str(settings.steps)
    if settings.guidance is not None:
        yield "CFG scale", f"{settings.guidance:g}"
    if settings.seed is not None:
        yield "Seed", str(settings.seed)
    if settings.width and settings.height:
        yield "Size", f"{settings.width}x{settings.height}"
    if settings.model_name:
        yield "Model", settings.model_name
    if settings.style:
        yield "Style", settings.style
    yield "Version", PROGRAM


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(sign in value for sign in ',:"\n') else value


# --- Read ------------------------------------------------------------------------------------------------------------


def read(told: str, *, needs_line: bool = False) -> Settings:
    """What such a text says. `needs_line`: text without a line of settings is somebody's remark, and says nothing."""
    lines = told.replace("\r\n", "\n").strip().split("\n")[:LINES_MAX]
    place, said = _settings_line(lines)
    if place is None:
        if needs_line:
            return Settings()
        place = len(lines)
    prompt, negative = _words(lines[:place])
    size = _SIZE.fullmatch(said.get("Size", ""))
    return settings_of(
        {
            "prompt": prompt,
            "negative_prompt": negative,
            "model_name": said.get("Model"),
            "seed": said.get("Seed"),
            "steps": said.get("Steps"),
            "guidance": said.get("CFG scale"),
            "width": size[1] if size else None,
            "height": size[2] if size else None,
            "style": said.get("Style"),
        }
    )


def _settings_line(lines: list[str]) -> tuple[int | None, dict[str, str]]:
    """Where it stands and what it says: the last one with at least three pairs, one of them of the known ones."""
    for place in range(len(lines) - 1, max(-1, len(lines) - 1 - TAIL_LINES), -1):
        said = dict(_read_pairs(lines[place][:LINE_MAX]))
        if len(said) >= 3 and len(KNOWN & set(said)) >= 2:
            return place, said
    return None, {}


def _words(lines: list[str]) -> tuple[str, str]:
    """Prompt and negative prompt: everything after the words that begin the second."""
    for place, line in enumerate(lines):
        if line.lstrip().startswith(NEGATIVE):
            first = line.lstrip().removeprefix(NEGATIVE).strip()
            return "\n".join(lines[:place]).strip(), "\n".join([first, *lines[place + 1 :]]).strip()
    return "\n".join(lines).strip(), ""


def _read_pairs(line: str) -> Iterator[tuple[str, str]]:
    at = 0
    while (colon := line.find(":", at)) >= 0:
        key = line[at:colon].rpartition(",")[2].strip()
        value, at = _value(line, colon + 1)
        if _KEY.fullmatch(key):
            yield key, value


def _value(line: str, at: int) -> tuple[str, int]:
    """A value, quoted as JSON or plain up to the comma, and where to go on."""
    while at < len(line) and line[at] == " ":
        at += 1
    if line.startswith('"', at) and (end := _closing(line, at + 1)):
        try:
            value = json.loads(line[at : end + 1])
        except ValueError:
            value = line[at + 1 : end]
        comma = line.find(",", end)
        return str(value), comma + 1 if comma >= 0 else len(line)
    comma = line.find(",", at)
    end = comma if comma >= 0 else len(line)
    return line[at:end].strip(), end + 1


def _closing(line: str, at: int) -> int:
    """Where the quotation ends; 0 where it does not."""
    while at < len(line):
        if line[at] == "\\":
            at += 2
        elif line[at] == '"':
            return at
        else:
            at += 1
    return 0
