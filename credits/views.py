"""The statement, its downloads, which are the owner's alone and never cached, and the public books.

Each page runs two queries, whatever the length of what it shows.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from credits import downloads, open_books, statements
from credits.models import SPENDABLE

BOOKS_KEPT_SECONDS = 60
KINDS = {
    "": "Everything",
    "reserve": "Reserve",
    "capture": "Capture",
    "release": "Release",
    "purchase": "Purchase",
    "refund": "Refund",
    "free": "Free credits",
}
VERIFIER = Path(__file__).with_name("verify_statement.py")


@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    """A person's balance and statement; a visitor without a row sees what a guest starts with."""
    owner_id = request.user.pk
    is_guest = getattr(request.user, "is_guest", False)
    try:
        wanted = _wanted(request)
        page = statements.page(owner_id=owner_id, after=request.GET.get("after", ""), wanted=wanted)
    except (statements.BadCursor, statements.BadFilter):
        return _malformed(request)
    overview = statements.overview(owner_id=owner_id, is_guest=is_guest)
    context = {
        "balance": overview.balance,
        "months": _months(overview, wanted),
        "seal": overview.seal,
        "page": page,
        "wanted": wanted,
        "kinds": [(name, words, _address(wanted, kind=name)) for name, words in KINDS.items()],
        "wallets": SPENDABLE,
        "older": _address(wanted, after=page.older) if page.older else "",
        "first": _address(wanted),
        "is_later_page": "after" in request.GET,
        "is_member": request.user.is_authenticated,
    }
    response = render(request, "credits/statement.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """What the last audit found. The bar is the visitor's own, so only their browser may keep the page."""
    response = render(
        request, "credits/transparency.html", {"books": open_books.last(), "history": open_books.history()}
    )
    patch_cache_control(response, private=True, max_age=BOOKS_KEPT_SECONDS)
    return response


@require_safe
def table(request: HttpRequest) -> HttpResponseBase:
    """What the page shows under the same filters, all of it, as CSV."""
    try:
        wanted = _wanted(request)
    except statements.BadFilter:
        return _malformed(request)
    name = "-".join(filter(None, ("atelier-statement", wanted.month, wanted.kind, wanted.wallet)))
    lines = downloads.table(owner_id=_owner_id(request), wanted=wanted)
    return _attachment(lines, "text/csv; charset=utf-8", f"{name}.csv")


@require_safe
def whole(request: HttpRequest) -> HttpResponseBase:
    """Everything, with its checkpoints, for verify_statement.py."""
    end = downloads.cut(owner_id=_owner_id(request))
    return _attachment(downloads.whole(end), "application/json", f"atelier-statement-{end.at:%Y-%m-%d}.json")


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The script that checks a downloaded statement. Everybody's."""
    disposition = f'attachment; filename="{VERIFIER.name}"'
    return HttpResponse(VERIFIER.read_bytes(), "text/x-python", headers={"Content-Disposition": disposition})


def _wanted(request: HttpRequest) -> statements.Filter:
    return statements.Filter(**{name: request.GET.get(name, "") for name in ("kind", "wallet", "month")})


def _owner_id(request: HttpRequest) -> int:
    """Who asks, guests too. Someone without a row has no statement."""
    if request.user.pk is None:
        raise Http404
    return int(request.user.pk)


def _attachment(pieces: Iterator[str], content_type: str, name: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingHttpResponse(pieces, content_type=content_type, headers=headers)


def _months(overview: statements.Overview, wanted: statements.Filter) -> list[date]:
    """Those to choose from; one that an address names is among them, or the form would deny it."""
    chosen = wanted.first_day
    return overview.months if chosen is None or chosen in overview.months else [chosen, *overview.months]


def _address(wanted: statements.Filter, **other: str) -> str:
    values = {"kind": wanted.kind, "wallet": wanted.wallet, "month": wanted.month} | other
    return "?" + urlencode({name: value for name, value in values.items() if value})


def _malformed(request: HttpRequest) -> HttpResponse:
    return HttpResponseBadRequest(render(request, "400.html").content)
