"""The load generator: one process, plain sockets, one epoll loop. Checks every answer; knows nothing of the site.

`python -m bench.load` reads a pickled Load from its standard input. It writes "go" when the warm-up ends, "stop" when
the measured time ends, then one line of JSON. It is written in Python because each submit needs a key of its own; its
own limit is measured on the emptiest anchor and printed with every run.
"""

import json
import pickle
import select
import socket
import sys
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, cycle

PATIENCE_SECONDS = 20
ENDLESS = sys.maxsize


@dataclass(frozen=True)
class Request:
    """The bytes of a request; with a tail, a fresh key of 32 hex digits is written between head and tail."""

    head: bytes
    tail: bytes = b""


@dataclass(frozen=True)
class Load:
    """Closed loop: each connection sends its next request when its last one is answered.

    It ends after `seconds`, or once `requests_max` are sent.
    """

    port: int
    requests: list[Request]
    connections: int
    warm_seconds: float
    seconds: float
    expected: frozenset[int]
    first_key: int = 0
    requests_max: int = ENDLESS


@dataclass
class Outcome:
    """Latencies in milliseconds, of requests answered within the measured time. `expected_total` has the others too."""

    requests: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    worst: float = 0.0
    expected_total: int = 0
    errors: int = 0
    example: str = ""
    generator_cpu_ms: float = 0.0


def percentile(ordered: "list[float] | array[float]", share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Connection:
    __slots__ = ("buffer", "is_busy", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sent_at = 0.0
        self.is_busy = False

    def send(self, data: bytes) -> None:
        self.is_busy = True
        self.sent_at = time.perf_counter()
        self.socket.sendall(data)

    def answer(self) -> bytes | None:
        """The whole answer once it is there. Raises ConnectionError when the server closed."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data
        if not _is_whole(self.buffer):
            return None
        answer, self.buffer, self.is_busy = self.buffer, b"", False
        return answer


def _is_whole(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = data.find(b"content-length: ", 0, end)
    if at < 0:
        at = data.find(b"Content-Length: ", 0, end)
    if at >= 0:
        return len(data) >= end + 4 + int(data[at + 16 : data.index(b"\r", at)])
    return data[9:12] in {b"204", b"304"} or data.endswith(b"0\r\n\r\n")


def run(load: Load) -> Outcome:
    """Send, measure, and wait for the last answers."""
    connections = {one.socket.fileno(): one for one in (Connection(load.port) for _ in range(load.connections))}
    poll = select.epoll()
    for number in connections:
        poll.register(number, select.EPOLLIN)
    payloads = _payloads(load)
    latencies = array("d")
    statuses: Counter[int] = Counter()
    outcome = Outcome()
    began = time.perf_counter()
    go, stop, last = began + load.warm_seconds, began + load.warm_seconds + load.seconds, began
    cpu = 0.0
    is_warm = is_over = False
    for connection in connections.values():
        _next(connection, payloads)
    while any(one.is_busy for one in connections.values()):
        ready = poll.poll(0.05)
        now = time.perf_counter()
        if not is_warm and now >= go:
            is_warm, go, cpu = True, now, time.process_time()
            say("go")
        if not is_over and now >= stop:
            is_over, last = True, now
            outcome.generator_cpu_ms = 1000 * (time.process_time() - cpu)
            say("stop")
        if now > stop + PATIENCE_SECONDS:
            break
        for number, _ in ready:
            connection = connections[number]
            answer = connection.answer()
            if answer is None:
                continue
            now = time.perf_counter()
            status = int(answer[9:12])
            statuses[status] += 1
            if status not in load.expected and not outcome.example:
                outcome.example = answer[:600].decode(errors="replace")
            if is_warm and not is_over:
                latencies.append(1000 * (now - connection.sent_at))
                last = now
            if not is_over:
                _next(connection, payloads)
    if not is_over:
        outcome.generator_cpu_ms = 1000 * (time.process_time() - cpu)
        say("stop")
    unanswered = sum(one.is_busy for one in connections.values())
    outcome.requests, outcome.seconds = len(latencies), last - go
    ordered = sorted(latencies)
    outcome.p50, outcome.p95, outcome.p99 = (percentile(ordered, share) for share in (0.5, 0.95, 0.99))
    outcome.worst = ordered[-1] if ordered else 0.0
    outcome.expected_total = sum(number for status, number in statuses.items() if status in load.expected)
    outcome.errors = statuses.total() - outcome.expected_total + unanswered
    return outcome


def _payloads(load: Load) -> Iterator[bytes]:
    keys = count(load.first_key)
    for sent, request in enumerate(cycle(load.requests)):
        if sent == load.requests_max:
            return
        yield request.head + b"%032x" % next(keys) + request.tail if request.tail else request.head


def _next(connection: Connection, payloads: Iterator[bytes]) -> None:
    payload = next(payloads, None)
    if payload is not None:
        connection.send(payload)


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    load = pickle.load(sys.stdin.buffer)
    say(json.dumps(asdict(run(load))))


if __name__ == "__main__":
    main()
