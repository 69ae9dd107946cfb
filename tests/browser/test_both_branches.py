"""Both branches in a browser: a picture dropped, pasted and browsed; words enhanced, seen, edited, undone, and used."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests import uploads
from tests.browser.acts import PROMPT, button, picture, sees
from tests.browser.conftest import Anybody
from tests.emulators.gemini import GeminiEmulator
from tests.processes.site import Site

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TEXT = f"{PROMPT}, soft gold on the water"
# A file in the page's own hands, as a drag or the clipboard brings it.
CARRY = """([kind, data]) => {
  const bytes = Uint8Array.from(atob(data), char => char.charCodeAt(0)), carried = new DataTransfer();
  carried.items.add(new File([bytes], "river-mouth.jpg", {type: "image/jpeg"}));
  const told = {bubbles: true, cancelable: true};
  const event = kind === "paste" ? new ClipboardEvent("paste", {...told, clipboardData: carried})
                                 : new DragEvent(kind, {...told, dataTransfer: carried});
  document.querySelector(kind === "paste" ? "#prompt" : "main").dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def gemini() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def with_gemini(running: Site, gemini: GeminiEmulator) -> Iterator[Site]:
    """The site with a key for Gemini, and afterwards as it was."""
    keys = {"GEMINI_API_KEYS": "a-key", "GEMINI_BASE_URL": gemini.url}
    running.run_all()
    for process in (running.web, running.worker):
        process.stop()
        process.start(**keys)
    running.redis(1).flushdb()  # the list of models is of the other keys
    running.serves()
    yield running
    for process in (running.web, running.worker):
        process.stop()
    running.redis(1).flushdb()
    running.run_all()


@pytest.fixture
def site(with_gemini: Site, gemini: GeminiEmulator) -> Site:
    gemini.reset()
    return with_gemini


def studio(anybody: Anybody, **options: Any) -> Page:
    page = anybody(**options)
    page.goto("/?model=demo")
    page.get_by_label("Prompt", exact=False).first.fill(PROMPT)
    return page


def field(page: Page) -> Locator:
    return page.locator("#reference-file")


def river(data: bytes = b"", *, color: tuple[int, int, int] = (30, 90, 120)) -> FilePayload:
    return {"name": "river-mouth.jpg", "mimeType": "image/jpeg", "buffer": data or uploads.jpeg(color=color)}


def is_there(page: Page) -> None:
    expect(page.locator(".refpic__name")).to_have_text("river-mouth.jpg")
    sees(page.locator(".refpic img"))


def enhance(page: Page) -> Locator:
    """Switch on, press, and wait for the difference."""
    page.get_by_role("switch", name="Enhance prompt").check()
    button(page).click()
    expect(page.locator("#enhancement[data-state=done]")).to_be_visible()
    return page.locator("#enhancement")


def says(gemini: GeminiEmulator, text: str = TEXT) -> None:
    gemini.faults.add("says", text=f'{{"prompt": "{text}"}}')


# --- Pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["browse", "drop", "paste"])
def test_a_picture_comes_in_three_ways_and_goes_again(anybody: Anybody, way: str) -> None:
    page = studio(anybody)
    place = page.locator("#reference")
    height = place.bounding_box()["height"]  # type: ignore[index]
    if way == "browse":
        field(page).set_input_files(river())
    else:
        page.evaluate(CARRY, [way, base64.b64encode(uploads.jpeg()).decode()])
    is_there(page)
    assert place.bounding_box()["height"] == height  # type: ignore[index]
    page.get_by_role("button", name="Take the reference picture away").click()
    expect(page.locator("[data-drop]")).to_be_visible()
    expect(page.get_by_label("Prompt", exact=False).first).to_have_value(PROMPT)
    assert place.bounding_box()["height"] == height  # type: ignore[index]


def test_what_is_no_picture_is_told_beside_its_field(anybody: Anybody) -> None:
    page = studio(anybody)
    field(page).set_input_files(river(b"%PDF-1.7 and so on"))
    expect(page.locator("#reference [data-error=bad_reference]")).to_contain_text("This is a PDF")
    field(page).set_input_files(river(b"x" * (10 * 2**20 + 1)))
    expect(page.locator(".toast", has_text="larger than 10 MB")).to_be_visible()
    field(page).set_input_files(river())
    is_there(page)


def test_a_picture_stays_when_another_model_is_chosen(anybody: Anybody) -> None:
    page = studio(anybody)
    field(page).set_input_files(river())
    is_there(page)
    page.locator("input[name=model]:not(:checked):not(:disabled)").first.check(force=True)
    expect(page.locator("#reference-h")).to_contain_text("follows it")
    is_there(page)


# --- Words -----------------------------------------------------------------------------------------------------------


def test_enhanced_seen_edited_and_used(anybody: Anybody, site: Site, gemini: GeminiEmulator) -> None:
    says(gemini)
    page = studio(anybody)
    shown = enhance(page)
    expect(shown.locator("ins").first).to_have_text(", soft gold on the water")
    assert site.open_jobs() == 0
    shown.get_by_text("Edit, or see what is sent").click()
    shown.get_by_label("Edit").fill(f"{TEXT}, seen from a boat")
    expect(shown.locator("#enhanced-sent")).to_have_text(f"{TEXT}, seen from a boat")
    button(page).click()
    sees(picture(page))
    [[written, enhanced, sent]] = site.rows(
        "SELECT prompt_written, prompt_enhanced, prompt_sent FROM generation_job ORDER BY id DESC LIMIT 1"
    )
    assert (written, enhanced, sent) == (PROMPT, TEXT, f"{TEXT}, seen from a boat")


def test_undo_brings_the_own_words_back(anybody: Anybody, site: Site, gemini: GeminiEmulator) -> None:
    says(gemini)
    page = studio(anybody)
    enhance(page).get_by_role("button", name="Undo").click()
    expect(page.locator("#enhancement")).to_be_hidden()
    expect(page.get_by_role("switch", name="Enhance prompt")).not_to_be_checked()
    button(page).click()
    sees(picture(page))
    [[enhanced, sent]] = site.rows("SELECT prompt_enhanced, prompt_sent FROM generation_job ORDER BY id DESC LIMIT 1")
    assert (enhanced, sent) == ("", PROMPT)


def test_other_words_hide_the_difference_and_the_same_show_it_again(anybody: Anybody, gemini: GeminiEmulator) -> None:
    says(gemini)
    page = studio(anybody)
    shown = enhance(page)
    prompt = page.get_by_label("Prompt", exact=False).first
    prompt.fill("Something else")
    expect(shown).to_be_hidden()
    prompt.fill(PROMPT)
    expect(shown).to_be_visible()


def test_a_failure_is_told_and_the_own_words_can_be_sent(anybody: Anybody, gemini: GeminiEmulator) -> None:
    gemini.faults.add("block_output", reason="SAFETY")
    page = studio(anybody)
    page.get_by_role("switch", name="Enhance prompt").check()
    button(page).click()
    expect(page.locator("#enhancement[data-error=blocked_output]")).to_contain_text("Yours stand as you wrote them")
    page.get_by_role("switch", name="Enhance prompt").uncheck()
    button(page).click()
    sees(picture(page))


@pytest.mark.parametrize("fault", ["says", "block_output"])
def test_whatever_comes_of_it_nothing_below_it_moves(anybody: Anybody, gemini: GeminiEmulator, fault: str) -> None:
    gemini.faults.add("delay", seconds=2)
    gemini.faults.add(fault, text=json.dumps({"prompt": f"{PROMPT}, {'seen from afar, ' * 50}"}), reason="SAFETY")
    page = studio(anybody, viewport={"width": 360, "height": 900})
    page.get_by_role("switch", name="Enhance prompt").check()
    button(page).click()
    expect(page.locator("#enhancement[data-state=waiting]")).to_be_visible()
    before = page.locator("#models").evaluate("models => models.offsetTop")
    expect(page.locator("#enhancement:is([data-state=done], [data-state=failed])")).to_be_visible()
    assert page.locator("#models").evaluate("models => models.offsetTop") == before


def test_a_picture_is_read_into_the_words_by_keyboard_alone(
    anybody: Anybody, site: Site, gemini: GeminiEmulator
) -> None:
    page = studio(anybody)
    field(page).set_input_files(river(color=(200, 30, 40)))
    is_there(page)
    page.get_by_role("switch", name="Enhance prompt").focus()
    page.keyboard.press("Space")
    button(page).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#enhancement[data-state=done]")).to_be_visible()
    assert any(b"Describe this picture" in call.raw for call in gemini.calls)
    page.locator("#enhancement").get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#enhancement")).to_be_hidden()
    expect(page.get_by_label("Prompt", exact=False).first).to_be_focused()


@pytest.mark.parametrize(("scheme", "width"), [("dark", 360), ("light", 1440)])
def test_it_fits_and_axe_finds_nothing(anybody: Anybody, gemini: GeminiEmulator, scheme: str, width: int) -> None:
    says(gemini, f"{PROMPT}, seen from afar")
    page = studio(anybody, color_scheme=scheme, viewport={"width": width, "height": 900})
    field(page).set_input_files(river(color=(width // 8, 90, 120)))
    is_there(page)
    enhance(page).get_by_text("Edit, or see what is sent").click()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert page.locator("[style]").count() == 0
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations.map(one => [one.impact, one.id])")
    assert [one for one in found if one[0] in {"serious", "critical"}] == []


# --- Without JavaScript ----------------------------------------------------------------------------------------------


def test_without_javascript_all_of_it_goes_through_pages(anybody: Anybody) -> None:
    page = studio(anybody, java_script_enabled=False)
    field(page).set_input_files(river(color=(1, 60, 90)))
    page.get_by_role("button", name="Show price").click()
    expect(page.locator(".refpic__name")).to_have_text("river-mouth.jpg")
    page.get_by_role("switch", name="Enhance prompt").check()
    button(page).click()
    expect(page).to_have_url(re.compile(r"/enhance/[0-9a-f-]{36}\?"))
    expect(page.locator("#enhancement ins").first).to_be_visible()
    expect(page.locator(".refpic__name")).to_have_text("river-mouth.jpg")
    expect(page.get_by_label("Prompt", exact=False).first).to_have_value(PROMPT)
    button(page).click()
    expect(page).to_have_url(re.compile("/jobs/"))
    expect(page.get_by_text("As enhanced")).to_be_visible()
    sees(picture(page))
