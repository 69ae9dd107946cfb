"""What all doors of the gallery share: errors become answers, so that no view has to."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.urls import reverse

from config import http, views
from config.http import Request
from gallery.errors import BrokenCursor, NeedsAccount, NoModel, NotYours
from generation.errors import FileGone

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
        except NeedsAccount as error:
            return to_sign_in(request, back=str(error.data.get("back", "/")))

    return answer


def to_sign_in(request: Request, *, back: str) -> HttpResponseBase:
    return http.redirect(request, f"{reverse('account_login')}?{urlencode({'next': back})}", status=302)
