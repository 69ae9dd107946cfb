"""The main story: a guest makes a picture, signs up, keeps it, shows it, takes it back; with and without JavaScript."""

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.acts import PROMPT, addresses, button, generate, picture, sees, sign_up, status
from tests.browser.conftest import Anybody
from tests.processes.site import Site

pytestmark = pytest.mark.browser

# Every shift of the layout that counts: what answers a click within half a second is what the click is for.
SHIFTS = """
  window.shifts = [];
  new PerformanceObserver(list => list.getEntries().filter(entry => !entry.hadRecentInput).forEach(entry =>
    window.shifts.push({value: entry.value, moved: entry.sources.map(source => source.node && source.node.className)})
  )).observe({type: 'layout-shift', buffered: true});
"""


def shapes(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return {name: round(box[name]) for name in ("x", "y", "width", "height")}


@pytest.mark.parametrize(
    "viewport", [{"width": 1280, "height": 900}, {"width": 390, "height": 844}], ids=["wide", "narrow"]
)
def test_a_guests_picture_appears_in_its_frame_without_reload_or_shift(
    site: Site, anybody: Anybody, viewport: dict[str, int]
) -> None:
    page = anybody(viewport=viewport, reduced_motion="reduce")
    page.add_init_script(SHIFTS)
    page.goto("/", wait_until="networkidle")
    page.get_by_label("3:2").check()
    expect(page.locator("#balance, .balance").first).to_contain_text("10")
    page.get_by_label("Prompt").fill(PROMPT)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.same = true; window.shifts.length = 0")

    held: list[Route] = []
    page.route("**/generate", lambda route: held.append(route))  # noqa: PLW0108  (Playwright marks it)
    button(page).click()

    # Before anything is answered: locked, saying so, and the frame stands.
    expect(button(page)).to_have_attribute("aria-disabled", "true")
    expect(button(page).locator(".btn__busy")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_js_property("readOnly", True)
    expect(page.locator("#stage [data-state=submitting]")).to_be_visible()
    frame = shapes(page, "#stage .canvas:visible")
    assert frame["width"] / frame["height"] == pytest.approx(3 / 2, abs=0.01)
    page.wait_for_timeout(600)  # from here on no input excuses a shift
    held[0].continue_()

    expect(page.locator("#stage [data-open]")).to_be_visible()
    assert shapes(page, "#stage .canvas") == frame
    expect(button(page).locator(".btn__wait")).to_be_visible()
    sees(picture(page))
    assert shapes(page, "#stage .canvas") == frame
    expect(page.locator("#balance")).to_contain_text("9")
    expect(button(page)).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#tray .badge")).to_have_count(0)  # it has heard of the end as well
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.same") is True
    assert page.evaluate("window.shifts") == []
    # The finished card asks for nothing more.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert [url for url in asked if "/card" in url or "/tray" in url] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_guest_signs_up_keeps_the_picture_shows_it_and_takes_it_back(
    site: Site, anybody: Anybody, scripts: bool
) -> None:
    email, title = f"mara{time.monotonic_ns()}@example.org", f"Ridges {time.monotonic_ns()}"
    page, stranger = anybody(java_script_enabled=scripts), anybody(java_script_enabled=scripts)

    generate(page)
    if not scripts:
        expect(page).to_have_url(re.compile("/jobs/"))
    sees(picture(page))
    page.goto("/library")
    expect(page.get_by_role("heading", name="Sign up to keep these")).to_be_visible()

    sign_up(page, site, email)
    expect(page.get_by_text("Your picture came along.")).to_be_visible()
    if scripts:
        expect(page.locator("#balance")).to_contain_text("70")
    page.goto("/library")
    expect(page.locator("#wall img")).to_have_count(1)
    page.locator("#wall a").click()
    sees(page.locator(".piece__wall img"))
    art, files = page.url, addresses(page)
    assert len(files) >= 3

    # Private: its owner's alone.
    assert {status(page, address) for address in files} == {200}
    assert {status(stranger, address) for address in [art, *files]} == {404}

    page.get_by_label("Public").check()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Make private again")).to_be_visible()

    assert {status(stranger, address) for address in [art, *files]} == {200}
    stranger.goto("/explore")
    stranger.get_by_role("link", name=PROMPT).first.click()
    expect(stranger.get_by_role("heading", name=title)).to_be_visible()
    expect(stranger).to_have_url(art)
    sees(stranger.locator(".piece__wall img"))

    page.get_by_role("button", name="Make private again").click()
    expect(page.get_by_role("button", name="Publish")).to_be_visible()
    assert {status(stranger, address) for address in [art, *files]} == {404}
    assert {status(page, address) for address in [art, *files]} == {200}
    stranger.goto("/explore")
    expect(stranger.locator(f"a[href$='{art[-36:]}']")).to_have_count(0)
    assert stranger.goto(art).status == 404  # type: ignore[union-attr]


def test_without_javascript_the_job_page_refreshes_itself_and_the_price_is_a_button(
    site: Site, anybody: Anybody
) -> None:
    page = anybody(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Prompt").fill(PROMPT)
    page.get_by_role("group", name="Pictures", exact=True).get_by_text("4", exact=True).click()
    page.get_by_role("button", name="Show price").click()
    expect(page.get_by_label("Prompt")).to_have_value(PROMPT)
    expect(page.locator("#cost-summary")).to_contain_text("4 credits")
    button(page).click()
    expect(page.locator("#stage [data-open]")).to_be_visible()
    expect(page.locator("#stage img")).to_have_count(4)
    page.get_by_role("link", name="Receipt").first.click()
    expect(page.get_by_text("4 reserved, 4 charged.")).to_be_visible()
