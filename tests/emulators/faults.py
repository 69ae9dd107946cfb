"""Faults on demand: what an emulator is told to do wrong, where, and how many times. Knows no vendor."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

# What can go wrong on the wire, the same for every vendor (server.py plays them):
#   delay(seconds)                    the answer comes late
#   hang(seconds)                     it never comes; the connection breaks after that time
#   drop                              the connection breaks instead of an answer
#   kill(pid, when="before")          SIGKILL before, during or after the answer; without a pid to whoever called
#   refuse(status, ...)               the vendor's error; the rest of the values is the vendor's
# `accepted` says whether the work is done all the same: false by default for a refusal, true for the others.
WIRE = ("delay", "hang", "drop", "kill", "refuse")


@dataclass
class Fault:
    """One thing that goes wrong at a door. `times` None: until removed; `match` is a part of the subject's text."""

    name: str
    at: str
    times: int | None = 1
    match: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)


class Faults:
    """The faults that are due. Of one name only the first that fits is taken; different names come together.

    `known` says at which doors a name is possible; the first of them is meant where none is given.
    """

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self._known = known
        self._due: list[Fault] = []
        self._lock = Lock()
        self._chance = random.Random(0)
        self._rate = 0.0
        self._menu: Sequence[Fault] = ()

    def add(self, name: str, *, at: str = "", times: int | None = 1, match: str = "", **values: Any) -> Fault:
        """From now on; ValueError for a name or a door that this emulator does not have."""
        doors = self._known.get(name)
        if doors is None or (at and at not in doors):
            raise ValueError(f"no fault {name!r} at {at or 'any door'!r}; there are {sorted(self._known)}")
        fault = Fault(name, at or doors[0], times, match, values)
        with self._lock:
            self._due.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            self._due = [due for due in self._due if due is not fault]

    def clear(self) -> None:
        with self._lock:
            self._due.clear()

    def take(self, at: str, subject: str = "") -> dict[str, Fault]:
        """What goes wrong now at this door, by name; each is counted down."""
        taken: dict[str, Fault] = {}
        with self._lock:
            for fault in self._due:
                if fault.at == at and fault.match in subject and fault.name not in taken:
                    taken[fault.name] = fault
            for fault in taken.values():
                fault.times = None if fault.times is None else fault.times - 1
            self._due = [fault for fault in self._due if fault.times is None or fault.times > 0]
        return taken

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._due]

    # --- By chance ---------------------------------------------------------------------------------------------------

    def sprinkle(self, *, rate: float, seed: int, menu: Sequence[Fault]) -> None:
        """From now on `draw` gives one of `menu` in that share of cases, the same ones for the same seed."""
        with self._lock:
            self._chance, self._rate, self._menu = random.Random(seed), rate, menu

    def draw(self) -> Fault | None:
        """A fault by chance, or none."""
        with self._lock:
            if not self._menu or self._chance.random() >= self._rate:
                return None
            drawn = self._chance.choice(self._menu)
        return Fault(drawn.name, drawn.at, drawn.times, drawn.match, dict(drawn.values))
