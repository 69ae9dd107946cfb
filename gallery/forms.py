"""What a person says of a picture, shown by them or by others. Checks fields; who may is decided by the domain."""

import re
import unicodedata
from typing import Any

from django import forms

from gallery.models import LEVELS_FOR_PEOPLE, Level, Visibility
from gallery.models.comment import TEXT_MAX
from gallery.models.post import TITLE_MAX
from gallery.models.reaction import STARS_MAX
from generation.assets import ALT_MAX

SHOWN = ((Visibility.PUBLIC.value, "Public"), (Visibility.UNLISTED.value, "Unlisted"))
# What changes the direction of all that follows, be it another's name: text in any script does without.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LEVELS = tuple((level.value, level.label) for level in LEVELS_FOR_PEOPLE)


class PublishForm(forms.Form):
    title = forms.CharField(
        max_length=TITLE_MAX,
        required=False,
        error_messages={"max_length": f"A title has at most {TITLE_MAX} characters; this one has %(show_value)d."},
    )
    visibility = forms.ChoiceField(
        choices=SHOWN,
        error_messages={
            "required": "Say who may see it: everybody, or only those with the link.",
            "invalid_choice": "A picture is shown as public or unlisted.",
        },
    )
    hide_prompt = forms.BooleanField(required=False)
    level = forms.ChoiceField(
        choices=LEVELS, required=False, error_messages={"invalid_choice": "Choose one of the content levels."}
    )

    def __init__(self, *told: Any, floor: str = Level.GENERAL, **more: Any) -> None:
        super().__init__(*told, **more)
        self.floor = Level(floor)

    @property
    def offered(self) -> list[tuple[str, str]]:
        """The levels that may be chosen: none below what a check or staff have set."""
        return [(value, label) for value, label in LEVELS if value in self.floor.and_above] or list(LEVELS)

    @property
    def has_floor(self) -> bool:
        return self.floor != Level.GENERAL

    def clean_title(self) -> str:
        return one_line(self.cleaned_data["title"])

    def clean_level(self) -> str:
        chosen: str = self.cleaned_data["level"] or self.floor
        if chosen not in self.floor.and_above:
            raise forms.ValidationError(
                f"It is at least {self.floor.label.lower()}: its words, a check or our staff have set that."
            )
        return chosen


class PlainTextField(forms.CharField):
    """Lines of text: no control characters, no wall of empty lines, nothing around it. Its length is what is kept."""

    def to_python(self, value: object) -> str:
        lines = str(value or "").replace("\r\n", "\n").replace("\r", "\n")
        plain = "".join(letter for letter in lines if letter == "\n" or not _is_control(letter))
        return re.sub(r"\n\s*\n\s*\n", "\n\n", plain.strip())


class CommentForm(forms.Form):
    text = PlainTextField(
        max_length=TEXT_MAX,
        error_messages={
            "required": "Write something first.",
            "max_length": f"A comment has at most {TEXT_MAX:,} characters; this one has %(show_value)d.",
        },
    )


def _is_control(letter: str) -> bool:
    return letter in TURNING or unicodedata.category(letter) == "Cc"


class RatingForm(forms.Form):
    stars = forms.IntegerField(
        min_value=0,
        max_value=STARS_MAX,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"Give one to {STARS_MAX} stars, or none to take them back.",
        ),
    )


class DescribeForm(forms.Form):
    alt = forms.CharField(
        max_length=ALT_MAX,
        required=False,
        error_messages={"max_length": f"Say it in at most {ALT_MAX} characters; these are %(show_value)d."},
    )

    def clean_alt(self) -> str:
        return one_line(self.cleaned_data["alt"])


def one_line(text: str) -> str:
    """Line breaks, tabs and other control characters become single spaces; nothing turns the words around it."""
    plain = (" " if unicodedata.category(letter) == "Cc" else letter for letter in text if letter not in TURNING)
    return " ".join("".join(plain).split())
