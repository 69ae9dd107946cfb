"""Collections: one's own, one of them, an artist's, and the panel that puts a picture into some."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import http
from config.http import Request
from gallery import archives, artists, collecting, limits, pieces, said, wording
from gallery.collecting import Placed
from gallery.collection_forms import CollectionForm, SaveForm
from gallery.errors import ArchiveTooLarge, Full, GoneCollection, NotPassed, NotYours, TooManyArchives
from gallery.limits import Act
from gallery.models import Collection, Visibility
from gallery.models.post import tone_of
from gallery.pieces import Piece
from gallery.views.doors import NotAChoice, answering, member

GONE = "One of these collections is not there any more. This is what there is now."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def mine(request: Request) -> HttpResponseBase:
    """One's own collections; posted to, a new one."""
    owner = member(request, back=reverse("collections"))
    if request.method == "POST":
        return _create(request)
    page = collecting.shelves(owner=owner, viewer=owner, after=_after(request))
    return _list(request, "collections", page, {})


@require_safe
@never_cache
@answering
def new(request: Request) -> HttpResponseBase:
    member(request, back=reverse("collection_new"))
    return _form(request, CollectionForm(initial={"visibility": Visibility.PRIVATE}), None)


@require_safe
@never_cache
@answering
def collection(request: Request, code: UUID) -> HttpResponseBase:
    found = collecting.find(code=code, viewer=request.user)
    page = collecting.pictures(collection=found, viewer=request.user, after=_after(request))
    is_owner = found.owner_id == request.user.pk
    told: dict[str, Any] = {"collection": found, "is_owner": is_owner, "tone": tone_of(found.owner_id)}
    if not request.htmx:
        told["others"] = collecting.others(collection=found, viewer=request.user)
        # With all of it on one page it is known how many there are that nobody can be shown any more.
        is_whole = is_owner and not _after(request) and not page.after
        told["unseen"] = found.item_count - len(page.items) if is_whole else 0
    return _list(request, "collection", page, told)


@require_safe
@never_cache
@answering
def of_artist(request: Request, handle: str) -> HttpResponseBase:
    """What an artist shows everybody; to the artist all of theirs."""
    person = artists.find(handle=handle)
    if person.handle != handle:
        return HttpResponsePermanentRedirect(reverse("artist_collections", args=[person.handle]))
    page = collecting.shelves(owner=person, viewer=request.user, after=_after(request))
    return _list(request, "artist_collections", page, {"artist": person, "tone": tone_of(person.pk)})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def edit(request: Request, code: UUID) -> HttpResponseBase:
    owner = member(request, back=reverse("collection", args=[code]))
    found = collecting.find_own(code=code, owner=owner)
    if request.method != "POST":
        return _form(request, CollectionForm(initial=_as_it_is(found)), found)
    form = CollectionForm(request.POST)
    if not form.is_valid():
        return _form(request, form, found, 422)
    limits.count(Act.REACT, user_id=owner.pk)
    try:
        collecting.edit(owner=owner, code=code, **form.cleaned_data)
    except NotPassed as error:
        form.add_error(str(error.data["field"]), wording.sentence(error))
        return _form(request, form, found, 422)
    messages.success(request, "Saved.")
    return http.redirect(request, found.url)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def delete(request: Request, code: UUID) -> HttpResponseBase:
    """Asks first; posted to, it is gone."""
    owner = member(request, back=reverse("collection", args=[code]))
    found = collecting.find_own(code=code, owner=owner)
    if request.method != "POST":
        return _panel(request, "collection_delete", {"collection": found})
    limits.count(Act.REACT, user_id=owner.pk)
    collecting.delete(owner=owner, code=code)
    messages.success(request, f"“{found.name}” is gone. Its pictures stay where they are.")
    return http.redirect(request, reverse("collections"))


@require_POST
@answering
def add(request: Request, code: UUID) -> HttpResponseBase:
    """Puts one picture in, named by `art`."""
    owner = member(request, back=reverse("collection", args=[code]))
    limits.count(Act.REACT, user_id=owner.pk)
    found = collecting.find_own(code=code, owner=owner)
    piece = pieces.find(code=_uuid(request.POST.get("art", "")), viewer=owner)
    try:
        added = collecting.add_many(owner=owner, collection_code=code, asset_ids=[piece.asset.pk])
    except Full as full:
        messages.warning(request, said.no_room(full))
    else:
        messages.success(request, f"Saved to “{found.name}”." if added else f"It is in “{found.name}” already.")
    return http.redirect(request, found.url)


@require_POST
@answering
def remove(request: Request, code: UUID, art: UUID) -> HttpResponseBase:
    """To htmx nothing is left of the tile; sent twice it is as gone."""
    owner = member(request, back=reverse("collection", args=[code]))
    limits.count(Act.REACT, user_id=owner.pk)
    was_in = collecting.remove(owner=owner, collection_code=code, asset_code=art)
    messages.success(request, "Taken out of the collection.", extra_tags=f"back-{code}-{art}" if was_in else "")
    if request.htmx:
        return render(request, "components/toasts_oob.html")
    return http.redirect(request, reverse("collection", args=[code]))


