"""The balance in the bar and what a price leaves of it follow every movement, without a reload, in every tab."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import PROMPT, button, generate, nobody_works, picture, sees
from tests.browser.conftest import Anybody
from tests.processes.site import Site

pytestmark = pytest.mark.browser

SLOW = """
from generation import catalogue
from generation.models import InferenceModel
InferenceModel.objects.update(price_credits=4, measured_seconds=1000, measured_at="2026-01-01T00:00:00Z")
catalogue.forget()
"""


def shows(page: Page, balance: int, *, leaves: int | None = None) -> None:
    expect(page.locator("#balance .balance__num")).to_have_text(re.compile(rf"^{balance}\b"))
    if leaves is not None:
        expect(page.locator("#cost-summary")).to_contain_text(f"leaves {leaves}")


def stay(*pages: Page) -> None:
    """Each of these pages will know whether it was loaded again."""
    for page in pages:
        page.evaluate("window.same = true")


def stayed(*pages: Page) -> bool:
    return all(page.evaluate("window.same === true") for page in pages)


@pytest.fixture
def slow(site: Site) -> Iterator[None]:
    """A model of 4 credits that is said to take a thousand seconds, so that every run is a quick one."""
    site.beat.stop()  # it would measure anew
    site.manage("shell", "-c", SLOW)
    yield
    site.manage(
        "shell", "-c", "from generation.models import InferenceModel as M; M.objects.update(measured_seconds=None)"
    )
    site.manage("sync_catalogue")


def test_a_reserve_a_cancel_and_a_failure_show_in_every_tab(site: Site, anybody: Anybody) -> None:
    page = anybody()
    gallery, studio = page.context.new_page(), page.context.new_page()
    page.goto("/", wait_until="networkidle")
    gallery.goto("/explore", wait_until="networkidle")
    studio.goto("/", wait_until="networkidle")
    page.locator("input[name=count][value='4']").check()
    expect(page.locator("#cost-summary")).to_contain_text("leaves 6")
    stay(page, gallery, studio)
    with nobody_works(site):
        page.get_by_label("Prompt").fill(PROMPT)
        button(page).click()
        shows(page, 6, leaves=2)
        shows(gallery, 6)
        shows(studio, 6, leaves=5)
        page.get_by_role("button", name=re.compile("^Cancel.*releases 4 credits")).click()
        shows(page, 10, leaves=6)
        shows(gallery, 10)
        shows(studio, 10, leaves=9)

        button(page).click()
        shows(page, 6, leaves=2)
        site.rows("UPDATE generation_job SET deadline_at = now() WHERE finished_at IS NULL RETURNING id")
        site.manage("sweep")
        expect(page.locator("#stage [data-error=timeout]")).to_contain_text("Nothing was charged.")
        shows(page, 10, leaves=6)
        shows(gallery, 10)
        shows(studio, 10, leaves=9)
    assert stayed(page, gallery, studio)


def test_a_charge_below_the_quote_gives_back_on_the_jobs_page_and_in_the_studio(
    site: Site, slow: None, anybody: Anybody
) -> None:
    page = anybody()
    with nobody_works(site):
        generate(page)
        shows(page, 5, leaves=0)
        job = page.context.new_page()
        job.goto("/library", wait_until="networkidle")
        job.locator("#tray-summary").click()
        job.get_by_role("link", name=re.compile("^Open the job")).click()
        expect(job).to_have_url(re.compile("/jobs/"))
        shows(job, 5)
        stay(page, job)
    sees(picture(page))
    shows(page, 7, leaves=2)
    shows(job, 7)
    assert stayed(page, job)
    job.get_by_role("link", name="Receipt").first.click()
    expect(job.get_by_text("under half of the expected 17 min: 3 instead of 5 credits a picture.")).to_be_visible()
