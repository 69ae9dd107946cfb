"""What people do in a browser, in the words that stand on the page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGSTOP

from playwright.sync_api import Locator, Page, expect

from tests.processes.person import PASSWORD
from tests.processes.site import Site

PROMPT = "Misty ridges at first light, a lake between the pines"


def generate(page: Page, prompt: str = PROMPT) -> None:
    """Ask for a picture, from the studio."""
    page.goto("/")
    page.get_by_label("Prompt").fill(prompt)
    button(page).click()


def button(page: Page) -> Locator:
    return page.locator("#generate")


def picture(page: Page) -> Locator:
    return page.locator("#stage [data-state=succeeded] img")


def sees(image: Locator) -> None:
    """The picture is there and is one."""
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0


def sign_up(page: Page, site: Site, email: str) -> None:
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Code from the mail")).to_be_visible()
    page.get_by_label("Code").fill(site.code_mailed_to(email))
    page.get_by_role("button", name="Verify").click()
    expect(page).to_have_url(site.url + "/")


def addresses(page: Page) -> list[str]:
    """Every address that the images of the page name."""
    named: list[str] = page.locator("main img, main source").evaluate_all(
        "all => all.flatMap(one => [one.getAttribute('src'), ...(one.srcset || '').split(',')])"
        ".filter(Boolean).map(text => text.trim().split(' ')[0])"
    )
    return sorted({address for address in named if "/files/" in address})


def status(page: Page, path: str) -> int:
    """What this browser's person is answered, past its cache."""
    return page.request.get(path, max_redirects=0).status


def job_in(url: str) -> str:
    found = re.search(r"/jobs/([0-9a-f-]{36})", url)
    assert found, url
    return found[1]


@contextmanager
def nobody_works(site: Site) -> Iterator[None]:
    """What is asked for meanwhile stays in the queue."""
    site.worker.signal_group(SIGSTOP)
    try:
        yield
    finally:
        site.worker.signal_group(SIGCONT)
