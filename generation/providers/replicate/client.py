"""The line to Replicate: its SDK writes each request, our transport sends it, and the answer is read as plain JSON.

The SDK never sees an answer: its models refuse statuses they do not know, it repeats reads up to ten times, as late as
any `Retry-After` says, and it takes the timeout off creations. Several tokens take turns (keyring.py).
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone
from replicate.client import Client

from generation.models import ErrorCode
from generation.providers.base import ProviderError
from generation.providers.keyring import REFUSED_SECONDS, KeyRing, NoKey

LIMITS_SECONDS = {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 5.0}
ANSWER_SECONDS_MAX = 60.0
ANSWER_BYTES_MAX = 16_000_000
RETRY_AFTER_SECONDS_MAX = 60.0
RETRY_AFTER_SECONDS = 5.0
DETAIL_MAX = 500

Ask = Callable[[Client], object]

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})
_OUR_FAULT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
# The request never left: nothing can have begun.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


# --- Asking, with whichever token works ------------------------------------------------------------------------------


def begin(ask: Ask, *, headers: Mapping[str, str] | None = None) -> Any:
    """Ask for something that costs, with the first token that is not refused; a refused one rests.

    The answer's JSON. Raises ProviderError, `ambiguous` where it may have begun all the same.
    """
    ring = _ring()
    refusals: list[ProviderError] = []
    for _ in ring.keys:
        try:
            key = ring.take()
        except NoKey as none:
            refusals = refusals or [_all_rest(none)]
            break
        try:
            return once(key, ask, begins=True, headers=headers)
        except ProviderError as error:
            if not (error.closes_door or error.code == ErrorCode.PROVIDER_BUSY):
                raise  # no other token would fare better
            ring.rest(key, seconds=error.retry_after_seconds or REFUSED_SECONDS, refused=error.closes_door)
            refusals.append(error)
    raise _softest(refusals)


def look(ask: Ask) -> Any:
    """Ask about something that exists, which only the token that made it may know.

    The answer's JSON. Raises ProviderError; it is "not found" only when every token says so.
    """
    refusals: list[ProviderError] = []
    for key in tokens():
        try:
            return once(key, ask)
        except ProviderError as error:
            if error.code != ErrorCode.PROVIDER_BUSY and not (
                error.code == ErrorCode.PROVIDER_DOWN and error.permanent
            ):
                raise
            refusals.append(error)
    raise _softest(refusals)


def tokens() -> list[str]:
    """Every token, the one in use first: what rests for want of credit can still be asked about what it made."""
    ring = _ring()
    try:
        first = ring.take()
    except NoKey:
        return list(ring.keys)
    return [first, *(key for key in ring.keys if key != first)]


def label(key: str) -> str:
    """What stands for a token where its value may not."""
    return _ring().label(key)


def _ring() -> KeyRing:
    if not settings.REPLICATE_API_TOKENS:
        raise ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, detail="there is no token", closes_door=True)
    return KeyRing("replicate", settings.REPLICATE_API_TOKENS)


def _softest(refusals: Sequence[ProviderError]) -> ProviderError:
    """Of several tokens' errors the one that leaves most hope."""
    return min(refusals, key=lambda error: (error.permanent, error.closes_door))


def _all_rest(none: NoKey) -> ProviderError:
    """Without a request: what made them rest still holds."""
    if none.refused:
        return ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, detail=str(none), closes_door=True)
    wait_seconds = min(RETRY_AFTER_SECONDS_MAX, none.retry_after_seconds)
    return ProviderError(ErrorCode.PROVIDER_BUSY, permanent=False, detail=str(none), retry_after_seconds=wait_seconds)


# --- One question, with one token ------------------------------------------------------------------------------------


