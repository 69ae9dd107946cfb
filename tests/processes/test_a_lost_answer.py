"""A worker that dies with a finished answer in its hands: the vendor is paid twice, the person once."""

from collections.abc import Iterator

import pytest

from tests.emulators.gemini import GeminiEmulator
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes

PICTURES = "SELECT count(*) FROM generation_asset a JOIN generation_job j ON j.id = job_id WHERE j.code = %s"
CHARGES = "SELECT count(*) FROM credits_transfer WHERE phase = 'capture' AND subject = %s"


@pytest.fixture
def gemini(site: Site) -> Iterator[GeminiEmulator]:
    """The site with a key for Gemini, whose vendor is at the wire."""
    with GeminiEmulator() as emulator:
        keys = {"GEMINI_API_KEYS": "some-key", "GEMINI_BASE_URL": emulator.url}
        site.worker.stop()
        site.worker.start(**keys)
        site.restart_web(**keys)
        site.redis(1).flushdb()  # the list of models that can be used here
        yield emulator
        site.redis(1).flushdb()


def test_an_answer_that_died_with_its_worker_is_asked_for_again_and_paid_once(
    site: Site, gemini: GeminiEmulator
) -> None:
    gemini.faults.add("kill", when="after")
    guest = Person(site.url)
    job = guest.submit(model="nano-banana", count=2)
    guest.wait(job, ["succeeded"])

    assert [call.path for call in gemini.calls] == ["/v1/models/gemini-2.5-flash-image:generateContent"] * 3
    assert site.number("SELECT tries FROM generation_job WHERE code = %s", job) == 2
    assert site.number(PICTURES, job) == 2
    assert site.number(CHARGES, f"job:{job}") == 1
