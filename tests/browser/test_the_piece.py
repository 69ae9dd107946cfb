"""A picture's page in a browser: hearts, stars, comments and keys, with and without JavaScript."""

import re
from dataclasses import dataclass

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Anybody
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Exhibition:
    """Mara has shown two pictures, and Lin looks at them."""

    lin: list[SetCookieParam]
    newer: str
    older: str


@pytest.fixture(scope="module")
def exhibition(running: Site) -> Exhibition:
    running.run_all()
    mara, lin = Person(running.url), Person(running.url)
    mara.become_guest()
    for prompt in ("Misty ridges at first light", "Night bus in the rain"):
        mara.wait(mara.submit(prompt), ["succeeded"])
    mara.sign_up("mara.lind@example.org", running.code_mailed_to)
    lin.sign_up("lin@example.org", running.code_mailed_to)
    older, newer = (str(code) for (code,) in running.rows("SELECT code FROM generation_asset ORDER BY id DESC LIMIT 2"))
    mara.publish(older, "Ridges")
    mara.publish(newer, "Bus")
    cookies: list[SetCookieParam] = [
        {"name": cookie.name, "value": cookie.value or "", "url": running.url} for cookie in lin.cookies
    ]
    return Exhibition(cookies, f"/art/{newer}", f"/art/{older}")


@pytest.fixture
def lin(anybody: Anybody, exhibition: Exhibition) -> Page:
    page = anybody()
    page.context.add_cookies(exhibition.lin)
    return page


def heart(page: Page) -> Locator:
    return page.locator(".piece__like .like")


def is_pressed(page: Page, state: str) -> None:
    expect(heart(page)).to_have_attribute("aria-pressed", state)


def is_whole(page: Page) -> None:
    """Its scripts have run, and what it loads later is there."""
    expect(page.locator(".later")).to_have_count(0)
    expect(page.get_by_label("Your comment")).to_have_count(1)


def open_at_rest(page: Page, address: str) -> None:
    """The page with all of its parts, its heart not pressed."""
    page.goto(address)
    is_whole(page)
    if heart(page).get_attribute("aria-pressed") == "true":
        heart(page).click()
    is_pressed(page, "false")
    page.evaluate("window.same = true")


def test_a_heart_is_pressed_by_click_and_by_key_without_a_reload(lin: Page, exhibition: Exhibition) -> None:
    open_at_rest(lin, exhibition.newer)
    heart(lin).click()
    is_pressed(lin, "true")
    expect(heart(lin)).to_have_text("1")
    expect(heart(lin)).to_be_focused()
    lin.keyboard.press("l")
    is_pressed(lin, "false")
    expect(heart(lin)).to_have_text("0")
    lin.keyboard.press("Control+l")
    lin.keyboard.press("Shift+L")
    heart(lin).dblclick()  # one like: what the second click would take back is not taken back
    is_pressed(lin, "true")
    expect(heart(lin)).to_have_text("1")
    assert lin.evaluate("window.same")


def test_a_heart_on_the_wall_is_the_same_heart(lin: Page, exhibition: Exhibition) -> None:
    open_at_rest(lin, exhibition.newer)
    lin.goto("/explore")
    tile = lin.locator(".work", has=lin.locator(f"a[href='{exhibition.newer}']"))
    tile.hover()
    tile.get_by_role("button", name="Like, 0 likes").click()
    expect(tile.get_by_role("button", name="Like, 1 like")).to_have_attribute("aria-pressed", "true")
    assert lin.url.endswith("/explore")
    lin.goto(exhibition.newer)
    is_pressed(lin, "true")


def test_stars_are_given_by_the_arrow_keys(lin: Page, exhibition: Exhibition) -> None:
    open_at_rest(lin, exhibition.newer)
    stars = lin.get_by_role("group", name="Rate this picture")
    stars.get_by_label("3 of 5").check()
    expect(lin.locator("#rating-sum")).to_have_text("3.0 from 1 person")
    expect(stars.get_by_label("3 of 5")).to_be_focused()
    lin.keyboard.press("ArrowRight")  # the next star, and not the next picture
    expect(lin.locator("#rating-sum")).to_have_text("4.0 from 1 person")
    lin.keyboard.press("ArrowLeft")
    lin.keyboard.press("ArrowLeft")  # before the first is answered
    expect(lin.locator("#rating-sum")).to_have_text("2.0 from 1 person")
    expect(stars.get_by_label("2 of 5")).to_be_checked()
    lin.get_by_role("button", name="Take back").click()
    expect(lin.locator("#rating-sum")).to_have_text("Not rated yet")
    expect(stars.get_by_label("2 of 5")).not_to_be_checked()
    assert lin.evaluate("window.same")


