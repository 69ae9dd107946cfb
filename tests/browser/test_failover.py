"""The choice of an equivalent, and what the picker says of each model's last day, as people meet them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.acts import PROMPT, button, picture, sees
from tests.browser.conftest import Anybody
from tests.processes.site import Site

pytestmark = pytest.mark.browser

SKETCH = """
from django.core.cache import cache
from generation import catalogue, health
from generation.models import InferenceModel
demo = InferenceModel.objects.get(slug="demo")
rows = InferenceModel.objects.filter(slug="demo")
rows.update(family="scenes")
told = {field: getattr(demo, field) for field in ("provider", "lane", "aspect_ratios", "styles", "price_credits")}
told |= {"name": "Sketch", "about": "Quick", "family": "scenes", "typical_seconds": 1}
told |= {"position": 99, "is_retired": False}
sketch, _ = InferenceModel.objects.update_or_create(slug="sketch", defaults=told)
cache.set(health.KEY, {demo.pk: health.Day(992, 8, 0.4, 1.2), sketch.pk: health.Day(80, 20, 0.4, 60.0)}, 600)
catalogue.forget()
"""
NONE = """
from django.core.cache import cache
from generation import catalogue, health
from generation.models import InferenceModel
InferenceModel.objects.filter(slug="demo").update(family="")
InferenceModel.objects.filter(slug="sketch").update(is_retired=True)
cache.delete(health.KEY)
catalogue.forget()
"""


@pytest.fixture
def sketch(site: Site) -> Iterator[None]:
    """A second model of the demo's family, and a day of both."""
    site.manage("shell", "-v", "0", "-c", SKETCH)
    yield
    site.manage("shell", "-v", "0", "-c", NONE)


def test_an_equivalent_is_allowed_by_keyboard_and_the_job_says_so(anybody: Anybody, sketch: None) -> None:
    page = anybody()
    page.goto("/", wait_until="networkidle")
    group = page.get_by_role("group", name="If Demo cannot finish")
    expect(group.get_by_role("radio", name="This model only")).to_be_checked()
    group.get_by_role("radio", name="This model only").focus()
    page.keyboard.press("ArrowDown")
    equivalent = group.get_by_role("radio", name=re.compile("^An equivalent is fine: Sketch"))
    expect(equivalent).to_be_checked()
    page.get_by_role("radio", name=re.compile("^Sketch")).check()
    expect(page.get_by_role("group", name="If Sketch cannot finish")).to_be_visible()
    expect(page.get_by_role("radio", name=re.compile("^An equivalent is fine: Demo"))).to_be_checked()
    page.get_by_label("Prompt").fill(PROMPT)
    button(page).click()
    sees(picture(page))
    card = page.locator("#stage .card").get_attribute("id") or ""
    page.goto(f"/jobs/{card.removeprefix('job-')}")
    expect(page.locator(".job__facts")).to_contain_text("If Sketch fails")
    expect(page.locator(".job__facts")).to_contain_text("An equivalent is fine")


def test_the_picker_tells_each_model_s_last_day(anybody: Anybody, sketch: None) -> None:
    page = anybody()
    page.goto("/", wait_until="networkidle")
    healthy = page.locator(".model", has_text="Demo").locator(".health")
    expect(healthy).to_have_attribute("data-level", "ok")
    expect(healthy).to_have_text("99.2 % of 1,000 in 24 h, p95 1.2 s")
    slow = page.locator(".model", has_text="Sketch").locator(".health")
    expect(slow).to_have_attribute("data-level", "slow")
    expect(slow).to_have_text("80.0 % of 100 in 24 h, p95 60 s, slow")


def test_without_javascript_the_choice_is_there_too(anybody: Anybody, sketch: None) -> None:
    page = anybody(java_script_enabled=False)
    page.goto("/?model=sketch")
    page.get_by_role("radio", name=re.compile("^An equivalent is fine")).check()
    page.get_by_label("Prompt").fill(PROMPT)
    button(page).click()
    expect(page.locator(".job__facts")).to_contain_text("If Sketch fails")
