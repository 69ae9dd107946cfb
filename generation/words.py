"""What people read when something was refused or went wrong: a title, a sentence, one next step. Money is not written
here: it is rendered from the ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.templatetags import show
from generation.access import Feature
from generation.errors import (
    BadReference,
    DailyLimit,
    FreeCreditsSpent,
    GenerationError,
    InsufficientCredits,
    LaneFull,
    ModelResting,
    RateLimited,
    TooManyJobs,
)
from generation.models import ErrorCode


@dataclass(frozen=True)
class Told:
    """One refusal or failure in words.

    `retry_after_seconds` is the header's; `waits` says that it is a promise as well, which the page counts down.
    """

    code: str
    title: str
    text: str
    action_label: str = ""
    action_url: str = ""
    retry_after_seconds: int = 0
    waits: bool = False
    money: str = ""


NOTHING_TAKEN = "Nothing was reserved or charged."

_SENTENCES: dict[str, tuple[str, str, str, str]] = {
    "quote_expired": (
        "The price needs a fresh look",
        "The price shown has expired, or was for other settings. The current one is below: press Generate to accept.",
        "",
        "",
    ),
    "key_reused": (
        "This form was already sent",
        "It was sent before with other words, and that job was accepted. Press Generate again for a new one.",
        "Open my library",
        "/library",
    ),
    "signed_in_elsewhere": ("You signed in meanwhile", "Another tab signed you in. Press Generate again.", "", ""),
    "not_open": ("Too late to cancel", "The job had already ended, or its pictures were being stored.", "", ""),
    ErrorCode.INVALID_PROMPT: ("The prompt cannot be used", "Write between 3 and 1,000 characters.", "", ""),
    ErrorCode.BLOCKED_PROMPT: (
        "The prompt breaks a content rule",
        "Rule: {rule}. The words are “{phrase}”. Change them and try again.",
        "",
        "",
    ),
    ErrorCode.BLOCKED_OUTPUT: (
        "The picture was withheld",
        "The provider’s safety check refused the result. Other words may pass.",
        "Change the prompt",
        "reuse",
    ),
    ErrorCode.BAD_REFERENCE: (
        "The reference picture cannot be used",
        "It could not be read. Choose another PNG, JPEG or WebP.",
        "",
        "",
    ),
    ErrorCode.INSUFFICIENT_CREDITS: (
        "Not enough credits",
        "This needs more credits than are available.",
        "See how to get credits",
        "/pricing",
    ),
    ErrorCode.DAILY_LIMIT: (
        "Today’s limit is reached",
        "It starts anew at 00:00 UTC.",
        "See today’s limits",
        "/limits",
    ),
    ErrorCode.RATE_LIMITED: (
        "Too many requests",
        "There were more requests from your address than may come in so short a time.",
        "",
        "",
    ),
    ErrorCode.TOO_MANY_JOBS: (
        "Finish one first",
        "Wait until a job is done, or cancel it.",
        "",
        "",
    ),
    ErrorCode.PROVIDER_BUSY: (
        "The model is busy",
        "It took on no more work. Try again in a minute.",
        "Try again",
        "retry",
    ),
    ErrorCode.PROVIDER_DOWN: ("The model cannot run now", "{name} is switched off. {message}", "", ""),
    ErrorCode.PROVIDER_FAILED: (
        "The model could not finish",
        "It answered with an error.",
        "Try again",
        "retry",
    ),
    ErrorCode.TIMEOUT: (
        "It took too long",
        "The job was not done by its deadline and was stopped.",
        "Try again",
        "retry",
    ),
    ErrorCode.CANCELLED: ("Cancelled", "You stopped this job.", "Start again", "retry"),
    ErrorCode.INTERNAL: (
        "Something broke on our side",
        "The job was stopped and we have the details.",
        "Try again",
        "retry",
    ),
}


# What a job ended with, where its words are not those of a refusal.
_ENDS: dict[str, tuple[str, str, str, str]] = {
    ErrorCode.BLOCKED_PROMPT: (
        "The prompt was refused",
        "The provider’s safety check refused these words. Others may pass.",
        "Change the prompt",
        "reuse",
    ),
    ErrorCode.PROVIDER_BUSY: (
        "The model is busy",
        "{name} took on no more work, also when it was asked again. Try again in a few minutes.",
        "Try again",
        "retry",
    ),
    ErrorCode.PROVIDER_DOWN: (
        "The model cannot run now",
        "{name} does not take orders at the moment. Choose another model, or try again later. {message}",
        "Try again",
        "retry",
    ),
    ErrorCode.PROVIDER_FAILED: (
        "The model could not finish",
        "{name} answered with an error.",
        "Try again",
        "retry",
    ),
}


# --- Limits: what, how much, and when again --------------------------------------------------------------------------

_COUNTED = {
    Feature.GENERATE: "request",
    Feature.ENHANCE: "enhancement",
    Feature.IDEAS: "request for ideas",
    Feature.EVOLVE: "evolution",
    Feature.SCORE: "score",
}
_PLURALS = {Feature.IDEAS: "requests for ideas"}


def _insufficient(data: dict[str, Any]) -> str:
    if data["owed"]:
        return (
            f"You owe {show.credits_word(data['owed'])}, because a payment was taken back after its credits had been "
            "spent. The next credits that you buy or are given pay them first; until then nothing new can be made."
        )
    needed, there = data["needed"], data["available"]
    kind = "purchased " if data["purchased_only"] else ""
    wanted = f"{needed:,} {kind}{_word('credit', needed)}"
    text = f"This needs {wanted} and {_are(there)} available: {needed - there:,} too few."
    if data["purchased_only"]:
        return f"{text} Pro models take no others."
    return f"{text} Your free ones are filled up to {data['refill']:,} again at 00:00 UTC." if data["refill"] else text


def _daily(data: dict[str, Any]) -> str:
    limit, what = data["limit"], Feature(data["what"])
    counted = _word(_COUNTED[what], limit, _PLURALS.get(what, ""))
    return f"Today’s {limit:,} {counted} {'is' if limit == 1 else 'are'} used up. New ones come at 00:00 UTC."


def _free(data: dict[str, Any]) -> str:
    limit, left, needed = data["limit"], data["left"], data["needed"]
    return (
        f"Guests and new accounts of one address share {limit:,} free {_word('credit', limit)} a day: "
        f"{_are(left)} left and this needs {needed:,}. New ones come at 00:00 UTC."
    )


def _rate(data: dict[str, Any]) -> str:
    return (
        f"{data['limit']:,} {_word('request', data['limit'])} in {data['window_seconds']} seconds "
        "is the limit for one address."
    )


def _open(data: dict[str, Any]) -> str:
    return (
        f"You can have {data['maximum']:,} open at a time, and {_are(data['open'])}. "
        "You can send this again as soon as one is done; cancel one to send it now."
    )


def _resting(data: dict[str, Any]) -> str:
    return (
        f"{data['name']} failed several times in a row, so it is left alone for a while. "
        "Choose another model, or send this again later."
    )


def _lane(data: dict[str, Any]) -> str:
    return (
        f"So many wait for {data['name']} that this could not be done before its deadline. Another model may be free."
    )


def _word(one: str, number: int, many: str = "") -> str:
    return one if number == 1 else many or f"{one}s"


def _are(number: int) -> str:
    return f"{number:,} {'is' if number == 1 else 'are'}"


_TEXTS: dict[type[GenerationError], Callable[[dict[str, Any]], str]] = {
    BadReference: lambda data: str(data["reason"]),
    InsufficientCredits: _insufficient,
    DailyLimit: _daily,
    FreeCreditsSpent: _free,
    RateLimited: _rate,
    TooManyJobs: _open,
    ModelResting: _resting,
    LaneFull: _lane,
}


# --- Words for what was refused, and for what a job ended with -------------------------------------------------------


def refusal(error: GenerationError) -> Told:
    """The words for a refused request: nothing was written, so nothing was reserved."""
    data: dict[str, Any] = {"message": "", **error.data}
    told = of(error.code, data)
    write = _TEXTS.get(type(error))
    wait_seconds = int(data.get("retry_after_seconds", 0))
    return Told(
        code=told.code,
        title=told.title,
        text=write(data) if write else told.text,
        action_label=told.action_label,
        action_url=told.action_url if told.action_url.startswith("/") else "",
        retry_after_seconds=wait_seconds or getattr(error, "retry_after_seconds", 0),
        waits=wait_seconds > 0,
        money=NOTHING_TAKEN,
    )


def end(code: str, *, name: str, message: str) -> Told:
    """The words for what a job of the model `name` ended with; `message` is the staff's, while it is switched off."""
    if code not in _ENDS:
        return of(code)
    return _told(code, _ENDS[code], {"name": name, "message": message})


