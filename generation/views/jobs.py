"""A job's page, its polled card, and what its owner can do with it. Another's job is 404, like one that never was."""

import hashlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from config import http
from config.http import Request
from credits import statements
from generation import access, cards, catalogue, jobs, words
from generation import receipt as receipts
from generation.errors import GenerationError, NotOpen
from generation.models import Job, SeedMode
from generation.models.job import Origin
from generation.pricing import quote as quotes
from generation.wish import Wish, asked


@require_safe
@never_cache
def page(request: Request, code: UUID) -> HttpResponse:
    """The job's own page; while it is open and there is no JavaScript it refreshes itself."""
    job = _own(request, code)
    return render(request, "generation/job.html", {"job": job, "card": cards.of(job)})


@require_safe
@never_cache
def card(request: Request, code: UUID) -> HttpResponse:
    """The polled card: 204, for one query, while it already shows everything. No user is loaded."""
    version, place = _number(request, "v"), _number(request, "place")
    if version is BAD or place is BAD:
        return HttpResponseBadRequest("v and place are whole numbers.")
    owner_id = request.owner_id()
    is_long = "long" in request.GET
    if cards.is_current(code=code, owner_id=owner_id, version=version, place=place, is_long=is_long):
        return HttpResponse(status=204)
    job = cards.find(code=code, owner_id=owner_id)
    if job is None:
        return _gone(request)
    response = render(request, "generation/partials/card.html", {"card": cards.of(job)})
    if not job.is_open:
        response["HX-Trigger"] = "jobs-changed"
    return response


@require_POST
@vary_on_headers("HX-Request")
def cancel(request: Request, code: UUID) -> HttpResponse:
    """Stop an open job: its reserve is released at once."""
    job = _own(request, code)
    status = 200
    try:
        jobs.cancel(code=code, owner_id=job.owner_id)
    except NotOpen as error:
        status = 409
        messages.info(request, words.refusal(error).text)
    if not request.htmx:
        return http.redirect(request, reverse("job", args=[code]))
    response = render(request, "generation/partials/card.html", {"card": cards.of(_own(request, code))}, status=status)
    response["HX-Trigger"] = "jobs-changed"
    return response


@require_POST
@vary_on_headers("HX-Request")
def retry(request: Request, code: UUID) -> HttpResponse:
    """A new job with the same settings at today's price, once per ended job; a dearer one is shown first."""
    old = _own(request, code)
    model = catalogue.find(old.model.slug)
    if old.is_open or model is None:
        return http.redirect(request, reverse("job", args=[code]))
    wish = _same_wish(old, model)
    terms: dict[str, Any] = {"aspect_ratio": old.aspect_ratio, "steps": wish.steps, "references": wish.references}
    quote = quotes.make(model=model, count=old.count, **terms)
    if quote.total_credits > old.total_credits:
        return http.redirect(request, f"{reverse('studio')}?from={code}")
    try:
        submitted = jobs.submit(
            owner=request.ensure_user(None),
            visitor=None,
            wish=wish,
            quote_token=quotes.sign(quote, model=model, **terms),
            key=f"retry-{old.code.hex}",
            address=http.client_address(request),
        )
    except GenerationError as error:
        return _retry_refused(request, old, error)
    if not request.htmx:
        return http.redirect(request, reverse("job", args=[submitted.job.code]))
    context = {"card": cards.of(_own(request, submitted.job.code))}
    response = render(request, "generation/partials/card.html", context, status=201)
    response["HX-Trigger"] = "jobs-changed"
    if http.page_of(request) == reverse("job", args=[code]):
        response["HX-Push-Url"] = reverse("job", args=[submitted.job.code])
    return response


@require_safe
@never_cache
def receipt(request: Request, code: UUID) -> HttpResponse:
    """What one job cost and why: the accepted quote, every transfer, every attempt."""
    job = _own(request, code)
    shown = cards.of(job)
    assert shown.charges is not None
    told = receipts.of(job, shown.charges, stored=shown.stored)
    return render(request, "generation/receipt.html", {"job": job, "card": shown, "receipt": told})


@require_safe
@never_cache
def tray(request: Request) -> HttpResponse:
    """Open jobs and the balance, on every page; 204 while nothing has changed."""
    user = request.user
    is_guest = not user.is_authenticated
    balance = statements.balance(owner_id=user.pk, is_guest=is_guest)
    small = [cards.small(job) for job in cards.open_jobs(owner_id=user.pk)] if user.pk else []
    version = _tray_version(balance, small)
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    context = {
        "balance": balance,
        "jobs": small,
        "open_jobs": len(small),
        "open_max": access.open_jobs_max(access.tier_of(balance, is_guest=is_guest)),
        "reserved": sum(one.job.total_credits for one in small),
        "tray_url": f"{reverse('tray')}?v={version}",
    }
    return render(request, "generation/partials/tray.html", context)


# --- What they share -------------------------------------------------------------------------------------------------

BAD = -1


def _number(request: Request, name: str) -> int | None:
    text = request.GET.get(name)
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else BAD


def _own(request: Request, code: UUID) -> Job:
    job = cards.find(code=code, owner_id=request.owner_id())
    if job is None:
        raise Http404
    return job


def _gone(request: Request) -> HttpResponse:
    """htmx polls a 404 for ever, so to it a job that is gone is a card without a trigger."""
    if request.htmx:
        return render(request, "generation/partials/card_gone.html")
    raise Http404


def _same_wish(old: Job, model: Any) -> Wish:
    return Wish(
        model=model,
        prompt=asked(old),
        written=old.prompt_written if old.prompt_enhanced else "",
        enhanced=old.prompt_enhanced,
        negative_prompt=old.negative_prompt,
        aspect_ratio=old.aspect_ratio,
        count=old.count,
        style=old.style,
        seed=None if old.seed_mode == SeedMode.RANDOM else old.seed,
        seed_mode=old.seed_mode,
        steps=old.steps,
        guidance=old.guidance,
        reference_id=old.reference_id,
        strength=old.strength,
        failover=old.failover,
        parent_id=old.pk,
        origin=Origin.RETRY,
    )


def _retry_refused(request: Request, old: Job, error: GenerationError) -> HttpResponse:
    refusal = words.refusal(error)
    if request.htmx:
        response = render(request, "generation/partials/refusal.html", {"refusal": refusal}, status=error.status)
        response["HX-Retarget"], response["HX-Reswap"] = f"#job-{old.code}", "beforeend"
    else:
        context = {"job": old, "card": cards.of(old), "refusal": refusal}
        response = render(request, "generation/job.html", context, status=error.status)
    if refusal.retry_after_seconds:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _tray_version(balance: Any, small: list[cards.Card]) -> str:
    told = [balance.available, balance.reserved, [(str(one.code), one.poll_url) for one in small]]
    return hashlib.sha256(repr((told, settings.OPEN_JOBS_MAX)).encode()).hexdigest()[:16]
