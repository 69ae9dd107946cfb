"""What a call that gave no answer means: our error, whether its key must rest, whether to call again. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from google.genai import errors

from generation.models import ErrorCode
from generation.providers.base import ProviderError
from generation.providers.keyring import REFUSED_SECONDS

# What a used-up key rests when Gemini does not say for how long, and the longest that we tell a caller to wait.
REST_SECONDS = 30.0
RETRY_AFTER_SECONDS_MAX = 60.0
DETAIL_MAX = 300
# Nothing of the request has reached a model yet.
NOT_BEGUN = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
# Everything that the SDK raises, or lets through, for an answer or the lack of one. Malformed answers come as whatever
# the SDK trips over: pydantic's and JSON's errors are ValueErrors, the others are its own code on a shape it did not
# expect, or JSON that is nested too deeply.
CAUGHT = (errors.APIError, httpx2.HTTPError, ValueError, TypeError, AttributeError, LookupError, RecursionError)


@dataclass(frozen=True)
class Failure:
    """`rest_seconds` above 0: the key's own trouble, another one may do. `again`: worth calling again soon with the
    same key; `lost`: so it is, but the first call may have been done."""

    error: ProviderError
    rest_seconds: float = 0.0
    again: bool = False
    lost: bool = False


def read(caught: Exception, *, key: str) -> Failure:
    """The meaning of one of CAUGHT. The key stands nowhere in what comes out: Google's messages may quote it."""
    detail = clean(_told(caught), key)
    if isinstance(caught, errors.APIError):
        return _answered(caught, detail)
    if isinstance(caught, NOT_BEGUN):
        return Failure(_error(ErrorCode.PROVIDER_DOWN, detail), again=True)
    if isinstance(caught, httpx2.TimeoutException):
        return Failure(_error(ErrorCode.TIMEOUT, detail))
    if isinstance(caught, httpx2.HTTPError):
        return Failure(_error(ErrorCode.PROVIDER_DOWN, detail), lost=True)
    return Failure(_error(ErrorCode.PROVIDER_FAILED, detail), lost=True)


def _answered(caught: errors.APIError, detail: str) -> Failure:
    """By status and reason, as Google's error model has them."""
    match caught.code:
        case 429:
            seconds = retry_seconds(caught)
            wait = min(seconds, RETRY_AFTER_SECONDS_MAX)
            return Failure(_error(ErrorCode.PROVIDER_BUSY, detail, retry_after_seconds=wait), rest_seconds=seconds)
        case 401 | 403 if _is_googles(caught):
            return _refused_key(detail)
        case 401 | 403:  # a gateway that dislikes the words of one order: the key is as good as before
            return Failure(_error(ErrorCode.PROVIDER_FAILED, detail, permanent=True))
        case 400 if _is_about_the_key(caught):
            return _refused_key(detail)
        case 400 if "input image" in str(caught.message).lower():
            return Failure(_error(ErrorCode.BAD_REFERENCE, detail, permanent=True))
        case 400 | 413:
            return Failure(_error(ErrorCode.PROVIDER_FAILED, detail, permanent=True, provider_at_fault=False))
        case 408 | 504:
            return Failure(_error(ErrorCode.TIMEOUT, detail))
        case 503:
            return Failure(_error(ErrorCode.PROVIDER_BUSY, detail), again=True)
        case code if code >= 500:
            return Failure(_error(ErrorCode.PROVIDER_FAILED, detail), again=True)
    # No such model, a redirect, or a status that nobody expects: not what we know as Gemini.
    return Failure(_error(ErrorCode.PROVIDER_DOWN, detail, permanent=True))


def _is_googles(caught: errors.APIError) -> bool:
    """Whether it has the shape of Google's errors; a page of a proxy has not."""
    return isinstance(caught.details, dict) and isinstance(caught.details.get("error"), dict)


def _is_about_the_key(caught: errors.APIError) -> bool:
    """A bad key is a bad request to Google; no billing and a country that is not served are a failed precondition."""
    reasons = [str(entry.get("reason")) for entry in _details(caught)]
    return caught.status == "FAILED_PRECONDITION" or any(reason.startswith("API_KEY_") for reason in reasons)


def _refused_key(detail: str) -> Failure:
    error = _error(ErrorCode.PROVIDER_DOWN, detail, permanent=True, closes_door=True)
    return Failure(error, rest_seconds=REFUSED_SECONDS)


def _error(code: ErrorCode, detail: str, *, permanent: bool = False, **more: Any) -> ProviderError:
    return ProviderError(code, permanent=permanent, detail=detail, **more)


# --- What Google's errors hold ---------------------------------------------------------------------------------------


def retry_seconds(caught: errors.APIError) -> float:
    """The RetryInfo of an error ("7s", "0.5s"), or what stands for a missing one."""
    for entry in _details(caught):
        found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", str(entry.get("retryDelay", "")))
        if found:
            return float(found[1])
    return REST_SECONDS


def _details(caught: errors.APIError) -> Iterator[Mapping[str, Any]]:
    """The entries of error.details; an error page of a proxy has none."""
    entries = caught.details["error"].get("details") if _is_googles(caught) else None
    return (entry for entry in (entries if isinstance(entries, list) else []) if isinstance(entry, dict))


def _told(caught: Exception) -> str:
    if isinstance(caught, errors.APIError):
        return f"{caught.code} {caught.status or ''}: {caught.message or ''}"
    if isinstance(caught, httpx2.HTTPError):
        return f"{type(caught).__name__}: {caught}"
    return f"unreadable answer: {type(caught).__name__}"


def clean(detail: str, key: str) -> str:
    """One line for staff, of bounded length, without the key or anything that looks like one."""
    line = re.sub(r"AIza[\w-]{10,}", "***", detail[:5000].replace(key, "***"))
    return " ".join(line.split())[:DETAIL_MAX]
