"""A long list of models: the chosen one alone, all of them on request; by pointer, by keys and without JavaScript."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Anybody
from tests.processes.site import Site

pytestmark = pytest.mark.browser

MANY = """
from generation import catalogue
from generation.models import InferenceModel
demo = InferenceModel.objects.get(slug="demo")
told = {field: getattr(demo, field) for field in ("provider", "lane", "aspect_ratios", "styles", "price_credits")}
told |= {"about": "One of many", "typical_seconds": 1, "is_retired": False}
for number in range(1, 5):
    told |= {"name": f"Brush {number}", "position": 90 + number, "max_count": 1}
    InferenceModel.objects.update_or_create(slug=f"brush-{number}", defaults=told)
catalogue.forget()
"""
FEW = """
from generation import catalogue
from generation.models import InferenceModel
InferenceModel.objects.filter(slug__startswith="brush-").update(is_retired=True)
catalogue.forget()
"""


@pytest.fixture
def many(site: Site) -> Iterator[None]:
    site.manage("shell", "-v", "0", "-c", MANY)
    yield
    site.manage("shell", "-v", "0", "-c", FEW)


def test_the_chosen_model_stands_alone_before_and_after_choosing(anybody: Anybody, many: None) -> None:
    page = anybody(viewport={"width": 360, "height": 800})
    page.goto("/", wait_until="networkidle")
    expect(shown(page)).to_have_count(1)
    fold(page).click()
    expect(shown(page)).to_have_count(6)
    shown(page).filter(has_text="Brush 3").click()
    expect(shown(page)).to_have_count(1)
    expect(shown(page)).to_contain_text("Brush 3")
    expect(shown(page)).to_be_in_viewport()
    expect(page.get_by_role("group", name="Pictures", exact=True)).to_have_count(0)  # its controls came


def test_by_keys_the_list_stays_while_one_walks_through_it(anybody: Anybody, many: None) -> None:
    page = anybody()
    page.goto("/", wait_until="networkidle")
    page.keyboard.press("Tab")
    fold(page).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")  # from the first to the last
    expect(page.get_by_role("radio", name="Brush 4")).to_be_focused()
    expect(page.get_by_role("radio", name="Brush 4")).to_be_checked()
    expect(shown(page)).to_have_count(6)


def test_without_javascript_the_fold_works_too(anybody: Anybody, many: None) -> None:
    page = anybody(java_script_enabled=False)
    page.goto("/")
    expect(shown(page)).to_have_count(1)
    fold(page).click()
    shown(page).filter(has_text="Brush 2").click()
    fold(page).click()
    expect(shown(page)).to_have_count(1)  # of several the next line would be refused at once
    expect(shown(page)).to_contain_text("Brush 2")
    page.get_by_role("button", name="Show price").click()
    expect(shown(page)).to_have_count(1)
    expect(shown(page)).to_contain_text("Brush 2")


def fold(page: Page) -> Locator:
    return page.get_by_text("All 6 models")


def shown(page: Page) -> Locator:
    return page.locator(".model:visible")