def test_a_comment_is_written_and_deleted_without_a_reload(lin: Page, exhibition: Exhibition) -> None:
    open_at_rest(lin, exhibition.older)
    lin.get_by_label("Your comment").press_sequentially("lovely, dear? ")  # keys that mean something elsewhere
    is_pressed(lin, "false")
    expect(lin.locator("#keys")).to_be_hidden()
    lin.get_by_role("button", name="Comment", exact=True).click()
    comment = lin.locator(".talk > li", has_text="lovely, dear?")
    expect(comment).to_have_count(1)
    expect(lin.get_by_label("Your comment")).to_have_value("")
    expect(lin.locator("#co")).to_have_text(re.compile(r"Comments\s+1"))
    comment.locator("summary").click()
    comment.get_by_role("button", name="Delete it").click()
    expect(comment).to_have_count(0)
    expect(lin.locator("#co")).to_have_text(re.compile(r"Comments\s+0"))
    expect(lin.locator("#co")).to_be_focused()
    assert lin.evaluate("window.same")


def test_the_arrows_lead_along_the_wall_and_the_keys_can_be_switched_off(lin: Page, exhibition: Exhibition) -> None:
    open_at_rest(lin, exhibition.newer)
    lin.keyboard.press("ArrowRight")
    expect(lin).to_have_url(re.compile(re.escape(exhibition.older)))
    is_whole(lin)
    lin.keyboard.press("ArrowLeft")
    expect(lin).to_have_url(re.compile(re.escape(exhibition.newer)))
    is_whole(lin)
    lin.keyboard.press("?")
    expect(lin.locator("#keys")).to_be_visible()
    lin.keyboard.press("l")  # not while a dialog is open
    lin.get_by_role("switch", name="Use these keys").uncheck()
    lin.keyboard.press("Escape")
    expect(lin.locator("#keys")).to_be_hidden()
    lin.reload()
    is_whole(lin)
    lin.keyboard.press("l")
    lin.keyboard.press("ArrowRight")
    lin.keyboard.press("?")
    expect(lin.locator("#keys")).to_be_visible()
    expect(lin).to_have_url(re.compile(re.escape(exhibition.newer)))
    is_pressed(lin, "false")


def test_d_downloads_the_original(lin: Page, exhibition: Exhibition) -> None:
    open_at_rest(lin, exhibition.newer)
    with lin.expect_download() as download:
        lin.keyboard.press("d")
    assert download.value.suggested_filename.startswith("Atelier Image ")


def test_a_visitors_l_leads_to_sign_in(anybody: Anybody, exhibition: Exhibition) -> None:
    page = anybody()
    page.goto(exhibition.newer)
    expect(page.locator(".later")).to_have_count(0)
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_everything_is_done_without_javascript(anybody: Anybody, exhibition: Exhibition) -> None:
    page = anybody(java_script_enabled=False)
    page.context.add_cookies(exhibition.lin)
    page.goto(exhibition.older)
    was = heart(page).get_attribute("aria-pressed")
    heart(page).click()
    is_pressed(page, "false" if was == "true" else "true")
    page.get_by_label("5 of 5").check()
    page.get_by_role("button", name="Rate", exact=True).click()
    expect(page.get_by_label("5 of 5")).to_be_checked()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_label("5 of 5")).not_to_be_checked()
    page.get_by_role("button", name=re.compile("^Follow")).click()
    expect(page.get_by_role("button", name=re.compile("^Following"))).to_have_count(1)
    page.goto("/following")
    expect(page.locator(".work")).to_have_count(2)
    page.goto(exhibition.older)
    page.get_by_role("link", name="Read and write comments").click()
    page.get_by_label("Your comment").fill("By hand")
    page.get_by_role("button", name="Comment", exact=True).click()
    comment = page.locator(".talk > li", has_text="By hand")
    expect(comment).to_have_count(1)
    comment.locator("summary").click()
    comment.get_by_role("button", name="Delete it").click()
    expect(comment).to_have_count(0)
    page.goto(exhibition.older)
    page.get_by_role("link", name="The picture before").click()
    expect(page).to_have_url(re.compile(re.escape(exhibition.newer)))
