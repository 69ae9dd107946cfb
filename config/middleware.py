"""What every request passes through: its id in the logs, a bound on its body, and a calm 503 while a part is away."""

import logging
import re
import uuid
from collections.abc import Callable

import psycopg_pool
import redis.exceptions
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from kombu.exceptions import OperationalError as BrokerError

from config import logs, views
from config.files import StorageAway

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]
AWAY = (
    OperationalError,
    InterfaceError,
    psycopg_pool.PoolTimeout,
    redis.exceptions.RedisError,  # a full Redis refuses with a plain ResponseError
    BrokerError,
    StorageAway,
)
FOREIGN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id(get_response: Handler) -> Handler:
    """Take over a proxy's X-Request-ID when it is well formed, else make one; answer with it."""

    def handle(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if FOREIGN_ID.fullmatch(given) else uuid.uuid4().hex
        token = logs.request_id.set(name)
        try:
            response = get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-ID"] = name
        return response

    return handle


def bounded_bodies(get_response: Handler) -> Handler:
    """Answer 413 to a body that is longer than any door takes, before a byte of it is read.

    Of a body that does not say how long it is Django reads nothing at all.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdecimal() and int(length[:20]) > settings.BODY_MAX:
            return views.too_large(request)
        return get_response(request)

    return handle


class ErrorPages:
    """Turns "a part is down" into 503 with Retry-After wherever in the stack it shows, and 404 into our own page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except AWAY as error:  # raised by another middleware: sessions, guests, CSRF
            return self.unavailable(request, error)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Http404):  # the same page with and without DEBUG, for what is absent and what is another's
            return views.not_found(request)
        return self.unavailable(request, error) if isinstance(error, AWAY) else None

    def unavailable(self, request: HttpRequest, error: Exception) -> HttpResponse:
        log.error("a part is down: %s", error, extra={"path": request.path})
        return views.unavailable(request)


error_pages = ErrorPages
