"""What a person says when showing a picture. Checks fields; who may show what is decided by posts.py."""

import unicodedata

from django import forms

from gallery.models import LEVELS_FOR_PEOPLE, Level, Visibility
from gallery.models.post import TITLE_MAX
from generation.assets import ALT_MAX

SHOWN = ((Visibility.PUBLIC.value, "Public"), (Visibility.UNLISTED.value, "Unlisted"))
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

    def clean_title(self) -> str:
        return one_line(self.cleaned_data["title"])

    def clean_level(self) -> str:
        return self.cleaned_data["level"] or Level.GENERAL


class DescribeForm(forms.Form):
    alt = forms.CharField(
        max_length=ALT_MAX,
        required=False,
        error_messages={"max_length": f"Say it in at most {ALT_MAX} characters; these are %(show_value)d."},
    )

    def clean_alt(self) -> str:
        return one_line(self.cleaned_data["alt"])


def one_line(text: str) -> str:
    """Line breaks, tabs and other control characters become single spaces."""
    plain = (" " if unicodedata.category(letter) == "Cc" else letter for letter in text)
    return " ".join("".join(plain).split())
