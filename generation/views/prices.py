"""The price of the studio's form, signed for it alone, and what it would leave of a balance. Reserves nothing."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from credits.models import SPENDABLE, WalletKind
from credits.purse import share
from credits.statements import Balance
from generation.forms import GenerateForm
from generation.models import InferenceModel
from generation.pricing import quote as quotes
from generation.views import filling


@dataclass(frozen=True)
class Shown:
    """A price as the form shows it. `remains` is what would be left, `paid_from` names the wallets in their order;
    `error` says why there is no price."""

    token: str = ""
    total_credits: int = 0
    summary: str = ""
    lines: tuple[quotes.Line, ...] = ()
    available: int | None = None
    remains: int = 0
    paid_from: str = ""
    affordable: bool = True
    owed: int = 0
    purchased_only: bool = False
    rule_version: int = 0
    valid_seconds: int = settings.QUOTE_SECONDS
    error: str = ""


def of(form: GenerateForm, balance: Balance, chosen: InferenceModel | None = None) -> Shown:
    """The price of what the form says now: of its checked values, or of its initial ones."""
    if form.is_bound:
        form.is_valid()
        values = form.cleaned_data
    else:
        told = {"count": filling.count_of(form.initial["count"]), "steps": _whole(form.initial.get("steps"))}
        values = {**form.initial, "model": chosen, **told}
    model, ratio, count = values.get("model"), values.get("aspect_ratio"), values.get("count")
    if model is None or ratio is None or count is None:
        said = next((message for errors in form.errors.values() for message in errors), "Choose a model first.")
        return Shown(error=str(said))
    terms: dict[str, Any] = {"aspect_ratio": ratio, "steps": values.get("steps"), "references": _references(values)}
    made = quotes.make(model=model, count=count, **terms)
    available = balance.purchased.spendable if model.is_pro else balance.available
    return Shown(
        token=quotes.sign(made, model=model, **terms),
        total_credits=made.total_credits,
        summary=made.summary,
        lines=made.lines,
        rule_version=made.rules_version,
        available=available,
        remains=available - made.total_credits,
        paid_from=_paid_from(balance, made.total_credits, purchased_only=model.is_pro),
        affordable=available >= made.total_credits and not balance.debt,
        owed=balance.debt,
        purchased_only=model.is_pro,
    )


def _whole(text: object) -> int | None:
    """A number of steps as an address has it; None where it is none, for what the model does as a rule."""
    return int(str(text)) if re.fullmatch("[0-9]{1,4}", str(text)) else None


def _references(values: dict[str, Any]) -> int:
    """A picture that only feeds the words costs nothing; one that is needed is in the price before it is there."""
    model = values["model"]
    return 1 if model.needs_reference or (values.get("reference") and model.supports_reference) else 0


def _paid_from(balance: Balance, amount: int, *, purchased_only: bool) -> str:
    """ "20 daily, then 16 bonus": as a reserve takes it."""
    kinds = [WalletKind.PURCHASED] if purchased_only else SPENDABLE
    parts = share(amount, [getattr(balance, kind.value).spendable for kind in kinds])
    return ", then ".join(f"{part:,} {kind.value}" for kind, part in zip(kinds, parts, strict=True) if part)
