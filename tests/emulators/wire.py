"""HTTP as the emulators speak it: requests as values, answers as values, and a threaded server between them."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BODY_BYTES_MAX = 64 * 1024 * 1024


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


Handle = Callable[[Call, Callable[[Reply], None]], None]


class Server(ThreadingHTTPServer):
    """Serves in threads, and knows its open connections, so that it is silent at once when it is stopped."""

    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, handle: Handle) -> None:
        self.handle = handle
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

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
        """A caller that goes away is no news; a fault of our own is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Between the socket and `handle`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        call = self._read()
        if call is None:
            return
        try:
            self.server.handle(call, self._send)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_QUERY = _serve  # noqa: N815  (the base class's names)

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
