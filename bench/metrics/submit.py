"""M1: from the press of Generate to the job's name, beside bare Django's three statements and one commit."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial

from bench import books, cells, people, statements
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground
from bench.load import ENDLESS, Load, Request
from generation.models import Lane

PEOPLE = 1000
WARMED, COUNTED, COUNTED_SECONDS = 200, 20, 60
SITE = ("web", "postgres", "redis")
BARE = ("bare", "postgres")
# Measured on another day beside the same anchor: AI-Horde accepts one while bare Django accepts sixty.
AI_HORDE = 60


def measure(ground: Ground) -> Verdict:
    """Plain is the form without JavaScript (303 and the job's address); card is htmx's (201 and the job's card)."""
    cast = people.make(PEOPLE)
    ground.web()
    ground.bare_web()
    keys = itertools.count(0, 10_000_000)
    load = partial(_load, ground, cast, keys)
    counts = {htmx: _count(load, ground, htmx=htmx) for htmx in (False, True)}

    def site(label: str, connections: int) -> Callable[[int], Cell]:
        htmx = label == "card"
        make = partial(load, connections=connections, htmx=htmx)
        sql = counts[htmx].statements / COUNTED
        return lambda number: cells.measure(ground, label, make, roles=SITE, number=number, sql=sql)

    def bare(path: str, connections: int, sql: int) -> Callable[[int], Cell]:
        request = [Request(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())]
        expected = frozenset({200, 201})
        make = partial(Load, ground.bare_port, request, connections, cells.WARM_SECONDS, ground.seconds, expected)
        return lambda number: cells.measure(ground, f"bare {path}", make, roles=BARE, number=number, sql=sql)

    found = cells.interleave(
        ground,
        [
            bare("hello", 8, 0),
            bare("commit", 1, 3),
            site("plain", 1),
            bare("submit", 1, 5),
            site("card", 1),
            bare("submit", 8, 5),
            site("plain", 8),
            site("card", 8),
            bare("submit", 32, 5),
            site("plain", 32),
            site("card", 32),
        ],
    )
    accepted = 2 * (WARMED + COUNTED) + sum(
        cell.accepted for (label, _), row in found.items() if label in {"plain", "card"} for cell in row
    )
    wrong = books.wrong(jobs=accepted)
    if cells.errors(found):
        wrong.append(f"{cells.errors(found)} answers were not what they must be")
    goals = [goal for label in ("plain", "card") for goal in _goals(label, found, counts[label == "card"])]
    return Verdict(not wrong, goals, {"jobs": accepted}, wrong, cells.noisy(found))


def _goals(label: str, found: cells.Cells, count: statements.Count) -> list[Goal]:
    share = cells.ratio(found, (label, 8), ("bare submit", 8), lambda cell: cell.per_second)
    cpu = 1 / cells.ratio(found, (label, 8), ("bare submit", 8), lambda cell: cell.cpu_total_ms)
    slower = cells.ratio(found, (label, 1), ("bare commit", 1), lambda cell: cell.p50)
    tail = max(cell.worst / cell.p50 for cell in found[label, 32])
    return [
        Goal.no_more_than(f"{label}: p50 at 1 connection, of bare commit", slower, 1.8),
        Goal.at_least(f"{label}: requests a second at 8, of bare submit", share, 0.55),
        Goal.at_least(f"{label}: CPU at 8, bare submit's of ours", cpu, 0.55),
        Goal.at_least(f"{label}: times AI-Horde, by recorded ratio", share * AI_HORDE, 25),
        Goal.no_more_than(f"{label}: SQL statements", count.statements / COUNTED, 8),
        Goal.no_more_than(f"{label}: commits", count.commits / COUNTED, 1),
        Goal.no_more_than(f"{label}: worst at 32 connections, of p50", tail, 20),
    ]


def _load(
    ground: Ground,
    cast: list[people.Person],
    keys: Iterator[int],
    *,
    connections: int,
    htmx: bool,
    requests_max: int = 0,
) -> Load:
    """A fresh quote and keys never used before: each accepted answer is a new job."""
    return Load(
        port=ground.port,
        requests=people.submits(cast, lane=Lane.GPU, htmx=htmx),
        connections=connections,
        warm_seconds=0 if requests_max else cells.WARM_SECONDS,
        seconds=COUNTED_SECONDS if requests_max else ground.seconds,
        expected=frozenset({201 if htmx else 303}),
        first_key=next(keys),
        requests_max=requests_max or ENDLESS,
    )


def _count(load: Callable[..., Load], ground: Ground, *, htmx: bool) -> statements.Count:
    """The statements of a few submits, each by somebody whose wallets are there and whose session is warm."""
    cells.run_quietly(ground, load(connections=cells.WARMERS, htmx=htmx, requests_max=WARMED))
    measured = load(connections=1, htmx=htmx, requests_max=COUNTED)  # made here: making it asks for the model
    with statements.counted() as count:
        cells.run_quietly(ground, measured)
    return count
