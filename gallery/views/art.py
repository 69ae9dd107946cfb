"""One picture: its page, showing it, taking it back, downloading it."""

from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import http
from config.http import Request
from gallery import downloads, pieces, posts, viewer, wording
from gallery.errors import Barred, NeedsAccount, NotPassed
from gallery.forms import DescribeForm, PublishForm
from gallery.models import Visibility
from gallery.pieces import Piece
from gallery.views import neighbours
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
    Moderation.WITHHELD: "Our staff have withdrawn this picture. It stays private until an appeal is granted.",
}


@require_safe
@never_cache
@answering
def page(request: Request, code: UUID) -> HttpResponseBase:
    return show(request, pieces.find(code=code, viewer=request.user))


@require_POST
@answering
def publish(request: Request, code: UUID) -> HttpResponseBase:
    piece = _own(request, code)
    form = _form(piece, request.POST)
    if form.is_valid():
        try:
            post = posts.publish(asset=piece.asset, owner=request.user, **form.cleaned_data)
        except NotPassed as error:
            form.add_error(*_why_not(error))
        except Barred as error:
            form.add_error(None, f"With three live strikes this has to wait until {error.data['until']:%-d %b %Y}.")
        else:
            return _done(request, code, post.asset.visibility)
    return _panel(request, piece, form, 422) if request.htmx else show(request, piece, form=form, status=422)


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
    if piece.is_withheld:
        raise NeedsAccount(back=piece.asset.url)
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
    return _panel(request, piece, _form(piece), 200)


def _form(piece: Piece, data: QueryDict | None = None) -> PublishForm:
    return PublishForm(data, initial=_as_shown(piece), floor=piece.asset.level_floor)


def _why_not(error: NotPassed) -> tuple[str | None, str]:
    """The field that is to blame, and the words: the rule where words were refused, else the picture's state."""
    if "rule" not in error.data:
        return None, NOT_PASSED[Moderation(str(error.data["moderation"]))]
    field, words = str(error.data["field"]), wording.sentence(error)
    if field == "title":
        return field, words
    what = "The prompt" if field == "prompt" else "The description"
    return None, f"{what} cannot be shown, so the picture stays private. {words}"


def _as_shown(piece: Piece) -> dict[str, object]:
    """What the form begins with: how the picture is shown now, or public when it is private."""
    return {
        "title": piece.title,
        "visibility": Visibility.PUBLIC if piece.is_private else piece.asset.visibility,
        "hide_prompt": piece.asset.prompt_hidden,
        "level": piece.asset.level,
    }


def with_refused(request: Request, piece: Piece, *, described: DescribeForm) -> HttpResponseBase:
    """The page with what was typed into another of its forms, and why that cannot be."""
    return show(request, piece, status=422, described=described)


def show(
    request: Request, piece: Piece, *, form: PublishForm | None = None, status: int = 200, **more: object
) -> HttpResponseBase:
    """The picture's page. `form`: its owner's, as it was sent; `more`: what else a refusal says on it."""
    script = viewer.script_url() if piece.asset.is_3d and not piece.is_withheld else ""
    context = {
        "piece": piece,
        "form": form or _form(piece),
        "viewer_url": script,
        "wall": neighbours.wall_of(request, piece),
        "files": downloads.offer(piece, request.user),
        **more,
    }

    def answer(_: HttpRequest) -> HttpResponseBase:
        return render(request, "gallery/art.html", context, status=status)

    return (csp_update(viewer.POLICY)(answer) if script else answer)(request)


def _panel(request: Request, piece: Piece, form: PublishForm, status: int) -> HttpResponse:
    return render(request, "gallery/partials/owner_answer.html", {"piece": piece, "form": form}, status=status)
