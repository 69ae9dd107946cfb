"""The contract of a provider: an order in, files out, or one kind of error. Adapters know no job and no ledger.

There are two kinds. A direct one answers while it is called (demo, Gemini, the own GPU). A remote one starts a
prediction somewhere, which is looked at later (Replicate); its files are named by address, and our own client fetches
them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from generation.models import ErrorCode, Level


@dataclass(frozen=True)
class Reference:
    """A picture to follow: checked, stripped and re-encoded by us before a provider sees it."""

    data: bytes
    content_type: str


@dataclass(frozen=True)
class Order:
    """What to make. Sizes in pixels; one seed a picture; `steps`, `guidance` and `strength` None: the model's own.

    `recipe` is the catalogue row's data: how this model's input is written (docs/providers.md). `strength` in 0..1 is
    how far the result may leave the reference. `seconds_left` is until the job's deadline.
    """

    attempt_code: UUID
    provider_model: str
    prompt: str
    negative_prompt: str
    style: str
    width: int
    height: int
    seeds: tuple[int, ...]
    aspect_ratio: str = "1:1"
    output_kind: str = "picture"
    steps: int | None = None
    guidance: float | None = None
    reference: Reference | None = None
    strength: float | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seconds_left: float = 900.0


@dataclass(frozen=True)
class Verdict:
    """What a provider's own check says of a picture. It may only raise: a model's word makes nothing harmless.

    `is_sure` False: it has flagged the picture without saying for what, so a person looks before it is shown.
    """

    level: Level
    is_sure: bool = True


@dataclass(frozen=True)
class Output:
    """One finished file, as bytes that nobody has checked yet: a picture, or a .glb where the model makes 3D."""

    index: int
    data: bytes
    seed: int | None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Watch:
    """How a running provider speaks with the job: progress in 0..1, and whether to stop early."""

    progress: Callable[[float], None] = field(default=lambda share: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)


class ProviderError(Exception):
    """A provider's failure in our words. `detail` is for staff; only the caller decides whether to try again.

    `permanent`: the same order will fail again here. `provider_at_fault`: it counts against the provider's health;
    a refused prompt does not. `closes_door`: no order can work until a person acts (no credit, a refused key), so the
    breaker opens at once. `ambiguous`: a prediction may have begun all the same (a create that timed out).
    `retry_after_seconds` is what the provider asked for, already bounded.
    """

    def __init__(
        self,
        code: ErrorCode,
        *,
        permanent: bool,
        detail: str = "",
        provider_at_fault: bool | None = None,
        closes_door: bool = False,
        ambiguous: bool = False,
        retry_after_seconds: float = 0.0,
    ) -> None:
        self.code = code
        self.permanent = permanent
        self.detail = _line(detail)
        self.provider_at_fault = code in PROVIDER_FAULTS if provider_at_fault is None else provider_at_fault
        self.closes_door = closes_door
        self.ambiguous = ambiguous
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{code}: {self.detail}")


def _line(detail: str) -> str:
    """Others wrote it: what no database keeps (NUL, lone surrogates) and no log should show is taken out."""
    return "".join(letter if letter.isprintable() else " " for letter in detail)


PROVIDER_FAULTS = frozenset(
    {ErrorCode.PROVIDER_BUSY, ErrorCode.PROVIDER_DOWN, ErrorCode.PROVIDER_FAILED, ErrorCode.TIMEOUT}
)


@runtime_checkable
class DirectProvider(Protocol):
    """A provider that answers while it is called."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        """Yield files as they are ready; fewer than asked for is a partial success. Raises ProviderError."""
        ...


class RemoteState(StrEnum):
    """What a prediction elsewhere is doing. A status that nobody knows is WAITING: it is asked about again."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Prediction:
    """A prediction as its provider tells of it. `error` is set exactly when it has FAILED.

    `files` are addresses (https: or data:) that still have to be fetched, in the order of the pictures; `run_seconds`
    is what the provider measured, or None; `progress` in 0..1 or None.
    """

    external_id: str
    state: RemoteState
    files: tuple[str, ...] = ()
    run_seconds: float | None = None
    progress: float | None = None
    error: ProviderError | None = None
    # What its own check says of all of its files, where it has one.
    verdict: Verdict | None = None

    @property
    def is_over(self) -> bool:
        return self.state in (RemoteState.SUCCEEDED, RemoteState.FAILED, RemoteState.CANCELLED)


@runtime_checkable
class RemoteProvider(Protocol):
    """A provider that is asked to begin and looked at later. Every method may raise ProviderError."""

    def start(self, order: Order, *, callback_url: str) -> Prediction:
        """Begin a prediction. `callback_url` is told of its progress; "" where the provider cannot reach us.

        An error that leaves open whether it has begun is `ambiguous`: no second one may be started blindly.
        """
        ...

    def find(self, order: Order, *, since: datetime) -> Prediction | None:
        """The prediction of an order whose start was ambiguous, begun at or after `since`; None when there is none."""
        ...

    def look(self, external_id: str, *, recipe: Mapping[str, Any]) -> Prediction:
        """What a prediction is doing now. The order's recipe says which parts of its output are the files."""
        ...

    def read(self, told: Mapping[str, Any], *, recipe: Mapping[str, Any]) -> Prediction:
        """The same from a webhook's parsed body, which is already verified. Raises ValueError for another shape."""
        ...

    def cancel(self, external_id: str) -> None:
        """Stop a prediction; one that is over already is no error."""
        ...

    def file_hosts(self) -> tuple[str, ...]:
        """Hosts that its files may come from; "*.example" allows every host below it."""
        ...


Provider = DirectProvider | RemoteProvider
