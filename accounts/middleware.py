"""Who a request belongs to, and redirects that htmx can follow. Runs no query unless a view asks for the user."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth import SESSION_KEY as ACCOUNT_KEY
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts import guests as guest_rows
from accounts.models import User
from config import http

Handler = Callable[[HttpRequest], HttpResponse]


def guests(get_response: Handler) -> Handler:
    """Make `request.user` the account, else the session's guest, else anonymous; and install

    - `request.ensure_user(guest_id=None)`: the user's row, made now for a visitor who has none
    - `request.owner_id()`: that row's id from the session alone, without a query. It names, it does not prove: the
      session of an account whose password was changed elsewhere still says its id here.
    - `request.account_id()`: the same where it is an account's; None for a guest.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        signed_in = request.user
        request.user = SimpleLazyObject(lambda: _who(request, signed_in))  # type: ignore[assignment]
        request.ensure_user = lambda guest_id=None: _ensure(request, guest_id)  # type: ignore[attr-defined]
        request.owner_id = lambda: _owner_id(request)  # type: ignore[attr-defined]
        request.account_id = lambda: _id(request.session.get(ACCOUNT_KEY))  # type: ignore[attr-defined]
        return get_response(request)

    return handle


def _who(request: HttpRequest, signed_in: User | AnonymousUser) -> User | AnonymousUser:
    guest_id = None if signed_in.is_authenticated else request.session.get(guest_rows.SESSION_KEY)
    return (guest_rows.find(guest_id=guest_id) if guest_id else None) or signed_in


def _owner_id(request: HttpRequest) -> int | None:
    return _id(request.session.get(ACCOUNT_KEY) or request.session.get(guest_rows.SESSION_KEY))


def _id(named: str | int | None) -> int | None:
    return int(named) if named else None


def _ensure(request: HttpRequest, guest_id: int | None) -> User:
    """`guest_id` names a guest whom the caller knows to be this browser's; anything but a living guest is ignored."""
    if request.user.pk:
        if not request.user.is_active:
            raise PermissionDenied
        return request.user
    guest = (guest_rows.find(guest_id=guest_id) if guest_id else None) or guest_rows.create()
    if request.session.session_key:
        request.session.cycle_key()  # a session that somebody else may have planted names no person
    request.session[guest_rows.SESSION_KEY] = guest.pk
    request.user = guest
    return guest


def htmx_redirects(get_response: Handler) -> Handler:
    """Answer htmx with HX-Redirect instead of 302 and 303: an XHR would follow and swap the whole page into a part."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not getattr(request, "htmx", False) or response.status_code not in {302, 303}:
            return response
        if any(name.lower().startswith("hx-") for name in response.headers):
            return response
        response.headers["HX-Redirect"] = _back_to_page(request, response["Location"])
        del response["Location"]
        response.status_code = 204
        response.content = b""
        return response

    return handle


def _back_to_page(request: HttpRequest, url: str) -> str:
    """Sign-in returns to the page that was open, not to the fragment or the POST that asked for it."""
    page = http.page_of(request)
    parts = urlsplit(url)
    if not page or parts.netloc or parts.path != reverse("account_login"):
        return url
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode({**query, REDIRECT_FIELD_NAME: page})).geturl()
