"""api.replicate.com on 127.0.0.1: its doors, and what can be told to go wrong there (`FAULTS`)."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.emulators.faults import WIRE, Fault
from tests.emulators.replicate import account, drawing, errors, files, models, webhooks
from tests.emulators.replicate.models import Model
from tests.emulators.replicate.paging import page
from tests.emulators.replicate.runs import Run, deadline_seconds, new_id, now
from tests.emulators.server import Call, Emulator, Refused, Reply, Route

SECONDS = 0.3  # what a prediction takes in tests
RETRY_SECONDS = (0.1, 0.3, 1.0)
RUNS_MAX = 5000
PAGE_SIZE = 100
PAID_DOORS = ("create",)
OPEN_DOORS = ("files",)
DOORS = ("create", "get", "cancel", "list", "files", "read")
# What a prediction is told to do when it is created; see runs.py and webhooks.py.
RUN_FAULTS = (
    "slow",  # seconds
    "stuck",  # status: "processing" or "starting"; until its deadline or a cancel
    "abort",  # ends as "aborted" before it starts
    "fail",  # error
    "nsfw",  # fails with Replicate's text for it
    "odd_status",  # status: any word, shown while it runs, or as its end where `final`
    "shape",  # output: what is said in the place of its addresses
    "count",  # count: of pictures, whatever was asked for
    "missing",  # keys: what its JSON lacks, "id" alone by default
    "metrics",  # predict_time, ...: said in the place of what was measured
    "forgotten",  # its data were removed when it ended: no output, and its files are gone
    "webhook_first",  # its end is told before the create's answer
    "reorder_webhooks",  # the last event first
    "drop_webhook",  # `events`, for this one and the following ones: which ones; all by default
    "late_webhook",  # seconds
    "duplicate_webhook",  # copies, at the same time
    "large_webhook",  # three megabytes of logs
    "unsigned_webhook",
    "forged_webhook",  # signed with another secret
    "rotated_webhook",  # two signatures, the right one last
    "stale_webhook",  # seconds: how old it says it is
)
FAULTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(WIRE, DOORS),
    **dict.fromkeys(RUN_FAULTS, ("run",)),
    **dict.fromkeys(files.FAULTS, ("files",)),
}
# What may go wrong by chance: one of these for a prediction. Nothing here outlasts a minute.
BY_CHANCE = (
    Fault("refuse", "create", values={"status": 429, "retry_after": "1"}),
    Fault("refuse", "create", values={"status": 500}),
    Fault("refuse", "create", values={"status": 502, "html": True, "accepted": True}),
    Fault("drop", "create"),
    Fault("drop", "create", values={"accepted": False}),
    Fault("delay", "create", values={"seconds": 2.0}),
    Fault("refuse", "get", times=2, values={"status": 503}),
    Fault("webhook_first", "run"),
    Fault("reorder_webhooks", "run"),
    Fault("drop_webhook", "run"),
    Fault("duplicate_webhook", "run", values={"copies": 5}),
    Fault("forged_webhook", "run"),
    Fault("large_webhook", "run"),
    Fault("fail", "run"),
    Fault("nsfw", "run"),
    Fault("abort", "run"),
    Fault("count", "run"),
    Fault("shape", "run", values={"output": None}),
    Fault("odd_status", "run", values={"status": "warming"}),
    Fault("slow", "run", values={"seconds": 4.0}),
    Fault("refuse", "files", times=2, values={"status": 500}),
    Fault("truncated", "files"),
    Fault("wrong_length", "files"),
    Fault("html", "files", times=None),
    Fault("empty", "files"),
    Fault("picture_bomb", "files", times=None),
)


class ReplicateEmulator(Emulator):
    """`seconds` is what a prediction takes, `secret` signs the webhooks, `tokens` says which status a token gets.

    A token that is not in `tokens` is as "*" there, else good; 402 is answered only where a run would cost money.
    """

    name: ClassVar[str] = "Replicate"
    known_faults: ClassVar[Mapping[str, Sequence[str]]] = FAULTS

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
        self._uploads: dict[str, dict[str, Any]] = {}
        self._runs_lock = threading.Lock()
        super().__init__(port=port)

    def routes(self) -> Sequence[Route]:
        name = r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)"
        return (
            Route("POST", rf"/v1/models/{name}/predictions", "create", self._create_by_model),
            Route("POST", r"/v1/predictions", "create", self._create_by_version),
            Route("POST", rf"/v1/deployments/{name}/predictions", "create", self._create_by_deployment),
            Route("POST", rf"/v1/models/{name}/versions/(?P<version>\w+)/trainings", "create", self._train),
            Route("GET", r"/v1/(?P<kind>predictions|trainings)", "list", self._list_runs),
            Route("GET", r"/v1/(?P<kind>predictions|trainings)/(?P<id>\w+)", "get", self._get_run),
            Route("POST", r"/v1/(?P<kind>predictions|trainings)/(?P<id>\w+)/cancel", "cancel", self._cancel_run),
            Route("GET", r"/v1/models", "read", self._list_models),
            Route("QUERY", r"/v1/models", "read", self._search_models),
            Route("GET", rf"/v1/models/{name}", "read", self._get_model),
            Route("GET", rf"/v1/models/{name}/versions", "read", self._list_versions),
            Route("GET", rf"/v1/models/{name}/versions/(?P<version>\w+)", "read", self._get_version),
            Route("GET", r"/v1/collections", "read", self._list_collections),
            Route("GET", r"/v1/collections/(?P<slug>[\w-]+)", "read", self._get_collection),
            Route("GET", r"/v1/deployments", "read", self._list_deployments),
            Route("GET", rf"/v1/deployments/{name}", "read", self._get_deployment),
            Route("GET", r"/v1/hardware", "read", lambda call, faults: Reply.json(account.HARDWARE)),
            Route("GET", r"/v1/account", "read", lambda call, faults: Reply.json(account.ACCOUNT)),
            Route("GET", r"/v1/webhooks/default/secret", "read", self._webhook_secret),
            Route("POST", r"/v1/files", "read", self._upload),
            Route("GET", r"/v1/files/(?P<id>\w+)", "read", self._get_upload),
            Route("GET", r"/files/(?P<id>[\w-]+)/(?P<file>[\w.-]+)", "files", self._file),
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
        reply = (
            errors.gateway_page(status) if fault.get("html") else errors.problem(status, detail=fault.get("detail", ""))
        )
        if retry_after := fault.get("retry_after"):
            reply.headers["Retry-After"] = str(retry_after)
        return reply

    def subject(self, call: Call, groups: Mapping[str, str]) -> str:
        """A run's id, model and prompt, or what will be its model and prompt; else the path."""
        if run := self._runs.get(groups.get("id", "")):
            return f"{run.id} {run.model.id} {run.prompt} {groups.get('file', '')}"
        asked = call.body if isinstance(call.body, dict) else {}
        model = _model_of_version(str(asked.get("version", "")))
        return f"{call.path} {model.id if model else ''} {json.dumps(asked.get('input'), ensure_ascii=False)}"

    def due(self, route: Route, call: Call, groups: Mapping[str, str]) -> dict[str, Fault]:
        """What goes wrong with a call; a new prediction takes along what will go wrong with it, also by chance."""
        faults = super().due(route, call, groups)
        if route.door != "create":
            return faults
        faults |= self.faults.take("run", self.subject(call, groups))
        if drawn := self.faults.draw():
            faults.setdefault(drawn.name if drawn.at in ("create", "run") else f"{drawn.at}:{drawn.name}", drawn)
        return faults

    def forget(self) -> None:
        with self._runs_lock:
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            run.abandon()

    # --- Creating ----------------------------------------------------------------------------------------------------

    def _create_by_model(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        model = _known(f"{owner}/{name}")
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
        model = _known(f"{owner}/{name}")
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
            settings=settings,
            base_url=self.url,
            webhook=str(asked.get("webhook") or ""),
            events=tuple(asked.get("webhook_events_filter") or ()),
            deadline=deadline_seconds(call.headers.get("cancel-after", "")),
            faults={fault.name: fault for fault in faults.values() if fault.at == "run"},
            destination=destination,
        )
        self._begin(run, [fault for fault in faults.values() if fault.at in ("get", "files")])
        return self._created(run, call.headers.get("prefer", ""))

    def _begin(self, run: Run, later: Sequence[Fault]) -> None:
        for fault in later:
            self.faults.add(fault.name, at=fault.at, times=fault.times, match=run.id, **fault.values)
        with self._runs_lock:
            self._runs[run.id] = run
            if len(self._runs) > RUNS_MAX:
                self._runs.pop(next(iter(self._runs)))
        self._send_courier(run)
        threading.Thread(target=run.live, args=(self.seconds,), name=f"run {run.id}", daemon=True).start()

    def _send_courier(self, run: Run) -> None:
        if not run.webhook:
            run.told_all.set()
            return
        courier = webhooks.Courier(
            run, secrets_used=lambda: [self.secret], retry_seconds=self.retry_seconds, pause=self.pause
        )
        run.tell = courier.tell
        courier.start()

    def _created(self, run: Run, prefer: str) -> Reply:
        """At once, or when it is over where the caller prefers to wait (60 seconds at most)."""
        if prefer.startswith("wait"):
            run.over.wait(min(60.0, float(prefer.partition("=")[2] or 60)))
            return Reply.json(run.told(), status=201 if run.over.is_set() else 202)
        if "webhook_first" in run.faults:
            run.over.wait()
            run.told_all.wait(webhooks.TIMEOUT_SECONDS)
            return Reply.json(run.told() | {"status": "starting", "output": None, "completed_at": None}, status=201)
        return Reply.json(run.told(), status=201)

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

    def _newest(self, kind: str) -> list[Run]:
        with self._runs_lock:
            return [run for run in reversed(self._runs.values()) if run.kind == kind]

    def _list_runs(self, call: Call, faults: Mapping[str, Fault], kind: str) -> Reply:
        after, before = call.query.get("created_after", ""), call.query.get("created_before", "~")
        rows = [run for run in self._newest(kind) if after <= run.created_at < before]
        return self._page(call, rows, key=lambda run: run.id, tell=Run.told)

    def _get_run(self, call: Call, faults: Mapping[str, Fault], kind: str, id: str) -> Reply:  # noqa: A002
        return Reply.json(self._found(kind, id).told())

    def _cancel_run(self, call: Call, faults: Mapping[str, Fault], kind: str, id: str) -> Reply:  # noqa: A002
        """One that is over already stays as it is."""
        run = self._found(kind, id)
        run.end("canceled")
        return Reply.json(run.told())

    def _found(self, kind: str, run_id: str) -> Run:
        run = self._runs.get(run_id)
        if run is None or run.kind != kind:
            raise Refused(errors.problem(404))
        return run

    def _page(self, call: Call, rows: Sequence[Any], *, key: Any, tell: Any) -> Reply:
        return Reply.json(page(call, rows, base_url=self.url, size=self.page_size, key=key, tell=tell))

    # --- What there is -----------------------------------------------------------------------------------------------

    def _list_models(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return self._models_page(call, list(models.everything().values()))

    def _search_models(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        """The query is the body, as plain text."""
        words = str(call.body or "").lower().split()
        found = [model for model in models.everything().values() if _speaks_of(model, words)]
        return self._models_page(call, found)

    def _models_page(self, call: Call, rows: list[Model]) -> Reply:
        return self._page(call, rows, key=lambda model: model.id, tell=lambda model: model.told(self.url))

    def _get_model(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        return Reply.json(_known(f"{owner}/{name}").told(self.url))

    def _list_versions(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        model = _known(f"{owner}/{name}")
        return self._page(call, model.versions, key=str, tell=model.version_told)

    def _get_version(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str, version: str) -> Reply:
        model = _known(f"{owner}/{name}")
        if version not in model.versions:
            raise Refused(errors.problem(404))
        return Reply.json(model.version_told(version))

    def _list_collections(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return self._page(
            call, list(account.COLLECTIONS), key=str, tell=lambda slug: account.collection_told(slug, self.url)
        )

    def _get_collection(self, call: Call, faults: Mapping[str, Fault], slug: str) -> Reply:
        if slug not in account.COLLECTIONS:
            raise Refused(errors.problem(404))
        return Reply.json(account.collection_told(slug, self.url, with_models=True))

    def _list_deployments(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return self._page(call, list(account.DEPLOYMENTS), key=str, tell=account.deployment_told)

    def _get_deployment(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        if f"{owner}/{name}" not in account.DEPLOYMENTS:
            raise Refused(errors.problem(404))
        return Reply.json(account.deployment_told(f"{owner}/{name}"))

    # --- Webhooks ----------------------------------------------------------------------------------------------------

    def _webhook_secret(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return Reply.json({"key": self.secret})

    def deliver(self, url: str, told: Any, *, event_id: str = "", age_seconds: int = 0) -> int:
        """Send a body that is really signed, whatever it says, and give the status that came back."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        at = int(datetime.now(UTC).timestamp()) - age_seconds
        event_id = event_id or webhooks.new_event_id()
        return webhooks.post(url, body, webhooks.headers([self.secret], event_id=event_id, body=body, timestamp=at))

    # --- Files -------------------------------------------------------------------------------------------------------

    def _file(self, call: Call, faults: Mapping[str, Fault], id: str, file: str) -> Reply:  # noqa: A002
        reply = files.whole(self._drawn(id, file), file)
        return files.spoilt(reply, faults, pause=self.pause, closing=self.closing.is_set)

    def _drawn(self, run_id: str, file: str) -> bytes:
        ending = file.rpartition(".")[2]
        if run_id == "covers":
            return drawing.picture(
                file.removesuffix(".png"), {"megapixels": "0.25", "aspect_ratio": "1:1"}, number=0, ending="png"
            )
        run = self._runs.get(run_id)
        if run is None or run.status != "succeeded" or run.data_removed:
            raise Refused(
                Reply.text("<Error><Code>NoSuchKey</Code></Error>", status=404, content_type="application/xml")
            )
        if ending == "glb":
            return drawing.cube()
        number = int("".join(letter for letter in file if letter.isdigit()) or 0)
        return drawing.picture(run.prompt, run.settings, number=number, ending=ending)

    def _upload(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        part = _file_part(call)
        if part is None:
            raise Refused(errors.invalid([("content", "content is required")]))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        file_id = new_id()
        self._uploads[file_id] = {
            "id": file_id,
            "name": unquote(part.get_filename() or "file"),
            "content_type": part.get_content_type(),
            "size": len(data),
            "etag": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "checksums": {"sha256": hashlib.sha256(data).hexdigest()},
            "metadata": {},
            "created_at": now(),
            "expires_at": (datetime.now(UTC) + timedelta(hours=24)).isoformat(),
            "urls": {"get": f"{self.url}/v1/files/{file_id}"},
        }
        return Reply.json(self._uploads[file_id], status=201)

    def _get_upload(self, call: Call, faults: Mapping[str, Fault], id: str) -> Reply:  # noqa: A002
        if id not in self._uploads:
            raise Refused(errors.problem(404))
        return Reply.json(self._uploads[id])


def _known(model_id: str) -> Model:
    model = models.everything().get(model_id)
    if model is None:
        raise Refused(errors.problem(404))
    return model


def _model_of_version(asked: str) -> Model | None:
    name, _, version = asked.rpartition(":")
    model = models.of_version(version) or models.everything().get(asked)
    return model if model is None or name in ("", model.id) else None


def _speaks_of(model: Model, words: list[str]) -> bool:
    text = f"{model.id} {model.about}".lower()
    return all(word in text for word in words)


def _file_part(call: Call) -> Message | None:
    """The part named "content" of a multipart/form-data body."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + call.raw)
    return next(
        (part for part in message.walk() if part.get_param("name", header="content-disposition") == "content"), None
    )
