"""What people keep, in a browser: pictures in collections, words and settings in presets; without JavaScript too."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Page, expect

from tests.browser.conftest import Anybody
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def mara(site: Site) -> Person:
    """An account of her own for each test."""
    mara = Person(site.url)
    mara.become_guest()
    mara.sign_up(f"mara-{uuid.uuid4().hex[:8]}@example.org", site.code_mailed_to)
    return mara


@pytest.fixture
def visit(anybody: Anybody, mara: Person) -> Visit:
    """Another browser of hers each time, signed in."""

    def page(**options: object) -> Page:
        page = anybody(**options)
        cookies: list[SetCookieParam] = [
            {"name": cookie.name, "value": cookie.value or "", "url": mara.url} for cookie in mara.cookies
        ]
        page.context.add_cookies(cookies)
        return page

    return page


@pytest.fixture
def picture(mara: Person, site: Site) -> str:
    """The address of a picture of hers."""
    job = mara.submit()
    mara.wait(job, ["succeeded"])
    [[code]] = site.rows(
        f"SELECT a.code FROM generation_asset a JOIN generation_job j ON j.id = a.job_id WHERE j.code = '{job}'"
    )
    return f"/art/{code}"


def toast(page: Page, words: str) -> None:
    expect(page.locator("#toasts")).to_contain_text(words)


def has_focus(page: Page, selector: str) -> None:
    expect(page.locator(selector)).to_be_focused()


# --- Collections -----------------------------------------------------------------------------------------------------


def test_a_picture_is_saved_over_its_page_by_keyboard_alone(visit: Visit, picture: str) -> None:
    page = visit()
    page.goto(picture, wait_until="networkidle")
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Save to a collection")
    expect(dialog).to_be_visible()
    page.get_by_label("New collection").fill("Paper studies")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    toast(page, "Saved to “Paper studies”.")
    expect(page).to_have_url(re.compile(picture + "$"))
    has_focus(page, "#save")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Paper studies")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    has_focus(page, "#save")


def test_many_are_saved_from_the_library_without_leaving_it(visit: Visit, picture: str) -> None:
    page = visit()
    page.goto("/collections/new", wait_until="networkidle")
    page.get_by_label("Name").fill("Paper studies")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Paper studies")).to_have_count(1)
    page.goto("/library", wait_until="networkidle")
    page.evaluate("window.same = true")
    page.locator("#wall input[name=codes]").first.check()
    bar = page.get_by_role("toolbar", name="Chosen pictures")
    for words in ("1 picture saved to “Paper studies”.", "1 picture was in “Paper studies” already."):
        bar.locator("#bulk-collect summary").click()
        bar.get_by_role("button", name="Paper studies").click()
        toast(page, words)
        expect(page.locator("#bulk-collect")).not_to_have_attribute("open", "")
    assert page.evaluate("window.same")


def test_many_are_saved_from_the_library_without_a_script(visit: Visit, picture: str) -> None:
    page = visit(java_script_enabled=False)
    page.goto("/collections/new")
    page.get_by_label("Name").fill("Paper studies")
    page.get_by_role("button", name="Make it").click()
    page.goto("/library")
    page.locator("#wall input[name=codes]").first.check()
    page.locator("#bulk-collect summary").click()
    page.get_by_role("button", name="Choose a collection").click()
    expect(page.get_by_role("heading", name="Save to a collection")).to_be_visible()
    page.get_by_role("button", name="Paper studies").click()
    toast(page, "1 picture saved to “Paper studies”.")


def test_what_is_refused_comes_back_in_the_dialog_with_the_field_that_is_wrong(visit: Visit, picture: str) -> None:
    page = visit()
    page.goto(picture, wait_until="networkidle")
    page.locator("#save").click()
    page.locator("#save-new").evaluate("field => field.removeAttribute('maxlength')")
    page.get_by_label("New collection").fill("x" * 61)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#save-new-e")).to_contain_text("this one has 61")
    has_focus(page, "#save-new")
    expect(page.locator("#save-new")).to_have_value("x" * 61)


def test_a_collection_is_made_edited_emptied_and_deleted_over_its_pages(visit: Visit, picture: str) -> None:
    page = visit()
    page.goto("/collections", wait_until="networkidle")
    page.locator("#new-collection").click()
    page.get_by_label("Name").fill("Night shift")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1, name="Night shift")).to_be_visible()
    address = page.url
    page.goto(picture, wait_until="networkidle")
    page.locator("#save").click()
    page.get_by_label("Night shift").check()
    page.get_by_role("button", name="Save", exact=True).click()
    toast(page, "Saved to “Night shift”.")
    page.goto(address, wait_until="networkidle")
    expect(page.locator("#wall > li")).to_have_count(1)
    page.locator("#edit").click()
    page.get_by_label("Name").fill("Day shift")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Day shift")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.locator("#wall > li").hover()
    page.get_by_role("button", name=re.compile("Take out of the collection")).click()
    expect(page.locator("#wall > li")).to_have_count(0)
    toast(page, "Taken out of the collection.")
    page.locator("#edit").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page).to_have_url(re.compile("/collections$"))
    toast(page, "“Day shift” is gone.")


def test_without_javascript_a_picture_is_saved_and_taken_out_on_pages_of_their_own(visit: Visit, picture: str) -> None:
    page = visit(java_script_enabled=False)
    page.goto(picture)
    page.get_by_role("link", name="Save", exact=True).click()
    page.get_by_label("New collection").fill("Paper studies")
    page.get_by_role("button", name="Save").click()
    toast(page, "Saved to “Paper studies”.")
    page.get_by_role("link", name="Save", exact=True).click()
    page.get_by_label("Paper studies").uncheck()
    page.get_by_role("button", name="Save").click()
    toast(page, "Taken out of “Paper studies”.")
    page.goto("/collections")
    page.get_by_role("link", name="Paper studies").click()
    expect(page.get_by_text("Nothing in it yet")).to_be_visible()


# --- Presets ---------------------------------------------------------------------------------------------------------

WORDS = "A poster of {{fruit}} on a {{ground|linen}} table"


def test_a_preset_is_kept_in_the_studio_and_used_from_its_menu(visit: Visit) -> None:
    page = visit()
    page.goto("/", wait_until="networkidle")
    page.get_by_label("Prompt").first.fill(WORDS)
    page.locator("input[name=aspect_ratio][value='4:5']").check()
    page.locator("#presets-pop summary").click()
    expect(page.get_by_text("Nothing kept yet.")).to_be_visible()
    page.get_by_role("button", name="Save as preset").click()
    dialog = page.get_by_role("dialog", name="New preset")
    expect(dialog).to_be_visible()
    expect(page.locator("#preset-prompt")).to_have_value(WORDS)
    page.locator("#preset-name").fill("Kitchen poster")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    toast(page, "“Kitchen poster” is kept.")
    has_focus(page, "#presets-pop summary")
    expect(page.locator("#prompt")).to_have_value(WORDS)
    page.locator("#presets-pop summary").click()
    page.get_by_role("link", name="Kitchen poster").click()
    expect(page.locator("#filled")).to_have_text("A poster of fruit on a linen table")
    page.get_by_label("fruit").fill("{{ground}} & quinces")
    expect(page.locator("#filled")).to_have_text("A poster of {{ground}} & quinces on a linen table")
    page.get_by_role("button", name="Open in the studio").click()
    expect(page.locator("#prompt")).to_have_value("A poster of {{ground}} & quinces on a linen table")
    expect(page.locator("input[name=aspect_ratio][value='4:5']")).to_be_checked()


def test_a_name_that_is_taken_is_said_in_the_dialog(visit: Visit) -> None:
    page = visit()
    page.goto("/presets", wait_until="networkidle")
    for taken in (False, True):
        page.locator("#new-preset").click()
        page.locator("#preset-name").fill("KITCHEN poster" if taken else "Kitchen poster")
        page.locator("#preset-prompt").fill("Quinces on linen")
        page.get_by_role("button", name="Save preset").click()
        if not taken:
            expect(page.get_by_role("heading", name="Kitchen poster")).to_be_visible()
            page.wait_for_load_state("networkidle")
    expect(page.locator("#preset-name-e")).to_contain_text("You have one of that name.")
    has_focus(page, "#preset-name")
    expect(page.locator("#preset-prompt")).to_have_value("Quinces on linen")


def test_enter_in_a_field_of_the_studio_still_asks_for_a_picture(visit: Visit) -> None:
    page = visit()
    page.goto("/", wait_until="networkidle")
    page.locator("#prompt").fill("Quinces on linen")
    page.locator("#negative").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stage [data-state=succeeded] img")).to_be_visible()


def test_without_javascript_a_preset_is_kept_and_used_with_all_that_was_typed(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    page.goto("/")
    page.locator("#prompt").fill(WORDS)
    page.locator("input[name=aspect_ratio][value='4:5']").check()
    page.get_by_role("button", name="Save as preset").click()
    page.locator("#preset-name").fill("Kitchen poster")
    page.get_by_role("button", name="Save preset").click()
    toast(page, "“Kitchen poster” is kept.")
    expect(page.locator("#prompt")).to_have_value(WORDS)
    expect(page.locator("input[name=aspect_ratio][value='4:5']")).to_be_checked()
    page.locator("#presets-pop summary").click()
    page.get_by_role("link", name="All prompts and presets").click()
    page.get_by_role("link", name="Use Kitchen poster").click()
    page.get_by_label("fruit").fill("quinces")
    page.get_by_role("button", name="Open in the studio").click()
    expect(page.locator("#prompt")).to_have_value("A poster of quinces on a linen table")
    expect(page.locator("input[name=aspect_ratio][value='4:5']")).to_be_checked()
