"""M14: what the limits of a submit cost: their one call beside a bare script's, and a submit with and without them."""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from bench import books, cells, machine, people, roundtrips
from bench.cells import Goal, Verdict
from bench.ground import Ground, broker
from bench.load import Load, percentile
from bench.people import Person
from config import throttle
from generation import access, catalogue, jobs, limits
from generation.access import Feature
from generation.models import Lane
from generation.pricing import quote
from generation.wish import Wish

PEOPLE = 1000
CALLS, PAIRS = 1000, 200  # for each second that a cell may take
WARMED, COUNTED = 200, 20
# The least that a limit by script can be: one counter that ends.
BARE = "local n = redis.call('INCR', KEYS[1]) redis.call('EXPIRE', KEYS[1], ARGV[1]) return n"
BARE_DATABASE = 7

Act = Callable[[], object]


def measure(ground: Ground) -> Verdict:
    """Each is timed in turn with the others, so that all see the same neighbours. One process, one connection."""
    cast = people.make(PEOPLE)
    ground.web()
    trips, made = _round_trips(ground, cast)
    calls: dict[str, list[float]] = {}
    submits: dict[str, list[float]] = {}
    others = []
    for _ in range(ground.rounds):
        ground.wait_until_quiet()
        before = machine.sample(ground.roles)
        _in_turn(_calls(cast), int(CALLS * ground.seconds), calls)
        _in_turn(_submits(cast), int(PAIRS * ground.seconds), submits)
        others.append(machine.other_pct(before, machine.sample(ground.roles)))
    made += sum(len(row) for name, row in submits.items() if name.startswith("submit"))
    wrong = books.wrong(jobs=made)
    noisy = sum(other >= machine.QUIET_PCT for other in others)
    return Verdict(not wrong, _goals(calls, submits, trips), _figures(calls, submits, trips, others), wrong, noisy)


def _goals(calls: dict[str, list[float]], submits: dict[str, list[float]], trips: roundtrips.Count) -> list[Goal]:
    """Milliseconds hold for the machine that they were set on, where a bare script takes 0.12."""
    return [
        Goal.no_more_than("round trips of a submit's limits", trips.of(settings.LIMITS_URL) / COUNTED, 1),
        Goal.no_more_than("p50 of the limits' call, ms", _p(calls["ask"], 0.5), 0.15),
        Goal.no_more_than("p50 of the limits' call after a submit, ms", _p(submits["ask after a submit"], 0.5), 0.15),
        Goal.no_more_than(
            "added to a submit's p50, ms", _p(submits["submit"], 0.5) - _p(submits["submit without limits"], 0.5), 0.15
        ),
    ]


def _figures(
    calls: dict[str, list[float]], submits: dict[str, list[float]], trips: roundtrips.Count, others: list[float]
) -> dict[str, float]:
    figures = {
        f"{name.replace(' ', '_')}_p{percent}_ms": _p(row, percent / 100)
        for name, row in (calls | submits).items()
        for percent in (50, 95)
    }
    figures |= {
        "ask_of_a_bare_script": _p(calls["ask"], 0.5) / _p(calls["bare script"], 0.5),
        "ask_of_a_bare_script_after_a_submit": _p(submits["ask after a submit"], 0.5)
        / _p(submits["bare script after a submit"], 0.5),
        "ask_of_the_librarys_two": _p(calls["ask"], 0.5) / _p(calls["library"], 0.5),
        "asks_a_second": 1000 / _p(calls["ask"], 0.5),
        "round_trips_a_submit": trips.total / COUNTED,
        "other_pct": max(others),
    }
    return {name: round(value, 3) for name, value in figures.items()}


def _p(values: list[float], share: float) -> float:
    return percentile(sorted(values), share)


# --- What is timed ---------------------------------------------------------------------------------------------------


def _in_turn(acts: dict[str, Act], number: int, found: dict[str, list[float]]) -> None:
    """Milliseconds of each act, `number` times round."""
    for _ in range(number):
        for name, act in acts.items():
            began = time.perf_counter()
            act()
            found.setdefault(name, []).append((time.perf_counter() - began) * 1000)


def _calls(cast: list[Person]) -> dict[str, Act]:
    """Calls alone: a bare PING and script, what the `limits` library does for the same two limits, and ours."""
    turns, full = itertools.cycle(cast), throttle.Window("full", "bench", 1, 3600)
    throttle.hit(full)
    return {
        "bare ping": broker(BARE_DATABASE).ping,
        "bare script": _bare_script(turns),
        "library": _library(turns),
        "ask": lambda: _ask(next(turns)),
        "ask refused": lambda: throttle.hit(full, throttle.Day("full", "bench", 1)),
    }


def _bare_script(turns: Iterator[Person]) -> Act:
    script = broker(BARE_DATABASE).register_script(BARE)
    return lambda: script([next(turns).address], [86_400])


def _library(turns: Iterator[Person]) -> Act:
    storage = storage_from_string(settings.LIMITS_URL)
    window, item = MovingWindowRateLimiter(storage), RateLimitItemPerSecond(1_000_000, 60, namespace="library")

    def act() -> None:
        person = next(turns)
        window.hit(item, person.address)
        storage.incr(f"library/{person.user.pk}", 86_400)

    return act


def _ask(person: Person) -> limits.Asked:
    return limits.ask(Feature.GENERATE, address=person.address, owner_id=person.user.pk, tier=access.Tier.CUSTOMER)


def _submits(cast: list[Person]) -> dict[str, Act]:
    """Whole submits without their door, with the limits and without; and the call alone where a submit makes it."""
    turns = itertools.cycle(cast)
    passed = _ask(cast[0])
    return {
        "submit": lambda: _submit(next(turns)),
        "ask after a submit": lambda: _ask(next(turns)),
        "submit without limits": lambda: _without_limits(passed, partial(_submit, next(turns))),
        "bare script after a submit": _bare_script(turns),
        "submit before them": lambda: _submit(next(turns)),
        "library after a submit": _library(turns),
    }


def _without_limits(passed: limits.Asked, act: Act) -> None:
    """What the call does is left out, what it is called with and answers stays."""
    ask = limits.ask
    try:
        limits.ask = lambda *_, **__: passed
        act()
    finally:
        limits.ask = ask


def _submit(person: Person) -> None:
    model = catalogue.find(Lane.GPU)
    assert model is not None
    jobs.submit(
        owner=person.user,
        visitor=None,
        wish=Wish(model=model, prompt=people.PROMPT),
        quote_token=quote.sign(quote.make(model=model, aspect_ratio="1:1", count=1), model=model, aspect_ratio="1:1"),
        key=uuid4().hex,
        address=person.address,
    )


def _round_trips(ground: Ground, cast: list[Person]) -> tuple[roundtrips.Count, int]:
    """What the site's own processes send to Redis for a submit through the door; and how many jobs that made."""

    def load(number: int, first_key: int) -> Load:
        requests = people.submits(cast, lane=Lane.GPU, htmx=True)
        return Load(
            ground.port,
            requests,
            cells.WARMERS if first_key == 0 else 1,
            0,
            60,
            frozenset({201}),
            first_key=first_key,
            requests_max=number,
        )

    cells.run_quietly(ground, load(WARMED, 0))
    measured = load(COUNTED, 10_000_000)
    with roundtrips.counted() as count:
        cells.run_quietly(ground, measured)
    return count, WARMED + COUNTED
