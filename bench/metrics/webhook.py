"""M8: what answering a provider's webhook costs, first and again, beside one commit; how soon its picture is seen."""

import io
import json
import os
import re
import statistics
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from django.conf import settings
from PIL import Image

from bench import books, cells, people, statements
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground
from bench.load import Load, Request
from bench.people import Person
from generation import callbacks, jobs, lanes, predictions, running
from generation.models import Asset, Attempt, InferenceModel, Job, Lane, ProviderEvent
from generation.pricing import quote
from generation.wish import Wish
from tests.emulators.replicate import ReplicateEmulator, webhooks
from tests.emulators.replicate.runs import new_id

PEOPLE, PREDICTIONS = 200, 200
PER_SECOND = 400  # how many a cell is long at most
WARMED, COUNTED = 100, 20
SEEN, SEEN_QUICK = 60, 5
PATIENCE_SECONDS, POLL_SECONDS = 30, 0.005
THUMBNAILS_PX = (256, 512)
SITE = ("web", "postgres", "redis")
BARE = ("bare", "postgres")
RECIPE = {
    "fields": {"prompt": "prompt", "aspect_ratio": "aspect_ratio", "seed": "seed", "count": "num_outputs"},
    "fixed": {"output_format": "png"},
}


def measure(ground: Ground) -> Verdict:
    """Every webhook is genuine, about a prediction that runs, and different; "again" is one that was kept before."""
    secret = webhooks.new_secret()
    with ReplicateEmulator(seconds=0.05, secret=secret) as emulator:
        os.environ |= {
            "REPLICATE_WEBHOOK_SECRET": secret,
            "REPLICATE_API_TOKEN": "r8_bench",
            "REPLICATE_BASE_URL": emulator.url,
            "REPLICATE_FILE_HOSTS": "127.0.0.1",
        }
        settings.REPLICATE_API_TOKENS = ["r8_bench"]  # this process, which asks for the jobs, began without
        cast = people.make(PEOPLE)
        ground.web()
        ground.bare_web()
        model = _model()
        attempts = [_begun(person, model) for person in cast[:PREDICTIONS]]
        found, sql = _answers(ground, secret, attempts)
        _end(attempts)
        ground.worker()
        acks, seen, raw = _seen(ground, emulator, cast, model)
    wrong = books.wrong(jobs=PREDICTIONS + len(seen))
    if cells.errors(found):
        wrong.append(f"{cells.errors(found)} webhooks were not answered 200")
    return Verdict(not wrong, _goals(found, sql, acks, seen, raw), _figures(acks, seen, raw), wrong, cells.noisy(found))


def _goals(found: cells.Cells, sql: float, acks: list[float], seen: list[float], raw: float) -> list[Goal]:
    bare, again = cells.ratio, partial(cells.ratio, found, ("webhook again", 1), ("webhook", 1))
    shares = {
        f"{what} at {connections}, of bare commit": bare(
            found, ("webhook", connections), ("bare commit", connections), of
        )
        for what, of in (("p50", lambda cell: cell.p50), ("CPU", lambda cell: cell.cpu_total_ms))
        for connections in (1, 8)
    }
    visible, ack = statistics.median(seen), statistics.median(acks)
    return [
        *(Goal.no_more_than(name, share, 2) for name, share in shares.items()),
        Goal.no_more_than("SQL statements, BEGIN and COMMIT among them", sql, 4),
        Goal.no_more_than("p50 of a repeat, of the first", again(lambda cell: cell.p50), 1.1),
        Goal.no_more_than("p50 until it is seen, of ack + 1.2 raw + 10 ms", visible / (ack + 1.2 * raw + 10), 1),
    ]


def _figures(acks: list[float], seen: list[float], raw: float) -> dict[str, float]:
    return {
        "ack_p50_ms": round(statistics.median(acks), 2),
        "seen_p50_ms": round(statistics.median(seen), 2),
        "seen_worst_ms": round(max(seen), 2),
        "raw_decode_and_thumbnails_ms": round(raw, 2),
    }