@require_POST
@answering
def pack(request: Request, code: UUID) -> HttpResponseBase:
    """Asks for an archive of those of its pictures that are one's own."""
    owner = member(request, back=reverse("collection", args=[code]))
    found = collecting.find_own(code=code, owner=owner)
    ids = collecting.own_in(collection=found, most=settings.ARCHIVE_MAX + 1)
    try:
        archive = archives.ask(owner_id=owner.pk, asset_ids=ids, name=f"“{found.name}”")
    except NotYours:
        messages.warning(request, "An archive holds your own pictures, and none of these is yours.")
    except (ArchiveTooLarge, TooManyArchives) as error:
        messages.warning(request, said.refusal(error))
    else:
        return http.redirect(request, archive.url)
    return http.redirect(request, found.url)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def save(request: Request, code: UUID) -> HttpResponseBase:
    """The panel under a picture: in which of one's collections it is, and in which it shall be."""
    owner = member(request, back=reverse("art", args=[code]))
    piece = pieces.find(code=code, viewer=owner)
    if request.method != "POST":
        return _save_panel(request, piece, None)
    limits.count(Act.REACT, user_id=owner.pk)
    form = SaveForm(request.POST)
    if {"collection", "was"} & form.errors.keys():
        raise NotAChoice("collection")
    if not form.is_valid():
        return _save_panel(request, piece, form)
    try:
        placed = collecting.place(
            owner=owner, asset=piece.asset, into=form.into, out_of=form.out_of, new=form.cleaned_data["new"]
        )
    except Full as full:
        form.add_error(None if full.data["name"] else "new", said.no_room(full))
    except GoneCollection:
        form.add_error(None, GONE)
    else:
        return _placed(request, piece, placed)
    return _save_panel(request, piece, form)


# --- What they are made of -------------------------------------------------------------------------------------------


def _create(request: Request) -> HttpResponseBase:
    owner = member(request, back=reverse("collections"))
    form = CollectionForm(request.POST)
    if form.is_valid():
        limits.count(Act.REACT, user_id=owner.pk)
        try:
            made = collecting.create(owner=owner, **form.cleaned_data)
        except Full as full:
            form.add_error(None, said.no_room(full))
        except NotPassed as error:
            form.add_error(str(error.data["field"]), wording.sentence(error))
        else:
            messages.success(request, f"“{made.name}” is there. Now save pictures to it.")
            return http.redirect(request, made.url)
    return _form(request, form, None, 422)


def _as_it_is(found: Collection) -> dict[str, str]:
    return {"name": found.name, "about": found.about, "visibility": found.visibility}


def _placed(request: Request, piece: Piece, placed: Placed) -> HttpResponseBase:
    """To htmx the toast alone, and the dialog closes."""
    messages.success(request, _said(placed))
    if not request.htmx:
        return http.redirect(request, piece.asset.url)
    response = render(request, "components/toasts_oob.html")
    response["HX-Trigger"] = "dialog-done"
    return response


def _said(placed: Placed) -> str:
    parts = ["Saved to " + _listed(placed.into)] if placed.into else []
    parts += [("taken out of " if parts else "Taken out of ") + _listed(placed.out_of)] if placed.out_of else []
    return (", ".join(parts) or "Nothing changed") + "."


def _listed(names: list[str]) -> str:
    return f"“{names[0]}”" if len(names) == 1 else f"{len(names)} collections"


def _save_panel(request: Request, piece: Piece, form: SaveForm | None) -> HttpResponse:
    """What is ticked stays so when something was wrong; what is there is read anew."""
    owner = member(request, back=piece.asset.url)
    rows = collecting.choices(owner=owner, asset=piece.asset)
    ticked = {str(row.collection.code) for row in rows if row.is_in}
    if form is not None:
        now, before = (set(request.POST.getlist(name)) for name in ("collection", "was"))
        ticked = (ticked | now) - (before - now)
    context = {
        "piece": piece,
        "rows": [(row, str(row.collection.code) in ticked) for row in rows],
        "form": form or SaveForm(),
    }
    return _panel(request, "save", context, 200 if form is None else 422)


def _form(request: Request, form: CollectionForm, found: Collection | None, status: int = 200) -> HttpResponse:
    return _panel(request, "collection_form", {"form": form, "collection": found}, status)


def _panel(request: Request, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of its own, or to htmx what its dialog shows."""
    panel = f"gallery/partials/{name}.html"
    template = panel if request.htmx else "gallery/panel.html"
    response = render(request, template, context | {"panel": panel}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _list(request: Request, name: str, page: Any, told: dict[str, Any]) -> HttpResponse:
    """A page of something, or to htmx what it appends."""
    template = f"gallery/partials/{name}_more.html" if request.htmx else f"gallery/{name}.html"
    context = {"page": page, "next_url": f"{request.path}?after={page.after}" if page.after else "", **told}
    response = render(request, template, context | {"is_first": not _after(request)})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _after(request: Request) -> str:
    return request.GET.get("after", "")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotYours(code=text) from error
