"""The studio: the form with its price, and what pressing Generate answers."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
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
from credits.models import SPENDABLE, WalletKind
from credits.purse import share
from credits.statements import Balance
from generation import (
    access,
    cards,
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
from generation.forms import EQUIVALENT, ONLY, GenerateForm
from generation.models import Asset, Enhancement, EnhancementState, InferenceModel, Job, SeedMode
from generation.models.job import Origin
from generation.pricing import quote as quotes
from generation.shapes import SHAPES
from generation.views import enhancements, visitors
from generation.wish import asked

RECENT = 12
LINKED = (
    "model",
    "aspect_ratio",
    "count",
    "style",
    "seed",
    "seed_mode",
    "negative_prompt",
    "steps",
    "guidance",
    "failover",
)
# The same, and what the page of an enhancement brings back.
CARRIED = (*LINKED, "strength", "parent", "enhance")
# (what the chip says, what it writes)
SUGGESTIONS = (
    ("Misty ridges", "Misty ridges at first light, a lake between the pines"),
    ("Paper canyon", "Paper canyon, nine sheets, warm rim, cold water below"),
    ("Night bus in the rain", "City lights through the window of a night bus in the rain"),
)


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
    """The home of everybody. `?prompt`, `?from=<job>` (with `variation=1`) and `?remix=<asset>` fill the form."""
    parent = _parent(request)
    form = GenerateForm(initial=_initial(request, parent))
    return _page(request, form, parent=parent)


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
    shown = _shown(form, _balance(request))
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
    return _page(request, GenerateForm(initial=_enhanced_form(request, row)), enhancement=enhancements.of(row))


# --- What they are made of -------------------------------------------------------------------------------------------


def read(request: Request, *, needs_prompt: bool = True) -> tuple[GenerateForm, GenerationError | None]:
    """What was posted. A picture in it is kept first, so that its code stands in the form whatever comes after."""
    data, error = request.POST.dict(), None
    # A browser sends the empty field of a file along, as an empty text of the same name behind the code.
    data["reference"] = next(filter(None, request.POST.getlist("reference")), "")
    if "remove" in data:
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
        rest = {name: form[name].value() or "" for name in CARRIED if form[name].value()}
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
    context = {"card": cards.of(shown), "limit": used, "next_key": _key(), "next_seed": _next_seed(job)}
    body = render_to_string("generation/partials/accepted.html", context, request)
    return HttpResponse(body, status=201, headers={"HX-Trigger": "jobs-changed"})


def _next_seed(job: Job) -> int | None:
    """Counting up goes on where this job's pictures end."""
    return (job.seed + job.count) % 2**32 if job.seed_mode == SeedMode.COUNTING else None


