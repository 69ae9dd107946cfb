"""Comments under a picture: read, written, removed. A page of their own, and a part of the picture's page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config import http
from config.http import Request
from gallery import comments, limits, pieces, wording
from gallery.errors import NotPassed
from gallery.forms import CommentForm
from gallery.limits import Act
from gallery.models.comment import TEXT_MAX
from gallery.pieces import Piece
from gallery.views.doors import answering, member

# What was typed before somebody was asked to sign in: [code, text], the last one only.
DRAFT = "comment_draft"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def talk(request: Request, code: UUID) -> HttpResponseBase:
    """Read them, the newest page first (`before` leads to older ones); or write one (`text`)."""
    if request.method == "POST":
        return _write(request, code)
    piece = pieces.find_shown(code=code, viewer=request.user)
    return _answer(request, piece, CommentForm(initial={"text": _draft(request, code)}))


@require_POST
@answering
def remove(request: Request, code: UUID) -> HttpResponseBase:
    """To htmx nothing is left of it, and the toast says so."""
    actor = member(request, back="/")
    comment = comments.remove(code=code, actor=actor)
    messages.success(request, "Comment deleted.")
    if not request.htmx:
        return http.redirect(request, reverse("art_comments", args=[comment.post.code]))
    told = {"code": comment.post.code, "count": comment.post.comment_count}
    return render(request, "gallery/partials/comment_gone.html", told)


def _write(request: Request, code: UUID) -> HttpResponseBase:
    if not request.user.is_authenticated:
        _keep_draft(request, code)
    author = member(request, back=reverse("art_comments", args=[code]))
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _answer(request, pieces.find_shown(code=code, viewer=author), form, status=422)
    limits.count(Act.COMMENT, user_id=author.pk)
    try:
        comment = comments.add(code=code, author=author, text=form.cleaned_data["text"])
    except NotPassed as error:
        form.add_error("text", wording.sentence(error))
        return _answer(request, pieces.find_shown(code=code, viewer=author), form, status=422)
    request.session.pop(DRAFT, None)
    messages.success(request, "Your comment is there.")
    if not request.htmx:
        return http.redirect(request, f"{reverse('art_comments', args=[code])}#comment-{comment.code}")
    return _answer(request, pieces.find_shown(code=code, viewer=author), CommentForm(), with_toasts=True)


def _answer(
    request: Request, piece: Piece, form: CommentForm, *, status: int = 200, with_toasts: bool = False
) -> HttpResponse:
    before = request.GET.get("before", "")
    assert piece.post is not None
    page = comments.of_post(post_id=piece.post.pk, before=before)
    context = {"piece": piece, "page": page, "form": form, "before": before, "with_toasts": with_toasts}
    response = render(request, f"gallery/{_name(request, before)}.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _name(request: Request, before: str) -> str:
    if not request.htmx:
        return "comments"
    return "partials/talk_older" if before else "partials/talk"


def _keep_draft(request: Request, code: UUID) -> None:
    if text := request.POST.get("text", "").strip():
        request.session[DRAFT] = [str(code), text[:TEXT_MAX]]


def _draft(request: Request, code: UUID) -> str:
    """What this person typed under this picture before signing in."""
    of, text = request.session.get(DRAFT, ("", ""))
    return str(text) if of == str(code) and request.user.is_authenticated else ""
