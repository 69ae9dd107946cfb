"""The gallery in a browser: more pictures and back to the same place, filters that act at once, and without script."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.processes.site import Site

pytestmark = pytest.mark.browser

POSTS = 700  # without files: this is about tiles, not about what hangs in them
FIRST, MORE = 40, 3


@pytest.fixture(scope="module")
def gallery(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: so many pictures would stand in other tests' way."""
    expect.set_options(timeout=PATIENCE_MS)
    site = Site(tmp_path_factory.mktemp("finder") / "a site")
    try:
        site.start()
        site.manage("seed_scale", f"--posts={POSTS}")
        yield site
    finally:
        site.stop()


@pytest.fixture
def visit(gallery: Site, new_context: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    faults: list[str] = []

    def page(**options: object) -> Page:
        context = new_context(base_url=gallery.url, viewport={"width": 1280, "height": 900}, **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        return page

    yield page
    assert faults == []


def tiles(page: Page) -> list[str]:
    found: list[str] = page.locator("#wall .work__frame").evaluate_all(
        "all => all.map(one => one.getAttribute('href'))"
    )
    return found


def load_more(page: Page, times: int = MORE) -> None:
    for number in range(1, times + 1):
        page.get_by_role("link", name="Load more").click()
        expect(page.locator("#wall > li")).to_have_count(FIRST * (number + 1))


def place(page: Page) -> float:
    top: float = page.evaluate("scrollY")
    return top


@pytest.mark.parametrize("address", ["/explore", "/explore?q=light&sort=liked", "/@scale1"])
def test_back_from_a_picture_is_the_same_wall_at_the_same_place(visit: Callable[..., Page], address: str) -> None:
    page = visit()
    page.goto(address)
    loads = 1 if "@" in address or "q=" in address else MORE
    page.get_by_role("link", name="Load more").click()
    expect(page.locator("#wall > li").nth(FIRST)).to_be_attached()
    for number in range(1, loads):
        page.get_by_role("link", name="Load more").click()
        expect(page.locator("#wall > li")).to_have_count(FIRST * (number + 2))
    before = tiles(page)
    assert len(set(before)) == len(before) > FIRST
    chosen = page.locator("#wall .work__frame").nth(len(before) - 8)
    chosen.scroll_into_view_if_needed()
    top = place(page)
    assert top > 0
    chosen.click()
    expect(page).to_have_url(re.compile("/art/"))
    page.go_back()
    expect(page.locator("#wall > li")).to_have_count(len(before))
    assert tiles(page) == before
    page.wait_for_function("top => Math.abs(scrollY - top) < 60", arg=top)
    page.reload()
    expect(page.locator("#wall > li")).to_have_count(len(before))
    page.wait_for_function("top => Math.abs(scrollY - top) < 60", arg=top)


def test_a_wall_that_is_opened_anew_begins_at_the_beginning(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/explore")
    load_more(page, 1)
    page.goto("/pricing")
    page.goto("/explore")
    expect(page.locator("#wall > li")).to_have_count(FIRST)
    assert place(page) == 0


def test_filters_act_at_once_are_in_the_address_and_go_one_by_one(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/explore")
    page.locator("#filter-ratio summary").click()
    page.get_by_role("checkbox", name="3:2").check()
    expect(page).to_have_url(re.compile(r"/explore\?ratio=3:2$"))
    expect(page.locator("#wall > li:not([data-ar='3:2'])")).to_have_count(0)
    page.locator("#filter-color summary").click()
    page.get_by_role("checkbox", name="Sea").check()
    expect(page).to_have_url(re.compile(r"\?ratio=3:2&color=sea$"))
    expect(page.locator(".work:not([data-tone='sea'])")).to_have_count(0)
    page.get_by_role("navigation", name="Sort").get_by_role("link", name="Liked").click()
    expect(page).to_have_url(re.compile(r"\?ratio=3:2&color=sea&sort=liked$"))
    page.get_by_role("link", name="Without 3:2").click()
    expect(page).to_have_url(re.compile(r"\?color=sea&sort=liked$"))
    expect(page.locator("input[name=ratio]:checked")).to_have_count(0)
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?ratio=3:2&color=sea&sort=liked$"))
    expect(page.get_by_role("link", name="Without 3:2")).to_be_visible()
    expect(page.locator("input[name=ratio]:checked")).to_have_count(1)
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/explore$"))
    expect(page.locator("#wall > li")).to_have_count(FIRST)


def test_a_search_answers_while_one_types_and_tells_it(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/explore")
    box = page.get_by_role("searchbox", name="Describe what you look for")
    box.press_sequentially("zzzz")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.locator("#found")).to_have_text("No pictures found.")
    expect(box).to_be_focused()
    box.fill("light")
    expect(page.locator("#wall > li")).to_have_count(FIRST)
    expect(page).to_have_url(re.compile(r"\?q=light$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/explore$"))


def test_a_handle_that_is_none_is_said_and_what_was_typed_stays(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/explore")
    page.locator("#filter-artist summary").click()
    box = page.get_by_placeholder("@handle")
    box.fill("no handle")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Artist: “no handle” cannot be a handle.")
    expect(box).to_have_value("no handle")
    page.locator("#filter-artist summary").click()
    box.fill("@scale1")
    box.press("Enter")
    expect(page.locator("#wall > li").first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_everything_works_without_javascript(visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    page.goto("/explore")
    page.get_by_role("searchbox").fill("light")
    page.locator("#filter-ratio summary").click()
    page.get_by_role("checkbox", name="1:1").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#wall > li:not([data-ar='1:1'])")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="1:1", include_hidden=True)).to_be_checked()
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile("/explore$"))
    first = tiles(page)
    page.get_by_role("link", name="Load more").click()
    expect(page).to_have_url(re.compile("after="))
    second = tiles(page)
    assert len(first) == len(second) == FIRST
    assert not set(first) & set(second)
    page.get_by_role("link", name="Back to the first page").click()
    expect(page).to_have_url(re.compile("/explore$"))
    assert tiles(page) == first


def test_a_picture_is_fetched_about_as_wide_as_it_hangs(visit: Callable[..., Page]) -> None:
    """What `sizes` says before the layout is known, against the layout: near enough that no width is missed by much."""
    for width in (360, 1280):
        page = visit()
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/explore")
        ratios: list[float] = page.locator("#wall > li").evaluate_all(
            """tiles => tiles.map(tile => {
                const told = tile.querySelector('source').sizes, probe = document.createElement('div');
                const sheet = new CSSStyleSheet();
                probe.id = 'probe';
                sheet.replaceSync(`#probe { position: absolute; width: ${told}; }`);
                document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
                document.body.append(probe);
                const image = tile.querySelector('img');
                const ratio = probe.getBoundingClientRect().width / image.getBoundingClientRect().width;
                probe.remove();
                document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1);
                return ratio;
            })"""
        )
        typical = sorted(ratios)[len(ratios) // 2]
        assert 0.7 < typical < 1.45, (width, typical)
