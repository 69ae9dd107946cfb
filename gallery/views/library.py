"""One's own pictures: the library with its filter, the trash, and the bars of acts on many of them."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import cursors, http
from config.http import Request
from gallery import bulk, collecting, library, limits, paging, said, trash
from gallery.bulk import IN_TRASH, Action, Choice, Done
from gallery.errors import (
    ArchiveTooLarge,
    Full,
    GalleryError,
    GoneCollection,
    NeedsAccount,
    NothingChosen,
    TooManyArchives,
    TooManyChosen,
)
from gallery.library import Filter, Form, Shelf
from gallery.limits import Act
from gallery.views.doors import NotAChoice, answering, member
from generation import catalogue, renditions
from generation.errors import FileGone
from generation.models import Asset, InferenceModel, OutputKind, Visibility
from generation.models.asset import RENDITION_TYPES, RENDITION_WIDTHS

# As many tiles are changed in place; after more the page is loaded anew.
IN_PLACE_MAX = 200
# As buttons send it, and as a form may that has one button and a field for who may see it.
BY_VISIBILITY = {
    Visibility.PUBLIC: Action.PUBLISH,
    Visibility.UNLISTED: Action.UNLIST,
    Visibility.PRIVATE: Action.WITHDRAW,
}
REFUSALS = (NothingChosen, TooManyChosen, TooManyArchives, ArchiveTooLarge, GoneCollection, Full)


# --- The library -----------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@answering
def page(request: Request) -> HttpResponseBase:
    """Whoever has made something, guests too; a visitor without a row has made nothing yet."""
    return _shelf(request, library.parse(request.GET))


def _shelf(request: Request, wanted: Filter, status: int = 200) -> HttpResponse:
    told = request.GET if request.method in ("GET", "HEAD") else QueryDict()
    after, upto = told.get("after", ""), told.get("upto", "")
    owner_id = request.user.pk
    shelf = library.page(owner_id=owner_id, wanted=wanted, after=after, upto=upto) if owner_id else Shelf([])
    response = render(request, _template(request), _context(shelf, wanted, is_first=not after), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _template(request: Request) -> str:
    """To htmx a further page is its tiles alone, and a changed filter all that the filter changes."""
    if not request.htmx:
        return "gallery/library.html"
    return f"gallery/partials/library_{'results' if request.htmx.target == 'results' else 'more'}.html"


def _context(shelf: Shelf, wanted: Filter, *, is_first: bool) -> dict[str, object]:
    more = [*wanted.pairs, ("upto", shelf.upto)] if shelf.upto else wanted.pairs
    return {
        "page": shelf,
        "wanted": wanted,
        "is_first": is_first,
        "next_url": f"{reverse('library')}?{urlencode([*more, ('after', shelf.after)])}" if shelf.after else "",
        "models": _models(wanted),
        "shapes": Form.choices,
        "visibilities": Visibility.choices,
        "kinds": OutputKind.choices,
    }


def _models(wanted: Filter) -> list[InferenceModel]:
    """Those of the picker, from the cache, and those that were asked for by an address."""
    listed = catalogue.listed()
    return listed + [model for model in wanted.models if model not in listed]


# --- Acts on many ----------------------------------------------------------------------------------------------------


@require_POST
@answering
def act(request: Request) -> HttpResponseBase:
    """One press of a bar: of the library's or the trash's."""
    if request.POST.get("action") == "undo":
        return _undo(request)
    action = _action(request.POST)
    try:
        choice = Choice(
            codes=_codes(request.POST),
            is_all=request.POST.get("all") == "1",
            wanted=library.parse(request.POST),
            upto=request.POST.get("upto", ""),
            collection=_collection(request.POST),
        )
        if action == Action.COLLECT and choice.collection is None:
            return _which_collection(request, choice)
        if action == Action.COLLECT and request.user.is_authenticated:
            limits.count(Act.REACT, user_id=request.user.pk)
        done = bulk.act(owner=request.user, action=action, choice=choice)
    except NeedsAccount as error:
        raise NeedsAccount(back=reverse("library")) from error
    except REFUSALS as error:
        return _refused(request, action, error)
    return _done(request, done, choice)


def _action(told: QueryDict) -> Action:
    """Raises NotAChoice."""
    try:
        if told.get("action") == "visibility":
            return BY_VISIBILITY[Visibility(told.get("visibility", ""))]
        # The buttons of the menu of collections say which one, and no more than that.
        return Action(told.get("action") or ("collect" if told.get("collection") else ""))
    except ValueError as error:
        raise NotAChoice("action") from error


def _codes(told: QueryDict) -> tuple[UUID, ...]:
    """Of the checked tiles; a script that has more of them than a form may have fields joins them by commas."""
    texts = [code for joined in told.getlist("codes") for code in joined.split(",") if code]
    try:
        return tuple(dict.fromkeys(UUID(text) for text in texts))
    except ValueError as error:
        raise NotAChoice("codes") from error


def _collection(told: QueryDict) -> UUID | None:
    """Raises NotAChoice."""
    text = told.get("collection", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotAChoice("collection") from error


def _which_collection(request: Request, choice: Choice) -> HttpResponseBase:
    """The second step where no script filled the menu: the choice goes along. To htmx the menu is what asks."""
    bulk.check(owner=request.user, action=Action.COLLECT, choice=choice)
    if request.htmx:
        raise GoneCollection
    kept = [*choice.wanted.pairs, ("upto", choice.upto), ("all", "1" if choice.is_all else "")]
    context = {
        "collections": collecting.of_owner(member(request, back=reverse("library"))),
        "kept": [(name, value) for name, value in [*kept, ("codes", ",".join(map(str, choice.codes)))] if value],
        "panel": "gallery/partials/collect.html",
        "title": "Save to a collection",
    }
    return render(request, "gallery/panel.html", context)


@require_safe
@never_cache
@answering
def collections(request: Request) -> HttpResponseBase:
    """What htmx puts into the bar's menu as soon as it is opened; followed as a link, all of them."""
    owner = member(request, back=reverse("library"))
    if not request.htmx:
        return http.redirect(request, reverse("collections"))
    context = {"collections": collecting.of_owner(owner)}
    return render(request, "gallery/partials/collect_menu.html", context)


