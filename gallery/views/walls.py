"""Walls: the gallery, the studio's strip, an artist. To htmx a further page is its tiles alone."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from config import http
from config.http import Request
from gallery import artists, feed, finder, reactions
from gallery.errors import BadFilter
from gallery.finder import Finder, Sort
from gallery.models import Artist, Post
from gallery.models.post import tone_of
from gallery.paging import Page
from gallery.views.doors import answering

# What htmx swaps, by the element that it names as its target; any other target gets the next tiles.
PARTS = {"explore": "gallery/partials/finder_whole.html", "results": "gallery/partials/finder_results.html"}


@require_safe
@answering
def explore(request: Request) -> HttpResponseBase:
    wrong = ""
    try:
        found = finder.parse(request.GET)
    except BadFilter as error:
        found, wrong = Finder(), str(error.data["sentence"])
    page = (
        Page[Any]([], "")
        if wrong
        else feed.explore(finder=found, after=_after(request), levels=artists.levels_for(request.user))
    )
    context = {
        "finder": found,
        "wrong": wrong,
        "typed": request.GET,
        "other_artists": request.GET.getlist("artist")[:-1][: finder.ARTISTS_MAX],  # the last one stands in the box
        "menus": finder.menus(request.GET),
        "chips": list(found.chips(request.path)),
        "sorts": _sorts(request, found),
        "first_url": found.url(request.path),
        "words_max": finder.WORDS_MAX,
    }
    template = PARTS.get(request.htmx.target or "")
    response = _wall(request, "explore", page, found, context, template)
    response.status_code = 400 if wrong else 200
    if template and not wrong:
        response[_history(request, found)] = found.url(request.path)
    return response


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
    sorted_by = finder.sort_of(request.GET)
    page = feed.of_artist(
        artist_id=person.pk, after=_after(request), levels=artists.levels_for(request.user), finder=sorted_by
    )
    context = {
        "artist": person,
        "counts": getattr(person, "artist", None) or Artist(),
        "tone": tone_of(person.pk),
        "sorts": _sorts(request, sorted_by),
        "first_url": sorted_by.url(request.path),
    }
    return _wall(request, "artist", page, sorted_by, context)


def _wall(
    request: Request, name: str, page: Page[Any], found: Finder, more: dict[str, Any], part: str | None = None
) -> HttpResponse:
    is_part = bool(request.htmx) and not request.htmx.history_restore_request
    template = part or f"gallery/partials/{name}_more.html" if is_part else f"gallery/{name}.html"
    _mark(request, page)
    context = {"page": page, "next_url": _next_url(request, found, page.after), "is_first": not _after(request)}
    response = render(request, template, context | more)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _mark(request: Request, page: Page[Post]) -> None:
    """Which of these the viewer likes; one query, and none for who has no account."""
    if request.user.is_authenticated:
        reactions.mark(page.items, user_id=request.user.pk)


def _after(request: Request) -> str:
    return request.GET.get("after", "")


def _next_url(request: Request, found: Finder, after: str) -> str:
    if not after:
        return ""
    return found.url(request.path) + ("&" if found.query() else "?") + urlencode({"after": after})


def _sorts(request: Request, found: Finder) -> list[tuple[str, str, bool]]:
    """(label, address, whether it is the one) of each order. The one that needs no word in the address is first."""
    usual = ("Best match", "") if found.words else (Sort.NEW.label, "")
    others = [(sort.label, sort.value) for sort in Sort if found.words or sort is not Sort.NEW]
    now = found.sort if found.words or found.sort != Sort.NEW else ""
    return [(label, replace(found, sort=sort).url(request.path), sort == now) for label, sort in (usual, *others)]


def _history(request: Request, found: Finder) -> str:
    """What htmx does with the address bar: words that are still being typed are one step back, not one each."""
    try:
        now = finder.parse(QueryDict(urlsplit(http.page_of(request)).query))
    except (BadFilter, TooManyFieldsSent, ValueError):  # a header says what it likes
        return "HX-Push-Url"
    is_typing = bool(now.words and found.words) and replace(now, words=found.words) == found
    return "HX-Replace-Url" if is_typing or now == found else "HX-Push-Url"