# --- Answers ---------------------------------------------------------------------------------------------------------


def _answers(ground: Ground, secret: str, attempts: list[Attempt]) -> tuple[cells.Cells, float]:
    """Cells at 1 and 8 connections, and the statements of one webhook."""
    number = max(100, int(PER_SECOND * ground.seconds))

    def new(connections: int, requests: int = number) -> Load:
        return _load(ground, _signed(secret, attempts, requests), connections, requests)

    def again(connections: int) -> Load:
        kept = _signed(secret, attempts, 50)
        cells.run_quietly(ground, _load(ground, kept, 1, len(kept)))
        return _load(ground, kept, connections, number)

    def bare(connections: int) -> Load:
        commit = [Request(b"POST /commit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")]
        return Load(ground.bare_port, commit, connections, 0, 60, frozenset({201}), requests_max=number)

    cells.run_quietly(ground, new(cells.WARMERS, WARMED))
    cells.run_quietly(ground, bare(cells.WARMERS))
    with statements.counted() as count:
        cells.run_quietly(ground, new(1, COUNTED))
    sql = count.statements / COUNTED

    def plan(label: str, make: Callable[[int], Load], connections: int) -> Callable[[int], Cell]:
        roles = BARE if label == "bare commit" else SITE
        load = partial(make, connections)
        return lambda turn: cells.measure(ground, label, load, roles=roles, number=turn)

    plans = [
        plan(label, make, connections)
        for connections in (1, 8)
        for label, make in (("bare commit", bare), ("webhook", new), ("webhook again", again))
    ]
    return cells.interleave(ground, plans), sql


def _load(ground: Ground, requests: list[Request], connections: int, number: int) -> Load:
    return Load(ground.port, requests, connections, 0, 60, frozenset({200}), requests_max=number)


def _signed(secret: str, attempts: list[Attempt], number: int) -> list[Request]:
    """So many different events in turn about the predictions; signed now, since an old signature is worth nothing."""
    return [_request(secret, attempts[n % len(attempts)], _told(attempts[n % len(attempts)])) for n in range(number)]


