"""How the staff's Replicate pages show an answer: what a worker was told, and another look until it was."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers

from credits import staff
from generation import console
from generation.errors import NothingToAsk
from generation.providers import registry
from generation.providers.keyring import KeyRing

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


def nothing(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    return {}


def page(
    request: HttpRequest,
    kind: str,
    words: Mapping[str, str],
    *,
    title: str,
    section: str,
    template: str,
    extras: Extras = nothing,
) -> HttpResponse:
    """A page, or the part of it that looks for the answer; 404 for a question that there is not."""
    staff.require(request, PERMISSION)
    if not registry.is_configured("replicate"):
        return render(request, "off", {"title": "Replicate", "section": ""})
    try:
        answer = console.view(kind, **words)
    except NothingToAsk as error:
        raise Http404 from error
    looks = looks_of(request)
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
    return render(request, "page", context)


def render(request: HttpRequest, name: str, context: Mapping[str, Any]) -> HttpResponse:
    """A page of the console in whole, or what of it is swapped."""
    is_part = request.headers.get("HX-Request") == "true" and name == "page"
    # Without the admin's sidebar: it moves the page while it loads, and wide tables need the room.
    whole = {**admin.site.each_context(request), "is_nav_sidebar_enabled": False, "sections": SECTIONS, **context}
    template = "admin/replicate/partials/answer.html" if is_part else f"admin/replicate/{name}.html"
    response = TemplateResponse(request, template, whole)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "private, no-store"
    return response


def looks_of(request: HttpRequest) -> int:
    """How often this page has looked before."""
    told = request.GET.get("look", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 4 else 0


def _address(request: HttpRequest, **more: str) -> str:
    """This page with its words, and others."""
    words = {name: request.GET[name] for name in ("cursor", "of", "q") if request.GET.get(name)} | more
    return f"{request.path}?{urlencode(words)}" if words else request.path


def _labels() -> list[str]:
    """Of the tokens, where there are several."""
    ring = KeyRing("replicate", settings.REPLICATE_API_TOKENS)
    return [ring.label(key) for key in ring.keys] if len(ring.keys) > 1 else []
