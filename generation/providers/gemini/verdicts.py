"""What an answer of Gemini holds: the picture or the text in it, or why there is none. Pure; nothing is trusted.

Reasons are compared as words: the SDK keeps the ones that it does not know, and Google adds new ones.
"""

from google.genai import types

from generation.models import ErrorCode, Level
from generation.providers.base import ProviderError, Verdict

PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
TEXT_MAX = 64_000
# The answer was withheld for what it shows or says: the same words would be again.
WITHHELD = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "LANGUAGE",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "ESCALATION",
        "MODEL_ARMOR",
    }
)
# How likely a picture shows what this category is about, and the level that follows.
SEXUAL = "HARM_CATEGORY_SEXUALLY_EXPLICIT"
RATED = {"LOW": Level.SUGGESTIVE, "MEDIUM": Level.NUDITY, "HIGH": Level.EXPLICIT}
# Google has limited or closed the account behind the key.
ACCOUNT_CLOSED = "PUP_LIMITED_DISABLED"


def picture(answer: types.GenerateContentResponse) -> bytes:
    """The bytes of the first picture, unchecked. Raises ProviderError."""
    candidate = _candidate(answer)
    for part in _parts(candidate):
        if part.inline_data and part.inline_data.data and part.inline_data.mime_type in PICTURE_TYPES:
            return part.inline_data.data
    raise _nothing(candidate, "no picture")


def verdict(answer: types.GenerateContentResponse) -> Verdict | None:
    """What its check says of the picture; None where it says nothing, or nothing but harmless."""
    ratings = _candidate(answer).safety_ratings or []
    found = [
        RATED[probability]
        for rating in ratings
        if _word(rating.category) == SEXUAL and (probability := _word(rating.probability)) in RATED
    ]
    return Verdict(Level.highest(*found)) if found else None


def words(answer: types.GenerateContentResponse) -> str:
    """The text, of bounded length. Raises ProviderError."""
    candidate = _candidate(answer)
    text = "".join(part.text for part in _parts(candidate) if part.text)
    if not text.strip():
        raise _nothing(candidate, "no text")
    if len(text) > TEXT_MAX:
        raise _failed(f"a text of {len(text)} characters")
    return text


def _candidate(answer: types.GenerateContentResponse) -> types.Candidate:
    """The first candidate of an answer that was not withheld."""
    feedback = answer.prompt_feedback
    if feedback and feedback.block_reason:
        raise _withheld(ErrorCode.BLOCKED_PROMPT, f"prompt blocked: {_word(feedback.block_reason)}")
    if not answer.candidates:
        raise _failed("no candidates")
    candidate = answer.candidates[0]
    reason = _word(candidate.finish_reason)
    if reason in WITHHELD:
        raise _withheld(ErrorCode.BLOCKED_OUTPUT, f"output blocked: {reason}")
    if reason == ACCOUNT_CLOSED:
        raise ProviderError(
            ErrorCode.PROVIDER_DOWN, permanent=True, closes_door=True, detail=f"account limited: {reason}"
        )
    return candidate


def _parts(candidate: types.Candidate) -> list[types.Part]:
    """What is meant as the answer: a model that thinks aloud drafts first."""
    parts = candidate.content.parts if candidate.content else None
    return [part for part in parts or [] if not part.thought]


def _nothing(candidate: types.Candidate, what: str) -> ProviderError:
    """Why an answer that was not withheld is empty, as well as it tells: its reason, the kinds of its parts."""
    kinds = [_kind(part) for part in _parts(candidate)]
    return _failed(f"{what}: {_word(candidate.finish_reason)}, parts: {', '.join(kinds) or 'none'}")


def _kind(part: types.Part) -> str:
    if part.inline_data:
        return f"{str(part.inline_data.mime_type)[:40]!r} of {len(part.inline_data.data or b'')} bytes"
    return f"text {part.text[:80]!r}" if part.text else "other"


def _word(reason: object) -> str:
    """A reason as Google writes it, whether the SDK knows it or not."""
    return str(getattr(reason, "value", reason) or "no reason").upper()[:60]


def _failed(detail: str) -> ProviderError:
    return ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=detail)


def _withheld(code: ErrorCode, detail: str) -> ProviderError:
    return ProviderError(code, permanent=True, detail=detail)
