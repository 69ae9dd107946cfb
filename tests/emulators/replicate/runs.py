"""One prediction or training: what it holds, how it goes, and how it is told. It speaks through events, not HTTP."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.emulators.faults import Fault
from tests.emulators.replicate import drawing
from tests.emulators.replicate.models import Model

STEPS = 10
STARTING_SHARE = 0.1  # of a run's time
NSFW_TEXT = "NSFW content detected. Try running it again, or try a different prompt."
GONE = "gone"  # the event after which nothing is told any more
FINAL = ("succeeded", "failed", "canceled", "aborted")
FILE = "FILE"
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
DEADLINE_PARTS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


def now(*, hours: int = 0) -> str:
    """The time in that many hours, as the API writes it."""
    at = datetime.now(UTC) + timedelta(hours=hours)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """26 characters, as Replicate's."""
    number = uuid4().int
    return "".join(LETTERS[(number >> (5 * place)) & 31] for place in range(26))


def deadline_seconds(text: str) -> float | None:
    """The header Cancel-After: "90", "5m", "1h30m45s"; None where there is none."""
    found = DEADLINE_PARTS.fullmatch(text)
    if not text or not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


@dataclass
class Run:
    """A prediction or, where `kind` is "trainings", a training. `faults` are its own from its creation."""

    kind: str
    model: Model
    version: str
    input: dict[str, Any]
    settings: dict[str, Any]
    base_url: str
    webhook: str = ""
    events: tuple[str, ...] = ()
    destination: str = ""
    deadline: float | None = None
    faults: Mapping[str, Fault] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)
    status: str = "starting"
    logs: str = ""
    output: Any = None
    error: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    data_removed: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    told_all: threading.Event = field(default_factory=threading.Event)
    tell: Callable[["Run", str], None] = field(default=lambda run, event: None)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _born: float = field(default_factory=time.monotonic)
    _began: float | None = None
    _ended: float | None = None

    @property
    def prompt(self) -> str:
        return str(self.input.get("prompt", ""))

    @property
    def subject(self) -> str:
        """What a fault's `match` is looked for in."""
        return f"{self.id} {self.model.id} {self.prompt}"

    # --- How it is told ----------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """The JSON of the API and of webhooks alike."""
        with self._lock:
            value = {
                "id": self.id,
                "model": self.model.id,
                "version": self.version,
                "input": {} if self.data_removed else self.input,
                "logs": "" if self.data_removed else self.logs,
                "output": None if self.data_removed else self.output,
                "data_removed": self.data_removed,
                "error": self.error,
                "source": "api",
                "status": self._status_told(),
                "created_at": self.created_at,
                "started_at": self.started_at,
                "completed_at": self.completed_at,
                "urls": self._urls(),
                "metrics": self._metrics(),
            }
            if self.kind == "trainings":
                value["destination"] = self.destination
        missing = self.faults.get("missing")
        return {key: told for key, told in value.items() if not missing or key not in missing.get("keys", ["id"])}

    def _status_told(self) -> str:
        odd = self.faults.get("odd_status")
        if odd and (self.status in FINAL) == bool(odd.get("final", False)):
            return str(odd.get("status", "warming"))
        return self.status

    def _urls(self) -> dict[str, str]:
        own = f"{self.base_url}/v1/{self.kind}/{self.id}"
        return {"get": own, "cancel": f"{own}/cancel", "web": f"https://replicate.com/p/{self.id}"}

    def _metrics(self) -> dict[str, Any]:
        if self._ended is None:
            return {}
        metrics = {"total_time": round(self._ended - self._born, 6)}
        if self._began is not None:
            metrics["predict_time"] = round(self._ended - self._began, 6)
        return metrics | (dict(self.faults["metrics"].values) if "metrics" in self.faults else {})

    # --- How it goes -------------------------------------------------------------------------------------------------

    def live(self, seconds: float) -> None:
        """From starting to its end, in about that time. Somebody may end it before; then nothing here changes it."""
        if slow := self.faults.get("slow"):
            seconds = float(slow.get("seconds", 10.0))
        self.tell(self, "start")
        if not self._comes_through("starting", seconds * STARTING_SHARE) or "abort" in self.faults:
            self.end("aborted")
        elif not self._process(seconds * (1 - STARTING_SHARE)):
            self.end("canceled")
        else:
            self._finish()

    def abandon(self) -> None:
        """Nobody is interested any more: its threads end without a word."""
        self.over.set()
        self.tell(self, GONE)

    def _comes_through(self, status: str, seconds: float) -> bool:
        """Let time go by; False where it was ended, came to its deadline, or is to be stuck here until then."""
        stuck = self.faults.get("stuck")
        if stuck and stuck.get("status", "processing") == status:
            self.over.wait(self._left())
            return False
        left = self._left()
        if self.over.wait(seconds if left is None else min(seconds, left)):
            return False
        return left is None or left > seconds

    def _left(self) -> float | None:
        """Seconds to its deadline."""
        return None if self.deadline is None else max(0.0, self._born + self.deadline - time.monotonic())

    def _process(self, seconds: float) -> bool:
        """Step by step with logs; whether it came through."""
        with self._lock:
            if self.over.is_set():
                return False
            self.status, self.started_at, self._began = "processing", now(), time.monotonic()
        self._log(f"Using seed: {self.settings['seed']}\n")
        for step in range(1, STEPS + 1):
            if not self._comes_through("processing", seconds / STEPS):
                return False
            self._log(_progress(step, seconds))
        return True

    def _log(self, line: str) -> None:
        with self._lock:
            if self.over.is_set():
                return
            self.logs += line
        self.tell(self, "logs")

    def _finish(self) -> None:
        if fail := self.faults.get("fail"):
            self.end(
                "failed", error=str(fail.get("error", "Prediction failed: CUDA error: device-side assert triggered"))
            )
        elif "nsfw" in self.faults:
            self.end("failed", error=NSFW_TEXT)
        elif not drawing.can_follow(self.settings):
            self.end("failed", error="cannot identify image file")
        else:
            self.end("succeeded", output=self._outputs())

    def _outputs(self) -> Any:
        """Addresses of its files in the shape of its model, or the shape that a fault asks for."""
        base = f"{self.base_url}/files/{self.id}"
        if shape := self.faults.get("shape"):
            return _shaped(shape.get("output"), f"{base}/out-0.{self._ending()}")
        match self.model.outputs:
            case "mesh":
                return _mesh_outputs(base, self.settings)
            case "weights":
                return {"version": f"{self.destination}:{'0' * 64}", "weights": f"{base}/weights.tar"}
        count = int(self.settings.get("num_outputs", 1))
        if other := self.faults.get("count"):
            count = int(other.get("count", max(0, count - 1)))
        addresses = [f"{base}/out-{index}.{self._ending()}" for index in range(count)]
        return addresses if self.model.outputs == "files" else next(iter(addresses), None)

    def _ending(self) -> str:
        return str(self.settings.get("output_format", "webp" if self.model.id.startswith("recraft") else "png"))

    def end(self, status: str, *, output: Any = None, error: str | None = None) -> bool:
        """The first end counts; whether this was it."""
        with self._lock:
            if self.over.is_set():
                return False
            self.status, self.output, self.error = status, output, error
            self.completed_at, self._ended = now(), time.monotonic()
            self.data_removed = "forgotten" in self.faults
            self.over.set()
        if output is not None:
            self.tell(self, "output")
        self.tell(self, "completed")
        return True


def _progress(step: int, seconds: float) -> str:
    """A line as tqdm writes it into a prediction's logs."""
    rate = STEPS / seconds if seconds else 0.0
    return (
        f"{step * 100 // STEPS:3d}%|{'█' * step}{' ' * (STEPS - step)}| {step}/{STEPS} [00:00<00:00, {rate:.2f}it/s]\n"
    )


def _shaped(told: Any, address: str) -> Any:
    """What a fault wants said as output, with a real address wherever it says FILE."""
    match told:
        case dict():
            return {key: _shaped(value, address) for key, value in told.items()}
        case list():
            return [_shaped(value, address) for value in told]
    return address if told == FILE else told


def _mesh_outputs(base: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The model only where it was asked for; the videos are named and not made."""
    return {
        "model_file": f"{base}/model.glb" if settings.get("generate_model") else None,
        "color_video": f"{base}/color.mp4" if settings.get("generate_color") else None,
        "gaussian_ply": None,
        "normal_video": None,
        "combined_video": None,
    }
