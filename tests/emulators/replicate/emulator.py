"""api.replicate.com on 127.0.0.1: predictions and trainings that run, and webhooks that tell of them."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from secrets import randbelow
from typing import Any, ClassVar

from tests.emulators.faults import Fault
from tests.emulators.replicate import account, errors, mischief, models, webhooks
from tests.emulators.replicate.library import NAME, Library, known
from tests.emulators.replicate.models import Model
from tests.emulators.replicate.paging import page
from tests.emulators.replicate.runs import Run, deadline_seconds
from tests.emulators.replicate.storage import Storage
from tests.emulators.server import Call, Emulator, Refused, Reply, Route

SECONDS = 0.3  # what a prediction takes in tests
RETRY_SECONDS = (0.1, 0.3, 1.0)
RUNS_MAX = 5000
PAGE_SIZE = 100
WAIT_SECONDS_MAX = 60.0
PAID_DOORS = ("create",)
OPEN_DOORS = ("files",)


class ReplicateEmulator(Emulator):
    """`seconds` is what a prediction takes, `secret` signs the webhooks, `tokens` says which status a token gets.

    A token that is not in `tokens` is as "*" there, else good; 402 is answered only where a run would cost money.
    """

    name: ClassVar[str] = "Replicate"
    known_faults: ClassVar[Mapping[str, Sequence[str]]] = mischief.FAULTS

    def __init__(
        self,
        *,
        port: int = 0,
        seconds: float = SECONDS,
        secret: str = "",
        tokens: Mapping[str, int] | None = None,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.seconds = seconds
        self.secret = secret or webhooks.new_secret()
        self.tokens = dict(tokens or {})
        self.retry_seconds = retry_seconds
        self.page_size = page_size
        self._runs: dict[str, Run] = {}
        self._runs_lock = threading.Lock()
        self._library = Library(base_url=lambda: self.url, page=self._page)
        self._storage = Storage(
            base_url=lambda: self.url, find=self._find_run, pause=self.pause, closing=self.is_closing
        )
        super().__init__(port=port)

    def routes(self) -> Sequence[Route]:
        run = r"/v1/(?P<kind>predictions|trainings)"
        return (
            Route("POST", rf"/v1/models/{NAME}/predictions", "create", self._create_by_model),
            Route("POST", r"/v1/predictions", "create", self._create_by_version),
            Route("POST", rf"/v1/deployments/{NAME}/predictions", "create", self._create_by_deployment),
            Route("POST", rf"/v1/models/{NAME}/versions/(?P<version>\w+)/trainings", "create", self._train),
            Route("GET", run, "list", self._list_runs),
            Route("GET", rf"{run}/(?P<run_id>\w+)", "get", self._get_run),
            Route("POST", rf"{run}/(?P<run_id>\w+)/cancel", "cancel", self._cancel_run),
            Route("GET", r"/v1/webhooks/default/secret", "read", self._webhook_secret),
            *self._library.routes(),
            *self._storage.routes(),
        )

    # --- Who may come in, and what goes wrong ------------------------------------------------------------------------

    def authorise(self, route: Route, call: Call) -> Reply | None:
        if route.door in OPEN_DOORS:
            return None
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        status = self.tokens.get(token, self.tokens.get("*", 200)) if kind == "Bearer" and token else 401
        if status == 200 or (status == 402 and route.door not in PAID_DOORS):
            return None
        return errors.problem(status)

    def refusal(self, fault: Fault) -> Reply:
        """`status`, `detail`, `retry_after`; `html` for what a proxy says."""
        status = int(fault.get("status", 500))
        page_of_proxy = bool(fault.get("html"))
        reply = errors.gateway_page(status) if page_of_proxy else errors.problem(status, detail=fault.get("detail", ""))
        if retry_after := fault.get("retry_after"):
            reply.headers["Retry-After"] = str(retry_after)
        return reply

    def subject(self, call: Call, groups: Mapping[str, str]) -> str:
        """A run's id, model and prompt, and the file's name; of a new one what will be its model and prompt."""
        if run := self._find_run(groups.get("run_id", "")):
            return f"{run.subject} {groups.get('file', '')}"
        asked = call.body if isinstance(call.body, dict) else {}
        model = _model_of_version(str(asked.get("version", "")))
        return f"{call.path} {model.id if model else ''} {json.dumps(asked.get('input'), ensure_ascii=False)}"

    def due(self, route: Route, call: Call, groups: Mapping[str, str]) -> dict[str, Fault]:
        """A new run may come with a fault by chance; one for another door is kept apart from the call's own."""
        faults = super().due(route, call, groups)
        if route.door == "create" and (drawn := self.faults.draw()):
            faults.setdefault(drawn.name if drawn.at == "create" else f"{drawn.at} {drawn.name}", drawn)
        return faults

    def forget(self) -> None:
        with self._runs_lock:
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            run.abandon()

    def stop(self) -> None:
        """What ran is left where it was, and nobody is told."""
        super().stop()
        for run in self._runs.values():
            run.abandon()

    # --- Creating ----------------------------------------------------------------------------------------------------

    def _create_by_model(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        model = known(f"{owner}/{name}")
        if not model.official:
            raise Refused(errors.problem(404))
        return self._create(call, faults, model, model.shown_version)

    def _create_by_version(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        """The version alone, owner/name:version, or an official model's owner/name."""
        asked = str(call.body.get("version", "")) if isinstance(call.body, dict) else ""
        model = _model_of_version(asked)
        if model is None or (asked == model.id and not model.official):
            detail = "The specified version does not exist (or perhaps you don't have permission to use it?)"
            raise Refused(errors.problem(422, detail=detail, title="Invalid version or not permitted"))
        version = asked.rpartition(":")[2]
        return self._create(call, faults, model, version if version in model.versions else model.shown_version)

    def _create_by_deployment(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        model_id = account.DEPLOYMENTS.get(f"{owner}/{name}")
        if model_id is None:
            raise Refused(errors.problem(404))
        model = models.everything()[model_id]
        return self._create(call, faults, model, model.versions[0])

    def _train(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str, version: str) -> Reply:
        model = known(f"{owner}/{name}")
        destination = str(call.body.get("destination", "")) if isinstance(call.body, dict) else ""
        if not model.can_be_trained or version not in model.versions:
            raise Refused(errors.problem(404))
        if destination.count("/") != 1:
            raise Refused(errors.invalid([("destination", "destination must be in the form owner/name")]))
        return self._create(call, faults, model, version, kind="trainings", destination=destination)

    def _create(
        self,
        call: Call,
        faults: Mapping[str, Fault],
        model: Model,
        version: str,
        *,
        kind: str = "predictions",
        destination: str = "",
    ) -> Reply:
        asked = call.body if isinstance(call.body, dict) else {}
        settings, wrong = models.complete(model, asked.get("input"))
        if wrong:
            raise Refused(errors.invalid(wrong))
        run = Run(
            kind=kind,
            model=model,
            version=version,
            input=asked["input"],
            settings={"seed": randbelow(2**31)} | settings,
            base_url=self.url,
            webhook=str(asked.get("webhook") or ""),
            events=tuple(asked.get("webhook_events_filter") or ()),
            deadline=deadline_seconds(call.headers.get("cancel-after", "")),
            destination=destination,
        )
        at_first = self._begin(run, drawn=[fault for fault in faults.values() if fault.at != "create"])
        return self._created(run, at_first, prefer=call.headers.get("prefer", ""))

    def _begin(self, run: Run, *, drawn: Sequence[Fault]) -> dict[str, Any]:
        """Let it live in a thread of its own, with what is to go wrong with it; how it is told before it does."""
        for fault in drawn:
            self.faults.add(fault.name, at=fault.at, times=fault.times, match=run.id, **fault.values)
        run.faults = self.faults.take("run", run.subject)
        with self._runs_lock:
            self._runs[run.id] = run
            if len(self._runs) > RUNS_MAX:
                self._runs.pop(next(iter(self._runs)))
        self._send_courier(run)
        at_first = run.told()
        threading.Thread(target=run.live, args=(self.seconds,), name=f"run {run.id}", daemon=True).start()
        return at_first

    def _send_courier(self, run: Run) -> None:
        if not run.webhook:
            run.told_all.set()
            return
        courier = webhooks.Courier(
            run, secrets_used=lambda: [self.secret], retry_seconds=self.retry_seconds, pause=self.pause
        )
        run.tell = courier.tell
        courier.start()

    def _created(self, run: Run, at_first: dict[str, Any], *, prefer: str) -> Reply:
        """At once, or when it is over where the caller prefers to wait (60 seconds at most)."""
        if prefer.startswith("wait"):
            run.over.wait(min(WAIT_SECONDS_MAX, float(prefer.partition("=")[2] or WAIT_SECONDS_MAX)))
            return Reply.json(run.told(), status=201 if run.over.is_set() else 202)
        if "webhook_first" in run.faults:
            run.told_all.wait(webhooks.TIMEOUT_SECONDS)
        return Reply.json(at_first, status=201)

    # --- Runs --------------------------------------------------------------------------------------------------------

    @property
    def predictions(self) -> list[dict[str, Any]]:
        """All of them as the API tells them, the newest first."""
        return [run.told() for run in self._newest("predictions")]

    @property
    def trainings(self) -> list[dict[str, Any]]:
        return [run.told() for run in self._newest("trainings")]

    def run(self, run_id: str) -> Run:
        """One as the emulator holds it: its webhook, its faults; `over` and `told_all` can be waited for."""
        return self._runs[run_id]

    def newest(self) -> Run:
        return self._newest("predictions")[0]

    def _find_run(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)

    def _newest(self, kind: str) -> list[Run]:
        with self._runs_lock:
            return [run for run in reversed(self._runs.values()) if run.kind == kind]

    def _list_runs(self, call: Call, faults: Mapping[str, Fault], kind: str) -> Reply:
        after, before = call.query.get("created_after", ""), call.query.get("created_before", "~")
        rows = [run for run in self._newest(kind) if after <= run.created_at < before]
        return self._page(call, rows, key=lambda run: run.id, tell=Run.told)

    def _get_run(self, call: Call, faults: Mapping[str, Fault], kind: str, run_id: str) -> Reply:
        return Reply.json(self._found(kind, run_id).told())

    def _cancel_run(self, call: Call, faults: Mapping[str, Fault], kind: str, run_id: str) -> Reply:
        """One that is over already stays as it is."""
        run = self._found(kind, run_id)
        run.end("canceled")
        return Reply.json(run.told())

    def _found(self, kind: str, run_id: str) -> Run:
        run = self._runs.get(run_id)
        if run is None or run.kind != kind:
            raise Refused(errors.problem(404))
        return run

    def _page(self, call: Call, rows: Sequence[Any], *, key: Callable[[Any], str], tell: Callable[[Any], Any]) -> Reply:
        return Reply.json(page(call, rows, base_url=self.url, size=self.page_size, key=key, tell=tell))

    # --- Webhooks ----------------------------------------------------------------------------------------------------

    def _webhook_secret(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return Reply.json({"key": self.secret})

    def deliver(self, url: str, told: Any, *, event_id: str = "", age_seconds: int = 0) -> int:
        """Send a body that is really signed, whatever it says, and give the status that came back."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        event_id = event_id or webhooks.new_event_id()
        sent = webhooks.headers([self.secret], event_id=event_id, body=body, age_seconds=age_seconds)
        return webhooks.post(url, body, sent)


def _model_of_version(asked: str) -> Model | None:
    name, _, version = asked.rpartition(":")
    model = models.of_version(version) or models.everything().get(asked)
    return model if model is None or name in ("", model.id) else None
