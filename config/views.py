"""Doors of the site as a whole: health, error pages, robots. They work while other parts are down."""

import logging
import uuid
from collections.abc import Callable

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Able to serve: each part by itself, 503 when one is not."""
    parts = {name: _state(check) for name, check in _PARTS.items()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001  (whatever is wrong with a part is its state, and the answer)
        log.warning("readyz: %s", error)
        return type(error).__name__
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    cache.set("readyz", "ok", 60)


def _broker() -> None:
    with current_app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)


def _storage() -> None:
    """Only a write shows that the next picture can be stored."""
    default_storage.delete(default_storage.save(f"readyz/{uuid.uuid4().hex}", ContentFile(b"ok")))


def _queue() -> None:
    """Ages of waiting jobs come from the app that owns them, by name: config imports nothing."""
    from django.apps import apps  # noqa: PLC0415

    oldest = apps.get_model("generation", "Job")._default_manager.oldest_waiting_seconds()
    if oldest > settings.JOB_DEADLINE_SECONDS:
        raise TimeoutError(f"the oldest waiting job has waited {oldest:.0f} s")


_PARTS = {"database": _database, "redis": _redis, "broker": _broker, "storage": _storage, "queue": _queue}


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 without a context processor: the parts that those need may be the ones that are down."""
    body = loader.get_template("503.html").render({"retry_after_seconds": RETRY_AFTER_SECONDS})
    return HttpResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def too_large(request: HttpRequest) -> HttpResponse:
    """413 for a body that was not read. To htmx the words alone: a page inside a part of a page helps nobody."""
    told = {} if "HX-Request" not in request.headers else {"HX-Reswap": "none"}
    return HttpResponse(loader.get_template("413.html").render({}), status=413, headers=told)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def absent(request: HttpRequest) -> HttpResponse:
    """Whatever no other door answers: our own page also in DEBUG, where Django would list every door there is."""
    return not_found(request)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    return HttpResponse(loader.get_template("500.html").render({}), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 that says what helps: mostly a page that was open since before signing in or out."""
    log.info("csrf: %s", reason)
    return render(request, "403.html", {"csrf": True}, status=403)


# Doors that lead nowhere without a session, that act, or that would make a crawler convert pictures. What must not be
# found says so itself (noindex), for which it has to be read; pictures may be, for searches that show pictures.
PRIVATE_PATHS = (
    "/accounts/",
    "/admin/",
    "/art/*/download",
    "/art/*/remix",
    "/credits",
    "/explore/latest",
    "/exports/",
    "/files/*/model.glb",
    "/jobs/",
    "/library",
    "/settings",
    "/tray",
    "/webhooks/",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE_PATHS), ""]
    lines.append(f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
