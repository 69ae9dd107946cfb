"""What all doors of the gallery share: errors become answers, so that no view has to."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from config import http, views
from config.http import Request
from gallery.errors import (
    BadFilter,
    Barred,
    BrokenCursor,
    NeedsAccount,
    NoModel,
    NotYours,
    NotYourself,
    OwnRating,
    TooFast,
)
from generation.errors import FileGone

if TYPE_CHECKING:
    from accounts.models import User

P = ParamSpec("P")
Door = Callable[Concatenate[Request, P], HttpResponseBase]


class NotAChoice(Exception):
    """A value outside a closed list stands in the address."""


def answering(door: Door[P]) -> Door[P]:
    """404, 400, 403 and the way to sign-in, with the same body whatever was behind the address."""

    @wraps(door)
    def answer(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return door(request, *args, **kwargs)
        except (NotYours, FileGone):
            return views.not_found(request)
        except (BrokenCursor, NoModel, NotAChoice):
            return views.bad_request(request)
        except BadFilter as error:
            return render(request, "400.html", {"sentence": error.data["sentence"]}, status=400)
        except (NotYourself, OwnRating):
            return views.forbidden(request)
        except NeedsAccount as error:
            return to_sign_in(request, back=str(error.data.get("back", "/")))
        except Barred as error:
            return barred(request, until=error.data["until"])
        except TooFast as error:
            return too_fast(request, retry_after_seconds=int(str(error.data["retry_after_seconds"])))

    return answer


def member(request: Request, *, back: str) -> "User":
    """The account that asks. Raises NeedsAccount for guests and visitors, who are sent to sign-in and come `back`."""
    if not request.user.is_authenticated:
        raise NeedsAccount(back=back)
    return request.user


def too_fast(request: Request, *, retry_after_seconds: int) -> HttpResponseBase:
    """429; to htmx a toast, since a page inside a part of a page helps nobody."""
    if request.htmx:
        messages.warning(request, f"That was a little fast. It works again in {retry_after_seconds} s.")
        response = render(request, "components/toasts_oob.html", status=429)
        response["HX-Reswap"] = "none"
    else:
        context = {"sentence": "That was a little fast.", "retry_after_seconds": retry_after_seconds}
        response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(retry_after_seconds)
    return response


def barred(request: Request, *, until: object) -> HttpResponseBase:
    """403 for three live strikes; to htmx a toast."""
    if not request.htmx:
        return render(request, "gallery/barred.html", {"until": until}, status=403)
    messages.error(request, f"With three live strikes this has to wait until {until:%-d %b %Y}.")
    response = render(request, "components/toasts_oob.html", status=403)
    response["HX-Reswap"] = "none"
    return response


def to_sign_in(request: Request, *, back: str) -> HttpResponseBase:
    return http.redirect(request, f"{reverse('account_login')}?{urlencode({'next': back})}", status=302)


def came_from(request: Request, otherwise: str) -> str:
    """The page of this site where a plain form was sent from; `otherwise` where the browser does not say."""
    sent_from = request.headers.get("Referer", "")
    own = {request.get_host()}
    if not url_has_allowed_host_and_scheme(sent_from, allowed_hosts=own, require_https=request.is_secure()):
        return otherwise
    parts = urlsplit(sent_from)
    path = "/" + parts.path.lstrip("/\\")  # with two strokes in front it would name another site
    return f"{path}?{parts.query}" if parts.query else path