_ENHANCEMENTS: dict[str, tuple[str, str]] = {
    ErrorCode.BLOCKED_PROMPT: ("These words were not enhanced", "The language model declined them."),
    ErrorCode.BLOCKED_OUTPUT: ("These words were not enhanced", "What came back may not be shown here."),
    ErrorCode.BAD_REFERENCE: ("The reference picture is gone", "Please choose it again."),
    ErrorCode.PROVIDER_BUSY: ("The language model is busy", "It took on no more work. Try again in a minute."),
    ErrorCode.PROVIDER_DOWN: ("The language model is away", "It cannot be asked now."),
    ErrorCode.TIMEOUT: ("It took too long", "The language model did not answer in time."),
}


def enhancement(code: str) -> Told:
    """The words for an enhancement that failed. It was free; the person's own words can always be sent."""
    title, text = _ENHANCEMENTS.get(code, ("The words could not be enhanced", "Something broke on the way."))
    return Told(
        code=code,
        title=title,
        text=f"{text} Yours stand as you wrote them: generate with the switch off, or try again.",
    )


def of(code: str, data: dict[str, Any] | None = None) -> Told:
    """The words for a code; an unknown one is our own fault."""
    return _told(code, _SENTENCES.get(code, _SENTENCES[ErrorCode.INTERNAL]), data)


def _told(code: str, sentence: tuple[str, str, str, str], data: dict[str, Any] | None) -> Told:
    title, text, label, url = sentence
    return Told(
        code=code,
        title=title,
        text=text.format(**data).strip() if data else text,
        action_label=label,
        action_url=url,
    )
