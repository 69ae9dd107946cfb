"""Jobs at an emulated Replicate on a real site: its webhooks arrive, and workers die around the call that costs."""

import http.client
from collections.abc import Iterator

import pytest

from tests.alive import until
from tests.emulators.replicate import ReplicateEmulator, webhooks
from tests.emulators.replicate.runs import FINAL
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes

CACHE = 1
PROMPTS = ("a harbour", "a lighthouse", "a kite", "a forest", "an owl", "a bridge", "a river")


@pytest.fixture
def emulator(site: Site) -> Iterator[ReplicateEmulator]:
    """The site's web processes and workers know it; the workers fetch the secret of its webhooks."""
    with ReplicateEmulator(seconds=0.2, retry_seconds=(0.2, 0.5, 1.0)) as emulator:
        at_it = {"REPLICATE_API_TOKEN": "r8_tried", "REPLICATE_BASE_URL": emulator.url}
        at_it["REPLICATE_FILE_HOSTS"] = "127.0.0.1"
        site.worker.stop()
        site.worker.start(**at_it)
        site.restart_web(**at_it)
        site.redis(CACHE).flushdb()  # the catalogue of a site without Replicate
        yield emulator
        until(lambda: site.open_jobs() == 0)  # by those who know where its jobs are
        site.run_all()
        site.redis(CACHE).flushdb()


def predictions_left(site: Site) -> int:
    return site.number("SELECT count(*) FROM generation_attempt WHERE poll_at IS NOT NULL")


def test_workers_that_die_around_the_call_lose_no_job_and_begin_nothing_twice(
    site: Site, guest: Person, emulator: ReplicateEmulator
) -> None:
    """F18, F25, F27, F28: killed before the call was taken, after it was taken, after its answer; F34: in a file."""
    emulator.faults.add("kill", at="create", match="harbour", accepted=False)
    emulator.faults.add("kill", at="create", match="lighthouse")
    emulator.faults.add("drop_webhook", match="lighthouse")
    emulator.faults.add("kill", at="create", match="kite", when="after")
    emulator.faults.add("drop", at="create", match="forest")
    emulator.faults.add("drop_webhook", match="owl")
    emulator.faults.add("kill", at="files", match="bridge", when="during")

    jobs = [guest.submit(prompt, model="flux-schnell") for prompt in PROMPTS]
    for job in jobs:
        guest.wait(job, ["succeeded"])

    ours = "FROM generation_job job JOIN generation_asset asset ON asset.job_id = job.id WHERE job.code = ANY(%s)"
    assert site.number(f"SELECT count(*) {ours}", jobs) == len(PROMPTS)
    begun = [told["input"]["prompt"] for told in emulator.predictions]
    assert sorted(begun) == sorted(PROMPTS)
    assert guest.balance() == 10 - len(PROMPTS)
    assert predictions_left(site) == 0


def test_a_cancelled_job_stops_what_runs_for_it(site: Site, guest: Person, emulator: ReplicateEmulator) -> None:
    emulator.faults.add("stuck", status="processing")
    job = guest.submit("a comet", model="flux-schnell")
    guest.wait(job, ["running"])
    guest.cancel(job)
    until(lambda: emulator.predictions[0]["status"] in FINAL)
    assert emulator.predictions[0]["status"] == "canceled"
    until(lambda: predictions_left(site) == 0)
    assert guest.balance() == 10


def test_a_webhook_in_chunks_is_read_like_any_other_and_bounded(site: Site, emulator: ReplicateEmulator) -> None:
    """F37: it has no length that could be looked at before."""
    body = b'{"id": "x", "status": "succeeded", "logs": "' + b"x" * 3_000_000 + b'"}'
    until(lambda: chunked(site, emulator, body) == 200)  # 503 before a worker has fetched the secret
    assert site.number("SELECT length(body) FROM generation_providerevent ORDER BY id DESC LIMIT 1") == len(body)
    assert chunked(site, emulator, body[:-1]) == 200
    assert chunked(site, emulator, b"x" * 10_000_001) == 413


def chunked(site: Site, emulator: ReplicateEmulator, body: bytes) -> int:
    """The status of a signed post, sent in pieces."""
    sent = webhooks.headers([emulator.secret], event_id=webhooks.new_event_id(), body=body)
    pieces = iter([body[start : start + 65_536] for start in range(0, len(body), 65_536)])
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    try:
        headers = sent | {"Transfer-Encoding": "chunked"}
        connection.request("POST", "/webhooks/replicate/x", pieces, headers, encode_chunked=True)
        return connection.getresponse().status
    finally:
        connection.close()
