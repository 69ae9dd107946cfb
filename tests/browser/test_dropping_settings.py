"""A file that says how its picture was made, downloaded and dropped again: the form is as it was, with JavaScript and
without."""

import io
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import FilePayload, Page, expect

from tests import uploads
from tests.browser.acts import button, generate, picture
from tests.browser.conftest import Anybody
from tests.files import attributes

pytestmark = pytest.mark.browser

WORDS = "A ferry leaves at dawn, gulls: many, {calm}"


def told() -> FilePayload:
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("parameters", f"{WORDS}\nNegative prompt: people\nSteps: 20, CFG scale: 7, Seed: 42, Size: 512x768")
    Image.new("RGB", (60, 90), (90, 120, 140)).save(buffer, "PNG", pnginfo=info)
    return {"name": "ferry.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def prompt_of(page: Page) -> str:
    return page.locator("#prompt").input_value()


def use(page: Page) -> None:
    page.get_by_role("link", name="Use its settings").click()
    expect(page.locator("#filled")).to_have_count(1)
    expect(page.locator("#studio-form")).to_have_count(1)


def test_what_one_downloads_fills_the_form_again_when_dropped(anybody: Anybody, tmp_path: Path) -> None:
    page = anybody(accept_downloads=True)
    page.goto("/?aspect_ratio=3:4&style=anime&seed=77&seed_mode=locked")
    page.get_by_label("Prompt").fill(WORDS)
    button(page).click()
    expect(picture(page)).to_have_count(1)
    page.locator("#stage").get_by_role("link", name="Open", exact=True).click()
    page.locator("#download summary").click()
    with page.expect_download() as waited:
        page.locator("#download").get_by_role("link", name="WebP", exact=True).first.click()
    file = tmp_path / waited.value.suggested_filename
    waited.value.save_as(file)
    assert attributes(file.read_bytes())["description"] == WORDS

    page.goto("/")
    page.locator("#reference-file").set_input_files(file)
    expect(page.locator("#carried")).to_contain_text("A ferry leaves at dawn")
    use(page)
    expect(page.locator("#filled")).to_be_focused()
    assert prompt_of(page) == WORDS
    chosen = {
        name: page.locator(f"[name={name}]:checked").input_value() for name in ("aspect_ratio", "style", "seed_mode")
    }
    assert chosen == {"aspect_ratio": "3:4", "style": "anime", "seed_mode": "locked"}
    assert page.locator("#seed").input_value() == "77"
    button(page).click()
    expect(picture(page)).to_have_count(1)


def test_without_javascript_the_form_is_filled_by_a_link(anybody: Anybody) -> None:
    page = anybody(java_script_enabled=False)
    page.goto("/")
    page.locator("#reference-file").set_input_files(told())
    page.get_by_role("button", name="Show price").click()
    expect(page.locator("#carried")).to_contain_text("This picture carries its settings")
    use(page)
    assert prompt_of(page) == WORDS
    assert page.locator("[name=aspect_ratio]:checked").input_value() == "2:3"


def test_a_refusal_with_a_picture_in_the_form_replaces_the_form_and_keeps_it(anybody: Anybody) -> None:
    page = anybody()
    page.goto("/")
    page.locator("#reference-file").set_input_files(
        {"name": "plain.jpg", "mimeType": "image/jpeg", "buffer": uploads.jpeg()}
    )
    expect(page.locator(".refpic__name")).to_have_text("plain.jpg")
    page.get_by_label("Prompt").fill("a" * 1001)
    button(page).click()
    expect(page.locator("#prompt[aria-invalid=true]")).to_have_count(1)
    expect(page.locator("#studio-form")).to_have_count(1)
    expect(page.locator(".refpic__name")).to_have_text("plain.jpg")
    generate(page)
    expect(picture(page)).to_have_count(1)
