"""The ledger for staff: to look at, never to write. Corrections are transfers of their own, made by ledger.py."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from credits.models import Audit, Transfer, Wallet


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """No add, no change, no delete, and no COUNT(*) over a table that only grows."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ("id", "owner", "kind", "balance", "reserved", "topped_up_on")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("owner__email__iexact",)
    ordering = ("-id",)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
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
class AuditAdmin(ReadOnlyAdmin):
    list_display = ("at", "ok", "seconds")
    list_filter = ("ok",)
    ordering = ("-at",)