def _refused(request: Request, action: Action, error: GalleryError) -> HttpResponseBase:
    """422, or 429 where waiting helps: the words as a toast, over the page that was left."""
    status = 429 if isinstance(error, TooManyArchives) else 422
    messages.warning(request, said.refusal(error))
    if request.htmx:
        response = _toast(request, status)
    elif action in IN_TRASH:
        response = _trash(request, status)
    else:
        response = _shelf(request, library.parse(request.POST), status)
    if status == 429:
        response["Retry-After"] = str(said.ARCHIVE_WAIT_SECONDS)
    return response


def _done(request: Request, done: Done, choice: Choice) -> HttpResponseBase:
    if done.archive is not None:
        if done.refused:
            messages.warning(request, said.left_out(done.refused))
        return http.redirect(request, done.archive.url)
    level = messages.SUCCESS if (done.done or done.there) and not done.refused else messages.WARNING
    undo = f"undo-{cursors.micros(done.when)}" if done.when and done.done else ""
    messages.add_message(request, level, said.done(done), extra_tags=undo)
    if request.htmx and done.collection:
        return _toast(request)
    if request.htmx and not choice.is_all and len(choice.codes) <= IN_PLACE_MAX:
        return _in_place(request, done, choice)
    home = reverse("trash") if done.action in IN_TRASH else reverse("library")
    query = urlencode(choice.wanted.pairs)
    return http.redirect(request, f"{home}?{query}" if query else home)


def _toast(request: Request, status: int = 200) -> HttpResponse:
    response = render(request, "components/toasts_oob.html", status=status)
    response["HX-Reswap"] = "none"
    return response


def _in_place(request: Request, done: Done, choice: Choice) -> HttpResponse:
    """Tiles that left, or what the others say now, and a toast."""
    mine = Asset.objects.filter(owner=request.user.pk or 0, code__in=choice.codes)
    leaves = done.action in IN_TRASH or done.action == Action.DELETE
    context = {"assets": mine, "leaves": leaves, "in_trash": done.action in IN_TRASH}
    response = render(request, "gallery/partials/library_changed.html", context)
    response["HX-Reswap"] = "none"
    return response


def _undo(request: Request) -> HttpResponseBase:
    told = request.POST.get("moment", "")
    if not told.isascii() or not told.isdecimal() or len(told) > 18:
        raise NotAChoice("moment")
    number = bulk.undo(owner_id=request.user.pk or 0, when=paging.moment(int(told)))
    messages.success(request, said.restored(number)) if number else messages.info(request, said.NOTHING_TO_UNDO)
    return http.redirect(request, reverse("library"))


# --- The trash -------------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@answering
def trash_page(request: Request) -> HttpResponseBase:
    return _trash(request)


def _trash(request: Request, status: int = 200) -> HttpResponse:
    after = request.GET.get("after", "")
    owner_id = request.user.pk
    found = trash.page(owner_id=owner_id, after=after) if owner_id else paging.Page([], "")
    context = {
        "page": found,
        "is_first": not after,
        "trash_days": settings.TRASH_DAYS,
        "next_url": f"{reverse('trash')}?{urlencode({'after': found.after})}" if found.after else "",
    }
    template = "gallery/partials/trash_more.html" if request.htmx else "gallery/trash.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@answering
def trash_file(request: Request, code: UUID, width: int, kind: str) -> HttpResponseBase:
    """A picture of one's own trash, which no other door shows any more."""
    if width not in RENDITION_WIDTHS or kind not in RENDITION_TYPES:
        raise Http404
    asset = trash.find(code=code, owner_id=request.user.pk)
    try:
        opened = renditions.open_one(asset, width, kind, viewer_id=asset.owner_id)
    except FileGone as error:
        raise Http404 from error
    response = FileResponse(opened.file, content_type=opened.content_type)
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@answering
def delete(request: Request, code: UUID) -> HttpResponseBase:
    when = trash.discard_one(code=code, owner_id=request.user.pk)
    messages.success(request, said.done(Done(Action.DELETE, 1)), extra_tags=f"undo-{cursors.micros(when)}")
    return http.redirect(request, reverse("library"))


@require_POST
@answering
def restore(request: Request, code: UUID) -> HttpResponseBase:
    trash.restore_one(code=code, owner_id=request.user.pk)
    messages.success(request, said.restored(1))
    return http.redirect(request, reverse("art", args=[code]))
