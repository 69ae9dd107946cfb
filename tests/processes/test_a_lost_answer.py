"""A worker that dies with a finished answer in its hands: the vendor is paid twice, the person once (F45)."""

from collections.abc import Iterator

import pytest

from tests.emulators.gemini import GeminiEmulator
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes

ROW = """
from generation import catalogue
from generation.models import InferenceModel
InferenceModel.objects.update_or_create(slug="banana", defaults=dict(
    name="Banana", about="Gemini at the wire", provider="gemini", provider_model="gemini-2.5-flash-image",
    lane="providers", aspect_ratios=["1:1"], styles=dict(none=""), max_count=4, price_credits=1, typical_seconds=8,
    position=99, is_retired={retired}))
catalogue.forget()
"""


@pytest.fixture
def gemini(site: Site) -> Iterator[GeminiEmulator]:
    """The site with a model of Gemini's, whose vendor is at the wire."""
    with GeminiEmulator() as emulator:
        keys = {"GEMINI_API_KEYS": "some-key", "GEMINI_BASE_URL": emulator.url}
        site.worker.stop()
        site.worker.start(**keys)
        site.restart_web(**keys)
        site.manage("shell", "-v0", "-c", ROW.format(retired=False))
        yield emulator
        site.manage("shell", "-v0", "-c", ROW.format(retired=True))


def test_an_answer_that_died_with_its_worker_is_asked_for_again_and_paid_once(
    site: Site, gemini: GeminiEmulator
) -> None:
    gemini.faults.add("kill", when="after")
    guest = Person(site.url)
    job = guest.submit(model="banana", count=2)
    card = guest.wait(job, ["succeeded"])

    assert [call.path for call in gemini.calls] == ["/v1/models/gemini-2.5-flash-image:generateContent"] * 3
    assert site.number("SELECT tries FROM generation_job WHERE code = %s", job) == 2
    assert "2 reserved, 2 charged." in card.text
    assert guest.balance() == 8
