"""Every main page, narrow and wide, light and dark: it fits, its console is silent, axe finds nothing serious."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Page, expect

from tests.browser.acts import PROMPT
from tests.browser.conftest import Anybody
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
SERIOUS = {"serious", "critical"}


@dataclass(frozen=True)
class Exhibition:
    """Mara, who has shown one picture and kept another."""

    cookies: list[SetCookieParam]
    job: str
    shown: str
    private: str
    handle: str


@pytest.fixture(scope="module")
def exhibition(running: Site) -> Exhibition:
    running.run_all()
    mara = Person(running.url)
    mara.become_guest()
    jobs: list[str] = []
    for prompt in (PROMPT, "Night bus in the rain"):
        jobs.append(mara.submit(prompt))
        mara.wait(jobs[-1], ["succeeded"])
    mara.sign_up("mara@example.org", running.code_mailed_to)
    shown, private = (
        str(code) for (code,) in running.rows("SELECT code FROM generation_asset ORDER BY id DESC LIMIT 2")
    )
    mara.publish(shown, "Ridges")
    [[handle]] = running.rows("SELECT handle FROM accounts_user WHERE email = 'mara@example.org'")
    cookies: list[SetCookieParam] = [
        {"name": cookie.name, "value": cookie.value or "", "url": running.url} for cookie in mara.cookies
    ]
    return Exhibition(cookies, jobs[0], shown, private, handle)


PAGES: dict[str, Callable[[Exhibition], str]] = {
    "studio": lambda _: "/",
    "explore": lambda _: "/explore",
    "art": lambda made: f"/art/{made.shown}",
    "private art": lambda made: f"/art/{made.private}",
    "comments": lambda made: f"/art/{made.shown}/comments",
    "lineage": lambda made: f"/art/{made.shown}/lineage",
    "following": lambda _: "/following",
    "artist": lambda made: f"/@{made.handle}",
    "library": lambda _: "/library",
    "trash": lambda _: "/library/trash",
    "archives": lambda _: "/exports",
    "collections": lambda _: "/collections",
    "new collection": lambda _: "/collections/new",
    "collections of an artist": lambda made: f"/@{made.handle}/collections",
    "save to a collection": lambda made: f"/art/{made.shown}/collect",
    "presets": lambda _: "/presets",
    "new preset": lambda made: f"/presets/new?remix={made.shown}",
    "credits": lambda _: "/credits",
    "pricing": lambda _: "/pricing",
    "limits": lambda _: "/limits",
    "open books": lambda _: "/transparency",
    "job": lambda made: f"/jobs/{made.job}",
    "receipt": lambda made: f"/jobs/{made.job}/receipt",
    "settings": lambda _: "/settings",
    "appeals": lambda _: "/appeals",
    "rules": lambda _: "/rules",
    "e-mail": lambda _: "/accounts/email/",
    "no page": lambda _: "/there/is/none",
}
DOORS = {"studio": "/", "explore": "/explore", "sign in": "/accounts/login/", "sign up": "/accounts/signup/"}
DOORS |= {
    "reset": "/accounts/password/reset/",
    "pricing": "/pricing",
    "library": "/library",
    "open books": "/transparency",
}
LOOKS = {
    f"{scheme}, {width}": {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    for scheme, width in (("light", 360), ("dark", 360), ("dark", 1440))
}


def found_wrong(page: Page, path: str) -> list[str]:
    """What is wrong with a page."""
    page.goto(path, wait_until="networkidle")
    expect(page.locator("main")).to_be_visible()
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    wrong = [f"{path} is {wide[0]} px wide in a window of {wide[1]}"] if wide[0] > wide[1] else []
    page.evaluate(AXE)
    report: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert report["testEngine"]["name"] == "axe-core"
    return wrong + [
        f"{path} {one['impact']} {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in report["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_an_accounts_pages_are_whole(anybody: Anybody, exhibition: Exhibition, look: dict[str, Any]) -> None:
    page = anybody(**look)
    page.context.add_cookies(exhibition.cookies)
    wrong = [line for path in PAGES.values() for line in found_wrong(page, path(exhibition))]
    assert wrong == []


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_a_visitors_pages_are_whole(anybody: Anybody, exhibition: Exhibition, look: dict[str, Any]) -> None:
    page = anybody(**look)
    paths = [
        *DOORS.values(),
        f"/art/{exhibition.shown}",
        f"/art/{exhibition.shown}/comments",
        f"/@{exhibition.handle}",
        f"/art/{exhibition.private}",
    ]
    assert [line for path in paths for line in found_wrong(page, path)] == []


def test_pages_without_javascript_do_not_overflow(anybody: Anybody, exhibition: Exhibition) -> None:
    page = anybody(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page.context.add_cookies(exhibition.cookies)
    for path in PAGES.values():
        page.goto(path(exhibition))
        expect(page.locator("main")).to_be_visible()
        box = page.locator("main").bounding_box()
        assert box
        assert box["width"] <= 360, path(exhibition)
