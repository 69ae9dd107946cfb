"""One call to Gemini: the keys in turn, a bounded time and size, and a few tries of our own where nothing was done yet.

The SDK itself tries once only; every failure leaves here as a ProviderError.
"""

import logging
import random
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import httpx2
from django.conf import settings
from google import genai
from google.genai import types

from generation.models import ErrorCode
from generation.providers.base import ProviderError
from generation.providers.gemini import failures
from generation.providers.keyring import KeyRing, NoKey

log = logging.getLogger(__name__)

CALL_SECONDS_MAX = 60.0
# With less time than this left no call is begun: its answer would be paid for and thrown away.
CALL_SECONDS_MIN = 0.5
TRIES_MAX = 3
FIRST_PAUSE_SECONDS = 0.5
# A picture of 4K is about 25 MB, a third more as base64.
ANSWER_BYTES_MAX = 72_000_000

SAFETY = [
    types.SafetySetting(category=category, threshold=types.HarmBlockThreshold.BLOCK_MEDIUM_AND_ABOVE)
    for category in (
        types.HarmCategory.HARM_CATEGORY_HARASSMENT,
        types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
        types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
        types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
    )
]
NO_FUNCTIONS = types.AutomaticFunctionCallingConfig(disable=True)


def generate(
    *,
    model: str,
    parts: list[types.Part],
    config: types.GenerateContentConfig,
    seconds: float,
    is_cheap: bool = False,
) -> types.GenerateContentResponse:
    """Gemini's answer within so many seconds, whatever it says. Raises ProviderError.

    A key that is used up or refused rests and the next one is called at once. `is_cheap`: a call whose answer was lost
    is made again here too, though it may have been done.
    """
    ends_at = time.monotonic() + seconds
    ring = _ring(model)
    tries = refusals = 0
    why = ""
    while True:
        key = _next_key(ring, why)
        try:
            return _call(key, model, parts, config, seconds=ends_at - time.monotonic())
        except failures.CAUGHT as caught:
            failure = failures.read(caught, key=key)
            why = failure.error.detail
        if failure.rest_seconds and refusals < len(ring.keys):
            refusals += 1
            log.warning("%s rests %.0f s: %s", ring.label(key), failure.rest_seconds, why)
            ring.rest(key, seconds=failure.rest_seconds, refused=failure.error.closes_door)
            continue
        tries += 1
        if not (failure.again or (failure.lost and is_cheap)) or tries == TRIES_MAX or not _pause(tries, ends_at):
            raise failure.error


def _ring(model: str) -> KeyRing:
    """Google counts quotas by model: a key that is used up for pictures may still answer questions."""
    if not settings.GEMINI_API_KEYS:
        raise ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, closes_door=True, detail="no key is set")
    return KeyRing(f"gemini:{model}", settings.GEMINI_API_KEYS)


def _next_key(ring: KeyRing, why: str) -> str:
    """A key that does not rest. `why` is what was said to the last one, for staff, when all of them do."""
    try:
        return ring.take()
    except NoKey as none:
        raise ProviderError(
            ErrorCode.PROVIDER_DOWN if none.refused else ErrorCode.PROVIDER_BUSY,
            permanent=none.refused,
            closes_door=none.refused,
            detail=f"{none}; {why}" if why else str(none),
            retry_after_seconds=min(none.retry_after_seconds, failures.RETRY_AFTER_SECONDS_MAX),
        ) from None


def _pause(tries: int, ends_at: float) -> bool:
    """Wait a little longer each time, by chance, so that workers do not come back together; False: no time is left."""
    seconds = FIRST_PAUSE_SECONDS * 2 ** (tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311  (no secret)
    if time.monotonic() + seconds + CALL_SECONDS_MIN > ends_at:
        return False
    time.sleep(seconds)
    return True


# --- The SDK ---------------------------------------------------------------------------------------------------------


def _call(
    key: str, model: str, parts: list[types.Part], config: types.GenerateContentConfig, *, seconds: float
) -> types.GenerateContentResponse:
    if seconds < CALL_SECONDS_MIN:
        raise ProviderError(ErrorCode.TIMEOUT, permanent=False, detail="no time was left for a call")
    options = types.HttpOptions(timeout=int(1000 * min(seconds, CALL_SECONDS_MAX)))
    caller = _client(key, settings.GEMINI_BASE_URL)  # one that nobody holds closes itself in the middle of a call
    return caller.models.generate_content(
        model=model,
        contents=types.Content(role="user", parts=parts),
        config=config.model_copy(
            update={"http_options": options, "safety_settings": SAFETY, "automatic_function_calling": NO_FUNCTIONS}
        ),
    )


@lru_cache(maxsize=32)
def _client(key: str, base_url: str) -> genai.Client:
    """A client keeps its connections, and may be used by several threads. A key never follows a redirect."""
    hooks = {"request": [_note_start], "response": [_bound]}
    return genai.Client(
        api_key=key,
        vertexai=False,
        http_options=types.HttpOptions(
            base_url=base_url, client_args={"event_hooks": hooks, "follow_redirects": False}
        ),
    )


def _note_start(request: httpx2.Request) -> None:
    request.extensions["began"] = time.monotonic()


def _bound(response: httpx2.Response) -> None:
    """The SDK's timeout counts from one piece of an answer to the next, and its size has no limit: here both have."""
    extensions = response.request.extensions
    response.stream = _Bounded(response.stream, ends_at=extensions["began"] + extensions["timeout"]["read"])


class TooLong(ValueError):
    """An answer of more bytes than any picture has."""


class _Bounded(httpx2.SyncByteStream):
    """An answer's body that ends with an error when it is too long or takes too long."""

    def __init__(self, stream: Any, *, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > ANSWER_BYTES_MAX:
                raise TooLong
            if time.monotonic() > self._ends_at:
                raise httpx2.ReadTimeout("the answer came too slowly")
            yield piece

    def close(self) -> None:
        self._stream.close()
