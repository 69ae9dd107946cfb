"""The ledger for staff: to look at, never to write. Gifts and corrections are transfers of their own, by ledger.py."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from config.admin import ReadOnly
from credits import ledger, staff, statements
from credits.models import Audit, Transfer, TransferKind, Wallet, WalletKind


@admin.register(Wallet)
class WalletAdmin(ReadOnly):
    list_display = ("id", "owner", "kind", "balance", "reserved", "topped_up_on")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("owner__email__iexact",)
    ordering = ("-id",)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("of/<int:user_id>/give/", self.admin_site.admin_view(give), name="credits_give"),
            path("of/<int:user_id>/correct/", self.admin_site.admin_view(correct), name="credits_correct"),
            *super().get_urls(),
        ]


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, user_id: int) -> HttpResponse:
    """Goodwill, into the bonus wallet."""
    actor_id = staff.require(request, "credits.grant")
    owner = get_object_or_404(get_user_model(), pk=user_id)

    def move(values: dict[str, Any]) -> staff.Done:
        key = f"staff:{values['key']}"
        ledger.grant(
            owner_id=owner.pk,
            wallet_kind=WalletKind.BONUS,
            amount=values["amount"],
            kind=TransferKind.GOODWILL,
            key=key,
            reason=values["reason"],
            actor_id=actor_id,
            subject=key,
        )
        return staff.Done(f"{values['amount']} given to {owner}.", rows=key)

    return staff.page(request, staff.ByHand(request.POST or None), move, title="Give credits", facts=_facts(owner))


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, user_id: int) -> HttpResponse:
    """A correction, into or out of the wallet chosen."""
    actor_id = staff.require(request, "credits.correct")
    owner = get_object_or_404(get_user_model(), pk=user_id)

    def move(values: dict[str, Any]) -> staff.Done:
        key = f"staff:{values['key']}"
        ledger.adjust(
            owner_id=owner.pk,
            wallet_kind=values["wallet"],
            amount=values["amount"],
            key=key,
            reason=values["reason"],
            actor_id=actor_id,
            subject=key,
        )
        return staff.Done(f"{values['amount']:+} in the {values['wallet']} wallet of {owner}.", rows=key)

    return staff.page(request, staff.Correction(request.POST or None), move, title="Correct", facts=_facts(owner))


def _facts(owner: Any) -> dict[str, object]:
    balance = statements.balance(owner_id=owner.pk, is_guest=owner.is_guest)
    pockets = {
        kind: getattr(balance, kind.value) for kind in (WalletKind.DAILY, WalletKind.BONUS, WalletKind.PURCHASED)
    }
    words = {
        kind.label: f"{pocket.spendable} available, {pocket.reserved} reserved" for kind, pocket in pockets.items()
    }
    return {"Owner": owner, **words, "Debt": balance.debt}


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    list_display = ("id", "created_at", "owner", "kind", "phase", "amount", "source_kind", "target_kind", "subject")
    list_filter = ("kind", "phase")
    list_select_related = ("owner", "source", "target")
    search_fields = ("=key", "=subject", "owner__email__iexact")
    search_help_text = "A key, a subject (job:<code>) or an owner's e-mail address, in full."
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return super().get_queryset(request).select_related("owner", "source", "target", "reserve", "actor")

    @admin.display(description="from")
    def source_kind(self, transfer: Transfer) -> str:
        return transfer.source.kind

    @admin.display(description="to")
    def target_kind(self, transfer: Transfer) -> str:
        return transfer.target.kind


@admin.register(Audit)
class AuditAdmin(ReadOnly):
    list_display = ("at", "ok", "seconds")
    list_filter = ("ok",)
    ordering = ("-at",)
