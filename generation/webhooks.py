"""The door for Replicate's webhooks: verified, kept, answered. What follows from one is a worker's work."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from generation import callbacks, predictions
from generation.providers.replicate import predictions as replicate
from generation.providers.replicate import signatures

RETRY_AFTER_SECONDS = 5
EVENT_ID_MAX, STATUS_MAX = 200, 30


@csrf_exempt
@require_POST
def replicate_webhook(request: HttpRequest, token: str) -> HttpResponse:
    """200 for whatever is genuine, also for what is unknown or was kept before; 400 for what is not."""
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    secrets = signatures.secrets()
    if not secrets:
        return _not_yet()
    try:
        event_id = signatures.verify(headers=request.headers, body=body, secrets=secrets)
    except signatures.NotGenuine:
        return HttpResponse(status=400)
    receipt = predictions.receive(_told(event_id, body), attempt_code=callbacks.attempt_code(token))
    _follow(receipt)
    return HttpResponse(status=200)


def _body(request: HttpRequest) -> bytes | None:
    """The raw bytes; None for more than there may be. Its own limit: logs make a webhook larger than any form.

    A body in chunks has no length, and Django would take it for empty.
    """
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "")
    stream: Any = request.environ["wsgi.input"] if is_chunked else request  # type: ignore[attr-defined]
    body: bytes = stream.read(settings.WEBHOOK_BYTES_MAX + 1)
    return body if len(body) <= settings.WEBHOOK_BYTES_MAX else None


def _not_yet() -> HttpResponse:
    """Before a worker has fetched the secret nothing can be verified, and Replicate tries again."""
    from generation import tasks  # noqa: PLC0415  (the web process loads no worker before it has to)

    tasks.refresh_secrets_soon()
    return HttpResponse(status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _told(event_id: str, body: bytes) -> predictions.Told:
    """What a genuine body says. One of another shape is kept like any other, and says nothing."""
    external_id, status, is_final = None, "", False
    try:
        told = json.loads(body)
        prediction = replicate.read(told, recipe={})
        external_id, status, is_final = prediction.external_id, told["status"], prediction.is_over
    except (ValueError, RecursionError):
        pass
    return predictions.Told(
        provider="replicate",
        event_id=event_id[:EVENT_ID_MAX],
        external_id=external_id,
        status=_printable(status)[:STATUS_MAX],
        is_final=is_final,
        body=body,
    )


def _printable(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return "".join(letter for letter in text if letter.isprintable())


def _follow(receipt: predictions.Receipt) -> None:
    from generation import tasks  # noqa: PLC0415

    if receipt.attempt_id is not None:
        tasks.collect_soon(receipt.attempt_id)
    if receipt.stray_id is not None:
        tasks.stop_stray_soon(receipt.stray_id)
