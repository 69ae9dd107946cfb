"""Facts about a request: the client's address behind counted proxies, and redirects that htmx understands."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from accounts.models import User


class Request(HttpRequest):
    """A request as our views get it: what the middlewares of django-htmx and accounts add, for the type checker."""

    htmx: HtmxDetails
    owner_id: Callable[[], int | None]  # the account's or guest's id from the session alone, no query
    account_id: Callable[[], int | None]  # the same, but None for a guest
    ensure_user: Callable[[int | None], "User"]  # the row, made now for a visitor who has none


def client_address(request: HttpRequest) -> str:
    """The address that limits count: counted from the right of X-Forwarded-For, an IPv6 address by its /64.

    Only TRUSTED_PROXIES hops are believed: whatever a client writes further left is its own claim.
    """
    peer = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    claimed = hops[-settings.TRUSTED_PROXIES] if 0 < settings.TRUSTED_PROXIES <= len(hops) else peer
    return _normal(claimed) or _normal(peer) or "unknown"


def _normal(text: str) -> str:
    try:
        address = ip_address(text.removeprefix("[").removesuffix("]").split("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)


def page_of(request: HttpRequest) -> str:
    """The address of the page on which htmx runs, without the site; "" where its header says nothing that is one."""
    try:
        return request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]
    except ValueError:
        return ""


def redirect(request: HttpRequest, url: str, *, status: int = 303) -> HttpResponse:
    """A redirect; to htmx as a header, since an XHR would follow it and swap a whole page into its target."""
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url, status=status)
