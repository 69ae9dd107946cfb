"""The staff's pages about Replicate, below /admin/replicate/. None of them waits for Replicate: they show what a worker
was told, and look again until it was."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from credits import staff
from generation import acts, breaker, console, imports, staff_forms
from generation.errors import ActKnown, NothingToAsk
from generation.models import Attempt, InferenceModel
from generation.providers import registry
from generation.providers.keyring import KeyRing
from generation.providers.replicate import signatures

PERMISSION = "generation.change_inferencemodel"
# A page looks for its answer once a second; after so many looks it says that no worker came.
LOOKS_MAX = 60
SECTIONS = (
    ("overview", "Overview"),
    ("models", "Models"),
    ("collections", "Collections"),
    ("deployments", "Deployments"),
    ("runs", "Predictions"),
    ("trainings", "Trainings"),
    ("hardware", "Hardware"),
)
# Their lists belong to an account: with several tokens one is chosen.
OF_AN_ACCOUNT = ("deployments", "runs", "trainings")

Extras = Callable[[HttpRequest, console.Answer], Mapping[str, Any]]


def _nothing(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    return {}


# --- One page, whatever it asks --------------------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    kind: str,
    words: Mapping[str, str],
    *,
    title: str,
    section: str,
    template: str,
    extras: Extras = _nothing,
) -> HttpResponse:
    """A page, or the part of it that looks for the answer; 404 for a question that there is not."""
    staff.require(request, PERMISSION)
    if not registry.is_configured("replicate"):
        return _render(request, "off", {"title": "Replicate", "section": ""})
    try:
        answer = console.view(kind, **words)
    except NothingToAsk as error:
        raise Http404 from error
    looks = _looks(request)
    context = {
        "title": title,
        "section": section,
        "answer": answer,
        "data": answer.data or {},
        "is_awaited": not answer.is_fresh and looks < LOOKS_MAX,
        "is_given_up": not answer.is_fresh and looks >= LOOKS_MAX,
        "look_url": _address(request, look=str(looks + 1)),
        "again_url": _address(request),
        "body": f"admin/replicate/partials/{template}.html",
        "accounts": _labels() if kind in OF_AN_ACCOUNT else [],
        "of": words.get("of", ""),
        **extras(request, answer),
    }
    return _render(request, "page", context)


def _render(request: HttpRequest, name: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    is_part = request.headers.get("HX-Request") == "true" and name == "page"
    # Without the admin's sidebar: it moves the page while it loads, and wide tables need the room.
    whole = {**admin.site.each_context(request), "is_nav_sidebar_enabled": False, "sections": SECTIONS, **context}
    template = "admin/replicate/partials/answer.html" if is_part else f"admin/replicate/{name}.html"
    response = TemplateResponse(request, template, whole, status=status)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "private, no-store"
    return response


def _looks(request: HttpRequest) -> int:
    told = request.GET.get("look", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 4 else 0


def _address(request: HttpRequest, **more: str) -> str:
    """This page with its words, and others."""
    words = {name: request.GET[name] for name in ("cursor", "of", "q") if request.GET.get(name)} | more
    return f"{request.path}?{urlencode(words)}" if words else request.path


def _said(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in names}


def _labels() -> list[str]:
    """Of the tokens, where there are several."""
    ring = KeyRing("replicate", settings.REPLICATE_API_TOKENS)
    return [ring.label(key) for key in ring.keys] if len(ring.keys) > 1 else []


# --- Pages that only show --------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD"])
def overview(request: HttpRequest) -> HttpResponse:
    return _page(request, "accounts", {}, title="Replicate", section="overview", template="overview", extras=_overview)


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
    return _page(request, "collections", words, title="Collections", section="collections", template="collections")


@require_http_methods(["GET", "HEAD"])
def collection(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(
        request, "collection", {"slug": slug}, title=f"Collection {slug}", section="collections", template="models"
    )


@require_http_methods(["GET", "HEAD"])
def models(request: HttpRequest) -> HttpResponse:
    """A page of all, or what the words of the search find."""
    form = staff_forms.Search(request.GET) if request.GET.get("q") else staff_forms.Search()
    query = form.cleaned_data["q"] if form.is_bound and form.is_valid() else ""
    kind, words = ("search", {"query": query}) if query else ("models", _said(request, "cursor"))
    return _page(
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
    return _page(
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
    return _page(
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
    return _page(request, "hardware", {}, title="Hardware", section="hardware", template="hardware")


@require_http_methods(["GET", "HEAD"])
def deployments(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor", "of")
    return _page(request, "deployments", words, title="Deployments", section="deployments", template="deployments")


@require_http_methods(["GET", "HEAD"])
def deployment(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    words = {"owner": owner, "name": name, **_said(request, "of")}
    title = f"Deployment {owner}/{name}"
    return _page(request, "deployment", words, title=title, section="deployments", template="deployment")


@require_http_methods(["GET", "HEAD"])
def runs(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor", "of")
    return _page(request, "runs", words, title="Predictions", section="runs", template="runs", extras=_ours)


@require_http_methods(["GET", "HEAD"])
def run(request: HttpRequest, run_id: str) -> HttpResponse:
    title = f"Prediction {run_id}"
    return _page(request, "run", {"run_id": run_id}, title=title, section="runs", template="run", extras=_ours)


def _ours(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    """The attempts that predictions belong to, by the prediction's id."""
    data = answer.data or {}
    ids = [row["id"] for row in data.get("rows", [data] if data else [])]
    attempts = Attempt.objects.filter(provider="replicate", external_id__in=ids).select_related("job")
    return {"attempts": {attempt.external_id: attempt for attempt in attempts}}


