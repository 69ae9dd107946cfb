"""One picture: its page, showing it, taking it back, downloading it."""

from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import http
from config.http import Request
from gallery import downloads, pieces, posts, viewer
from gallery.errors import NeedsAccount, NotPassed
from gallery.forms import PublishForm
from gallery.models import Level, Visibility
from gallery.pieces import Piece
from gallery.views.doors import NotAChoice, answering
from generation.models import Moderation

SAID = {
    Visibility.PUBLIC: "Published. Anyone can see it.",
    Visibility.UNLISTED: "Unlisted. Anyone with the link can see it.",
    Visibility.PRIVATE: "Private again.",
}
NOT_PASSED = {
    Moderation.UNKNOWN: "This picture has not been checked yet. It stays private until it has.",
    Moderation.REFUSED: "This picture did not pass the content check, so it can only stay private.",
}


@require_safe
@never_cache
@answering
def page(request: Request, code: UUID) -> HttpResponseBase:
    piece = pieces.find(code=code, viewer=request.user)
    return _page(request, piece, PublishForm(initial=_as_shown(piece)))


@require_POST
@answering
def publish(request: Request, code: UUID) -> HttpResponseBase:
    piece = _own(request, code)
    form = PublishForm(request.POST)
    if form.is_valid():
        try:
            post = posts.publish(asset=piece.asset, owner=request.user, **form.cleaned_data)
        except NotPassed as error:
            form.add_error(None, NOT_PASSED[Moderation(str(error.data["moderation"]))])
        else:
            return _done(request, code, post.asset.visibility)
    return _panel(request, piece, form, 422) if request.htmx else _page(request, piece, form, 422)


@require_POST
@answering
def withdraw(request: Request, code: UUID) -> HttpResponseBase:
    posts.withdraw(asset=_own(request, code).asset, owner=request.user)
    return _done(request, code, Visibility.PRIVATE)


@require_safe
@answering
def download(request: Request, code: UUID) -> HttpResponseBase:
    try:
        wanted = downloads.Format(request.GET.get("format", downloads.Format.ORIGINAL))
    except ValueError as error:
        raise NotAChoice("format") from error
    piece = pieces.find(code=code, viewer=request.user)
    made = downloads.prepare(piece=piece, wanted=wanted, with_settings=_tells(request, piece))
    response = FileResponse(made.file, as_attachment=True, filename=made.name, content_type=made.content_type)
    response["Cache-Control"] = "private, no-store"
    return response


def _tells(request: Request, piece: Piece) -> bool:
    """Whether the file is to say how it was made: as was asked for this one, else as the person's settings have it."""
    said = request.GET.get("words")
    if said not in {None, "0", "1"}:
        raise NotAChoice("words")
    return said == "1" if said else downloads.tells_by_rule(piece, request.user)


def _own(request: Request, code: UUID) -> Piece:
    """The viewer's own picture. Guests are sent to sign-in whatever the code, so that they learn nothing from it."""
    if not request.user.is_authenticated:
        raise NeedsAccount(back=reverse("art", args=[code]))
    return pieces.find_own(code=code, owner=request.user)


def _done(request: Request, code: UUID, visibility: str) -> HttpResponseBase:
    messages.success(request, SAID[Visibility(visibility)])
    if not request.htmx:
        return http.redirect(request, reverse("art", args=[code]))
    piece = pieces.find(code=code, viewer=request.user)
    return _panel(request, piece, PublishForm(initial=_as_shown(piece)), 200)


def _as_shown(piece: Piece) -> dict[str, object]:
    """What the form begins with: how the picture is shown now, or public when it is private."""
    return {
        "title": piece.title,
        "visibility": Visibility.PUBLIC if piece.is_private else piece.asset.visibility,
        "hide_prompt": piece.asset.prompt_hidden,
        "level": piece.post.level if piece.post else Level.GENERAL,
    }


def _page(request: Request, piece: Piece, form: PublishForm, status: int = 200) -> HttpResponseBase:
    script = viewer.script_url() if piece.asset.is_3d else ""

    def answer(_: HttpRequest) -> HttpResponseBase:
        context = {"piece": piece, "form": form, "viewer_url": script, "files": downloads.offer(piece, request.user)}
        return render(request, "gallery/art.html", context, status=status)

    return (csp_update(viewer.POLICY)(answer) if script else answer)(request)


def _panel(request: Request, piece: Piece, form: PublishForm, status: int) -> HttpResponse:
    return render(request, "gallery/partials/owner_answer.html", {"piece": piece, "form": form}, status=status)