def once(key: str, ask: Ask, *, begins: bool = False, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON of a successful answer. Raises ProviderError; `begins`: an answer that got lost leaves it open."""
    outcome = _outcome(key, ask, headers or {})
    if isinstance(outcome, httpx.RequestError):
        raise _unreachable(outcome, begins=begins)
    if not 200 <= outcome.status < 300:
        raise _refusal(outcome, begins=begins)
    with suppress(ValueError, RecursionError):
        return json.loads(outcome.body)
    raise unreadable(begins=begins)


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    retry_after: str


class _Answered(Exception):
    """Carries an answer past the SDK."""

    def __init__(self, answer: _Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _outcome(key: str, ask: Ask, headers: Mapping[str, str]) -> _Answer | httpx.RequestError:
    """Returned, not raised: an error that a caller makes of it has nothing behind it that could hold a token."""
    sdk = Client(
        api_token=key,
        base_url=settings.REPLICATE_BASE_URL,
        transport=_Line(settings.REPLICATE_BASE_URL),
        headers={"Accept-Encoding": "identity", **headers},
    )
    try:
        ask(sdk)
    except _Answered as answered:
        return answered.answer
    except httpx.RequestError as error:
        return error
    raise AssertionError("the SDK was not asked for anything")


class _Line(httpx.BaseTransport):
    """Sends one request within bounds, to Replicate alone, and never gives its answer to the SDK."""

    def __init__(self, base_url: str) -> None:
        self.origin = _origin(httpx.URL(base_url))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != self.origin:  # a page's `next` is an address, and the token goes where it leads
            raise httpx.UnsupportedProtocol("an address that is not Replicate's")
        request.extensions["timeout"] = LIMITS_SECONDS
        response = _pool().handle_request(request)
        try:
            body = _body(response)
        finally:
            response.close()
        raise _Answered(_Answer(response.status_code, body, response.headers.get("retry-after", "")))


@cache
def _pool() -> httpx.HTTPTransport:
    """The connections of this process. Which token they carry is said in each request."""
    return httpx.HTTPTransport()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _body(response: httpx.Response) -> bytes:
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise httpx.ReadError("an answer of more bytes than any has")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("an answer that does not end")
    return bytes(body)


# --- What went wrong, in our words -----------------------------------------------------------------------------------


def unreadable(detail: str = "an answer that cannot be read", *, begins: bool = False) -> ProviderError:
    """A success that says nothing. Where something was to begin, it may have."""
    return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=detail, ambiguous=begins)


def _unreachable(error: httpx.RequestError, *, begins: bool) -> ProviderError:
    return ProviderError(
        ErrorCode.PROVIDER_DOWN,
        permanent=False,
        detail=_clean(f"{type(error).__name__}: {error}"),
        ambiguous=begins and not isinstance(error, _NOT_SENT),
    )


def _refusal(answer: _Answer, *, begins: bool) -> ProviderError:
    detail, is_theirs = _detail(answer)
    if answer.status in _REFUSED and not is_theirs:
        # A gateway that dislikes the words of one order, or for a while us: the token is as good as before.
        return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=begins, detail=detail)
    if answer.status in _REFUSED:
        return ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, detail=detail, closes_door=True)
    if answer.status == HTTPStatus.NOT_FOUND:
        return ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, detail=detail)
    if answer.status in _OUR_FAULT:
        return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=True, detail=detail, provider_at_fault=False)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait_seconds = _wait_seconds(answer.retry_after)
        return ProviderError(ErrorCode.PROVIDER_BUSY, permanent=False, detail=detail, retry_after_seconds=wait_seconds)
    return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=detail, ambiguous=begins)


def _wait_seconds(retry_after: str) -> float:
    """What a Retry-After asks for, in seconds or as a date, within bounds."""
    try:
        asked = float(retry_after)
    except ValueError:
        asked = _until(retry_after)
    return max(1.0, min(RETRY_AFTER_SECONDS_MAX, asked))


def _until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - timezone.now()).total_seconds()
    except (ValueError, TypeError):
        return RETRY_AFTER_SECONDS


def _detail(answer: _Answer) -> tuple[str, bool]:
    """Status, title and detail, for staff, and whether Replicate said it: a gateway's page tells nothing."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = {}
    parts = [str(told[name]) for name in ("title", "detail") if told.get(name)] if isinstance(told, dict) else []
    return _clean(": ".join([str(answer.status), *parts])), bool(parts)


def _clean(text: str) -> str:
    """One line of bounded length, in which no token stands, whoever wrote it."""
    for key in settings.REPLICATE_API_TOKENS:
        text = text.replace(key, label(key))
    return " ".join(text.split())[:DETAIL_MAX]
