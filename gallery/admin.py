"""Staff's view of safety as records: read only. Decisions are made in the queue, views/moderation.py."""

from django.contrib import admin

from config.admin import ReadOnly
from gallery.models import Appeal, Decision, Report, Strike


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
