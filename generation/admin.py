"""Staff's view of generation: catalogue switches can be turned, history can only be read."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from generation import catalogue
from generation.models import Asset, Attempt, InferenceModel, Job


class ReadOnly(admin.ModelAdmin[Any]):
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(InferenceModel)
class InferenceModelAdmin(admin.ModelAdmin[InferenceModel]):
    """Switches and message only: everything else comes from the catalogue file."""

    list_display = ("name", "provider", "price_credits", "is_pro", "is_enabled", "message", "is_retired")
    list_filter = ("provider", "is_enabled", "is_retired")
    fields = ("name", "slug", "is_enabled", "message")
    readonly_fields = ("name", "slug")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: InferenceModel, form: Any, change: bool) -> None:
        obj.save(update_fields=["is_enabled", "message"])
        transaction.on_commit(catalogue.forget)


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = (
        "code",
        "owner",
        "model",
        "state",
        "error_code",
        "count",
        "price_credits",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "error_code", "model")
    list_select_related = ("owner", "model")
    search_fields = ("code", "owner__email", "owner__handle")
    show_full_result_count = False


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    list_display = (
        "job",
        "number",
        "provider",
        "started_at",
        "finished_at",
        "run_seconds",
        "error_code",
        "error_detail",
    )
    list_filter = ("provider", "error_code")
    list_select_related = ("job",)
    search_fields = ("job__code", "external_id")
    show_full_result_count = False


@admin.register(Asset)
class AssetAdmin(ReadOnly):
    list_display = ("code", "owner", "job", "index", "visibility", "moderation", "width", "height", "created_at")
    list_filter = ("visibility", "moderation", "is_late")
    list_select_related = ("owner", "job")
    search_fields = ("code", "owner__email", "owner__handle", "sha256")
    show_full_result_count = False
