"""A real site and a real Chromium. Every page that a test opens is watched: nothing may be said on its console."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.processes.site import Site

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync", "--no-first-run"]
PATIENCE_MS = 20_000

Anybody = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        reason = "no Chromium here: the browser tests need one (on Debian: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": chromium, "args": ARGUMENTS}


@pytest.fixture(scope="package")
def running(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    site = Site(tmp_path_factory.mktemp("browser") / "a site", OPEN_JOBS_MAX="1,3,6", JOB_LEASE_SECONDS="60")
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def site(running: Site) -> Site:
    running.run_all()
    return running


@pytest.fixture
def anybody(site: Site, new_context: Callable[..., BrowserContext]) -> Iterator[Anybody]:
    """A page in a browser of its own, each time it is called; takes what a Playwright context takes."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # An answer that is an error or never came is noted by Chromium and by htmx; that is no fault of the page.
        silent = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
        noted = message.text.startswith(silent)
        # Neither is what graphics made by software say about their own speed.
        noted = noted or message.text.startswith(("[.WebGL-", "rAF timed out"))
        if message.type in {"error", "warning"} and not noted:
            said.append(f"{message.text} ({message.location})")

    def page(**options: Any) -> Page:
        page = new_context(base_url=site.url, **{"viewport": {"width": 1280, "height": 900}, **options}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", listen)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield page
    assert said == []
