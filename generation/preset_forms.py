"""What a person says of a preset, and what they write into the places that it leaves open. Checks fields only."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from generation.fields import NameField, TextField
from generation.forms import GenerateForm
from generation.models import SeedMode
from generation.models.preset import NAME_MAX
from generation.presets import SETTINGS
from generation.prompts import variables
from generation.prompts.variables import BadVariable, Template

WORDS, ALL = "words", "all"


class PresetForm(forms.Form):
    """A name, words, and whether settings are kept. `settings` are those at hand: the studio form's fields by name."""

    name = NameField(max_length=NAME_MAX)
    prompt = TextField(
        required=False,
        max_length=settings.PROMPT_MAX,
        error_messages={"max_length": "Write at most %(limit_value)d characters; this has %(show_value)d."},
    )
    keep = forms.ChoiceField(
        choices=[(WORDS, "Words only"), (ALL, "Words and settings")],
        required=False,
        error_messages={"invalid_choice": "Keep the words only, or the settings too."},
    )

    def __init__(self, *args: Any, settings: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = dict(settings)

    def clean_prompt(self) -> str:
        try:
            variables.parse(self.cleaned_data["prompt"])
        except BadVariable as error:
            raise ValidationError(str(error), code="variable") from error
        return str(self.cleaned_data["prompt"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("keep") != ALL:
            self.settings = {}
        if not self.settings and not data.get("prompt") and "prompt" not in self.errors:
            self.add_error("prompt", "Write the words to keep.")
        return data


def settings_in(said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings among a studio form's fields, checked as the studio checks them; and what is wrong with them.

    What says nothing, or only what every form says, is left out.
    """
    form = GenerateForm({name: said[name] for name in SETTINGS if name in said}, needs_prompt=False)
    if not form.is_valid():
        return {}, [f"{name.replace('_', ' ').capitalize()}: {errors[0]}" for name, errors in form.errors.items()]
    told = {name: form.cleaned_data.get(name) for name in SETTINGS}
    told["model"] = form.cleaned_data["model"].slug
    if told["seed_mode"] == SeedMode.RANDOM:
        told["seed"] = None  # a number that was left in the field
    return {name: value for name, value in told.items() if value not in (None, "") and value is not False}, []


class FillForm(forms.Form):
    """A field for each open place of a prompt."""

    def __init__(self, template: Template, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.template = template
        for one in template.variables:
            self.fields[one.field] = TextField(
                label=one.name,
                required=one.default is None,
                max_length=variables.VALUE_MAX,
                error_messages={
                    "required": f"Write something for “{one.name}”.",
                    "max_length": f"“{one.name}” takes at most %(limit_value)d characters; this has %(show_value)d.",
                },
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        known = {one.field for one in self.template.variables}
        for name in self.data:
            if name.startswith("v.") and name not in known:
                raise ValidationError(f"This preset has no place “{name[2:][: variables.NAME_MAX]}”.", code="unknown")
        if not self.errors:
            self._fill(data)
        return data

    def _fill(self, data: dict[str, Any]) -> None:
        self.prompt = self.template.fill({one.name: data[one.field] for one in self.template.variables}).strip()
        length, most = len(self.prompt), settings.PROMPT_MAX
        if length > most:
            self.add_error(None, f"Filled in, the prompt has {length:,} characters; at most {most:,} fit.")
        elif length < settings.PROMPT_MIN:
            self.add_error(None, f"Filled in, the prompt has less than {settings.PROMPT_MIN} characters.")
