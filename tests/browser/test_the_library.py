"""Choosing, deleting, undoing and packing in one's own library; with and without JavaScript."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import button, picture
from tests.browser.conftest import Anybody
from tests.processes.site import Site

pytestmark = pytest.mark.browser


def three_pictures(page: Page) -> None:
    """Of a guest, in one job."""
    page.goto("/")
    page.get_by_label("Prompt").fill("Misty ridges at first light")
    page.get_by_label("3", exact=True).check()
    button(page).click()
    expect(picture(page)).to_have_count(3, timeout=90_000)
    page.goto("/library")
    expect(tiles(page)).to_have_count(3)


def tiles(page: Page) -> Locator:
    return page.locator("#wall > li")


def boxes(page: Page) -> Locator:
    return page.locator("#wall input[name=codes]")


def bar(page: Page) -> Locator:
    return page.get_by_role("toolbar", name="Chosen pictures")


def test_a_row_is_chosen_with_shift_deleted_and_brought_back(site: Site, anybody: Anybody) -> None:
    page = anybody()
    three_pictures(page)
    expect(bar(page)).to_be_hidden()
    boxes(page).nth(0).check()
    boxes(page).nth(2).click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("3 chosen")
    page.keyboard.press("Escape")
    expect(bar(page)).to_be_hidden()

    boxes(page).nth(1).focus()
    page.keyboard.press("Space")
    expect(bar(page)).to_contain_text("1 chosen")
    bar(page).get_by_role("button", name="Delete").click()
    expect(tiles(page)).to_have_count(2)
    expect(page.locator(".toast")).to_contain_text("1 picture moved to the trash.")
    page.get_by_role("button", name="Undo").click()
    expect(tiles(page)).to_have_count(3)
    expect(page.locator(".toast")).to_contain_text("1 picture restored")


def test_the_last_tiles_leave_an_empty_library_and_the_trash_gives_them_back(site: Site, anybody: Anybody) -> None:
    page = anybody()
    three_pictures(page)
    for number in range(3):
        boxes(page).nth(number).check()
    bar(page).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
    page.get_by_role("link", name="Trash").click()
    expect(tiles(page)).to_have_count(3)
    page.locator("label.work__frame").first.click()  # there is no page to open: a click chooses
    bar(page).get_by_role("button", name="Delete for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(tiles(page)).to_have_count(2)
    page.get_by_role("button", name="Restore all").click()
    expect(page.get_by_role("heading", name="Nothing in the trash")).to_be_visible()
    page.goto("/library")
    expect(tiles(page)).to_have_count(2)


def test_a_filter_sends_itself_and_stands_in_the_address(site: Site, anybody: Anybody) -> None:
    page = anybody()
    three_pictures(page)
    page.evaluate("window.same = true")
    page.get_by_text("Any shape").click()
    page.get_by_label("Panorama").check()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(page).to_have_url(site.url + "/library?shape=panorama")
    expect(page.locator("#chip-shape")).to_have_text("Panorama")
    page.get_by_label("Panorama").uncheck()
    expect(tiles(page)).to_have_count(3)
    assert page.evaluate("window.same")
    page.go_back()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_all_matching_become_a_zip_whose_page_waits_for_it(site: Site, anybody: Anybody) -> None:
    page = anybody()
    three_pictures(page)
    boxes(page).nth(0).check()
    page.locator("[data-every]").check()
    expect(bar(page)).to_contain_text("All chosen")
    bar(page).get_by_role("button", name="ZIP").click()
    expect(page).to_have_url(re.compile("/exports/"))
    link = page.get_by_role("link", name="Download ZIP")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    assert len(pictures_in(download.value.path().read_bytes())) == 3


def pictures_in(body: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        assert file.testzip() is None
        return [name for name in file.namelist() if name.endswith(".png")]


def test_without_javascript_forms_do_the_same(site: Site, anybody: Anybody) -> None:
    page = anybody(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Prompt").fill("Misty ridges at first light")
    page.get_by_role("button", name="Show price").click()
    page.get_by_role("button", name=re.compile("Generate")).click()
    expect(page.locator("[data-state=succeeded] img")).to_have_count(1)
    page.goto("/library")
    expect(tiles(page)).to_have_count(1)
    boxes(page).nth(0).check()
    bar(page).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(tiles(page)).to_have_count(1)
    page.get_by_label("All pictures").check()
    bar(page).get_by_role("button", name="ZIP").click()
    link = page.get_by_role("link", name="Download ZIP")
    expect(link).to_be_visible()
    address = link.get_attribute("href")
    assert address
    assert len(pictures_in(page.request.get(address).body())) == 1
