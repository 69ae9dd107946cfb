"""What people say when they report or appeal, and staff when they decide. Checks fields; the rules are elsewhere."""

from django import forms

from gallery.models import Level, Reason
from gallery.models.safety import NOTE_MAX
from generation.fields import LinesField

OF_A_PICTURE = (
    Reason.LEVEL,
    Reason.PERSON,
    Reason.COPY,
    Reason.MINORS,
    Reason.VIOLENCE,
    Reason.SPAM,
    Reason.OTHER,
)
OF_A_COMMENT = (
    Reason.HARASSMENT,
    Reason.SPAM,
    Reason.VIOLENCE,
    Reason.PERSON,
    Reason.MINORS,
    Reason.OTHER,
)


class Words(LinesField):
    """What is said of a report or a decision."""

    def __init__(self, *, required: bool, missing: str = "") -> None:
        too_long = f"At most {NOTE_MAX:,} characters; these are %(show_value)d."
        errors = {"required": missing, "max_length": too_long}
        super().__init__(max_length=NOTE_MAX, required=required, widget=forms.Textarea, error_messages=errors)


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        error_messages={"required": "Say what is wrong.", "invalid_choice": "Choose one of the reasons."}
    )
    note = Words(required=False)

    def __init__(self, data: object = None, *, is_comment: bool) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        reasons = OF_A_COMMENT if is_comment else OF_A_PICTURE
        self.fields["reason"].choices = [(one.value, one.label) for one in reasons]  # type: ignore[attr-defined]


class AppealForm(forms.Form):
    text = Words(required=True, missing="Say why the decision is wrong.")


class DecisionForm(forms.Form):
    """`do` is the button that was pressed; `seen` the last decision that its page knew of."""

    do = forms.ChoiceField(error_messages={"required": "Choose what to do.", "invalid_choice": "Choose what to do."})
    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    level = forms.ChoiceField(
        choices=Level.choices, required=False, error_messages={"invalid_choice": "Choose one of the five levels."}
    )
    reason = forms.ChoiceField(
        choices=Reason.choices, required=False, error_messages={"invalid_choice": "Choose one of the reasons."}
    )
    note = Words(required=False)

    def __init__(self, data: object = None, *, is_comment: bool) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        buttons = ("keep", "remove", "remove_strike") if is_comment else ("keep", "withdraw", "refuse", "strike")
        self.fields["do"].choices = [(one, one) for one in buttons]  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    do = forms.ChoiceField(
        choices=[("grant", "Grant"), ("refuse", "Refuse")],
        error_messages={"required": "Choose what to do.", "invalid_choice": "Choose what to do."},
    )
    answer = Words(required=True, missing="Say why: the person reads it.")


class RestoreForm(forms.Form):
    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    note = Words(required=False)
