"""What can go wrong between a prompt and a picture. Subclasses carry data; words.py has the sentences."""

from generation.models import ErrorCode


class GenerationError(Exception):
    """Base of every refusal. `code` is what pages, API and tests see; `status` is the HTTP answer at a door."""

    code: str = ErrorCode.INTERNAL
    status = 422

    def __init__(self, **data: object) -> None:
        super().__init__(str(data) if data else self.code)
        self.data = data


class BlockedPrompt(GenerationError):
    """data: rule (its title), phrase (as it stands in the prompt)."""

    code = ErrorCode.BLOCKED_PROMPT


class BadReference(GenerationError):
    """data: reason (a sentence). `status` tells too large (413) and no picture (415) apart from the rest (422)."""

    code = ErrorCode.BAD_REFERENCE

    def __init__(self, *, reason: str, status: int = 422) -> None:
        super().__init__(reason=reason)
        self.status = status


class QuoteExpired(GenerationError):
    """The price shown is missing, older than its validity, altered, or for another request."""

    code = "quote_expired"


class KeyReused(GenerationError):
    """The form's key was used before, with other content."""

    code = "key_reused"
    status = 409


class ModelUnavailable(GenerationError):
    """data: name, message (the staff's words)."""

    code = ErrorCode.PROVIDER_DOWN


class ModelResting(GenerationError):
    """The breaker of the model's provider is open. data: name, retry_after_seconds (until its next trial)."""

    code = ErrorCode.PROVIDER_DOWN


class LaneFull(GenerationError):
    """So many wait that this one would be past its deadline. data: name, retry_after_seconds."""

    code = ErrorCode.PROVIDER_BUSY
    status = 429


class InsufficientCredits(GenerationError):
    """data: needed, available, purchased_only, owed (a debt), refill (what midnight fills daily credits up to, or 0),
    retry_after_seconds (0 when that is not enough)."""

    code = ErrorCode.INSUFFICIENT_CREDITS
    status = 402


class TooManyJobs(GenerationError):
    """data: maximum, open. When one of those ends is not known: after `retry_after_seconds` one may have."""

    code = ErrorCode.TOO_MANY_JOBS
    status = 429

    retry_after_seconds = 5


class RateLimited(GenerationError):
    """data: limit, window_seconds, retry_after_seconds."""

    code = ErrorCode.RATE_LIMITED
    status = 429


class DailyLimit(GenerationError):
    """data: limit, what (the access.Feature), retry_after_seconds."""

    code = ErrorCode.DAILY_LIMIT
    status = 429


class FreeCreditsSpent(DailyLimit):
    """Those of an address. data: limit, left, needed, retry_after_seconds."""


class SignedInElsewhere(GenerationError):
    """The guest of this request has become an account meanwhile."""

    code = "signed_in_elsewhere"
    status = 409


class NotOpen(GenerationError):
    """The job has ended meanwhile, so there is nothing to cancel. data: state."""

    code = "not_open"
    status = 409


class PaidByGuest(GenerationError):
    """The guest who paid for the job has become the account that owns it: the money of a guest stays where it is."""

    code = "paid_by_guest"
    status = 409


class FileGone(GenerationError):
    """The object behind an asset is not in storage. data: code."""

    code = "file_gone"
    status = 404


class NothingToAsk(GenerationError):
    """No question that the staff's console knows, or not with these words. data: kind, name (of the word)."""

    code = "nothing_to_ask"
    status = 404


class ActKnown(GenerationError):
    """The form of an act was sent before with other values."""

    code = "act_known"
    status = 409


class PresetNameTaken(GenerationError):
    """A person's presets are told apart by name, in whatever case. data: name."""

    code = "name_taken"


class PresetsFull(GenerationError):
    """data: most."""

    code = "presets_full"


class BrokenCursor(GenerationError):
    """The `after` of an address is none that we have given out."""

    code = "broken_cursor"
    status = 400
