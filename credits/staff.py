"""The page on which staff move credits by hand: a form, one call of the ledger, its refusals in words.

Holds no rule of the ledger. The key travels in the form, so that the same form sent twice is one transfer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from credits import errors
from credits.models import PERSONAL, WalletKind

AMOUNT_MAX = 100_000
REASON_CHARS = (5, 300)


class ByHand(forms.Form):
    """What every movement by hand needs."""

    amount = forms.IntegerField(min_value=1, max_value=AMOUNT_MAX)
    reason = forms.CharField(
        min_length=REASON_CHARS[0],
        max_length=REASON_CHARS[1],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The person reads it on their statement.",
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class Correction(ByHand):
    """Into the wallet, or out of it."""

    wallet = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in PERSONAL])
    amount = forms.IntegerField(
        min_value=-AMOUNT_MAX,
        max_value=AMOUNT_MAX,
        help_text="Below zero takes credits out. Above zero in the debt wallet forgives.",
    )

    def clean_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError("Enter a number above or below zero.", code="zero")
        return amount


@dataclass(frozen=True)
class Done:
    """A movement that was made; `rows` finds its transfers in the list of all."""

    sentence: str
    rows: str


def require(request: HttpRequest, permission: str) -> int:
    """The id of who acts. Raises PermissionDenied."""
    if request.user.pk is None or not request.user.has_perm(permission):
        raise PermissionDenied
    return request.user.pk


def page(
    request: HttpRequest, form: ByHand, move: Callable[[dict[str, Any]], Done], *, title: str, facts: dict[str, object]
) -> HttpResponse:
    """Show the form, or make the movement and show the form anew with what was done.

    `move` gets the form's values and may raise CreditsError or ValidationError: the form is then shown with the words.
    """
    if form.is_valid():
        try:
            done = move(form.cleaned_data)
        except errors.CreditsError as error:
            form.add_error(*_told(error, form.cleaned_data))
        except forms.ValidationError as error:
            form.add_error(None, error)
        else:
            rows = f"{reverse('admin:credits_transfer_changelist')}?{urlencode({'q': done.rows})}"
            messages.success(request, format_html('{} <a href="{}">The rows of the statement</a>', done.sentence, rows))
            return redirect(request.path)
    context = {**admin.site.each_context(request), "form": form, "title": title, "facts": facts}
    return TemplateResponse(request, "admin/credits/by_hand.html", context, status=422 if form.errors else 200)


def _told(error: errors.CreditsError, values: dict[str, Any]) -> tuple[str | None, str]:
    """The field that a refusal is about, and the words."""
    match error:
        case errors.InsufficientCredits():
            return "amount", f"This wallet has {error.available} to take."
        case errors.OverRefund():
            return "amount", f"{error.left} of the charge are left to refund."
        case errors.KeyReused():
            return None, "This form was sent before with other values. Open the page anew for another movement."
        case errors.Refused(rule="wallet_never_overdrawn") if values.get("wallet") == WalletKind.DEBT:
            return "amount", "This is more than is owed."
    return None, f"The ledger refused this: {error}."
