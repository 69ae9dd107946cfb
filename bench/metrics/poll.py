"""M2: what a card's poll costs, in each state and with few and many jobs waiting, beside bare Django's one SELECT."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from bench import books, cells, people, statements
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground
from bench.load import ENDLESS, Load, Request
from bench.people import Person
from generation import cards, catalogue, jobs, lanes, running, worker
from generation.models import Job, Lane
from generation.pricing import quote
from generation.wish import Wish

PEOPLE = 200
DONE, RUNNING, QUEUED, CROWD = 50, 50, 100, 100_000
WARMED, COUNTED, COUNTED_SECONDS = 200, 20, 60
SITE = ("web", "postgres", "redis")
BARE = ("bare", "postgres")
# Measured on another day beside the same anchor: one SELECT of bare Django for one status check of AI-Horde's.
AI_HORDE_CHECK, AI_HORDE_CACHED = 41, 3.4

# A crowd in one statement each: copies of a waiting job, with the reserves that the database insists on. Everybody has
# the same number of them, each on a turn of its own, as if they had asked one after the other.
CROWD_JOBS = """
    INSERT INTO generation_job ({columns}, code, form_key, turn, owner_id)
    SELECT {columns}, made.code, 'crowd:' || made.code, 1000 + number / {people},
           (%(owners)s::bigint[])[1 + number %% {people}]
      FROM generation_job CROSS JOIN (
           SELECT number, gen_random_uuid() AS code FROM generate_series(0, {crowd} - 1) number) made
     WHERE generation_job.id = %(template)s
"""
CROWD_RESERVES = """
    INSERT INTO credits_transfer (owner_id, source_id, target_id, amount, phase, kind, key, subject, reason)
    SELECT job.owner_id, wallet.id, (SELECT id FROM credits_wallet WHERE owner_id IS NULL AND kind = 'revenue'),
           job.price_credits * job.count, 'reserve', 'generation', 'job:' || code || ':reserve:purchased',
           'job:' || code, ''
      FROM generation_job job JOIN credits_wallet wallet ON wallet.owner_id = job.owner_id
     WHERE wallet.kind = 'purchased' AND job.form_key LIKE 'crowd:%%'