def refused(request: Request, form: GenerateForm, error: GenerationError | None, *, status: int) -> HttpResponse:
    """The form as it was sent, with what is wrong with it."""
    refusal = words.refusal(error) if error else None
    if error is not None and not isinstance(error, QuoteExpired) and status == 409:
        form.data = {**dict(form.data.items()), "key": _key()}  # pressing again is a new request
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
    status: int = 200,
) -> HttpResponse:
    context = _context(request, form, refusal=refusal)
    if enhancement is not None:
        context["enhancement"] = enhancement
    context |= {
        "card": _open_card(request.user.pk),
        "parent": parent,
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
    today = limits.today([Feature.GENERATE, Feature.ENHANCE], owner_id=user.pk, tier=tier)
    return {
        "form": form,
        "form_error": "" if refusal else _form_error(form),
        **offer,
        "ratios": RATIOS,
        "quote": _shown(form, balance, offer["model"]),
        "limit": today[Feature.GENERATE],
        "enhance_limit": today[Feature.ENHANCE],
        "can_enhance": prompts.available(),
        "enhancement": enhancements.in_form(form, viewer_id=user.pk),
        "reference": references.find(code=str(form["reference"].value() or ""), owner_id=user.pk),
        "refusal": refusal,
        "is_guest": not user.is_authenticated,
    }


def _offer(form: GenerateForm) -> dict[str, Any]:
    """What the picker shows: every model with its health, the chosen one, who could stand in, and which state it is."""
    models = catalogue.listed()
    picker = health.picker(models)
    chosen = catalogue.find(str(form["model"].value() or "")) or _first(picker)
    return {
        "models": models,
        "picker": picker,
        "model": chosen,
        "equivalents": equivalents.family(chosen) if chosen else [],
        "models_url": f"{reverse('models')}?v={health.version(picker)}",
    }


def _first(picker: list[tuple[InferenceModel, health.Line]]) -> InferenceModel | None:
    """What is chosen where nobody chose: the first that can run, else the first."""
    able = (model for model, line in picker if line.can_be_chosen)
    return next(able, picker[0][0] if picker else None)


def _form_error(form: GenerateForm) -> str:
    if not form.is_bound or not form.errors:
        return ""
    return "invalid_prompt" if "prompt" in form.errors else "invalid_form"


def _balance(request: Request) -> Balance:
    user = request.user
    return statements.balance(owner_id=user.pk, is_guest=not user.is_authenticated)


def _shown(form: GenerateForm, balance: Balance, chosen: InferenceModel | None = None) -> Shown:
    """The price of what the form says now: of its checked values, or of its initial ones."""
    if form.is_bound:
        form.is_valid()
        values = form.cleaned_data
    else:
        values = {**form.initial, "model": chosen, "count": _count(form.initial["count"])}
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


def _references(values: dict[str, Any]) -> int:
    """A picture that only feeds the words costs nothing; one that is needed is in the price before it is there."""
    model = values["model"]
    return 1 if model.needs_reference or (values.get("reference") and model.supports_reference) else 0


def _paid_from(balance: Balance, amount: int, *, purchased_only: bool) -> str:
    """ "20 daily, then 16 bonus": as a reserve takes it."""
    kinds = [WalletKind.PURCHASED] if purchased_only else SPENDABLE
    parts = share(amount, [getattr(balance, kind.value).spendable for kind in kinds])
    return ", then ".join(f"{part:,} {kind.value}" for kind, part in zip(kinds, parts, strict=True) if part)


def _count(text: object) -> int:
    return int(str(text)) if str(text) in {"1", "2", "3", "4"} else 1


def _open_card(owner_id: int | None) -> cards.Card | None:
    """The newest open job, so that coming back to the studio finds it again."""
    jobs_now = cards.open_jobs(owner_id=owner_id) if owner_id else []
    return cards.of(jobs_now[-1]) if jobs_now else None


def _recent(owner_id: int | None) -> list[Asset]:
    if owner_id is None:
        return []
    return list(Asset.objects.filter(owner_id=owner_id, deleted_at=None).order_by("-id")[:RECENT])


# --- What a fresh form begins with -----------------------------------------------------------------------------------


def _key() -> str:
    return uuid.uuid4().hex


def _parent(request: Request) -> lineage.Parent | None:
    viewer_id = request.owner_id()
    if code := request.GET.get("remix"):
        return lineage.of_asset(code=code, viewer_id=viewer_id)
    if code := request.GET.get("from"):
        return lineage.of_job(code=code, owner_id=viewer_id, origin=Origin.VARIATION)
    return None


def _initial(request: Request, parent: lineage.Parent | None) -> dict[str, Any]:
    ready = _first(health.picker(catalogue.listed()))
    initial: dict[str, Any] = {
        "prompt": request.GET.get("prompt", "").replace("\x00", "")[: settings.PROMPT_MAX],
        "model": ready.slug if ready else "",
        "aspect_ratio": "1:1",
        "count": 1,
        "style": "none",
        "seed_mode": SeedMode.RANDOM,
        "failover": ONLY,
        "key": _key(),
    }
    # The form asks for its own controls again when another model is chosen, and links may fill it.
    initial |= {name: request.GET[name][:1000] for name in CARRIED if name in request.GET}
    if reference := references.find(code=request.GET.get("reference", ""), owner_id=request.owner_id()):
        initial["reference"] = str(reference.code)
    if parent is not None:
        initial |= _of_parent(parent, viewer_id=request.owner_id(), variation="variation" in request.GET)
    if (model := catalogue.find(initial["model"])) is not None:
        initial |= _fitted(initial, model)
    return initial


def _fitted(initial: dict[str, Any], model: InferenceModel) -> dict[str, Any]:
    """What another model's settings become where this one has no such thing: what it does as a rule."""
    fitted: dict[str, Any] = {}
    if initial["aspect_ratio"] not in model.aspect_ratios:
        fitted["aspect_ratio"] = model.aspect_ratios[0] if model.aspect_ratios else "1:1"
    if _count(initial["count"]) > model.max_count:
        fitted["count"] = model.max_count
    if initial["style"] not in model.styles:
        fitted["style"] = "none"
    for name, most in (("steps", model.max_steps), ("guidance", model.max_guidance)):
        if initial.get(name) and not _is_within(initial[name], most):
            fitted[name] = None
    return fitted


def _is_within(value: object, most: float | None) -> bool:
    try:
        return most is not None and 0 <= float(str(value)) <= most
    except ValueError:
        return False


def _enhanced_form(request: Request, row: Enhancement) -> dict[str, Any]:
    """The form that asked for an enhancement: what its row does not keep stands in the address."""
    initial = _initial(request, None) | {"prompt": row.written, "style": row.style, "enhance": True}
    if row.model is not None and catalogue.find(row.model.slug):
        initial["model"] = row.model.slug
    if row.reference is not None:
        initial["reference"] = str(row.reference.code)
    if row.state == EnhancementState.DONE:
        initial |= {"enhancement": str(row.code), "enhanced": row.text}
    return initial


def _of_parent(parent: lineage.Parent, *, viewer_id: int | None, variation: bool) -> dict[str, Any]:
    """Reuse has the same settings; a variation is locked to the seed beside them. A reference is its owner's alone."""
    job = parent.job
    kept: dict[str, Any] = {
        "prompt": job.prompt_written,
        "negative_prompt": job.negative_prompt,
        "aspect_ratio": job.aspect_ratio,
        "count": job.count,
        "style": job.style,
        "seed_mode": job.seed_mode,
        "seed": None if job.seed_mode == SeedMode.RANDOM else job.seed,
        "steps": job.steps,
        "guidance": job.guidance,
        "parent": parent.label,
        "failover": EQUIVALENT if job.failover else ONLY,
    }
    if job.prompt_enhanced:
        kept |= {"enhance": True, "enhanced": asked(job)}
    if job.owner_id == viewer_id and job.reference is not None:
        kept |= {"reference": str(job.reference.code), "strength": job.strength}
    if catalogue.find(job.model.slug):
        kept["model"] = job.model.slug
    if variation:
        kept |= {"seed": (job.seed + job.count) % 2**32, "seed_mode": SeedMode.LOCKED, "count": 1}
    return kept
