"""The studio's form: what a request may say. It checks values; prices, limits and rules are the domain's."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from generation import catalogue, equivalents, references
from generation.fields import TextField
from generation.models import InferenceModel, Job, Reference, SeedMode, SeedSupport, Style
from generation.shapes import SHAPES
from generation.wish import Wish

SEED_MAX = 2**32 - 1
# Whether another model may take over.
ONLY, EQUIVALENT = "only", "equivalent"


class GenerateForm(forms.Form):
    """One form for price and submit. `model` decides which of the other fields count."""

    prompt = TextField(
        min_length=settings.PROMPT_MIN,
        max_length=settings.PROMPT_MAX,
        error_messages={
            "required": "Write what the picture should show.",
            "min_length": "Write at least %(limit_value)d characters.",
            "max_length": "Write at most %(limit_value)d characters; this has %(show_value)d.",
        },
    )
    negative_prompt = TextField(
        required=False,
        max_length=settings.PROMPT_MAX,
        error_messages={"max_length": "Write at most %(limit_value)d characters; this has %(show_value)d."},
    )
    model = forms.CharField(max_length=50, error_messages={"required": "Choose a model."})
    aspect_ratio = forms.ChoiceField(
        choices=[(value, value) for value in SHAPES],
        error_messages={"required": "Choose a shape.", "invalid_choice": "Choose one of the shapes shown."},
    )
    count = forms.IntegerField(
        min_value=1,
        max_value=settings.PICTURES_MAX,
        error_messages={
            "required": "Choose how many pictures.",
            "invalid": "Choose a whole number of pictures.",
            "min_value": "Choose 1 to 4 pictures.",
            "max_value": "Choose 1 to 4 pictures.",
        },
    )
    style = forms.ChoiceField(
        choices=Style.choices, required=False, error_messages={"invalid_choice": "Choose one of the styles shown."}
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=SEED_MAX,
        error_messages={
            "invalid": "A seed is a whole number.",
            "min_value": "A seed is 0 or more.",
            "max_value": f"A seed is at most {SEED_MAX}.",
        },
    )
    seed_mode = forms.ChoiceField(
        choices=SeedMode.choices, required=False, error_messages={"invalid_choice": "Choose one of the seeds shown."}
    )
    steps = forms.IntegerField(
        required=False,
        min_value=1,
        error_messages={"invalid": "Steps are a whole number.", "min_value": "Choose 1 step or more."},
    )
    guidance = forms.FloatField(
        required=False,
        min_value=0,
        error_messages={"invalid": "Guidance is a number.", "min_value": "Guidance is 0 or more."},
    )
    strength = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        error_messages={
            "invalid": "Strength is a number.",
            "min_value": "Strength is from 0 to 1.",
            "max_value": "Strength is from 0 to 1.",
        },
    )
    failover = forms.ChoiceField(
        choices=[(ONLY, "This model only"), (EQUIVALENT, "An equivalent is fine")],
        required=False,
        error_messages={"invalid_choice": "Choose one of the two."},
    )
    reference = TextField(required=False, max_length=60)  # the code of an uploaded picture of one's own
    enhance = forms.BooleanField(required=False)
    enhancement = TextField(required=False, max_length=60)  # which one `enhanced` comes from: enhancing.py looks it up
    enhanced = TextField(
        required=False,
        min_length=settings.PROMPT_MIN,
        max_length=settings.PROMPT_MAX,
        error_messages={
            "min_length": "Write at least %(limit_value)d characters.",
            "max_length": "Write at most %(limit_value)d characters; this has %(show_value)d.",
        },
    )
    key = forms.RegexField(
        r"^[A-Za-z0-9_-]{8,64}$",
        error_messages={"required": "Please reload the page.", "invalid": "Please reload the page."},
    )
    parent = TextField(required=False, max_length=60)  # lineage.py reads it, and believes nothing it cannot see

    def __init__(self, *args: Any, owner_id: int | None = None, needs_prompt: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner_id, self.needs_prompt = owner_id, needs_prompt
        if not needs_prompt:  # a price does not depend on the words
            self.fields["prompt"] = self.fields["enhanced"] = TextField(required=False)
            self.fields["key"].required = False

    def clean_model(self) -> InferenceModel:
        model = catalogue.find(self.cleaned_data["model"])
        if model is None:
            raise ValidationError("This model is not on offer. Choose one of those shown.", code="unknown_model")
        return model

    def clean_reference(self) -> Reference | None:
        """One's own picture; another's is as unknown as one that never was. A query only where one is named."""
        code = self.cleaned_data["reference"]
        if not code:
            return None
        reference = references.find(code=code, owner_id=self.owner_id)
        if reference is None:
            raise ValidationError("This picture is not here any more. Choose it again.", code="unknown_reference")
        return reference

    def clean_style(self) -> str:
        return self.cleaned_data["style"] or Style.NONE

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        model: InferenceModel | None = data.get("model")
        if model is not None:
            self._fit(model, data)
        return data

    def _fit(self, model: InferenceModel, data: dict[str, Any]) -> None:
        """Name what the chosen model cannot do; drop what it does not look at."""
        if data.get("aspect_ratio") and data["aspect_ratio"] not in model.aspect_ratios:
            self.add_error("aspect_ratio", f"{model.name} does not make {data['aspect_ratio']}.")
        if data.get("count") and data["count"] > model.max_count:
            self.add_error("count", f"{model.name} makes at most {model.max_count} at a time.")
        if data.get("style", Style.NONE) != Style.NONE and data["style"] not in model.styles:
            self.add_error("style", f"{model.name} has no such style.")
        if model.needs_reference and self.needs_prompt and not (data.get("reference") or "reference" in self.errors):
            self.add_error("reference", f"{model.name} works from a picture. Add one.")
        if not model.supports_negative:
            data["negative_prompt"] = ""
        if model.seed_support == SeedSupport.NONE:
            data["seed"] = None
        if data.get("failover") == EQUIVALENT and not equivalents.family(model):
            data["failover"] = ONLY  # nobody could take over
        self._fit_numbers(model, data)

    def _fit_numbers(self, model: InferenceModel, data: dict[str, Any]) -> None:
        """Steps and guidance within the model's range; its normal ones go unsaid, so that one wish has one digest."""
        for name, normal, most in (
            ("steps", model.normal_steps, model.max_steps),
            ("guidance", model.normal_guidance, model.max_guidance),
        ):
            if most is None or data.get(name) == normal:
                data[name] = None
            elif data.get(name) is not None and data[name] > most:
                self.add_error(name, f"{model.name} takes at most {most:g}.")
        if not (model.supports_reference and model.supports_strength and data.get("reference")):
            data["strength"] = None

    def wish(self, parent: Job | None = None, origin: str = "", enhanced: str = "") -> Wish:
        """The checked request, on a valid form only. `enhanced` is what a model made of exactly this prompt.

        A model that follows no picture is given none: then it has only fed the words.
        """
        data = self.cleaned_data
        is_enhanced = bool(enhanced and data["enhanced"])
        follows = data["reference"] if data["model"].supports_reference else None
        counting = data["seed_mode"] == SeedMode.COUNTING
        mode = SeedMode.COUNTING if counting else SeedMode.LOCKED
        return Wish(
            model=data["model"],
            prompt=data["enhanced"] if is_enhanced else data["prompt"],
            written=data["prompt"] if is_enhanced else "",
            enhanced=enhanced if is_enhanced else "",
            negative_prompt=data["negative_prompt"],
            aspect_ratio=data["aspect_ratio"],
            count=data["count"],
            style=data["style"],
            seed=data["seed"],
            seed_mode=SeedMode.RANDOM if data["seed"] is None else mode,  # a number that was typed is meant
            steps=data["steps"],
            guidance=data["guidance"],
            reference_id=follows.pk if follows else None,
            strength=data["strength"],
            failover=data["failover"] == EQUIVALENT,
            parent_id=parent.pk if parent else None,
            origin=origin,
        )
