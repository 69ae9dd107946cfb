"""What the emulators share: a threaded HTTP server on 127.0.0.1 that records its calls and plays faults on the wire.

A vendor is a subclass with routes. Control doors, the same for all: GET /_emulator/calls, GET and POST
/_emulator/faults, POST /_emulator/reset. Nothing is written to disk; `stop` leaves no thread that blocks an exit.
"""

import argparse
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

from tests.emulators.callers import caller_of
from tests.emulators.faults import Fault, Faults

CONTROL = "/_emulator/"
BODY_BYTES_MAX = 64 * 1024 * 1024
HANG_SECONDS = 3600.0


@dataclass(frozen=True)
class Call:
    """One request as it came. Header names are lower case; `body` is parsed JSON, text or bytes; `at` is monotonic."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    raw: bytes
    at: float
    peer: tuple[str, int]

    def told(self) -> dict[str, Any]:
        """As JSON, for the control door."""
        body = self.body if not isinstance(self.body, bytes) else f"<{len(self.body)} bytes>"
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": body,
            "at": self.at,
        }


@dataclass
class Reply:
    """An answer. A body in pieces is sent as they come; a Content-Length among the headers is sent as it is said."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> "Reply":
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, body, {"Content-Type": "application/json"} | dict(headers or {}))

    @classmethod
    def text(cls, text: str, *, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> "Reply":
        return cls(status, text.encode(), {"Content-Type": content_type})


class Refused(Exception):
    """Raised by a route to answer with something else than what it makes."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True)
class Route:
    """A door. `answer(call, faults, **groups of the pattern)` gives the Reply; `faults` were taken for this call."""

    method: str
    pattern: str
    door: str
    answer: Callable[..., Reply]


class Emulator:
    """A vendor at the wire. A subclass gives `routes`, `refusal`, and perhaps `subject`, `authorise` and `forget`."""

    name: ClassVar[str] = "vendor"
    known_faults: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __init__(self, *, port: int = 0) -> None:
        self.calls: list[Call] = []
        self.faults = Faults(self.known_faults)
        self.closing = threading.Event()
        self._routes = [(route, re.compile(route.pattern)) for route in self.routes()]
        self._server = _Server(("127.0.0.1", port), self)
        self._thread: threading.Thread | None = None

    # --- What a vendor says ------------------------------------------------------------------------------------------

    def routes(self) -> Sequence[Route]:
        raise NotImplementedError

    def refusal(self, fault: Fault) -> Reply:
        """The vendor's error answer for a `refuse` fault: `status`, and whatever else it understands."""
        raise NotImplementedError

    def authorise(self, route: Route, call: Call) -> Reply | None:
        """The answer to a caller who may not come in, or None."""
        return None

    def subject(self, call: Call, groups: Mapping[str, str]) -> str:
        """The text that a fault's `match` is looked for in."""
        return f"{call.path} {call.raw.decode(errors='replace')}"

    def forget(self) -> None:
        """Drop what the vendor keeps, for the control door's reset."""

    # --- From start to stop ------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=self.name, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Break every open connection and wait until nobody listens any more."""
        self.closing.set()
        if self._thread:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.break_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def reset(self) -> None:
        """As if nobody had called yet."""
        self.faults.clear()
        self.calls.clear()
        self.forget()

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self.closing.wait(seconds)

    # --- One request -------------------------------------------------------------------------------------------------

    def handle(self, call: Call, send: Callable[[Reply], None]) -> None:
        """Find the door, record, answer, and do what is due to go wrong."""
        if call.path.startswith(CONTROL):
            send(self._control(call))
            return
        self.calls.append(call)
        route, groups = self._find(call)
        if route is None:
            send(self.refusal(Fault("refuse", "", values={"status": 404})))
            return
        if shut := self.authorise(route, call):
            send(shut)
            return
        faults = self.faults.take(route.door, self.subject(call, groups))
        reply = self._answer(route, call, faults, groups)
        self._go_wrong(faults, call, lambda: send(reply))

    def _find(self, call: Call) -> tuple[Route | None, dict[str, str]]:
        for route, pattern in self._routes:
            if route.method == call.method and (found := pattern.fullmatch(call.path)):
                return route, found.groupdict()
        return None, {}

    def _answer(self, route: Route, call: Call, faults: Mapping[str, Fault], groups: Mapping[str, str]) -> Reply:
        """The vendor's own answer, or a refusal: instead of the work, or after it where the fault says `accepted`."""
        refuse = faults.get("refuse")
        if all(_accepts(fault) for fault in faults.values()):
            try:
                reply = route.answer(call, faults, **groups)
            except Refused as refused:
                reply = refused.reply
        else:
            reply = Reply()
        return self.refusal(refuse) if refuse else reply

    def _go_wrong(self, faults: Mapping[str, Fault], call: Call, send: Callable[[], None]) -> None:
        """What goes wrong with the answer: stall, hang, drop the connection, kill somebody before or after it."""
        if delay := faults.get("delay"):
            self.pause(float(delay.get("seconds", 1.0)))
        if hang := faults.get("hang"):
            self.pause(float(hang.get("seconds", HANG_SECONDS)))
        kill = faults.get("kill")
        if kill and kill.get("when", "before") == "before":
            _kill(kill, call)
        if "hang" in faults or "drop" in faults:
            raise ConnectionAbortedError("as asked")
        send()
        if kill and kill.get("when") == "after":
            _kill(kill, call)

    # --- Control -----------------------------------------------------------------------------------------------------

    def _control(self, call: Call) -> Reply:
        match call.method, call.path.removeprefix(CONTROL):
            case "GET", "calls":
                return Reply.json([call.told() for call in list(self.calls)])
            case "GET", "faults":
                return Reply.json(self.faults.listed())
            case "POST", "faults":
                return self._add_faults(call.body)
            case "POST", "reset":
                self.reset()
                return Reply(204)
        return Reply.json({"error": "no such control door"}, status=404)

    def _add_faults(self, told: Any) -> Reply:
        """One fault or a list: {"name": ..., "at": ..., "times": ..., "match": ..., and its own values}."""
        try:
            for fault in told if isinstance(told, list) else [told]:
                self.faults.add(**fault)
        except (TypeError, ValueError) as error:
            return Reply.json({"error": str(error)}, status=422)
        return Reply.json(self.faults.listed(), status=201)


def _accepts(fault: Fault) -> bool:
    """Whether the work is done all the same. A refused call is not accepted, one that only lost its answer is."""
    return bool(fault.get("accepted", fault.name != "refuse"))


def _kill(fault: Fault, call: Call) -> None:
    """SIGKILL to the given process, or to the one that made this call."""
    pid = fault.get("pid") or caller_of(call.peer)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


class _Server(ThreadingHTTPServer):
    """Knows its open connections, so that a stopped emulator is silent at once."""

    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], emulator: Emulator) -> None:
        self.emulator = emulator
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away is no news; a fault of the emulator is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Between the socket and the emulator."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        call = self._read()
        if call is None:
            return
        try:
            self.server.emulator.handle(call, self._send)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_QUERY = _serve  # noqa: N815  (the base class's names)

    def _read(self) -> Call | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(Reply.json({"error": "a body needs a Content-Length within bounds"}, status=413))
            return None
        raw = self.rfile.read(length)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = _parsed(raw, headers.get("content-type", ""))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        peer = (str(self.client_address[0]), int(self.client_address[1]))
        return Call(self.command, parts.path, query, headers, body, raw, time.monotonic(), peer)

    def _send(self, reply: Reply) -> None:
        pieces = [reply.body] if isinstance(reply.body, bytes) else reply.body
        self.send_response(reply.status)
        for name, value in self._framed(reply).items():
            self.send_header(name, value)  # "Connection: close" is obeyed by the base class
        self.end_headers()
        if self.command != "HEAD":
            for piece in pieces:
                self.wfile.write(piece)

    @staticmethod
    def _framed(reply: Reply) -> dict[str, str]:
        """Its headers and how its end is told: by a length, or by closing where pieces or a false length are sent."""
        if not isinstance(reply.body, bytes) or "Content-Length" in reply.headers:
            return reply.headers | {"Connection": "close"}
        return reply.headers | {"Content-Length": str(len(reply.body))}

    def log_message(self, *arguments: object) -> None:
        """Silent: the calls are recorded."""


def _parsed(raw: bytes, content_type: str) -> Any:
    if "multipart/" in content_type:
        return raw
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw
    if "json" in content_type:
        with suppress(ValueError):
            return json.loads(text)
    return text or None


# --- By hand ---------------------------------------------------------------------------------------------------------


def arguments(description: str, *, port: int) -> argparse.ArgumentParser:
    """The switches that every emulator has on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of calls that go wrong by chance, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="which ones: the same seed, the same faults")
    return parser


def serve_until_told(emulator: Emulator) -> None:
    """Say where it listens, and end on SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    with emulator:
        sys.stdout.write(f"{emulator.name} is emulated at {emulator.url}\n")
        sys.stdout.flush()
        told.wait()
