"""What a person says of a collection. Checks fields; whose it is and how much it holds is decided by collecting.py."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from gallery.models import Visibility
from gallery.models.collection import ABOUT_MAX, NAME_MAX
from generation.fields import LinesField, NameField

SEEN_BY = (
    (Visibility.PRIVATE.value, "Only you"),
    (Visibility.UNLISTED.value, "Whoever has the link"),
    (Visibility.PUBLIC.value, "Everybody"),
)
# Far more than one panel lists.
CODES_MAX = 1000


class CollectionForm(forms.Form):
    name = NameField(max_length=NAME_MAX)
    about = LinesField(
        max_length=ABOUT_MAX,
        required=False,
        error_messages={"max_length": f"At most {ABOUT_MAX} characters; this has %(show_value)d."},
    )
    visibility = forms.ChoiceField(
        choices=SEEN_BY,
        error_messages={"required": "Say who may see it.", "invalid_choice": "Choose one of the three shown."},
    )


class CodesField(forms.MultipleChoiceField):
    """Codes as a form's boxes send them."""

    def clean(self, value: Any) -> list[UUID]:
        try:
            return list(dict.fromkeys(UUID(text) for text in (value or [])[:CODES_MAX]))
        except ValueError as error:
            raise ValidationError("This names no collection.", code="invalid_choice") from error


class SaveForm(forms.Form):
    """The boxes of the panel under a picture: which were ticked when it was shown, which are now, and a new name.

    Only what was changed is done, so that a panel from another tab undoes nothing.
    """

    collection = CodesField(required=False)
    was = CodesField(required=False)
    new = NameField(max_length=NAME_MAX, required=False)

    @property
    def into(self) -> list[UUID]:
        return [code for code in self.cleaned_data["collection"] if code not in self.cleaned_data["was"]]

    @property
    def out_of(self) -> list[UUID]:
        return [code for code in self.cleaned_data["was"] if code not in self.cleaned_data["collection"]]
