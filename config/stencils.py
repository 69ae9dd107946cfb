"""Stencils: parts of pages that Django's engine renders once for each shape and that are only filled after that.

A shape is what is fixed in a part, and which of its values are there. The template is rendered for it with a mark in
the place of each value; later the pieces between the marks are joined with the values, escaped. Nothing can be stale,
as it could with stored fragments: no value outlives its page, and what is fixed is part of the shape's name. The
template stays the only place that says how a part looks.

A template may ask whether a value is there and write it down, nothing else: filters and comparisons would see the mark.
Whatever it compares must be fixed, and from a closed list.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from html import escape

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

SHAPES_MAX = 512
# Private use characters: one for each value. They are looked for in what our template says, never in a value.
FIRST_MARK = 0xE000
# What PostgreSQL refuses in text and browsers in forms: it stands between values that are escaped in one go.
_BETWEEN = "\0"

# Text, a value, text, ... and which value stands at each place between.
Shape = tuple[list[str], list[int]]


def render(template: str, values: Mapping[str, str] | None = None, **fixed: Hashable) -> SafeString:
    """A part of a page. It sees nothing but these: neither the request nor what context processors add."""
    told = values or {}
    shape = _shape(template, tuple(told), tuple(map(bool, told.values())), tuple(fixed.items()))
    return mark_safe(fill(shape, list(told.values())))  # noqa: S308  (our template's pieces, and escaped values)


def marks(has: Sequence[bool]) -> list[str]:
    """A mark in the place of each value that is there."""
    return [chr(FIRST_MARK + place) if there else "" for place, there in enumerate(has)]


def cut(written: str, number: int) -> Shape:
    """What a template made of the marks of so many values, in pieces."""
    pieces, places = [""], []
    for letter in written.strip():
        place = ord(letter) - FIRST_MARK
        if 0 <= place < number:
            pieces += ["", ""]
            places.append(place)
        else:
            pieces[-1] += letter
    return pieces, places


def fill(shape: Shape, values: Sequence[str]) -> str:
    """The pieces with the values between them, escaped."""
    pieces, places = shape
    escaped = escape(_BETWEEN.join(values)).split(_BETWEEN)
    if len(escaped) != len(values):
        escaped = list(map(escape, values))
    written = pieces.copy()
    written[1::2] = [escaped[place] for place in places]
    return "".join(written)


@lru_cache(maxsize=SHAPES_MAX)
def _shape(
    template: str, names: tuple[str, ...], has: tuple[bool, ...], fixed: tuple[tuple[str, Hashable], ...]
) -> Shape:
    context = {**dict(fixed), **dict(zip(names, marks(has), strict=True))}
    return cut(get_template(template).render(context), len(has))
