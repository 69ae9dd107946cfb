"""Text from a machine as one plain line: composed, without control characters, cut at a word. Pure."""

import unicodedata

# Control characters, lone surrogates, code points that mean nothing; and the marks that turn the direction of writing,
# with which a text can be made to look like another.
_DROPPED = {"Cc", "Cs", "Co", "Cn"}
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
# What is looked at of a text: enough for whatever may be kept.
_LOOKED_AT = 8


def line(text: object, *, limit: int) -> str:
    """At most `limit` characters of a text, "" for anything else."""
    if not isinstance(text, str):
        return ""
    composed = unicodedata.normalize("NFC", text[: _LOOKED_AT * limit])
    kept = "".join(" " if char.isspace() else char for char in composed if not _is_dropped(char))
    return cut(" ".join(kept.split()), limit=limit)


def cut(text: str, *, limit: int) -> str:
    """Not in the middle of a word, if there is a space in the second half; no comma is left hanging."""
    if len(text) <= limit:
        return text
    head = text[: limit + 1]
    space = head.rfind(" ")
    return head[: space if space > limit // 2 else limit].rstrip(" ,;:-–")


def _is_dropped(char: str) -> bool:
    if char.isspace():
        return False
    return char in _TURNING or unicodedata.category(char) in _DROPPED
