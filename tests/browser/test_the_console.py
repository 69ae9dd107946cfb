"""The staff's Replicate pages in a browser: they look for their answers by themselves, with and without JavaScript."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Anybody
from tests.emulators.replicate import ReplicateEmulator
from tests.processes.person import PASSWORD
from tests.processes.site import Site

pytestmark = pytest.mark.browser

CACHE = 1
SAM = f"""
from allauth.account.models import EmailAddress
from accounts.models import User
told = {{"handle": "sam_of_the_console", "is_staff": True, "is_superuser": True}}
sam = User.objects.create_user("sam@console.example", "{PASSWORD}", **told)
EmailAddress.objects.create(user=sam, email=sam.email, verified=True, primary=True)
"""
GONE = """
from generation.models import InferenceModel
InferenceModel.objects.filter(is_imported=True).delete()
"""


@pytest.fixture(scope="module")
def emulated(running: Site) -> Iterator[ReplicateEmulator]:
    """The site knows an emulated Replicate, and Sam."""
    with ReplicateEmulator(seconds=0.3) as emulator:
        at_it = {"REPLICATE_API_TOKEN": "r8_tried", "REPLICATE_BASE_URL": emulator.url}
        running.worker.stop()
        running.worker.start(**at_it)
        running.restart_web(**at_it)
        running.manage("shell", "-v", "0", "-c", SAM)
        yield emulator
        running.manage("shell", "-v", "0", "-c", GONE)
        running.run_all()
        running.redis(CACHE).flushdb()


@pytest.fixture
def site(running: Site, emulated: ReplicateEmulator) -> Site:
    """As it runs now: it is not put back to what other tests know."""
    running.redis(CACHE).flushdb()
    return running


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail").fill("sam@console.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


def test_staff_find_a_model_train_it_and_bring_one_in(anybody: Anybody, emulated: ReplicateEmulator) -> None:
    page = anybody()
    sign_in(page)
    page.get_by_role("link", name="Account, models, deployments").click()
    expect(page.get_by_text("Atelier (emulated)")).to_be_visible()
    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_label("Find models").fill("fine-tune")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="ostris/flux-dev-lora-trainer").click()
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_label("Destination").fill("atelier/cats")
    page.get_by_label("Input:").fill('{"input_images": "https://example.org/cats.zip"}')
    page.get_by_label("Reason").fill("to see it run")
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    assert [told["destination"] for told in emulated.trainings] == ["atelier/cats"]
    page.goto("/admin/replicate/models/stability-ai/sdxl/")
    page.get_by_role("link", name="Add to the catalogue").click()
    page.get_by_label("Name").fill("SDXL by hand")
    page.get_by_label("Reason").fill("to see it come in")
    page.get_by_role("button", name="Add to the catalogue").click()
    expect(page.get_by_text("SDXL by hand is in the catalogue, switched off.")).to_be_visible()


def test_without_javascript_the_page_comes_again_until_the_answer_is_there(anybody: Anybody) -> None:
    page = anybody(java_script_enabled=False)
    sign_in(page)
    page.goto("/admin/replicate/hardware/")
    expect(page.get_by_text("Asking Replicate…")).to_be_visible()
    expect(page.get_by_text("Nvidia H100 GPU")).to_be_visible()
