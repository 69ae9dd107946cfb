"""Forms of this app: they check shape; what must be true of all accounts is profile.py's."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from accounts.models import BIO_MAX, HANDLE, HANDLE_MAX, NAME_MAX, Showing, User
from generation.fields import LinesField, NameField


class ProfileForm(forms.Form):
    """The three fields of the profile."""

    display_name = NameField(max_length=NAME_MAX, required=False)
    handle = forms.CharField(
        min_length=3,
        max_length=HANDLE_MAX,
        validators=[RegexValidator(HANDLE, "Use letters a to z, digits and underscores, none at the ends.")],
        error_messages={"required": "Your page needs a handle."},
    )
    bio = LinesField(max_length=BIO_MAX, required=False, widget=forms.Textarea)

    def __init__(self, data: Any = None, *, user: User) -> None:
        lowered = data.copy() if data is not None else None
        if lowered is not None:
            lowered["handle"] = lowered.get("handle", "").strip().lower()
        super().__init__(
            lowered, initial={"display_name": user.display_name, "handle": user.handle or "", "bio": user.bio}
        )


# The levels that a viewer chooses about, each with what it holds.
LEVELS = (("suggestive", "Swimwear, innuendo"), ("nudity", "Artistic, not sexual"), ("explicit", "Adults only"))


def _showing() -> forms.ChoiceField:
    wrong = "Choose show, blur or hide."
    return forms.ChoiceField(choices=Showing.choices, error_messages={"required": wrong, "invalid_choice": wrong})


class ContentForm(forms.Form):
    """What the gallery shows to this person, and what their downloads carry."""

    show_suggestive = _showing()
    show_nudity = _showing()
    show_explicit = _showing()
    writes_metadata = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial={name: getattr(user, name) for name in self.base_fields})

    @property
    def levels(self) -> list[tuple[str, str, forms.BoundField]]:
        """Name, what it holds, and the field, in order."""
        return [(level, what, self[f"show_{level}"]) for level, what in LEVELS]
