"""Webhooks as Replicate sends them: Standard Webhooks signatures, throttled, retried at their end, never redirected."""

import base64
import hmac
import http.client
import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from tests.emulators.faults import Fault
from tests.emulators.replicate.runs import GONE, Run

EVENTS = ("start", "output", "logs", "completed")
TOLD_BY_DEFAULT = ("output", "completed")
THROTTLED = ("output", "logs")
THROTTLE_SECONDS = 0.5
TIMEOUT_SECONDS = 15.0
STALE_SECONDS = 86_400
LOGS_BYTES = 3_000_000


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def signature(secret: str, *, event_id: str, timestamp: int, body: bytes) -> str:
    """One "v1,..." of the header webhook-signature."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, sha256)).decode()}"


def new_event_id() -> str:
    return f"msg_{secrets.token_hex(12)}"


def headers(secrets_used: Sequence[str], *, event_id: str, body: bytes, age_seconds: int = 0) -> dict[str, str]:
    """What a signed body is sent with: a signature for each secret, as while one replaces the other."""
    at = int(time.time()) - age_seconds
    signatures = [signature(secret, event_id=event_id, timestamp=at, body=body) for secret in secrets_used]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Replicate/emulated",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def post(url: str, body: bytes, sent: Mapping[str, str]) -> int:
    """The status that came back, 0 where none did; a redirect is an answer like any other."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}", body, dict(sent))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Courier:
    """Tells one run's events to its webhook, in their order, in a thread of its own: nobody waits for a receiver.

    `secrets_used` is asked for each try. Only the end is tried again, where nobody answers or says 4xx or 5xx: with the
    same id and a new timestamp. A redirect is taken for an answer.
    """

    def __init__(
        self,
        run: Run,
        *,
        secrets_used: Callable[[], Sequence[str]],
        retry_seconds: Sequence[float],
        pause: Callable[[float], None],
    ) -> None:
        self._run, self._secrets, self._retries, self._pause = run, secrets_used, retry_seconds, pause
        self._events: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._throttled_until = 0.0
        self._wanted = run.events or TOLD_BY_DEFAULT

    def start(self) -> None:
        threading.Thread(target=self._work, name=f"courier of {self._run.id}", daemon=True).start()

    def tell(self, run: Run, event: str) -> None:
        """From the run's thread, as things happen: the body is what is true now."""
        if event in self._wanted and not self._throttles(event):
            self._events.put((event, run.told()))
        if event in ("completed", GONE):
            self._events.put((GONE, {}))

    def _throttles(self, event: str) -> bool:
        if event not in THROTTLED:
            return False
        if time.monotonic() < self._throttled_until:
            return True
        self._throttled_until = time.monotonic() + THROTTLE_SECONDS
        return False

    def _work(self) -> None:
        held: list[tuple[str, dict[str, Any]]] = []
        for event, told in iter(self._events.get, (GONE, {})):
            if "reorder_webhooks" in self._run.faults:
                held.append((event, told))
            else:
                self._send(event, told)
        for event, told in reversed(held):
            self._send(event, told)
        self._run.told_all.set()

    def _send(self, event: str, told: dict[str, Any]) -> None:
        if self._fault("drop_webhook", event):
            return
        if late := self._fault("late_webhook", event):
            self._pause(float(late.get("seconds", 1.0)))
        if self._fault("large_webhook", event):
            told = told | {"logs": "x" * LOGS_BYTES}
        body = json.dumps(told, ensure_ascii=False).encode()
        twice = self._fault("duplicate_webhook", event)
        self._many(int(twice.get("copies", 20)) if twice else 1, event, new_event_id(), body)

    def _fault(self, name: str, event: str) -> Fault | None:
        """The fault, where it is meant for this event; without `events` it is for all of them."""
        fault = self._run.faults.get(name)
        return fault if fault and event in fault.get("events", EVENTS) else None

    def _many(self, copies: int, event: str, event_id: str, body: bytes) -> None:
        """The same event at once, each on a connection of its own."""
        threads = [threading.Thread(target=self._deliver, args=(event, event_id, body)) for _ in range(copies - 1)]
        for thread in threads:
            thread.daemon = True
            thread.start()
        self._deliver(event, event_id, body)
        for thread in threads:
            thread.join()

    def _deliver(self, event: str, event_id: str, body: bytes) -> None:
        waits = [*self._retries, None] if event == "completed" else [None]
        for wait in waits:
            status = post(self._run.webhook, body, self._headers(event, event_id, body))
            if 200 <= status < 400 or wait is None:
                return
            self._pause(wait)

    def _headers(self, event: str, event_id: str, body: bytes) -> dict[str, str]:
        used = list(self._secrets())
        if self._fault("forged_webhook", event):
            used = [new_secret()]
        if self._fault("rotated_webhook", event):
            used = [new_secret(), *used]
        stale = self._fault("stale_webhook", event)
        age_seconds = int(stale.get("seconds", STALE_SECONDS)) if stale else 0
        sent = headers(used, event_id=event_id, body=body, age_seconds=age_seconds)
        if self._fault("unsigned_webhook", event):
            return {name: value for name, value in sent.items() if not name.startswith("webhook-")}
        return sent