def _request(secret: str, attempt: Attempt, told: dict[str, Any]) -> Request:
    body = json.dumps(told).encode()
    sent = webhooks.headers([secret], event_id=webhooks.new_event_id(), body=body)
    head = [f"POST /webhooks/replicate/{callbacks.token(attempt.code)} HTTP/1.1", "Host: 127.0.0.1"]
    head += [f"{name}: {value}" for name, value in sent.items()] + [f"Content-Length: {len(body)}"]
    return Request("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def _told(attempt: Attempt) -> dict[str, Any]:
    """What Replicate tells of a success, at its usual length."""
    return {
        "id": attempt.external_id,
        "model": "black-forest-labs/flux-schnell",
        "version": "hidden",
        "input": {"prompt": people.PROMPT, "aspect_ratio": "1:1", "num_outputs": 1, "output_format": "png"},
        "logs": "".join(f"{percent:3d}%|##########| [00:00<00:00, 9.90it/s]\n" for percent in range(0, 101, 25)),
        "output": [f"https://replicate.delivery/xezq/{attempt.external_id}/out-0.png"],
        "error": None,
        "status": "succeeded",
        "metrics": {"predict_time": 0.82},
    }


# --- Jobs there ------------------------------------------------------------------------------------------------------


def _model() -> InferenceModel:
    return InferenceModel.objects.create(
        slug="elsewhere",
        name="Elsewhere",
        about="Runs at an emulated Replicate",
        provider="replicate",
        provider_model="black-forest-labs/flux-schnell",
        recipe=RECIPE,
        lane=Lane.PROVIDERS,
        aspect_ratios=["1:1"],
        price_credits=1,
        typical_seconds=1,
    )


def _submit(person: Person, model: InferenceModel) -> Job:
    token = quote.sign(quote.make(model=model, aspect_ratio="1:1", count=1), model=model, aspect_ratio="1:1")
    wish = Wish(model=model, prompt=people.PROMPT)
    return jobs.submit(
        owner=person.user, visitor=None, wish=wish, quote_token=token, key=uuid4().hex, address=person.address
    ).job


def _begun(person: Person, model: InferenceModel) -> Attempt:
    """A prediction that the books know of, and nobody else."""
    _submit(person, model)
    job = lanes.claim(lane=Lane.PROVIDERS)
    assert job is not None
    attempt = running.begin(job, is_remote=True)
    assert attempt is not None
    predictions.expect(job, attempt, external_id=new_id(), seconds=3600)
    return Attempt.objects.get(pk=attempt.pk)


def _end(attempts: list[Attempt]) -> None:
    """Nobody is to ask about them from now on."""
    for attempt in attempts:
        jobs.cancel(code=attempt.job.code, owner_id=attempt.job.owner_id)
    Attempt.objects.update(poll_at=None)


# --- Until it is seen ------------------------------------------------------------------------------------------------


def _seen(
    ground: Ground, emulator: ReplicateEmulator, cast: list[Person], model: InferenceModel
) -> tuple[list[float], list[float], float]:
    """Milliseconds from a webhook's sending to its answer, and to the first poll that shows the picture; and of the raw
    work on such a picture."""
    emulator.faults.add("drop_webhook", times=None)  # ours is sent when the clock runs
    acks, seen = [], []
    for person in cast[: SEEN_QUICK if ground.seconds < 1 else SEEN]:
        job = _submit(person, model)
        attempt = _prediction_over(emulator, job)
        told = emulator.run(str(attempt.external_id)).told()
        http = HTTPConnection("127.0.0.1", ground.port, timeout=30)
        http.connect()
        request = _request(emulator.secret, attempt, told)
        began = time.monotonic()
        http.sock.sendall(request.head)
        assert http.sock.recv(65_536).startswith(b"HTTP/1.1 200")
        acks.append(1000 * (time.monotonic() - began))
        _poll_until_seen(http, person, job)
        seen.append(1000 * (time.monotonic() - began))
        http.close()
        _wait_until_rendered()
    assert ProviderEvent.objects.filter(attempt__pictures=1).count() == len(seen)
    return acks, seen, _raw()


def _prediction_over(emulator: ReplicateEmulator, job: Job) -> Attempt:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        attempt = Attempt.objects.filter(job=job, external_id__isnull=False).first()
        if attempt and emulator.run(str(attempt.external_id)).over.wait(PATIENCE_SECONDS):
            return attempt
        time.sleep(0.005)
    raise SystemExit("bench: no worker began a prediction")


def _poll_until_seen(http: HTTPConnection, person: Person, job: Job) -> None:
    """As a card polls, which says what it shows; only with shorter pauses."""
    version, deadline = job.version, time.monotonic() + PATIENCE_SECONDS
    headers = {"Cookie": person.cookies, "X-Forwarded-For": person.address, "HX-Request": "true"}
    while time.monotonic() < deadline:
        http.request("GET", f"/jobs/{job.code}/card?v={version}&place=0", headers=headers)
        card = http.getresponse().read().decode()
        if 'data-state="succeeded"' in card:
            return
        version = int(found[1]) if (found := re.search(r"card\?v=(\d+)", card)) else version
        time.sleep(POLL_SECONDS)
    raise SystemExit("bench: the picture does not come")


def _wait_until_rendered() -> None:
    """The renditions of one picture are no part of the next one's time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Asset.objects.filter(rendered_at=None).exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _raw() -> float:
    """Milliseconds to decode the picture that was stored last, and to make two thumbnails of it."""
    newest = max(settings.MEDIA_ROOT.rglob("elsewhere_*.png"), key=lambda path: path.stat().st_mtime_ns)
    data = newest.read_bytes()
    times = []
    for _ in range(10):
        began = time.perf_counter()
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        for side in THUMBNAILS_PX:
            small = picture.copy()
            small.thumbnail((side, side))
            small.save(io.BytesIO(), "WEBP", quality=80)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
