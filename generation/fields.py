"""Fields of text as people write it: what cannot be stored is named, and control characters go."""

import re
import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

# Marks upon marks take quadratic time to be put in order: a body full of them, the better part of an hour. At most four
# signs become one, so what is longer than this is too long however it is composed.
COMPOSED_MAX = 4 * settings.PROMPT_MAX
# What changes the direction of all that follows, be it another's name: text in any script does without.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class TextField(forms.CharField):
    """Any text: NUL and lone surrogates, which no database keeps, are named instead of crashing."""

    def to_python(self, value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n").replace("\r", "\n")  # as browsers count it
        if any(unicodedata.category(char) == "Cs" or char == "\x00" for char in text):
            raise ValidationError("This holds a character that cannot be stored. Please remove it.", code="characters")
        return super().to_python(unicodedata.normalize("NFC", text) if len(text) <= COMPOSED_MAX else text) or ""


class LineField(TextField):
    """One line. Its length is that of what is kept."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value))


class LinesField(TextField):
    """Several lines, and no wall of empty ones. Its length is that of what is kept."""

    def to_python(self, value: Any) -> str:
        lines = (_without_controls(line).rstrip() for line in super().to_python(value).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class NameField(TextField):
    """What a person calls something: one line and nothing invisible, so that there is something to read."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        told = {
            "required": "Give it a name.",
            "max_length": f"A name has at most {max_length} characters; this one has %(show_value)d.",
        }
        super().__init__(max_length=max_length, error_messages=told, **kwargs)

    def to_python(self, value: Any) -> str:
        return visible_line(super().to_python(value))


def one_line(text: str) -> str:
    """Line breaks, tabs and other control characters become single spaces."""
    return " ".join(_without_controls(text).split())


def visible_line(text: str) -> str:
    """The same without anything that cannot be seen."""
    return " ".join("".join(sign for sign in text if sign.isprintable() or sign.isspace()).split())


def _without_controls(text: str) -> str:
    """Without what has no place in text, which is a gap between words, and without what turns the words around it."""
    plain = (char for char in text if char not in TURNING)
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in plain)
