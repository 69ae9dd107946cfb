"""Places that a saved prompt leaves open: `{{name}}`, or `{{name|what stands there when nothing is written}}`.

Pure. A value is text and stays text: braces in it open no other place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

NAME_MAX = 30
VALUE_MAX = 200
VARIABLES_MAX = 10
# Whatever stands between double braces without one inside; what that is, is looked at afterwards.
PLACE = re.compile(r"\{\{([^{}]*)\}\}")


class BadVariable(ValueError):
    """A place has no name that can be one, or there are too many. The text is a sentence."""


class Unfilled(ValueError):
    """Nothing was written for a variable that has no default. `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Variable:
    """`default` None: it must be filled. An empty default: it may be left empty."""

    name: str
    default: str | None = None

    @property
    def field(self) -> str:
        """What a form calls its value."""
        return f"v.{self.name}"


@dataclass(frozen=True)
class Part:
    """A piece of a prompt: plain text, or the place of a variable."""

    text: str
    variable: Variable | None = None


@dataclass(frozen=True)
class Template:
    """A prompt taken apart, in its order."""

    parts: tuple[Part, ...]

    @cached_property
    def variables(self) -> list[Variable]:
        """Each once, in the order of their first places; the first default that stands anywhere counts for all."""
        found: dict[str, Variable] = {}
        for part in self.parts:
            if (one := part.variable) is not None and (one.name not in found or found[one.name].default is None):
                found[one.name] = one
        return list(found.values())

    def fill(self, values: Mapping[str, str]) -> str:
        """The prompt with a value in each place, by name; blank ones take the default. Raises Unfilled."""
        chosen = {one.name: _value(one, values.get(one.name, "")) for one in self.variables}
        return "".join(chosen[part.variable.name] if part.variable else part.text for part in self.parts)


def parse(text: str) -> Template:
    """Raises BadVariable."""
    parts: list[Part] = []
    end = 0
    for place in PLACE.finditer(text):
        parts += [Part(text[end : place.start()])] if place.start() > end else []
        parts.append(Part(place.group(), _variable(place.group(1))))
        end = place.end()
    parts += [Part(text[end:])] if end < len(text) else []
    template = Template(tuple(parts))
    if len(template.variables) > VARIABLES_MAX:
        raise BadVariable(f"At most {VARIABLES_MAX} places can stay open; this has {len(template.variables)}.")
    return template


def _variable(inside: str) -> Variable:
    name, has_default, default = inside.partition("|")
    name = " ".join(name.split())
    if not name or not all(sign.isalnum() or sign in " _" for sign in name):
        shown = f"“{name[:NAME_MAX]}”" if name else "Nothing"
        raise BadVariable(f"{shown} cannot name an open place: letters, digits, spaces and _ only.")
    if len(name) > NAME_MAX:
        raise BadVariable(
            f"The name of an open place has at most {NAME_MAX} characters: “{name[:NAME_MAX]}…” has more."
        )
    if len(default.strip()) > VALUE_MAX:
        raise BadVariable(f"What stands in “{name}” by itself has more than {VALUE_MAX} characters.")
    return Variable(name, default.strip() if has_default else None)


def _value(variable: Variable, written: str) -> str:
    if value := written.strip():
        return value
    if variable.default is None:
        raise Unfilled(variable.name)
    return variable.default
