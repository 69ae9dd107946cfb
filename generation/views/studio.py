"""The studio: the form with its price, and what pressing Generate answers."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from config import http
from config.http import Request
from credits import statements
from credits.statements import Balance
from generation import (
    access,
    cards,
    carried,
    catalogue,
    enhancing,
    equivalents,
    health,
    jobs,
    limits,
    lineage,
    prompts,
    references,
    words,
)
from generation.access import Feature
from generation.errors import BadReference, GenerationError, QuoteExpired, RateLimited
from generation.forms import GenerateForm
from generation.models import Asset, EnhancementState, Job, SeedMode
from generation.shapes import SHAPES
from generation.views import enhancements, filling, prices, visitors

RECENT = 12
# (what the chip says, what it writes)
SUGGESTIONS = (
    ("Misty ridges", "Misty ridges at first light, a lake between the pines"),
    ("Paper canyon", "Paper canyon, nine sheets, warm rim, cold water below"),
    ("Night bus in the rain", "City lights through the window of a night bus in the rain"),
)


@dataclass(frozen=True)
class Drawn:
    """An aspect ratio as a small rectangle in a box of 32."""

    value: str
    x: float
    y: float
    width: float
    height: float


RATIOS = [Drawn(shape.value, *shape.drawn()) for shape in SHAPES.values()]


# --- Doors -----------------------------------------------------------------------------------------------------------


@require_safe
def studio(request: Request) -> HttpResponse:
    """The home of everybody. `?prompt`, `?preset`, `?from=<job>`, `?remix=<asset>` (+ `variation=1`) fill the form."""
    parent = filling.parent_of(request)
    initial = filling.of_address(request, parent)
    filled = filling.of_file(request, initial)
    form = GenerateForm(initial=initial | (filled.fields if filled else {}))
    return _page(request, form, parent=parent, filled=filled)


@require_POST
@vary_on_headers("HX-Request")
def quote(request: Request) -> HttpResponse:
    """The price of a form; reserves nothing. Without htmx the whole studio with the form kept."""
    form, error = read(request, needs_prompt=False)
    if error is not None:
        return refused(request, form, error, status=error.status)
    status = 200 if form.is_valid() else 422
    if not request.htmx:
        return _page(request, form, status=status)
    shown = prices.of(form, _balance(request))
    return render(request, "generation/partials/quote.html", {"quote": shown}, status=status)


@require_safe
def picker(request: Request) -> HttpResponse:
    """The models as they are now; 204 while the page shows just that. No query: all of it lies in the cache."""
    if request.GET.get("v") == health.version(health.picker(catalogue.listed())):
        return HttpResponse(status=204)
    form = GenerateForm(initial={"model": request.GET.get("model", "")[:50]})
    return render(request, "generation/partials/models.html", {"form": form, **_offer(form)})


@require_POST
@vary_on_headers("HX-Request")
def generate(request: Request) -> HttpResponse:
    """Accept a request. 201 and the card to htmx, 303 to the job's page otherwise; every refusal keeps the form.

    With the switch on, words that were not enhanced yet are first: free, and nothing is made before it was seen.
    """
    form, error = read(request)
    if error is not None or not form.is_valid():
        return refused(request, form, error, status=error.status if error else 422)
    viewer_id = request.owner_id()
    enhanced = ""
    if form.cleaned_data["enhance"]:
        enhanced = enhancements.model_words(form, written=form.cleaned_data["prompt"], viewer_id=viewer_id)
        if not (enhanced and form.cleaned_data["enhanced"]):
            return _enhance(request, form)
    parent = lineage.of_label(label=form.cleaned_data["parent"], viewer_id=viewer_id)
    try:
        submitted = jobs.submit(
            owner=visitors.owner(request),
            visitor=visitors.of(request),
            wish=form.wish(parent.job if parent else None, parent.origin if parent else "", enhanced),
            quote_token=request.POST.get("quote", ""),
            key=form.cleaned_data["key"],
            address=http.client_address(request),
        )
    except GenerationError as refusal:
        return refused(request, form, refusal, status=refusal.status)
    return _accepted(request, form, submitted)


@require_POST
@vary_on_headers("HX-Request")
def enhance(request: Request) -> HttpResponse:
    """Have the words of a form enhanced. 202 and a polled partial to htmx, 303 to its page otherwise."""
    form, error = read(request)
    if error is not None or not form.is_valid():
        return refused(request, form, error, status=error.status if error else 422)
    return _enhance(request, form)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def enhancement(request: Request, code: UUID) -> HttpResponse:
    """One's enhancement. To htmx 204 while there is nothing new; otherwise a page that refreshes itself, and then the
    studio with the form filled in."""
    row = enhancing.find(code=code, owner_id=request.owner_id())
    if request.htmx:
        if row is not None and row.state == EnhancementState.WAITING:
            return HttpResponse(status=204)
        shown = enhancements.of(row) if row is not None else None  # gone: an empty place, so that polling ends
        return render(request, "generation/partials/enhancement.html", {"enhancement": shown})
    if row is None:
        raise Http404
    if row.state == EnhancementState.WAITING:
        return render(request, "generation/enhancement.html", {"enhancement": enhancements.of(row)})
    return _page(request, GenerateForm(initial=filling.of_enhancement(request, row)), enhancement=enhancements.of(row))


def filled(request: Request, initial: dict[str, Any]) -> HttpResponse:
    """The studio with a form that another page has filled in."""
    return _page(request, GenerateForm(initial=initial))


# --- What they are made of -------------------------------------------------------------------------------------------


def read(request: Request, *, needs_prompt: bool = True) -> tuple[GenerateForm, GenerationError | None]:
    """What was posted. A picture in it is kept first, so that its code stands in the form whatever comes after."""
    data, error = request.POST.dict(), None
    # A browser sends the empty field of a file along, as an empty text of the same name behind the code.
    data["reference"] = next(filter(None, request.POST.getlist("reference")), "")
    if "without" in data:  # never "remove": a form whose button has that name has no method of it, and htmx calls it
        data.pop("reference", None)
    if "undo" in data:
        data = {name: value for name, value in data.items() if name not in {"enhance", "enhancement", "enhanced"}}
    if file := request.FILES.get("reference"):
        try:
            kept = references.keep(
                owner=visitors.owner(request),
                visitor=visitors.of(request),
                name=file.name or "",
                file=file,
                address=http.client_address(request),
            )
            data["reference"] = str(kept.code)
        except (BadReference, RateLimited) as refusal:
            error = refusal
    return GenerateForm(data, owner_id=request.owner_id(), needs_prompt=needs_prompt), error


def _enhance(request: Request, form: GenerateForm) -> HttpResponse:
    data = form.cleaned_data
    try:
        row = enhancing.ask(
            owner=visitors.owner(request),
            visitor=visitors.of(request),
            written=data["prompt"],
            style=data["style"],
            model=data["model"],
            reference=data["reference"],
            key=data["key"],
            address=http.client_address(request),
        )
    except GenerationError as error:
        return refused(request, form, error, status=error.status)
    if not request.htmx:
        rest = {name: form[name].value() or "" for name in filling.CARRIED if form[name].value()}
        return http.redirect(request, f"{reverse('enhancement', args=[row.code])}?{urlencode(rest)}")
    tier = access.tier(owner_id=row.owner_id, is_guest=not request.user.is_authenticated)
    used = limits.used_today(Feature.ENHANCE, owner_id=row.owner_id, tier=tier)
    context = {"enhancement": enhancements.of(row), "enhance_limit": used}
    response = render(request, "generation/partials/enhancement_asked.html", context, status=202)
    response["HX-Retarget"], response["HX-Reswap"] = "#enhancement", "outerHTML"
    return response


def _accepted(request: Request, form: GenerateForm, submitted: jobs.Submitted) -> HttpResponse:
    job = submitted.job
    if not request.htmx:
        return http.redirect(request, reverse("job", args=[job.code]))
    shown = cards.placed(job, place=submitted.place) if submitted.is_new else cards.find_own(job)
    used = submitted.used or limits.used_today(Feature.GENERATE, owner_id=job.owner_id, tier=submitted.tier)
    context = {"card": cards.of(shown), "limit": used, "next_key": filling.new_key(), "next_seed": _next_seed(job)}
    body = render_to_string("generation/partials/accepted.html", context, request)
    return HttpResponse(body, status=201, headers={"HX-Trigger": "jobs-changed"})


def _next_seed(job: Job) -> int | None:
    """Counting up goes on where this job's pictures end."""
    return (job.seed + job.count) % 2**32 if job.seed_mode == SeedMode.COUNTING else None


