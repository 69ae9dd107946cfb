"""What people do with a picture and its artist: like, rate, follow; and the parts of its page that come after it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import http
from config.http import Request
from gallery import artists, feed, follows, kin, limits, pieces, reactions
from gallery.errors import TooManyFollowed
from gallery.forms import RatingForm
from gallery.limits import Act
from gallery.pieces import Piece
from gallery.views import art
from gallery.views.doors import NotAChoice, answering, came_from, member


@require_POST
@answering
def like(request: Request, code: UUID) -> HttpResponseBase:
    """The state that was wished for: `on=1`, as without it, or `on=0`. Sent twice it is one like."""
    page = reverse("art", args=[code])
    user = member(request, back=page)
    wished = _is_on(request)
    limits.count(Act.REACT, user_id=user.pk)
    post = (reactions.like if wished else reactions.unlike)(code=code, user_id=user.pk)
    if not request.htmx:
        return http.redirect(request, f"{came_from(request, page)}#like-{code}")
    return render(request, "gallery/partials/like.html", {"post": post, "member": True, "over": "over" in request.GET})


@require_POST
@answering
def rate(request: Request, code: UUID) -> HttpResponseBase:
    """One to five `stars`; none (0) takes them back."""
    page = reverse("art", args=[code])
    user = member(request, back=page)
    form = RatingForm(request.POST)
    if not form.is_valid():
        piece = _shown(request, code)
        return _rating(request, piece, 422, error=str(form.errors["stars"][0]))
    limits.count(Act.REACT, user_id=user.pk)
    if stars := form.cleaned_data["stars"]:
        reactions.rate(code=code, user_id=user.pk, stars=stars)
    else:
        reactions.unrate(code=code, user_id=user.pk)
    if not request.htmx:
        return http.redirect(request, f"{page}#rating-{code}")
    return _rating(request, _shown(request, code), 200)


@require_POST
@answering
def follow(request: Request, handle: str) -> HttpResponseBase:
    """`on=1`, as without it, or `on=0`."""
    artist = artists.find(handle=handle)
    page = reverse("artist", args=[artist.handle])
    user = member(request, back=page)
    wished = _is_on(request)
    limits.count(Act.REACT, user_id=user.pk)
    try:
        (follows.follow if wished else follows.unfollow)(follower_id=user.pk, artist_id=artist.pk)
    except TooManyFollowed as error:
        wished = False
        messages.warning(request, f"You follow {error.data['most']:,} artists already, which is the most.")
    if not request.htmx:
        return http.redirect(request, came_from(request, page))
    context = {"artist": artist, "is_followed": wished, "is_answer": True}
    return render(request, "gallery/partials/follow.html", context)


@require_safe
@never_cache
@answering
def lineage(request: Request, code: UUID) -> HttpResponseBase:
    """Where a picture comes from and where it went: to htmx a part of its page, else a page."""
    piece = pieces.find(code=code, viewer=request.user)
    family = kin.of(piece=piece, viewer=request.user, levels=artists.levels_for(request.user))
    name = "gallery/partials/kin.html" if request.htmx else "gallery/lineage.html"
    response = render(request, name, {"piece": piece, "kin": family})
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@never_cache
@answering
def more(request: Request, code: UUID) -> HttpResponseBase:
    """A few others by the same artist, for the picture's page to load once it is there."""
    piece = pieces.find(code=code, viewer=request.user)
    others = feed.beside(artist_id=piece.asset.owner_id, but=piece.asset.pk, levels=artists.levels_for(request.user))
    return render(request, "gallery/partials/more_by.html", {"piece": piece, "others": others})


def _is_on(request: Request) -> bool:
    wished = request.POST.get("on", "1")
    if wished not in ("0", "1"):
        raise NotAChoice("on")
    return wished == "1"


def _shown(request: Request, code: UUID) -> Piece:
    """A picture that can be rated. Raises NotYours."""
    return pieces.find_shown(code=code, viewer=request.user)


def _rating(request: Request, piece: Piece, status: int, *, error: str = "") -> HttpResponseBase:
    if not request.htmx:
        return art.show(request, piece, status=status, rating_error=error)
    return render(request, "gallery/partials/rating.html", {"piece": piece, "rating_error": error}, status=status)
