"""Archives: the list, one with its progress, its file for its owner alone."""

from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.http import Request
from gallery import archives
from gallery.views.doors import answering


@require_safe
@never_cache
@answering
def listing(request: Request) -> HttpResponseBase:
    context = {"archives": archives.of(owner_id=request.user.pk), "archive_days": settings.ARCHIVE_DAYS}
    return render(request, "gallery/archives.html", context)


@require_safe
@never_cache
@answering
def page(request: Request, code: UUID) -> HttpResponseBase:
    return render(request, "gallery/archive.html", {"archive": archives.find(code=code, owner_id=request.user.pk)})


@require_safe
@never_cache
@answering
def card(request: Request, code: UUID) -> HttpResponseBase:
    """What the page polls: 204 while nothing is new."""
    archive = archives.find(code=code, owner_id=request.user.pk)
    if request.GET.get("v") == archive.version:
        return HttpResponse(status=204)
    return render(request, "gallery/partials/archive.html", {"archive": archive})


@require_safe
@answering
def file(request: Request, code: UUID) -> HttpResponseBase:
    """The ZIP, while its link lasts; then 404, as for everybody else always."""
    archive = archives.find(code=code, owner_id=request.user.pk)
    name = f"Atelier pictures {archive.created_at:%Y-%m-%d}.zip"
    response = FileResponse(archives.open_file(archive), as_attachment=True, filename=name)
    response["Content-Type"] = "application/zip"
    response["Content-Length"] = str(archive.size_bytes)
    response["Cache-Control"] = "private, no-store"
    return response
