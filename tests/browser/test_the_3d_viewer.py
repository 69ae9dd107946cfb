"""A model of one's own, turned in a browser: nothing from another origin, nothing that the page's policy refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from gallery import viewer
from tests.browser.conftest import PATIENCE_MS, Anybody
from tests.browser.test_every_page import found_wrong
from tests.processes.person import Person
from tests.processes.site import Site
from tests.solids import picture, textured

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Crystal:
    """A guest's model, and the guest."""

    path: str
    cookies: list[SetCookieParam]


@pytest.fixture(scope="module")
def crystal(running: Site) -> Crystal:
    if not (Path(settings.BASE_DIR) / "static" / viewer.SCRIPT).exists():
        pytest.skip("no viewer here: npm, which brings it, is optional, and the set-up found none or no registry")
    running.run_all()
    guest = Person(running.url)
    fields = guest.form("An amethyst crystal", model="demo-3d")
    fields["quote"] = guest.post("/quote", fields).field("quote")
    guest.wait(guest.post("/generate", fields).job, ["succeeded"])
    [[code]] = running.rows("SELECT code FROM generation_asset WHERE kind = '3d' ORDER BY id DESC LIMIT 1")
    cookies: list[SetCookieParam] = [
        {"name": cookie.name, "value": cookie.value or "", "url": running.url} for cookie in guest.cookies
    ]
    return Crystal(f"/art/{code}", cookies)


def test_a_model_is_turned_by_buttons_and_keys_and_asks_nobody_else(anybody: Anybody, crystal: Crystal) -> None:
    page = anybody(reduced_motion="reduce")
    page.context.add_cookies(crystal.cookies)
    assert found_wrong(page, crystal.path) == []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/model.glb", with_a_texture)
    before = page.locator(".solid").bounding_box()
    page.get_by_role("button", name="Turn it").press("Enter")
    expect(page.locator(".solid")).to_have_attribute("data-state", "ready")
    assert page.locator(".solid").bounding_box() == before
    assert any(url.endswith("/model.glb") for url in asked)
    here = page.url.removesuffix(crystal.path)
    assert [url for url in asked if not url.startswith((here, "blob:", "data:"))] == []
    assert model(page).evaluate("one => one.loaded && !one.autoRotate")
    start = angle(page)
    expect(page.get_by_role("button", name="Turn left")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_function(f"start => {ANGLE} < start - 0.1", arg=start)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Home")
    page.wait_for_function(f"start => Math.abs({ANGLE} - start) < 0.01", arg=start)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"start => {ANGLE} < start - 0.1", arg=start)


ANGLE = "document.querySelector('model-viewer').getCameraOrbit().theta"


def angle(page: Page) -> float:
    found: float = page.evaluate(ANGLE)
    return found


def model(page: Page) -> Locator:
    return page.locator("model-viewer")


def with_a_texture(route: Route) -> None:
    """Another model than the guest's: one with a picture inside. A policy that kept it away would be heard."""
    route.fulfill(body=textured(picture((64, 64))))


def test_nothing_heavy_comes_before_somebody_asks_and_the_poster_stays_when_it_fails(
    site: Site, crystal: Crystal, new_context: Callable[..., BrowserContext]
) -> None:
    """In a browser that nobody listens to: the viewer itself says on the console that it got nothing."""
    page: Page = new_context(base_url=site.url).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.context.add_cookies(crystal.cookies)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/model.glb", lambda route: route.fulfill(status=404))
    page.goto(crystal.path, wait_until="networkidle")
    assert not any("model-viewer" in url or "model.glb" in url for url in asked)
    page.get_by_role("button", name="Turn it").click()
    expect(page.get_by_role("alert")).to_contain_text("Your browser cannot turn it")
    expect(page.locator(".solid img")).to_be_visible()
    expect(page.get_by_role("link", name="Download GLB")).to_be_visible()
