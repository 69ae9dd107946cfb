"""The statement page and the public books. Each runs two queries, whatever their length."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from credits import open_books, statements
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


@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    """A person's balance and statement; a visitor without a row sees what a guest starts with."""
    owner_id = request.user.pk
    is_guest = getattr(request.user, "is_guest", False)
    try:
        wanted = statements.Filter(kind=request.GET.get("kind", ""), wallet=request.GET.get("wallet", ""))
        page = statements.page(owner_id=owner_id, after=request.GET.get("after", ""), wanted=wanted)
    except (statements.BadCursor, statements.BadFilter):
        return _malformed(request)
    context = {
        "balance": statements.balance(owner_id=owner_id, is_guest=is_guest),
        "page": page,
        "wanted": wanted,
        "kinds": [(name, words, _address(kind=name, wallet=wanted.wallet)) for name, words in KINDS.items()],
        "wallets": SPENDABLE,
        "older": _address(kind=wanted.kind, wallet=wanted.wallet, after=page.older) if page.older else "",
        "first": _address(kind=wanted.kind, wallet=wanted.wallet),
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


def _address(**values: str) -> str:
    return "?" + urlencode({name: value for name, value in values.items() if value})


def _malformed(request: HttpRequest) -> HttpResponse:
    return HttpResponseBadRequest(render(request, "400.html").content)
