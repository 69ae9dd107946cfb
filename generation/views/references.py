"""Doors of reference pictures: upload, preview, take away. Another's is 404, like one that never was."""

from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from config import http
from config.http import Request
from generation import carried, catalogue, prompts, references, words
from generation.errors import BadReference, FileGone, GenerationError
from generation.forms import GenerateForm
from generation.models import Reference
from generation.views import studio


@require_POST
@vary_on_headers("HX-Request")
def upload(request: Request) -> HttpResponse:
    """Keep a picture: 201 and its place in the form to htmx, otherwise 303 to the studio with it."""
    form, error = studio.read(request, needs_prompt=False)
    reference = references.find(code=str(form["reference"].value() or ""), owner_id=request.owner_id())
    if error is None and reference is None:
        error = BadReference(reason="Choose a picture first.")
    if request.htmx:
        return _place(request, form, reference, error)
    if error is not None or reference is None:
        return studio.refused(request, form, error, status=error.status if error else 422)
    return http.redirect(request, f"{reverse('studio')}?reference={reference.code}")


@require_safe
def preview(request: Request, code: UUID) -> HttpResponseBase:
    """The owner's own bytes, drawn anew by us. One query, and no user is loaded."""
    reference = references.find(code=code, owner_id=request.owner_id())
    if reference is None:
        raise Http404
    try:
        response = FileResponse(references.open_one(reference), content_type=reference.content_type)
    except FileGone as error:
        raise Http404 from error
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@vary_on_headers("HX-Request")
def remove(request: Request, code: UUID) -> HttpResponse:
    """Take a picture out of the form; where nothing uses it, it is gone."""
    owner_id = request.owner_id()
    if owner_id is None or not references.remove(code=code, owner_id=owner_id):
        raise Http404
    if not request.htmx:
        return http.redirect(request, reverse("studio"))
    return _place(request, GenerateForm(request.POST), None, None, status=200)


def _place(
    request: Request, form: GenerateForm, reference: Reference | None, error: GenerationError | None, status: int = 201
) -> HttpResponse:
    refusal = words.refusal(error) if error else None
    context = {
        "form": form,
        "model": catalogue.find(str(form["model"].value() or "")),
        "reference": reference,
        "carried": carried.recall(reference),
        "upload_refusal": refusal,
        "can_enhance": prompts.available(),
    }
    response = render(request, "generation/partials/reference.html", context, status=error.status if error else status)
    if refusal and refusal.retry_after_seconds:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response