def refused(request: Request, form: GenerateForm, error: GenerationError | None, *, status: int) -> HttpResponse:
    """The form as it was sent, with what is wrong with it."""
    refusal = words.refusal(error) if error else None
    if error is not None and not isinstance(error, QuoteExpired) and status == 409:
        form.data = {**dict(form.data.items()), "key": filling.new_key()}  # pressing again is a new request
    if request.htmx:
        context = _context(request, form, refusal=refusal)
        response = render(request, "generation/partials/form.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#studio-form", "outerHTML"
    else:
        response = _page(request, form, refusal=refusal, status=status)
    if refusal and refusal.retry_after_seconds:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _page(
    request: Request,
    form: GenerateForm,
    *,
    parent: lineage.Parent | None = None,
    refusal: words.Told | None = None,
    enhancement: enhancements.Shown | None = None,
    filled: carried.Filling | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(request, form, refusal=refusal)
    if enhancement is not None:
        context["enhancement"] = enhancement
    context |= {
        "card": _open_card(request.user.pk),
        "parent": parent,
        "filled": filled,
        "recent": _recent(request.user.pk),
        "is_visitor": request.user.pk is None,
        "suggestions": SUGGESTIONS,
    }
    return render(request, "generation/studio.html", context, status=status)


def _context(request: Request, form: GenerateForm, *, refusal: words.Told | None) -> dict[str, Any]:
    user = request.user
    balance = _balance(request)
    tier = access.tier_of(balance, is_guest=not user.is_authenticated)
    offer = _offer(form)
    reference = references.find(code=str(form["reference"].value() or ""), owner_id=user.pk)
    today = limits.today([Feature.GENERATE, Feature.ENHANCE], owner_id=user.pk, tier=tier)
    return {
        "form": form,
        "form_error": "" if refusal else _form_error(form),
        **offer,
        "ratios": RATIOS,
        "quote": prices.of(form, balance, offer["model"]),
        "limit": today[Feature.GENERATE],
        "enhance_limit": today[Feature.ENHANCE],
        "can_enhance": prompts.available(),
        "enhancement": enhancements.in_form(form, viewer_id=user.pk),
        "reference": reference,
        "carried": carried.recall(reference),
        "refusal": refusal,
        "is_guest": not user.is_authenticated,
    }


def _offer(form: GenerateForm) -> dict[str, Any]:
    """What the picker shows: every model with its health, the chosen one, who could stand in, and which state it is."""
    models = catalogue.listed()
    picker = health.picker(models)
    chosen = catalogue.find(str(form["model"].value() or "")) or health.ready(picker)
    return {
        "models": models,
        "picker": picker,
        "model": chosen,
        "equivalents": equivalents.family(chosen) if chosen else [],
        "models_url": f"{reverse('models')}?v={health.version(picker)}",
    }


def _form_error(form: GenerateForm) -> str:
    if not form.is_bound or not form.errors:
        return ""
    return "invalid_prompt" if "prompt" in form.errors else "invalid_form"


def _balance(request: Request) -> Balance:
    user = request.user
    return statements.balance(owner_id=user.pk, is_guest=not user.is_authenticated)


def _open_card(owner_id: int | None) -> cards.Card | None:
    """The newest open job, so that coming back to the studio finds it again."""
    jobs_now = cards.open_jobs(owner_id=owner_id) if owner_id else []
    return cards.of(jobs_now[-1]) if jobs_now else None


def _recent(owner_id: int | None) -> list[Asset]:
    if owner_id is None:
        return []
    return list(Asset.objects.filter(owner_id=owner_id, deleted_at=None).order_by("-id")[:RECENT])
