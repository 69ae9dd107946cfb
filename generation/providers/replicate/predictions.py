"""From Replicate's JSON, whatever its shape, to a Prediction. Pure."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from generation.models import ErrorCode, Level
from generation.providers.base import Prediction, ProviderError, RemoteState, Verdict

log = logging.getLogger(__name__)

FILES_MAX = 16
DEPTH_MAX = 6
DETAIL_MAX = 500
LOGS_READ_MAX = 4000
# Replicate stops every prediction long before; what claims to have run longer was not measured.
RUN_SECONDS_MAX = 86_400

# "aborted" is what its deadline does to a prediction that had not begun.
_STATES = {
    "starting": RemoteState.WAITING,
    "processing": RemoteState.RUNNING,
    "succeeded": RemoteState.SUCCEEDED,
    "failed": RemoteState.FAILED,
    "canceled": RemoteState.CANCELLED,
    "aborted": RemoteState.FAILED,
}
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_ADDRESS = re.compile(r"https://|data:|http://(?:127\.|\[::1\])", re.IGNORECASE)
_PERCENT = re.compile(r"\b(\d{1,3})%", re.ASCII)

# What a model's own words mean, in this order: "CUDA error: invalid argument" is no fault of the input.
_BLOCKED = re.compile(
    r"nsfw|\bsafety\b|\bflagged\b|(?<!case.)\bsensitive\b|\bmoderation\b|content policy", re.IGNORECASE
)
# What models write that looked at their own picture and gave it all the same.
FLAGS = ("nsfw", "is_nsfw", "nsfw_detected", "has_nsfw_concepts", "nsfw_content_detected", "flagged")
_SEEN = re.compile(
    r"nsfw (?:content|concepts?|image)s? (?:was |were )?(?:detected|found)|flagged as nsfw", re.IGNORECASE
)
_PASSING = re.compile(
    r"cuda|out of memory|\boom\b|timed? ?out|unavailable|interrupted|connection|overloaded", re.IGNORECASE
)
_INVALID = re.compile(r"invalid|unsupported|not supported|must be|is required|validation", re.IGNORECASE)


def read(told: Any, *, recipe: Mapping[str, Any]) -> Prediction:
    """A prediction as an answer or a webhook tells of it. Raises ValueError for what is none."""
    if not isinstance(told, Mapping) or not isinstance(told.get("status"), str):
        raise ValueError("no prediction: it has no status")
    if not isinstance(told.get("id"), str) or not _ID.fullmatch(told["id"]):
        raise ValueError("no prediction: it has no id")
    state = _state(told)
    return Prediction(
        external_id=told["id"],
        state=state,
        files=files(told.get("output"), recipe=recipe) if state == RemoteState.SUCCEEDED else (),
        run_seconds=_run_seconds(told.get("metrics")),
        progress=_progress(told.get("logs")) if state == RemoteState.RUNNING else None,
        error=_error(told) if state == RemoteState.FAILED else None,
        verdict=_verdict(told) if state == RemoteState.SUCCEEDED else None,
    )


def _verdict(told: Mapping[str, Any]) -> Verdict | None:
    """Models that look at their own pictures say so in a part of the output, or in the logs; none says what it saw."""
    output, logs = told.get("output"), told.get("logs")
    flags = [output.get(name) for name in FLAGS] if isinstance(output, Mapping) else []
    flagged = any(True in flag if isinstance(flag, list) else flag is True for flag in flags)
    if flagged or (isinstance(logs, str) and _SEEN.search(logs[-LOGS_READ_MAX:])):
        return Verdict(Level.NUDITY, is_sure=False)
    return None


def files(output: Any, *, recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses in an output: one, a list, or an object whose parts that count the recipe may name."""
    names = recipe.get("files")
    if names and isinstance(output, Mapping):
        output = [output.get(name) for name in names]
    return tuple(islice(_addresses(output, DEPTH_MAX), FILES_MAX))


def _addresses(output: Any, depth: int) -> Iterator[str]:
    if isinstance(output, str):
        if _ADDRESS.match(output):
            yield output
    elif depth and isinstance(output, list | Mapping):
        parts: Iterable[Any] = output.values() if isinstance(output, Mapping) else output
        for part in parts:
            yield from _addresses(part, depth - 1)


def _state(told: Mapping[str, Any]) -> RemoteState:
    status = told["status"]
    if status not in _STATES:
        log.warning("prediction %s has the unknown status %.40r", told["id"], status)
    return _STATES.get(status, RemoteState.WAITING)


def _run_seconds(metrics: Any) -> float | None:
    seconds = metrics.get("predict_time") if isinstance(metrics, Mapping) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 <= seconds <= RUN_SECONDS_MAX else None


def _progress(logs: Any) -> float | None:
    """The last "NN%" of its logs, as progress bars write it."""
    told = _PERCENT.findall(logs[-LOGS_READ_MAX:]) if isinstance(logs, str) else []
    return min(100, int(told[-1])) / 100 if told else None


def _error(told: Mapping[str, Any]) -> ProviderError:
    if told["status"] == "aborted":
        return ProviderError(ErrorCode.TIMEOUT, permanent=False, detail="aborted: it did not begin before its deadline")
    return failure(str(told.get("error") or "failed without a reason")[:DETAIL_MAX])


def failure(text: str) -> ProviderError:
    """A model's own words for why it failed, in ours."""
    if _BLOCKED.search(text):
        return ProviderError(ErrorCode.BLOCKED_OUTPUT, permanent=True, detail=text, provider_at_fault=False)
    if _INVALID.search(text) and not _PASSING.search(text):
        return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=True, detail=text, provider_at_fault=False)
    return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=text)
