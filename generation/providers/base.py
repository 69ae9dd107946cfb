"""The contract of a provider: an order in, pictures out, or one kind of error. Adapters know no job and no ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from generation.models import ErrorCode


@dataclass(frozen=True)
class Order:
    """What to make. Sizes in pixels; one seed a picture."""

    attempt_code: UUID
    provider_model: str
    prompt: str
    negative_prompt: str
    style: str
    width: int
    height: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Output:
    """One finished picture, as bytes of a still unchecked file."""

    index: int
    data: bytes
    seed: int | None


@dataclass(frozen=True)
class Watch:
    """How a running provider speaks with the job: progress in 0..1, and whether to stop early."""

    progress: Callable[[float], None] = field(default=lambda share: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)


class ProviderError(Exception):
    """A provider's failure in our words. `detail` is for staff; only the caller decides whether to try again."""

    def __init__(self, code: ErrorCode, *, permanent: bool, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.permanent = permanent
        self.detail = detail


class DirectProvider(Protocol):
    """A provider that answers while it is called: demo, Gemini, the own GPU."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        """Yield pictures as they are ready; fewer than asked for is a partial success. Raises ProviderError."""
        ...
