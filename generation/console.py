"""What the staff's pages show of Replicate: the last answer from the cache, and a worker that asks for a newer one.

A request never waits for Replicate and never calls it: `view` reads and queues, `answer` is what the worker does.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from generation.errors import NothingToAsk
from generation.models import ErrorCode
from generation.providers.base import ProviderError

FRESH_SECONDS = 60
KEPT_SECONDS = 600
# A refusal is asked about again sooner: somebody may just have paid.
REFUSED_SECONDS = 15
# A question on its way is not sent a second time within it; then it was lost.
ASKED_SECONDS = 20
QUERY_MAX = 100

_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,99}", re.ASCII)
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_PATTERNS = {
    "owner": _NAME,
    "name": _NAME,
    "slug": _ID,
    "version": _ID,
    "run_id": _ID,
    "training_id": _ID,
    "cursor": re.compile(r"[\w=+/.~:%-]{1,500}", re.ASCII),
    "of": re.compile(r"replicate-[0-9a-f]{6}"),
    "query": re.compile(rf".{{1,{QUERY_MAX}}}"),
}
# The questions there are, each with the words that it takes; True for those that it cannot do without.
QUESTIONS: dict[str, dict[str, bool]] = {
    "accounts": {},
    "hardware": {},
    "collections": {"cursor": False},
    "collection": {"slug": True},
    "models": {"cursor": False},
    "search": {"query": True},
    "model": {"owner": True, "name": True},
    "versions": {"owner": True, "name": True},
    "version": {"owner": True, "name": True, "version": True},
    "deployments": {"cursor": False, "of": False},
    "deployment": {"owner": True, "name": True, "of": False},
    "runs": {"cursor": False, "of": False},
    "run": {"run_id": True},
    "trainings": {"cursor": False, "of": False},
    "training": {"training_id": True},
}


@dataclass(frozen=True)
class Problem:
    """Why there is no newer answer: a title and what to do about it. `detail` is what Replicate itself said."""

    title: str
    text: str
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """What is known now. With neither data nor problem nothing has been told yet."""

    data: Mapping[str, Any] | None = None
    problem: Problem | None = None
    at: datetime | None = None
    is_fresh: bool = False


# --- Reads -----------------------------------------------------------------------------------------------------------


def view(kind: str, **arguments: str) -> Answer:
    """The last answer to a question; where it is none or not fresh a worker is asked for one. Raises NothingToAsk."""
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    words = check(kind, arguments)
    answer = _read(kind, words)
    if not answer.is_fresh and cache.add(f"{_place(kind, words)}:asked", 1, ASKED_SECONDS):
        tasks.console_soon(kind, words)
    return answer


def peek(kind: str, **arguments: str) -> Answer:
    """The last answer, for whoever can do without one."""
    return _read(kind, check(kind, arguments))


def check(kind: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """The words of a question that are said. Raises NothingToAsk for a question or a word that there is not."""
    taken = QUESTIONS.get(kind)
    if taken is None:
        raise NothingToAsk(kind=kind)
    words = {name: value for name, value in arguments.items() if value}
    for name, is_needed in taken.items():
        if is_needed and name not in words:
            raise NothingToAsk(kind=kind, name=name)
    for name, value in words.items():
        if name not in taken or not _PATTERNS[name].fullmatch(value) or _has_control(value):
            raise NothingToAsk(kind=kind, name=name)
    return words


def _has_control(value: str) -> bool:
    return any(unicodedata.category(char).startswith("C") for char in value)


def _read(kind: str, words: Mapping[str, str]) -> Answer:
    kept: dict[str, Any] | None = cache.get(_place(kind, words))
    if kept is None:
        return Answer()
    age_seconds = timezone.now().timestamp() - kept["at"]
    problem = Problem(**kept["problem"]) if kept["problem"] else None
    return Answer(
        data=kept["data"],
        problem=problem,
        at=datetime.fromtimestamp(kept["told_at"], UTC),
        is_fresh=age_seconds < (REFUSED_SECONDS if problem else FRESH_SECONDS),
    )


def _place(kind: str, words: Mapping[str, str]) -> str:
    """The number changes with the shape of the answers."""
    told = json.dumps([kind, sorted(words.items())])
    return f"console:1:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


# --- The worker's part -----------------------------------------------------------------------------------------------


def answer(kind: str, arguments: Mapping[str, str]) -> None:
    """Ask Replicate and keep what it says; a refusal stands beside the last answer. Safe to run twice."""
    from generation.providers.replicate import console as replicate  # noqa: PLC0415  (imports the SDK: workers only)

    words = check(kind, arguments)
    before = _read(kind, words)
    if before.is_fresh:
        return
    try:
        _keep(kind, words, Answer(data=replicate.ask(kind, words)))
    except ProviderError as error:
        _keep(kind, words, Answer(data=_worth(before), problem=problem_of(error), at=before.at))


def _worth(before: Answer) -> Mapping[str, Any] | None:
    """What an earlier answer said, while that is not too long ago."""
    is_recent = before.at and (timezone.now() - before.at).total_seconds() < KEPT_SECONDS
    return before.data if is_recent else None


def _keep(kind: str, words: Mapping[str, str], told: Answer) -> None:
    place, now = _place(kind, words), timezone.now().timestamp()
    kept = {
        "at": now,
        "told_at": told.at.timestamp() if told.at and told.data else now,
        "data": told.data,
        "problem": vars(told.problem) if told.problem else None,
    }
    cache.set(place, kept, KEPT_SECONDS)
    cache.delete(f"{place}:asked")


def forget(kind: str, **arguments: str) -> None:
    """Something there has changed: the next look asks anew."""
    place = _place(kind, check(kind, arguments))
    cache.delete_many([place, f"{place}:asked"])


# --- What went wrong, in words ---------------------------------------------------------------------------------------


def problem_of(error: ProviderError) -> Problem:
    """A failure as staff should read it. `detail` has been cleaned of tokens by the adapter."""
    title, text = _words(error)
    return Problem(title, text, error.detail)


def _words(error: ProviderError) -> tuple[str, str]:
    if error.closes_door:
        if error.detail.startswith("402"):
            return "The account has no credit left", "Add credit at replicate.com, then look again."
        return "Replicate refuses the token", "Check REPLICATE_API_TOKEN: it may have been revoked or mistyped."
    if error.code == ErrorCode.PROVIDER_DOWN:
        if error.permanent:
            return "Replicate knows nothing of this name", "It may be gone, or these tokens may not see it."
        return "Replicate cannot be reached", "It may be down, or this server has no way out. Look again in a moment."
    if error.code == ErrorCode.PROVIDER_BUSY:
        seconds = max(1, round(error.retry_after_seconds))
        return "Replicate asks us to slow down", f"It takes no more questions for about {seconds} s."
    if error.permanent:
        return "Replicate did not take the request", "What it says about it stands below."
    return "Replicate answered with an error of its own", "Look again in a moment."