@require_http_methods(["GET", "HEAD"])
def trainings(request: HttpRequest) -> HttpResponse:
    words = _said(request, "cursor", "of")
    return _page(request, "trainings", words, title="Trainings", section="trainings", template="trainings")


# --- Pages that also act ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """A model into the catalogue: the form as its schema suggests it."""
    actor_id = staff.require(request, PERMISSION)
    form = staff_forms.NewRow(request.POST or None, instance=imports.blank())
    if _acts(request) and form.is_valid() and (row := _added(form, actor_id)):
        messages.success(request, f"{row} is in the catalogue, switched off. Try it, then switch it on.")
        return redirect("admin:generation_inferencemodel_change", row.pk)
    return _with_form(
        request,
        "model",
        {"owner": owner, "name": name},
        title=f"Add {owner}/{name} to the catalogue",
        section="models",
        template="add",
        form=form,
        extras=lambda request, answer: {"owner": owner, "name": name, **_proposed(request, answer)},
    )


def _added(form: staff_forms.NewRow, actor_id: int) -> InferenceModel | None:
    try:
        imports.add(row=form.instance, actor_id=actor_id, reason=form.cleaned_data["reason"])
    except ValidationError as error:
        form.add_error(None, error)
        return None
    return form.instance


def _proposed(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    """Filled in as the model suggests, until staff have written something else."""
    if answer.data is None or request.method == "POST":
        return {}
    proposal = imports.propose(answer.data)
    form = staff_forms.NewRow(instance=imports.blank(), initial=dict(proposal.values))
    return {"form": form, "proposal": proposal}


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, owner: str, name: str, version: str) -> HttpResponse:
    """A version's inputs and, where it can be trained, the form that starts a training."""
    actor_id = staff.require(request, PERMISSION)
    words = {"owner": owner, "name": name, "version": version}
    form = staff_forms.Training(request.POST or None)
    if _acts(request) and (act := _started(form, words, actor_id)):
        return redirect("replicate:act", act.id)
    return _with_form(
        request,
        "version",
        words,
        title=f"{owner}/{name}, version {version[:12]}",
        section="models",
        template="version",
        form=form,
        extras=lambda request, answer: words,
    )


def _started(form: staff_forms.Training, words: Mapping[str, str], actor_id: int) -> acts.Act | None:
    """The training that a form asks for; None with the words in the form where it asks for none."""
    try:
        known = console.peek("version", **words).data
    except NothingToAsk as error:
        raise Http404 from error
    if not form.is_valid():
        return None
    said = form.cleaned_data
    if known and (wrong := acts.wrong_input(known, said["given"])):
        form.add_error("given", wrong)
        return None
    return _known_act(
        form,
        lambda: acts.start_training(
            actor_id=actor_id,
            form_key=str(said["key"]),
            reason=said["reason"],
            model=f"{words['owner']}/{words['name']}",
            version=words["version"],
            destination=said["destination"],
            hardware=said["hardware"],
            given=said["given"],
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def training(request: HttpRequest, training_id: str) -> HttpResponse:
    """A training with its logs, and the form that cancels it."""
    actor_id = staff.require(request, PERMISSION)
    form = staff_forms.Reasoned(request.POST or None)
    if _acts(request) and (act := _cancelled(form, training_id, actor_id)):
        return redirect("replicate:act", act.id)
    return _with_form(
        request,
        "training",
        {"training_id": training_id},
        title=f"Training {training_id}",
        section="trainings",
        template="training",
        form=form,
    )


def _cancelled(form: staff_forms.Reasoned, training_id: str, actor_id: int) -> acts.Act | None:
    try:
        console.check("training", {"training_id": training_id})
    except NothingToAsk as error:
        raise Http404 from error
    if not form.is_valid():
        return None
    said = form.cleaned_data
    return _known_act(
        form,
        lambda: acts.cancel_training(
            actor_id=actor_id, form_key=str(said["key"]), reason=said["reason"], training_id=training_id
        ),
    )


def _acts(request: HttpRequest) -> bool:
    return request.method == "POST" and registry.is_configured("replicate")


def _known_act(form: BaseForm, write: Callable[[], acts.Act]) -> acts.Act | None:
    try:
        return write()
    except ActKnown:
        form.add_error(None, "This form was sent before with other values. Open the page anew for another one.")
        return None


def _with_form(
    request: HttpRequest,
    kind: str,
    words: Mapping[str, str],
    *,
    form: BaseForm,
    extras: Extras = _nothing,
    **page: Any,
) -> HttpResponse:
    """A page with a form; 422 with one that was refused. What somebody may be writing in is not replaced."""

    def whole(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
        still = {"is_awaited": False, "is_given_up": False} if answer.data or form.is_bound else {}
        return {"form": form, **extras(request, answer), **still}

    response = _page(request, kind, words, extras=whole, **page)
    if form.errors:
        response.status_code = 422
    return response


@require_http_methods(["GET", "HEAD"])
def act(request: HttpRequest, act_id: int) -> HttpResponse:
    """How far something is that staff asked for."""
    staff.require(request, PERMISSION)
    found = acts.find(act_id)
    if found is None:
        raise Http404
    looks = _looks(request)
    context = {
        "title": found.title,
        "section": "trainings" if found.told.training_id else "",
        "act": found,
        "is_awaited": found.is_open and looks < LOOKS_MAX,
        "look_url": f"{reverse('replicate:act', args=[act_id])}?look={looks + 1}",
        "body": "admin/replicate/partials/act.html",
        "again_url": request.path,
        "is_given_up": found.is_open and looks >= LOOKS_MAX,
    }
    return _render(request, "page", context)
