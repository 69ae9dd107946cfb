"""The doors of every picture's and 3D model's bytes: whoever may see the asset gets them, everybody else a 404."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from config.http import Request
from generation import assets, lineage, postcards, renditions
from generation.errors import FileGone
from generation.models import Asset, Visibility
from generation.models.asset import RENDITION_TYPES, RENDITION_WIDTHS

# How long a withdrawn picture can linger in caches: the bound that the architecture promises.
SHOWN_SECONDS = 300


@require_safe
def file(request: Request, code: UUID, width: int, kind: str) -> HttpResponseBase:
    """One rendition. One query, and no user is loaded."""
    if width not in RENDITION_WIDTHS or kind not in RENDITION_TYPES:
        raise Http404
    asset = _found(request, code)
    key, tag = renditions.made(asset, width, kind)
    if tag and (early := _early(request, asset, key, tag, f"image/{kind}")):
        return early
    with _or_404():
        opened = renditions.open_one(asset, width, kind, viewer_id=request.owner_id())
    bare = FileResponse(opened.file, content_type=opened.content_type)
    response = _answer(asset, bare, tag if opened.is_made else "")
    if opened.is_original:
        response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def model(request: Request, code: UUID) -> HttpResponseBase:
    """A 3D model, for the viewer. One query, and no user is loaded."""
    asset = _found(request, code)
    if not asset.is_3d:
        raise Http404
    with_words = request.owner_id() == asset.owner_id or not asset.prompt_hidden
    tag = f'"{asset.sha256}"' if with_words else f'"{asset.sha256}-plain"'
    if with_words and (early := _early(request, asset, asset.storage_key, tag, asset.content_type)):
        return early
    with _or_404():
        opened = assets.open_model(asset, with_words=with_words)
    return _answer(asset, FileResponse(opened, content_type=asset.content_type), tag)


@require_safe
def postcard(request: Request, code: UUID) -> HttpResponseBase:
    """The picture for other sites; the same for everybody, so the viewer is not asked for. One query."""
    asset = Asset.objects.visible_to_id(None).select_related("job__model", "model").filter(code=code).first()
    if asset is None or not postcards.may_be_shown(asset):
        raise Http404
    etag = quote_etag(postcards.version(asset))
    response = get_conditional_response(request, etag) or _drawn(asset)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={SHOWN_SECONDS}"
    return response


def _drawn(asset: Asset) -> HttpResponse:
    with _or_404():
        return HttpResponse(postcards.draw(asset), content_type=postcards.CONTENT_TYPE)


def _found(request: Request, code: UUID) -> Asset:
    is_account = request.account_id() is not None
    asset = Asset.objects.bytes_for_id(request.owner_id(), is_account=is_account).filter(code=code).first()
    if asset is None:
        raise Http404
    return asset


def _early(request: Request, asset: Asset, key: str, tag: str, content_type: str) -> HttpResponseBase | None:
    """The answer to who has the bytes already, or asks how many they are: nobody has to open the file for that."""
    if unchanged := get_conditional_response(request, etag=tag):
        return _answer(asset, unchanged, tag)
    if request.method != "HEAD":
        return None
    try:
        size = default_storage.size(key)
    except FileNotFoundError:
        return None
    response = HttpResponse(content_type=content_type, headers={"Content-Length": str(size)})
    return _answer(asset, response, tag)


@contextmanager
def _or_404() -> Iterator[None]:
    try:
        yield
    except FileGone as error:
        raise Http404 from error


def _answer(asset: Asset, response: HttpResponseBase, tag: str) -> HttpResponseBase:
    """Shared caches keep what is everybody's. What a level keeps from visitors is asked about each time."""
    if tag:
        response["ETag"] = tag
    if asset.visibility == Visibility.PRIVATE:
        response["Cache-Control"] = "private, no-store"
    elif not asset.is_for_all_levels:
        response["Cache-Control"] = "private, no-cache"
    else:
        response["Cache-Control"] = f"public, max-age={SHOWN_SECONDS}"
    # Whatever a browser makes of these bytes, it runs nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
def remix(request: Request, code: UUID) -> HttpResponseBase:
    """The studio, filled with the settings of a picture whose settings are visible; `variation`: for one beside it."""
    viewer_id = request.owner_id()
    if lineage.of_asset(code=str(code), viewer_id=viewer_id) is None:
        raise Http404
    beside = "&variation=1" if "variation" in request.GET else ""
    return redirect(f"{reverse('studio')}?remix={code}{beside}")
