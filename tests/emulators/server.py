"""What the emulators share: a threaded HTTP server on 127.0.0.1 that records its calls and plays faults on the wire.

A vendor is a subclass with routes. Control doors, the same for all: GET /_emulator/calls, GET and POST
/_emulator/faults, POST /_emulator/reset. Nothing is written to disk; `stop` leaves no thread that blocks an exit.
"""

import argparse
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tests.emulators.callers import caller_of
from tests.emulators.faults import Fault, Faults
from tests.emulators.wire import Call, Reply, Server

__all__ = ["Call", "Emulator", "Refused", "Reply", "Route", "arguments", "serve_until_told"]

CONTROL = "/_emulator/"
HANG_SECONDS = 3600.0
CALLS_MAX = 4000


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
    """A vendor at the wire. A subclass gives `routes` and `refusal`, and what else it likes of the first part."""

    name: ClassVar[str] = "vendor"
    known_faults: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __init__(self, *, port: int = 0) -> None:
        self.calls: list[Call] = []
        self.faults = Faults(self.known_faults)
        self.closing = threading.Event()
        self._routes = [(route, re.compile(route.pattern)) for route in self.routes()]
        self._server = Server(port, self.handle)
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

    def due(self, route: Route, call: Call, groups: Mapping[str, str]) -> dict[str, Fault]:
        """The faults that this call takes."""
        return self.faults.take(route.door, self.subject(call, groups))

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

    def is_closing(self) -> bool:
        return self.closing.is_set()

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self.closing.wait(seconds)

    # --- One request -------------------------------------------------------------------------------------------------

    def handle(self, call: Call, send: Callable[[Reply], None]) -> None:
        """Find the door, record, answer, and do what is due to go wrong."""
        if call.path.startswith(CONTROL):
            send(self._control(call))
            return
        self._record(call)
        route, groups = self._find(call)
        if route is None:
            send(self.refusal(Fault("refuse", "", values={"status": 404})))
            return
        if shut := self.authorise(route, call):
            send(shut)
            return
        faults = self.due(route, call, groups)
        reply = self._answer(route, call, faults, groups)
        self._go_wrong(faults, call, reply, send)

    def _record(self, call: Call) -> None:
        self.calls.append(call)
        if len(self.calls) > CALLS_MAX:
            del self.calls[: CALLS_MAX // 2]

    def _find(self, call: Call) -> tuple[Route | None, dict[str, str]]:
        for route, pattern in self._routes:
            if route.method == call.method and (found := pattern.fullmatch(call.path)):
                return route, found.groupdict()
        return None, {}

    def _answer(self, route: Route, call: Call, faults: Mapping[str, Fault], groups: Mapping[str, str]) -> Reply:
        """The vendor's own answer, or a refusal: instead of the work, or after it where the fault says `accepted`."""
        refuse = faults.get("refuse")
        if all(_accepts(fault) for fault in faults.values() if fault.at == route.door):
            try:
                reply = route.answer(call, faults, **groups)
            except Refused as refused:
                reply = refused.reply
        else:
            reply = Reply()
        return self.refusal(refuse) if refuse else reply

    def _go_wrong(self, faults: Mapping[str, Fault], call: Call, reply: Reply, send: Callable[[Reply], None]) -> None:
        """What goes wrong with the answer: stall, hang, drop the connection, kill somebody around it."""
        kill = _Kill(faults.get("kill"), call)
        if delay := faults.get("delay"):
            self.pause(float(delay.get("seconds", 1.0)))
        if hang := faults.get("hang"):
            self.pause(float(hang.get("seconds", HANG_SECONDS)))
        kill.when("before")
        if "hang" in faults or "drop" in faults:
            raise ConnectionAbortedError("as asked")
        send(kill.during(reply))
        kill.when("after")

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


class _Kill:
    """SIGKILL around an answer, to the given process or to the one that made the call. Without a fault to nobody."""

    def __init__(self, fault: Fault | None, call: Call) -> None:
        self._when = fault.get("when", "before") if fault else ""
        # Now: after the answer the caller may have closed the socket that gives it away.
        self._victim = (fault.get("pid") or caller_of(call.peer)) if fault else None

    def when(self, moment: str) -> None:
        if self._when == moment and self._victim:
            with suppress(ProcessLookupError):
                os.kill(int(self._victim), signal.SIGKILL)

    def during(self, reply: Reply) -> Reply:
        """The same answer, in whose middle somebody is killed where that is the moment."""
        if self._when != "during":
            return reply
        assert isinstance(reply.body, bytes)
        framed = reply.headers | {"Content-Length": str(len(reply.body))}
        return replace(reply, body=self._halves(reply.body), headers=framed)

    def _halves(self, data: bytes) -> Iterator[bytes]:
        yield data[: len(data) // 2]
        self.when("during")
        yield data[len(data) // 2 :]


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
