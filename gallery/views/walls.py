"""Walls: the gallery, the studio's strip, an artist. To htmx a further page is its tiles alone."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from config.http import Request
from gallery import artists, feed, reactions
from gallery.feed import Page
from gallery.models import Post
from gallery.models.post import tone_of
from gallery.views.doors import NotAChoice, answering

# `liked` and `rated` arrive with likes and ratings, and `mode` takes effect with the search.
CHOICES = {"sort": ("new",), "mode": ("words", "look", "both")}


@require_safe
@answering
def explore(request: Request) -> HttpResponseBase:
    _check_choices(request)
    page = feed.latest(after=_after(request), levels=artists.levels_for(request.user))
    _mark(request, page)
    return _wall(request, "explore", page, {})


@require_safe
def latest(request: Request) -> HttpResponseBase:
    """The newest few, for the studio to load once its own page is there."""
    page = feed.latest(levels=artists.levels_for(request.user), size=feed.LATEST_SIZE)
    _mark(request, page)
    return render(request, "gallery/partials/latest.html", {"page": page})


@require_safe
@answering
def artist(request: Request, handle: str) -> HttpResponseBase:
    person = artists.find(handle=handle, viewer_id=request.user.pk)
    if person.handle != handle:
        return HttpResponsePermanentRedirect(reverse("artist", args=[person.handle]))
    page = feed.of_artist(artist_id=person.pk, after=_after(request), levels=artists.levels_for(request.user))
    _mark(request, page)
    return _wall(request, "artist", page, {"artist": person, "tone": tone_of(person.pk)})


def _wall(request: Request, name: str, page: Page[Any], more: dict[str, Any]) -> HttpResponse:
    template = f"gallery/partials/{name}_more.html" if request.htmx else f"gallery/{name}.html"
    context = {"page": page, "next_url": _next_url(request, page.after), "is_first": not _after(request)}
    response = render(request, template, context | more)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _mark(request: Request, page: Page[Post]) -> None:
    """Which of these the viewer likes; one query, and none for who has no account."""
    if request.user.is_authenticated:
        reactions.mark(page.items, user_id=request.user.pk)


def _after(request: Request) -> str:
    return request.GET.get("after", "")


def _next_url(request: Request, after: str) -> str:
    if not after:
        return ""
    query = request.GET.copy()
    query["after"] = after
    return f"{request.path}?{query.urlencode()}"


def _check_choices(request: Request) -> None:
    for name, known in CHOICES.items():
        if name in request.GET and request.GET[name] not in known:
            raise NotAChoice(name)
