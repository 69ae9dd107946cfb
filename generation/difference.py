"""The difference between two texts by words, as a page shows it: what stayed, what went, what came. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class Kind(StrEnum):
    SAME = "same"
    GONE = "del"
    NEW = "ins"


@dataclass(frozen=True)
class Part:
    """A run of words that share a fate. `is_apart`: a space stands before it."""

    kind: Kind
    text: str
    is_apart: bool


def of(before: str, after: str) -> list[Part]:
    """The parts in reading order; where words were replaced the old ones come first."""
    old, new = _words(before), _words(after)
    parts: list[Part] = []
    # In long texts it ignores what comes again and again: comparing "a,a,a," to "a;a;a;" would else take seconds.
    for tag, a, b, c, d in SequenceMatcher(None, _plain(old), _plain(new)).get_opcodes():
        if tag == "equal":
            # The first word of one text may be in the middle of the other.
            parts.append(_part(Kind.SAME, new[c:d], is_apart=old[a][:1].isspace()))
            continue
        if a < b:
            parts.append(_part(Kind.GONE, old[a:b]))
        if c < d:
            parts.append(_part(Kind.NEW, new[c:d], is_apart=a < b and new[c][:1].isalnum()))
    return parts


def _part(kind: Kind, words: list[str], *, is_apart: bool = False) -> Part:
    text = "".join(words)
    return Part(kind, text.strip(), is_apart or text[:1].isspace())


def _words(text: str) -> list[str]:
    """Each with the space before it. Punctuation stays apart: a comma that came does not make its word a new one."""
    return re.findall(r"\s*(?:[^\s,;:.!?]+|[,;:.!?]+)", text)


def _plain(words: list[str]) -> list[str]:
    return [word.strip() for word in words]
