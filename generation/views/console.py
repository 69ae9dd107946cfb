"""The staff's Replicate pages that only show, below /admin/replicate/."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from generation import acts, breaker, console, staff_forms
from generation.models import Attempt, InferenceModel
from generation.providers.keyring import KeyRing
from generation.providers.replicate import signatures
from generation.views import answers


def _said(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in names}


@require_http_methods(["GET", "HEAD"])
def overview(request: HttpRequest) -> HttpResponse:
    return answers.page(
        request, "accounts", {}, title="Replicate", section="overview", template="overview", extras=_overview
    )


def _overview(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    ring = KeyRing("replicate", settings.REPLICATE_API_TOKENS)
    rests = ring.rests()
    return {
        "tokens": [(ring.label(key), rests.get(ring.label(key))) for key in ring.keys],
        "secrets": len(signatures.secrets()),
        "secrets_are_set": bool(settings.REPLICATE_WEBHOOK_SECRETS),
        "stand": breaker.state("replicate"),
        "base_url": settings.REPLICATE_BASE_URL,
        "public_url": settings.PUBLIC_URL,
        "acts": acts.recent(),
        "imported": InferenceModel.objects.filter(is_imported=True).order_by("position", "pk")[:50],
    }


@require_http_methods(["GET", "HEAD"])
def collections(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor")
    return answers.page(
        request, "collections", words, title="Collections", section="collections", template="collections"
    )


@require_http_methods(["GET", "HEAD"])
def collection(request: HttpRequest, slug: str) -> HttpResponse:
    return answers.page(
        request, "collection", {"slug": slug}, title=f"Collection {slug}", section="collections", template="models"
    )


@require_http_methods(["GET", "HEAD"])
def models(request: HttpRequest) -> HttpResponse:
    """A page of all, or what the words of the search find."""
    form = staff_forms.Search(request.GET) if request.GET.get("q") else staff_forms.Search()
    query = form.cleaned_data["q"] if form.is_bound and form.is_valid() else ""
    kind, words = ("search", {"query": query}) if query else ("models", _said(request, "cursor"))
    return answers.page(
        request,
        kind,
        words,
        title="Models",
        section="models",
        template="models",
        extras=lambda request, answer: {"search": form, "query": query},
    )


@require_http_methods(["GET", "HEAD"])
def model(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    return answers.page(
        request,
        "model",
        {"owner": owner, "name": name},
        title=f"{owner}/{name}",
        section="models",
        template="model",
        extras=lambda request, answer: {"owner": owner, "name": name, "ours": _rows_of(f"{owner}/{name}")},
    )


def _rows_of(address: str) -> Iterable[InferenceModel]:
    """What the catalogue has of a model."""
    rows = InferenceModel.objects.filter(provider="replicate", provider_model__startswith=address)
    return [row for row in rows.order_by("pk")[:50] if row.provider_model.partition(":")[0] == address]


@require_http_methods(["GET", "HEAD"])
def versions(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    return answers.page(
        request,
        "versions",
        {"owner": owner, "name": name},
        title=f"Versions of {owner}/{name}",
        section="models",
        template="versions",
        extras=lambda request, answer: {"owner": owner, "name": name},
    )


@require_http_methods(["GET", "HEAD"])
def hardware(request: HttpRequest) -> HttpResponse:
    return answers.page(request, "hardware", {}, title="Hardware", section="hardware", template="hardware")


@require_http_methods(["GET", "HEAD"])
def deployments(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor", "of")
    return answers.page(
        request, "deployments", words, title="Deployments", section="deployments", template="deployments"
    )


@require_http_methods(["GET", "HEAD"])
def deployment(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    words = {"owner": owner, "name": name, **_said(request, "of")}
    title = f"Deployment {owner}/{name}"
    return answers.page(request, "deployment", words, title=title, section="deployments", template="deployment")


@require_http_methods(["GET", "HEAD"])
def runs(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor", "of")
    return answers.page(request, "runs", words, title="Predictions", section="runs", template="runs", extras=_ours)


@require_http_methods(["GET", "HEAD"])
def run(request: HttpRequest, run_id: str) -> HttpResponse:
    title = f"Prediction {run_id}"
    return answers.page(request, "run", {"run_id": run_id}, title=title, section="runs", template="run", extras=_ours)


def _ours(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    """The attempts that predictions belong to, by the prediction's id."""
    data = answer.data or {}
    ids = [row["id"] for row in data.get("rows", [data] if data else [])]
    attempts = Attempt.objects.filter(provider="replicate", external_id__in=ids).select_related("job")
    return {"attempts": {attempt.external_id: attempt for attempt in attempts}}


@require_http_methods(["GET", "HEAD"])
def trainings(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor", "of")
    return answers.page(request, "trainings", words, title="Trainings", section="trainings", template="trainings")
