"""What a picture shows, in its owner's words, for those who hear pages."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from config import http
from config.http import Request
from gallery import pieces, posts, wording
from gallery.errors import NotPassed
from gallery.forms import DescribeForm
from gallery.views import art
from gallery.views.doors import answering, member

SAID = "Saved. Screen readers and search engines are told so."
TAKEN_BACK = "Taken back. The picture is described by its prompt again."


@require_POST
@answering
def describe(request: Request, code: UUID) -> HttpResponseBase:
    piece = pieces.find_own(code=code, owner=member(request, back=reverse("art", args=[code])))
    form = DescribeForm(request.POST)
    if form.is_valid():
        try:
            posts.describe(asset=piece.asset, owner=request.user, words=form.cleaned_data["alt"])
        except NotPassed as error:
            form.add_error("alt", wording.sentence(error))
    status = 422 if form.errors else 200
    if status == 200:
        words = form.cleaned_data["alt"]
        messages.success(request, SAID if words else TAKEN_BACK)
        if not request.htmx:
            return http.redirect(request, piece.asset.url)
        piece = pieces.find_own(code=code, owner=request.user)
    if request.htmx:
        context = {"piece": piece, "described": form if status == 422 else None}
        return render(request, "gallery/partials/alt_answer.html", context, status=status)
    return art.with_refused(request, piece, described=form)
