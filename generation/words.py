"""What people read when something was refused or went wrong: a title, a sentence, one next step. Money is not written
here: it is rendered from the ledger."""

from dataclasses import dataclass
from typing import Any

from generation.errors import GenerationError
from generation.models import ErrorCode


@dataclass(frozen=True)
class Told:
    """One refusal or failure in words. `action_url` may name a URL: `url:pricing`."""

    code: str
    title: str
    text: str
    action_label: str = ""
    action_url: str = ""
    retry_after_seconds: int = 0
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
        "The provider's safety check refused the result. Other words may pass.",
        "Change the prompt",
        "reuse",
    ),
    ErrorCode.BAD_REFERENCE: (
        "The reference picture cannot be used",
        "Send a PNG, JPEG or WebP of up to 10 MB.",
        "",
        "",
    ),
    ErrorCode.INSUFFICIENT_CREDITS: (
        "Not enough credits",
        "This needs {needed} credits and {available} are available.",
        "See how to get credits",
        "/pricing",
    ),
    ErrorCode.DAILY_LIMIT: (
        "Today's limit is reached",
        "{limit} {what} a day. It starts anew at midnight UTC.",
        "",
        "",
    ),
    ErrorCode.RATE_LIMITED: (
        "Too many requests",
        "{limit} requests in {window_seconds} seconds are allowed from one address.",
        "",
        "",
    ),
    ErrorCode.TOO_MANY_JOBS: (
        "Finish one first",
        "You can have {maximum} open at a time. Wait until one is done, or cancel it.",
        "",
        "",
    ),
    ErrorCode.PROVIDER_BUSY: (
        "The model is busy",
        "It took on no more work. Try again in a minute.",
        "Try again",
        "retry",
    ),
    ErrorCode.PROVIDER_DOWN: ("The model is switched off", "{name} cannot run now. {message}", "", ""),
    ErrorCode.PROVIDER_FAILED: (
        "The model could not finish",
        "It answered with an error on every try.",
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


def refusal(error: GenerationError) -> Told:
    """The words for a refused request: nothing was written, so nothing was reserved."""
    data: dict[str, Any] = {"message": "", **error.data}
    told = of(error.code, data)
    return Told(
        code=told.code,
        title=told.title,
        text=told.text,
        action_label=told.action_label,
        action_url=told.action_url if told.action_url.startswith("/") else "",
        retry_after_seconds=int(data.get("retry_after_seconds", getattr(error, "retry_after_seconds", 0))),
        money=NOTHING_TAKEN,
    )


def of(code: str, data: dict[str, Any] | None = None) -> Told:
    """The words for a code; an unknown one is our own fault."""
    title, text, label, url = _SENTENCES.get(code, _SENTENCES[ErrorCode.INTERNAL])
    return Told(
        code=code,
        title=title,
        text=text.format(**(data or {})).strip() if data else text,
        action_label=label,
        action_url=url,
    )
