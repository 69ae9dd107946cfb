"""The way to a picture's neighbours: plain links that lead on, so that the page itself asks for none."""

from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.http import Request
from gallery import artists, neighbours, pieces
from gallery.models import Visibility
from gallery.neighbours import Step, Wall
from gallery.pieces import Piece
from gallery.views.doors import NotAChoice, answering, came_from

ENDS = {
    Step.NEXT: "That was the last picture here.",
    Step.PREVIOUS: "That was the first picture here.",
}


@require_safe
@never_cache
@answering
def step(request: Request, code: UUID, step: str) -> HttpResponseBase:
    """To the neighbour; at the end of the wall back to the picture, which says so."""
    piece = pieces.find(code=code, viewer=request.user)
    wall = wall_of(request, piece)
    if wall is None:
        raise NotAChoice("wall")
    levels = artists.levels_for(request.user)
    url = neighbours.beside(piece=piece, wall=wall, step=Step(step), levels=levels)
    if not url:
        messages.info(request, ENDS[Step(step)])
    return redirect(f"{url or reverse('art', args=[code])}?wall={wall}")


def wall_of(request: Request, piece: Piece) -> Wall | None:
    """The wall that the address names, else where the viewer came from, else everybody's; None where it is on none."""
    open_walls = _walls(piece)
    if "wall" in request.GET:
        named = request.GET["wall"]
        if named not in Wall.values:
            raise NotAChoice("wall")
        wall = Wall(named)
    else:
        wall = _came_from(request)
    return wall if wall in open_walls else next(iter(open_walls), None)


def _walls(piece: Piece) -> tuple[Wall, ...]:
    """Where this picture hangs for this viewer; the first is where one looks for it."""
    shown = (Wall.EXPLORE, Wall.ARTIST) if piece.asset.visibility == Visibility.PUBLIC else ()
    return (*shown, Wall.LIBRARY) if piece.is_owner else shown


def _came_from(request: Request) -> Wall:
    path = urlsplit(came_from(request, "")).path
    if path.startswith(reverse("library")):
        return Wall.LIBRARY
    return Wall.ARTIST if path.startswith("/@") else Wall.EXPLORE
