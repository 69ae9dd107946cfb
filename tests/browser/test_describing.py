"""Saying what a picture shows, with and without JavaScript; linked data on pages, which runs nothing."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Anybody
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.browser

WORDS = "Ridges one behind another, paler the farther they are </script><b>"


@pytest.fixture(scope="module")
def noor(running: Site) -> tuple[Person, str]:
    """Noor and a picture that she has shown under a title that would like to be more than text."""
    running.run_all()
    person = Person(running.url)
    person.become_guest()
    job = person.submit("Ridges in the morning")
    person.wait(job, ["succeeded"])
    person.sign_up("noor@example.org", running.code_mailed_to)
    [[code]] = running.rows(
        f"SELECT a.code FROM generation_asset a JOIN generation_job j ON j.id = a.job_id WHERE j.code = '{job}'"
    )
    person.publish(str(code), "</script><script>alert(1)</script>")
    return person, f"/art/{code}"


def signed_in(page: Page, person: Person, site: Site) -> Page:
    page.context.add_cookies(
        [{"name": cookie.name, "value": cookie.value or "", "url": site.url} for cookie in person.cookies]
    )
    return page


@pytest.mark.parametrize("javascript", [True, False], ids=["with", "without"])
def test_an_owner_says_what_a_picture_shows(
    site: Site, anybody: Anybody, noor: tuple[Person, str], javascript: bool
) -> None:
    person, address = noor
    page = signed_in(anybody(java_script_enabled=javascript), person, site)
    page.goto(address)
    words = f"{WORDS} {javascript}"
    page.get_by_label("What the picture shows").fill(words)
    page.get_by_role("button", name="Save description").click()
    expect(page.get_by_text("Screen readers and search engines are told so.")).to_be_visible()
    expect(page.get_by_label("What the picture shows")).to_have_value(words)
    page.goto("/explore")
    expect(page.get_by_alt_text(words).first).to_be_visible()


def test_linked_data_is_read_and_not_run(site: Site, anybody: Anybody, noor: tuple[Person, str]) -> None:
    page = anybody()
    refused: list[str] = []
    page.on("dialog", lambda dialog: refused.append(dialog.message))
    page.goto(noor[1])
    data = page.locator("script[type='application/ld+json']")
    expect(data).to_have_count(1)
    node = json.loads(data.text_content() or "")["@graph"][0]
    assert node["name"] == "</script><script>alert(1)</script>"
    feed = page.locator("link[type='application/atom+xml']").get_attribute("href")
    assert feed is not None
    assert page.request.get(feed).status == 200
    assert refused == []
