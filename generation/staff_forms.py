"""The forms of the staff's Replicate pages and of imported rows. They check values; what follows is the domain's."""

import json
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from generation import console, imports
from generation.errors import NothingToAsk
from generation.models import InferenceModel
from generation.shapes import SHAPES

REASON_CHARS = (5, 300)
JSON_CHARS = 20_000


class Json(forms.JSONField):
    """An object, shown as people can read it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 12, "cols": 72, "spellcheck": "false"}), **options)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """As it was typed, whatever it is: what cannot be read is shown again too."""
        return InvalidJSONInput(data or "")

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > JSON_CHARS:
            raise ValidationError(f"Write at most {JSON_CHARS:,} characters.", code="long")
        try:
            told = super().to_python(value)
            text = json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:  # numbers without end, half characters, brackets without end
            raise ValidationError("This cannot be stored as JSON.", code="invalid") from error
        if not isinstance(told, dict | None):
            raise ValidationError('Write an object: {"name": value, ...}.', code="no_object")
        if rb"\u0000" in text:
            raise ValidationError("This holds a character that cannot be stored.", code="characters")
        return told or {}


class Reasoned(forms.Form):
    """What every act by hand needs. The key makes the same form sent twice one act."""

    reason = forms.CharField(
        min_length=REASON_CHARS[0],
        max_length=REASON_CHARS[1],
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Kept with your name in the log.",
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class Training(Reasoned):
    """Of a version that the page names."""

    destination = forms.RegexField(
        r"^[A-Za-z0-9_][\w.-]{0,99}/[A-Za-z0-9_][\w.-]{0,99}\Z",
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField", "placeholder": "owner/name"}),
        help_text="The model on Replicate that the result becomes a version of.",
        error_messages={"invalid": "Write owner/name."},
    )
    hardware = forms.RegexField(
        r"^[a-z0-9-]{1,40}\Z",
        required=False,
        help_text="Only where the destination does not exist yet: it is then made, private, on this hardware.",
        error_messages={"invalid": "Write the name of one that the hardware page lists."},
    )
    given = Json(label="Input", help_text="As JSON: the inputs below, files by their https:// address.")

    field_order = ("destination", "hardware", "given", "reason", "key")


class Search(forms.Form):
    """Words to find models by."""

    q = forms.CharField(max_length=console.QUERY_MAX, label="Find models")

    def clean_q(self) -> str:
        try:
            console.check("search", {"query": self.cleaned_data["q"]})
        except NothingToAsk as error:
            raise ValidationError("Write words to look for.", code="characters") from error
        return str(self.cleaned_data["q"])


class Row(forms.ModelForm[InferenceModel]):
    """A row that staff brought in, whole."""

    aspect_ratios = forms.MultipleChoiceField(
        choices=[(value, value) for value in SHAPES], widget=forms.CheckboxSelectMultiple, label="Shapes"
    )
    recipe = Json(help_text="How its input is written: fields, fixed, ratios and the rest, as docs/providers.md lists.")
    styles = Json(help_text="Style to the words that it adds: none, realistic, anime, artistic.")

    class Meta:
        model = InferenceModel
        fields = ("slug", *imports.FIELDS)
        labels = {"is_pro": "Pro", "cost_usd": "Cost in USD", "price_credits": "Price in credits"}
        help_texts = {"cost_usd": "What Replicate charges us, for one of what stands below."}
        widgets = {name: forms.TextInput(attrs={"class": "vTextField"}) for name in ("name", "about", "provider_model")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            if name in _OPTIONAL:
                field.required = False

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                imports.complete(self.instance)
            except ValidationError as error:
                self.add_error(None, error)


class NewRow(Row):
    """The same, with a reason."""

    reason = Reasoned.base_fields["reason"]


_OPTIONAL = ("normal_steps", "max_steps", "normal_guidance", "max_guidance", "cost_usd", "family")
