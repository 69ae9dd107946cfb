"""M6: from the answer of a submit to the provider's call in the worker, by one clock; and what lost messages cost."""

import statistics
import threading
import time
from http.client import HTTPConnection
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings
from django.db import connection

from bench import books, cells, people
from bench.bare import queue
from bench.cells import Goal, Verdict
from bench.ground import LOST_REDIS, Ground, broker_url
from bench.load import Load, percentile
from bench.people import Person
from bench.provider import calls_file
from generation import catalogue, jobs
from generation.models import Asset, Attempt, Job, Lane
from generation.pricing import quote
from generation.wish import Wish

PEOPLE = 200
IDLE_JOBS = 300
IDLE_PAUSE_SECONDS = 0.02
BURST_JOBS = 200
BUSY_SHARE = 0.8
BUSY_SECONDS = 8
SENDERS = 4
LOST_JOBS = 3
PATIENCE_SECONDS = 60


def measure(ground: Ground) -> Verdict:
    """Idle: one job at a time. Busy: a steady stream at 80 % of what a burst went through at. Lost: no message came."""
    cast = people.make(PEOPLE)
    ground.web()
    ground.worker()
    ground.bare_worker()
    few = 20 if ground.seconds < 1 else IDLE_JOBS
    idle, bare, made = [], [], 0
    for _ in range(ground.rounds):
        bare += _bare_starts(few // ground.rounds)
        idle += _delays(_submit_alone(ground, cast, few // ground.rounds))
        made += few // ground.rounds
    capacity = _burst(ground, cast)
    pause = 1 / (BUSY_SHARE * capacity)
    number = int((1 if few < IDLE_JOBS else BUSY_SECONDS) / pause)
    busy = _delays(_submit_spread(ground, cast, number, pause))
    ground.beat()
    lost = [_lost(person) for person in cast[: 1 if few < IDLE_JOBS else LOST_JOBS]]
    made += BURST_JOBS + number + len(lost)
    wrong = [*books.wrong(jobs=made), *_calls_wrong(made)]
    return Verdict(not wrong, _goals(idle, busy, bare, lost), _figures(idle, busy, bare, lost, capacity), wrong)


def _goals(idle: list[float], busy: list[float], bare: list[float], lost: list[float]) -> list[Goal]:
    """Milliseconds hold for the machine that they were set on, where a bare task starts within 1.4 (p95 2.3)."""
    return [
        Goal.no_more_than("idle p50, of a bare task's start", _p(idle, 0.5) / _p(bare, 0.5), 7),
        Goal.no_more_than("idle p95, of a bare task's start", _p(idle, 0.95) / _p(bare, 0.95), 11),
        Goal.no_more_than("idle p50, ms", _p(idle, 0.5), 10),
        Goal.no_more_than("idle p95, ms", _p(idle, 0.95), 25),
        Goal.no_more_than("p95 at 80 % of capacity, of idle p95", _p(busy, 0.95) / _p(idle, 0.95), 5),
        Goal.no_more_than("recovery of a lost message, of the sweep's period", max(lost) / settings.SWEEP_SECONDS, 2),
    ]


def _figures(
    idle: list[float], busy: list[float], bare: list[float], lost: list[float], capacity: float
) -> dict[str, float]:
    figures = {
        "bare_celery_start_p50_ms": _p(bare, 0.5),
        "bare_celery_start_p95_ms": _p(bare, 0.95),
        "idle_p50_ms": _p(idle, 0.5),
        "idle_p95_ms": _p(idle, 0.95),
        "idle_p99_ms": _p(idle, 0.99),
        "busy_p50_ms": _p(busy, 0.5),
        "busy_p95_ms": _p(busy, 0.95),
        "busy_jobs_per_second": BUSY_SHARE * capacity,
        "lost_median_seconds": statistics.median(lost),
        "jobs": len(idle) + len(busy) + BURST_JOBS,
    }
    return {name: round(value, 3) for name, value in figures.items()}


def _p(values: list[float], share: float) -> float:
    return percentile(sorted(values), share)


# --- Submits, and when each was answered -----------------------------------------------------------------------------


def _submit_paced(ground: Ground, cast: list[Person], number: int, pause: float) -> dict[UUID, int]:
    """Jobs by code, with the nanosecond of their answer; each begins `pause` after the one before, if it can."""
    answered: dict[UUID, int] = {}
    http = HTTPConnection("127.0.0.1", ground.port, timeout=30)
    requests = people.submits(cast, lane=Lane.PROVIDERS, htmx=False)
    http.connect()
    due = time.monotonic()
    for n in range(number):
        request = requests[n % len(requests)]
        time.sleep(max(0.0, due - time.monotonic()))
        http.sock.sendall(request.head + uuid4().hex.encode() + request.tail)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += http.sock.recv(65_536)
        now = time.monotonic_ns()
        code = answer.partition(b"/jobs/")[2][:36].decode()
        answered[UUID(code)] = now
        due += pause
    http.close()
    return answered


def _submit_alone(ground: Ground, cast: list[Person], number: int) -> dict[UUID, int]:
    """One after the other, each when nothing is left to do for the one before."""
    answered: dict[UUID, int] = {}
    for n in range(number):
        answered |= _submit_paced(ground, cast[n % len(cast) :][:1], 1, 0)
        _wait_until_done()
        time.sleep(IDLE_PAUSE_SECONDS)
    return answered


def _submit_spread(ground: Ground, cast: list[Person], number: int, pause: float) -> dict[UUID, int]:
    """The same by several senders, since one would wait for its answers."""
    found: dict[UUID, int] = {}
    threads = []
    for sender in range(SENDERS):
        own = cast[sender::SENDERS]
        share = number // SENDERS + (sender < number % SENDERS)

        def send(own: list[Person] = own, share: int = share, delay: float = sender * pause) -> None:
            time.sleep(delay)
            found.update(_submit_paced(ground, own, share, pause * SENDERS))
            connection.close()

        threads.append(threading.Thread(target=send))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _delays(answered: dict[UUID, int]) -> list[float]:
    """Milliseconds from each answer to the provider's call."""
    _wait_until_done()
    called = _calls()
    return [(called[code][0] - at) / 1e6 for code, at in answered.items()]


def _calls() -> dict[UUID, list[int]]:
    """When the provider was called, by job."""
    attempts = dict(Attempt.objects.values_list("code", "job__code"))
    calls: dict[UUID, list[int]] = {}
    for line in calls_file().read_text().splitlines():
        attempt, at = line.split()
        calls.setdefault(attempts[UUID(attempt)], []).append(int(at))
    return calls


def _calls_wrong(jobs_made: int) -> list[str]:
    calls = _calls()
    twice = sum(len(times) > 1 for times in calls.values())
    return [f"{jobs_made} jobs and {len(calls)} calls, {twice} twice"] if twice or len(calls) != jobs_made else []


def _wait_until_done() -> None:
    """Until no job is open and no rendition is missing."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Job.objects.filter(finished_at=None).exists() or Asset.objects.filter(rendered_at=None).exists():
        if time.monotonic() > deadline:
            raise SystemExit("bench: jobs do not end")
        time.sleep(0.02)


def _burst(ground: Ground, cast: list[Person]) -> float:
    """Jobs a second, end to end, when 8 connections press as fast as they are answered."""
    requests = people.submits(cast, lane=Lane.PROVIDERS, htmx=False)
    began = time.monotonic()
    cells.run_quietly(ground, Load(ground.port, requests, 8, 0, 60, frozenset({303}), requests_max=BURST_JOBS))
    _wait_until_done()
    return BURST_JOBS / (time.monotonic() - began)


# --- The anchor, and lost messages -----------------------------------------------------------------------------------


def _bare_starts(number: int) -> list[float]:
    """Milliseconds from sending a task that does nothing to its start."""
    sent = {}
    path = settings.VAR_DIR / "notes"
    for _ in range(number):
        key = time.monotonic_ns()
        queue.note.delay(key)
        sent[key] = key
        time.sleep(IDLE_PAUSE_SECONDS)
    time.sleep(0.2)
    lines = (line.split() for line in path.read_text().splitlines())
    return [(int(at) - int(key)) / 1e6 for key, at in lines if int(key) in sent]


def _lost(person: Person) -> float:
    """Seconds from a submit whose message nobody got to the provider's call."""
    model = catalogue.find(Lane.PROVIDERS)
    assert model is not None
    token = quote.sign(quote.make(model=model, aspect_ratio="1:1", count=1), model=model, aspect_ratio="1:1")
    current_app.conf.update(broker_url=broker_url(LOST_REDIS), broker_write_url=broker_url(LOST_REDIS))
    submitted = jobs.submit(
        owner=person.user,
        visitor=None,
        wish=Wish(model=model, prompt=people.PROMPT),
        quote_token=token,
        key=uuid4().hex,
        address=person.address,
    )
    now = time.monotonic_ns()
    return _delays({submitted.job.code: now})[0] / 1000
