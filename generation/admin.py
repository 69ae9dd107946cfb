"""Staff's view of generation: catalogue switches can be turned, history can only be read.

The pages about Replicate are doors of their own: views/console.py.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from config.admin import ReadOnly
from credits import staff, statements
from generation import breaker, catalogue, health, imports, refunds, staff_forms
from generation.errors import PaidByGuest
from generation.models import Asset, Attempt, InferenceModel, Job


@admin.register(InferenceModel)
class InferenceModelAdmin(admin.ModelAdmin[InferenceModel]):
    """Switches and message only: everything else comes from the catalogue file, or from staff who brought a row in."""

    list_display = (
        "name",
        "provider",
        "price_credits",
        "expected_seconds",
        "is_pro",
        "is_enabled",
        "message",
        "is_retired",
    )
    list_filter = ("provider", "is_enabled", "is_retired")
    readonly_fields = (
        "name",
        "slug",
        "price_credits",
        "typical_seconds",
        "measured_seconds",
        "measured_runs",
        "measured_at",
        "measured_low",
        "measured_high",
        "coverage",
        "coverage_jobs",
    )
    fields = ("is_enabled", "message", *readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        if _is_staffs(obj):
            options["form"] = staff_forms.Row
        return super().get_form(request, obj, change, **options)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        if not _is_staffs(obj):
            return fields
        return ("is_enabled", "message", "slug", *imports.FIELDS, *self.get_readonly_fields(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        said = {"slug", *imports.FIELDS} if _is_staffs(obj) else set()
        return [name for name in super().get_readonly_fields(request, obj) if name not in said]

    def save_model(self, request: HttpRequest, obj: InferenceModel, form: Any, change: bool) -> None:
        whole = ("slug", *catalogue.FILE_FIELDS) if _is_staffs(obj) else ()
        obj.save(update_fields=["is_enabled", "message", *whole])
        transaction.on_commit(catalogue.forget)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(provider_health)
        return [path("health/", view, name="generation_provider_health"), *super().get_urls()]


class BreakerByHand(forms.Form):
    """Take a provider out, or let it in again."""

    provider = forms.CharField(widget=forms.HiddenInput)
    move = forms.ChoiceField(choices=[("open", "Open"), ("close", "Close")])
    reason = forms.CharField(min_length=5, max_length=200)

    def clean_provider(self) -> str:
        if self.cleaned_data["provider"] not in health.providers():
            raise ValidationError("No model of the catalogue runs there.")
        return str(self.cleaned_data["provider"])


@require_http_methods(["GET", "HEAD", "POST"])
def provider_health(request: HttpRequest) -> HttpResponse:
    """Every provider with its breaker and the last day of its models; who may switch models may move a breaker."""
    staff.require(request, "generation.view_inferencemodel")
    may_move = request.user.has_perm("generation.change_inferencemodel")
    form = BreakerByHand(request.POST or None)
    if request.method == "POST":
        staff.require(request, "generation.change_inferencemodel")
        if form.is_valid():
            return _move_breaker(request, form.cleaned_data)
    context = {
        **admin.site.each_context(request),
        "title": "Provider health",
        "providers": health.report(),
        "form": form,
        "may_move": may_move,
    }
    return TemplateResponse(request, "admin/generation/health.html", context, status=422 if form.errors else 200)


def _move_breaker(request: HttpRequest, values: dict[str, str]) -> HttpResponse:
    move = breaker.open_by_hand if values["move"] == "open" else breaker.close_by_hand
    move(values["provider"], reason=values["reason"], actor=str(request.user))
    done = "opened: its models cannot run" if values["move"] == "open" else "closed: its models may run"
    messages.success(request, f"The breaker of {values['provider']} is {done}.")
    return redirect(request.path)


def _is_staffs(row: InferenceModel | None) -> bool:
    """Whether staff brought it in: then nothing else says what it is."""
    return row is not None and row.is_imported


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

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(refund)
        return [path("<int:job_id>/refund/", view, name="generation_job_refund"), *super().get_urls()]


@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, job_id: int) -> HttpResponse:
    """What the job was charged or a part of it, back to its owner."""
    actor_id = staff.require(request, "credits.refund")
    job = get_object_or_404(Job.objects.select_related("owner"), pk=job_id)

    def move(values: dict[str, Any]) -> staff.Done:
        try:
            refunds.refund(
                job_id=job.pk,
                amount=values["amount"],
                key=f"staff:{values['key']}",
                reason=values["reason"],
                actor_id=actor_id,
            )
        except PaidByGuest as error:
            raise ValidationError(
                "A guest paid this before signing up. Give credits to the account instead."
            ) from error
        return staff.Done(f"{values['amount']} refunded to {job.owner}.", rows=job.subject)

    charges = statements.of_subject(job.subject)
    left = charges.captured - charges.refunded
    facts = {"Job": job, "Owner": job.owner, "Charged": charges.captured, "Refunded": charges.refunded, "Left": left}
    form = staff.ByHand(request.POST or None, initial={"amount": left})
    return staff.page(request, form, move, title="Refund this job", facts=facts)


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    list_display = (
        "job",
        "number",
        "provider",
        "started_at",
        "finished_at",
        "run_seconds",
        "pictures",
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
