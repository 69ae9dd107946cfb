"""What all doors of the gallery share: errors become answers, so that no view has to."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from config import http, views
from config.http import Request
from gallery.errors import BadFilter, BrokenCursor, NeedsAccount, NoModel, NotYours, TooFast
from generation.errors import FileGone

if TYPE_CHECKING:
    from accounts.models import User

P = ParamSpec("P")
Door = Callable[Concatenate[Request, P], HttpResponseBase]


class NotAChoice(Exception):
    """A value outside a closed list stands in the address."""


def answering(door: Door[P]) -> Door[P]:
    """404, 400 and the way to sign-in, with the same body whatever was behind the address."""

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
        except NeedsAccount as error:
            return to_sign_in(request, back=str(error.data.get("back", "/")))
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


def to_sign_in(request: Request, *, back: str) -> HttpResponseBase:
    return http.redirect(request, f"{reverse('account_login')}?{urlencode({'next': back})}", status=302)
