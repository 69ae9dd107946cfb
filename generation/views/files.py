"""The doors of every picture's and 3D model's bytes: whoever may see the asset gets them, everybody else a 404."""

from typing import BinaryIO
from uuid import UUID

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
    viewer_id = request.owner_id()
    asset = _visible(code, viewer_id)
    try:
        opened, content_type = renditions.open_one(asset, width, kind, viewer_id=viewer_id)
    except FileGone as error:
        raise Http404 from error
    return _answer(asset, opened, content_type)


@require_safe
def model(request: Request, code: UUID) -> HttpResponseBase:
    """A 3D model, for the viewer. One query, and no user is loaded."""
    viewer_id = request.owner_id()
    asset = _visible(code, viewer_id)
    if not asset.is_3d:
        raise Http404
    try:
        opened = assets.open_model(asset, with_words=viewer_id == asset.owner_id or not asset.prompt_hidden)
    except FileGone as error:
        raise Http404 from error
    return _answer(asset, opened, asset.content_type)


@require_safe
def postcard(request: Request, code: UUID) -> HttpResponseBase:
    """The picture for other sites; the same for everybody, so the viewer is not asked for. One query."""
    asset = _visible(code, None)
    if not postcards.may_be_shown(asset):
        raise Http404
    etag = quote_etag(postcards.version(asset))
    response = get_conditional_response(request, etag) or _drawn(asset)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={SHOWN_SECONDS}"
    return response


def _drawn(asset: Asset) -> HttpResponse:
    try:
        return HttpResponse(postcards.draw(asset), content_type=postcards.CONTENT_TYPE)
    except FileGone as error:
        raise Http404 from error


def _visible(code: UUID, viewer_id: int | None) -> Asset:
    asset = Asset.objects.visible_to_id(viewer_id).filter(code=code).first()
    if asset is None:
        raise Http404
    return asset


def _answer(asset: Asset, opened: BinaryIO, content_type: str) -> HttpResponseBase:
    response = FileResponse(opened, content_type=content_type)
    is_private = asset.visibility == Visibility.PRIVATE
    response["Cache-Control"] = "private, no-store" if is_private else f"public, max-age={SHOWN_SECONDS}"
    # Whatever a browser makes of these bytes, it runs nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
def remix(request: Request, code: UUID) -> HttpResponseBase:
    """The studio, filled with the settings of a picture whose settings are visible."""
    viewer_id = request.owner_id()
    if lineage.of_asset(code=str(code), viewer_id=viewer_id) is None:
        raise Http404
    return redirect(f"{reverse('studio')}?remix={code}")
