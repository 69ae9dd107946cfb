"""What programs read: Atom feeds and the sitemap. The same for everybody; nobody's session is looked at.

Each answer carries an ETag of its content and no Last-Modified: what is withdrawn changes the content while the newest
date in it stays, and a reader must not be told that nothing has changed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from config.http import Request
from gallery import artists, atom, sitemaps
from gallery.views.doors import answering

# As long as a withdrawn picture may linger in a cache: the bound that the file doors keep too.
KEPT_SECONDS = 300
XML = "application/xml; charset=utf-8"

P = ParamSpec("P")


def for_machines(
    door: Callable[Concatenate[Request, P], HttpResponseBase],
) -> Callable[Concatenate[Request, P], HttpResponseBase]:
    """Read only, answered 304 where nothing has changed, kept by caches for a moment."""

    @wraps(door)
    def answer(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = answering(door)(request, *args, **kwargs)
        if response.status_code == 200:
            response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
        return response

    return require_safe(conditional_page(answer))


@for_machines
def latest_feed(request: Request) -> HttpResponseBase:
    return _feed(atom.latest())


@for_machines
def artist_feed(request: Request, handle: str) -> HttpResponseBase:
    artist = artists.find(handle=handle)
    if artist.handle != handle:
        return HttpResponsePermanentRedirect(reverse("feed_artist", args=[artist.handle]))
    return _feed(atom.of_artist(artist))


@for_machines
def collection_feed(request: Request, code: UUID) -> HttpResponseBase:
    return _feed(atom.of_collection(code=code))


@for_machines
def sitemap_index(request: Request) -> HttpResponseBase:
    return HttpResponse(sitemaps.index(), content_type=XML)


@for_machines
def sitemap_of_pages(request: Request) -> HttpResponseBase:
    return HttpResponse(sitemaps.pages(), content_type=XML)


@for_machines
def sitemap_part(request: Request, kind: str, number: int) -> HttpResponseBase:
    return HttpResponse(sitemaps.part(kind, number), content_type=XML)


def _feed(document: str) -> HttpResponse:
    return HttpResponse(document, content_type=atom.CONTENT_TYPE)
