"""Staff's view of safety as records: read only. Decisions are made in the queue, views/moderation.py."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from gallery.models import Appeal, Decision, Report, Strike


class ReadOnly(admin.ModelAdmin[Any]):
    """Nothing is added, changed or deleted here."""

    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = (
        "created_at",
        "action",
        "reason",
        "owner",
        "actor",
        "asset",
        "comment",
        "level_before",
        "level_after",
    )
    list_filter = ("action", "reason")
    list_select_related = ("owner", "actor", "asset", "comment")
    search_fields = ("code", "owner__handle", "asset__code")


@admin.register(Report)
class ReportAdmin(ReadOnly):
    list_display = ("created_at", "state", "reason", "reporter", "asset", "comment")
    list_filter = ("state", "reason")
    list_select_related = ("reporter", "asset", "comment")
    search_fields = ("code", "reporter__handle", "asset__code")


@admin.register(Strike)
class StrikeAdmin(ReadOnly):
    list_display = ("created_at", "owner", "expires_at", "lifted_at", "decision")
    list_select_related = ("owner", "decision")
    search_fields = ("owner__handle",)


@admin.register(Appeal)
class AppealAdmin(ReadOnly):
    list_display = ("created_at", "state", "owner", "answered_by", "answered_at", "decision")
    list_filter = ("state",)
    list_select_related = ("owner", "answered_by", "decision")
    search_fields = ("code", "owner__handle")