"""


@dataclass(frozen=True)
class Asked:
    """A person and one of their jobs."""

    person: Person
    job: Job


def measure(ground: Ground) -> Verdict:
    """204 is a card that already shows everything; 200 one that does not."""
    cast = people.make(PEOPLE)
    ground.web()
    ground.bare_web()
    done = _ask(cast[:DONE])
    while worker.work(Lane.GPU):
        pass
    begun = _ask(cast[:RUNNING])
    for _ in begun:
        job = lanes.claim(lane=Lane.GPU)
        assert job is not None
        running.begin(job)
    queued = _ask(cast[:QUEUED])
    plans = {
        ("queued 204", 204): queued,
        ("queued 200", 200): queued,
        ("running 204", 204): begun,
        ("running 200", 200): begun,
        ("done 204", 204): done,
        ("done 200", 200): done,
    }
    found: cells.Cells = {}
    counts: dict[str, statements.Count] = {}

    def site(label: str, status: int, asked: list[Asked], connections: int) -> Callable[[int], Cell]:
        requests = _requests(asked, status)
        load = partial(_load, ground, requests, status)
        if label not in counts:
            counts[label] = _count(ground, load)
        sql = counts[label].statements / COUNTED
        make = partial(load, connections=connections)
        return lambda number: cells.measure(ground, label, make, roles=SITE, number=number, sql=sql)

    def bare(connections: int) -> Callable[[int], Cell]:
        requests = [
            Request(f"GET /select/{number} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()) for number in range(1, 301)
        ]
        make = partial(
            Load, ground.bare_port, requests, connections, cells.WARM_SECONDS, ground.seconds, frozenset({200})
        )
        return lambda number: cells.measure(ground, "bare select", make, roles=BARE, number=number, sql=1)

    few = [site(label, status, asked, 8) for (label, status), asked in plans.items()]
    few = [few[0], bare(8), *few[1:], site("queued 204", 204, queued, 1), bare(1)]
    few += [site("queued 204", 204, queued, 32), bare(32)]
    found |= cells.interleave(ground, few)
    _crowd(cast)
    waiting = _ask(cast[:QUEUED])
    found |= cells.interleave(ground, [bare(8), site("queued 204 of 100k", 204, waiting, 8)])
    wrong = books.wrong(jobs=DONE + RUNNING + 2 * QUEUED + CROWD)
    if cells.errors(found):
        wrong.append(f"{cells.errors(found)} answers were not what they must be")
    return Verdict(not wrong, _goals(found, counts), {}, wrong, cells.noisy(found))


def _goals(found: cells.Cells, counts: dict[str, statements.Count]) -> list[Goal]:
    bare = ("bare select", 8)
    goals = []
    for label in ("queued 204", "running 204", "done 204"):
        share = cells.ratio(found, (label, 8), bare, lambda cell: cell.per_second)
        cpu = 1 / cells.ratio(found, (label, 8), bare, lambda cell: cell.cpu_total_ms)
        goals += [
            Goal.at_least(f"{label}: requests a second at 8, of bare select", share, 0.7),
            Goal.at_least(f"{label}: CPU at 8, bare select's of ours", cpu, 0.7),
            Goal.no_more_than(f"{label}: SQL statements", counts[label].statements / COUNTED, 1),
        ]
    share = cells.ratio(found, ("queued 204", 8), bare, lambda cell: cell.per_second)
    few, many = ("queued 204", 8), ("queued 204 of 100k", 8)
    crowded = _cpu(found, many) / _cpu(found, few)
    return [
        *goals,
        Goal.at_least("times AI-Horde uncached, by recorded ratio", share * AI_HORDE_CHECK, 20),
        Goal.at_least("times AI-Horde cached, by recorded ratio", share * AI_HORDE_CACHED, 2),
        Goal.no_more_than("CPU with 100,000 waiting, of that with 100", crowded, 1.2),
        Goal.no_more_than("SQL statements with 100,000 waiting", counts[many[0]].statements / COUNTED, 1),
    ]


def _cpu(found: cells.Cells, key: tuple[str, int]) -> float:
    return min(cell.cpu_total_ms for cell in found[key])


# --- Jobs in each state ----------------------------------------------------------------------------------------------


def _ask(cast: list[Person]) -> list[Asked]:
    """A job for each, accepted as the studio's form would have it."""
    model = catalogue.find(Lane.GPU)
    assert model is not None
    token = quote.sign(quote.make(model=model, aspect_ratio="1:1", count=1), model=model, aspect_ratio="1:1")
    wish = Wish(model=model, prompt=people.PROMPT)
    return [
        Asked(
            person,
            jobs.submit(
                owner=person.user, visitor=None, wish=wish, quote_token=token, key=uuid4().hex, address=person.address
            ).job,
        )
        for person in cast
    ]


def _crowd(cast: list[Person]) -> None:
    """CROWD jobs that wait before those of anybody who asks from now on."""
    own = {"id", "code", "form_key", "turn", "owner_id"}
    columns = ", ".join(str(field.column) for field in Job._meta.concrete_fields if field.column not in own)
    values: dict[str, Any] = {
        "owners": [person.user.pk for person in cast],
        "template": Job.objects.filter(waiting=True).values_list("pk", flat=True)[0],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CROWD_JOBS.format(columns=columns, people=PEOPLE, crowd=CROWD), values)
        cursor.execute(CROWD_RESERVES)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# --- Polls -----------------------------------------------------------------------------------------------------------


def _requests(asked: list[Asked], status: int) -> list[Request]:
    return [Request(one.person.head("GET", _url(one, status), htmx=True)) for one in asked]


def _url(one: Asked, status: int) -> str:
    job = cards.find(code=one.job.code, owner_id=one.person.user.pk)
    assert job is not None
    version = job.version if status == 204 else 0
    return f"/jobs/{job.code}/card?v={version}&place={cards.place_of(job)}"


def _load(
    ground: Ground, requests: list[Request], status: int, *, connections: int, requests_max: int = ENDLESS
) -> Load:
    endless = requests_max == ENDLESS
    warm, seconds = (cells.WARM_SECONDS, ground.seconds) if endless else (0, COUNTED_SECONDS)
    return Load(ground.port, requests, connections, warm, seconds, frozenset({status}), requests_max=requests_max)


def _count(ground: Ground, load: Callable[..., Load]) -> statements.Count:
    cells.run_quietly(ground, load(connections=cells.WARMERS, requests_max=WARMED))
    with statements.counted() as count:
        cells.run_quietly(ground, load(connections=1, requests_max=COUNTED))
    return count
