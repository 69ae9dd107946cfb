"""The studio by keyboard, with a nervous finger, on a bad line, with too few credits, in any light."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.alive import until
from tests.browser.acts import PROMPT, button, generate, job_in, nobody_works, picture, sees, sign_up
from tests.browser.conftest import Anybody
from tests.processes.site import Site

pytestmark = pytest.mark.browser

TABS_MAX = 60


def jobs(site: Site) -> int:
    return site.number("SELECT count(*) FROM generation_job")


def has_focus(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it is there; wherever the focus comes by, it shows."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
        shown = page.evaluate(
            "() => { const at = document.activeElement, near = [at, at.parentElement, at.nextElementSibling];"
            " return at === document.body || near.some(one => one && (getComputedStyle(one).outlineStyle !== 'none'"
            " || getComputedStyle(one).boxShadow !== 'none')); }"
        )
        assert shown, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if has_focus(page, selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


# --- By keyboard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_picture_is_made_with_the_keyboard_alone(anybody: Anybody, key: str) -> None:
    page = anybody()
    page.goto("/", wait_until="networkidle")
    page.keyboard.press("Tab")
    assert has_focus(page, "a.skip")
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
    tab_to(page, "#prompt")
    page.keyboard.type(PROMPT)
    tab_to(page, "input[name=aspect_ratio]")
    page.keyboard.press("ArrowRight")
    page.wait_for_load_state("networkidle")
    tab_to(page, "#generate")
    page.keyboard.press(key)
    sees(picture(page))


def test_the_jobs_menu_opens_and_closes_with_the_keyboard(site: Site, anybody: Anybody) -> None:
    page = anybody()
    with nobody_works(site):
        generate(page)
        expect(page.locator("#stage [data-open]")).to_be_visible()
        page.goto("/explore", wait_until="networkidle")
        expect(page.locator("#tray .badge")).to_have_text("1")
        tab_to(page, "#tray-summary")
        page.keyboard.press("Enter")
        expect(page.locator("#tray .run")).to_contain_text(PROMPT)
        page.wait_for_timeout(2500)  # a poll of the tray must not close it under somebody's eyes
        expect(page.locator("#tray .run")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#tray .run")).to_be_hidden()
        assert has_focus(page, "#tray-summary")
    expect(page.locator("#tray .badge")).to_have_count(0)
    expect(page.locator("#balance")).to_contain_text("9")


# --- Once, and nothing lost ------------------------------------------------------------------------------------------


def test_a_double_click_is_one_request_and_one_job(site: Site, anybody: Anybody) -> None:
    before, page = jobs(site), anybody()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/", wait_until="networkidle")
    page.get_by_label("Prompt").fill(PROMPT)
    button(page).dblclick()
    sees(picture(page))
    assert [url for url in posts if url.endswith("/generate")] == [site.url + "/generate"]
    assert jobs(site) == before + 1


def test_a_double_click_without_javascript_is_one_job(site: Site, anybody: Anybody) -> None:
    before, page = jobs(site), anybody(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Prompt").fill(PROMPT)
    button(page).dblclick(no_wait_after=True)
    sees(picture(page))
    assert jobs(site) == before + 1


def lost_answer(route: Route) -> None:
    route.fetch()
    route.abort()


def no_connection(route: Route) -> None:
    route.abort()


@pytest.mark.parametrize("fault", [no_connection, lost_answer])
def test_after_a_broken_line_sending_again_is_one_job(
    site: Site, anybody: Anybody, fault: Callable[[Route], None]
) -> None:
    before, page = jobs(site), anybody()
    page.goto("/", wait_until="networkidle")
    page.get_by_label("Prompt").fill(PROMPT)
    page.route("**/generate", fault)
    button(page).click()
    expect(page.get_by_text("No connection. What you wrote is kept")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_value(PROMPT)
    page.unroute("**/generate")
    button(page).click()
    sees(picture(page))
    assert jobs(site) == before + 1


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("a" * 1001, "this has 1001"), ("a" * 400 + "\n" * 601 + "b", "this has 1002"), ("     ", "Write what")],
    ids=["1,001 characters", "many lines", "spaces"],
)
def test_a_refused_prompt_is_named_and_kept(anybody: Anybody, prompt: str, said: str) -> None:
    page = anybody()
    page.goto("/", wait_until="networkidle")
    page.get_by_label("Prompt").fill(prompt)
    button(page).click()
    expect(page.locator("#prompt-e")).to_contain_text(said)
    field = page.get_by_label("Prompt")
    expect(field).to_have_value(prompt)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(button(page)).not_to_have_attribute("aria-disabled", "true")

    field.fill(PROMPT)
    button(page).click()
    sees(picture(page))


def test_an_empty_prompt_is_asked_for_before_anything_is_sent(anybody: Anybody) -> None:
    page = anybody()
    page.goto("/", wait_until="networkidle")
    button(page).click()
    expect(page.get_by_label("Prompt")).to_be_focused()
    assert page.get_by_label("Prompt").evaluate("field => field.validity.valueMissing")
    expect(button(page)).not_to_have_attribute("aria-disabled", "true")


# --- Credits ---------------------------------------------------------------------------------------------------------


def test_what_cannot_be_paid_is_said_before_and_after_pressing(site: Site, anybody: Anybody) -> None:
    site.restart_web(GUEST_DAILY_FREE_CREDITS="3")
    page = anybody()
    page.goto("/", wait_until="networkidle")
    page.get_by_label("Prompt").fill(PROMPT)
    page.locator("input[name=count][value='4']").check()
    expect(page.locator("#cost-summary")).to_contain_text("you have 3")
    button(page).click()
    expect(page.locator("#refusal[data-error=insufficient_credits]")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_value(PROMPT)
    expect(page.locator("input[name=count][value='4']")).to_be_checked()

    page.locator("input[name=count][value='1']").check()
    expect(page.locator("#cost-summary")).to_contain_text("leaves 2")
    button(page).click()
    sees(picture(page))
    expect(page.locator("#balance")).to_contain_text("2")


def test_a_job_is_cancelled_from_its_card_and_costs_nothing(site: Site, anybody: Anybody) -> None:
    page = anybody()
    with nobody_works(site):
        generate(page)
        expect(page.locator("#balance")).to_contain_text("9")
        expect(button(page)).to_have_attribute("aria-disabled", "true")
        page.get_by_role("button", name=re.compile("^Cancel.*releases 1 credit")).click()
        expect(page.locator("#stage [data-state=cancelled]")).to_contain_text("Nothing was charged.")
        expect(page.locator("#balance")).to_contain_text("10")
        expect(button(page)).not_to_have_attribute("aria-disabled", "true")

        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#stage [data-open]")).to_be_visible()
    sees(picture(page))


def test_another_tab_shows_the_job_and_cancels_it(site: Site, anybody: Anybody) -> None:
    page = anybody()
    with nobody_works(site):
        generate(page)
        expect(page.locator("#stage [data-open]")).to_be_visible()
        other = page.context.new_page()
        other.goto("/explore")
        other.locator("#tray-summary").click()
        other.get_by_role("button", name=re.compile("^Cancel Misty")).click()
        expect(other.locator("#tray .run")).to_have_count(0)
        expect(other.locator("#balance")).to_contain_text("10")
        expect(page.locator("#stage [data-state=cancelled]")).to_be_visible()
        expect(page.locator("#balance")).to_contain_text("10")


def test_without_javascript_a_job_is_cancelled_on_its_page(site: Site, anybody: Anybody) -> None:
    page = anybody(java_script_enabled=False)
    with nobody_works(site):
        generate(page)
        expect(page.locator("#stage [data-open]")).to_be_visible()
        page.get_by_role("button", name=re.compile("^Cancel")).click()
        expect(page.locator("#stage [data-state=cancelled]")).to_contain_text("Nothing was charged.")


def test_a_job_goes_on_while_its_page_is_closed_and_is_nobody_elses(site: Site, anybody: Anybody) -> None:
    page, stranger = anybody(), anybody()
    with nobody_works(site):
        generate(page)
        expect(page.locator("#stage [data-open]")).to_be_visible()
        page.goto("/library")
        page.locator("#tray-summary").click()
        page.get_by_role("link", name=re.compile("^Open the job")).click()
        expect(page).to_have_url(re.compile("/jobs/"))
    sees(picture(page))
    code = job_in(page.url)
    for path in (f"/jobs/{code}", f"/jobs/{code}/card", f"/jobs/{code}/receipt"):
        assert stranger.request.get(path).status == 404


def test_a_guest_whose_job_runs_while_signing_up_finds_it_in_the_account(site: Site, anybody: Anybody) -> None:
    page = anybody()
    with nobody_works(site):
        generate(page)
        expect(page.locator("#stage [data-open]")).to_be_visible()
        sign_up(page, site, f"eve{jobs(site)}@example.org")
        expect(page.locator("#tray .badge")).to_have_text("1")
        expect(page.locator("#balance")).to_contain_text("70")
    until(lambda: site.open_jobs() == 0)
    page.goto("/library")
    expect(page.locator("#wall img")).to_have_count(1)


# --- Limits ----------------------------------------------------------------------------------------------------------


def test_the_last_request_of_a_day_turns_the_bars_red_and_the_next_one_says_when(site: Site, anybody: Anybody) -> None:
    site.restart_web(DAILY_GENERATE_MAX="1,3,3")
    page = anybody()
    generate(page)
    sees(picture(page))
    expect(page.locator("#limit [data-level=full]")).to_be_visible()
    expect(page.locator("#limit")).to_contain_text("1 of 1 requests")

    button(page).click()
    refusal = page.locator("#refusal[data-error=daily_limit]")
    expect(refusal).to_contain_text("Today’s 1 request is used up. New ones come at 00:00 UTC.")
    expect(refusal.locator("[data-countdown]")).to_have_text(re.compile(r"^\d+ h \d+ min$|^\d+:\d\d$"))
    refusal.get_by_role("link", name="See today’s limits").click()
    expect(page.locator("#limits [data-level=full]")).to_have_attribute("aria-label", "Generations today")


def test_the_wallets_page_loads_todays_limits(anybody: Anybody) -> None:
    page = anybody()
    page.goto("/credits")
    expect(page.locator("#limits .limit")).to_have_count(5)
    expect(page.locator("#limits .limit").first).to_contain_text("Generations")


# --- Light and dark --------------------------------------------------------------------------------------------------


def test_the_theme_follows_the_system_until_somebody_chooses(anybody: Anybody) -> None:
    def brightness(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    page = anybody(color_scheme="dark")
    page.goto("/explore")
    assert brightness(page) < 200
    page.get_by_role("button", name="Switch between light and dark").click()
    assert brightness(page) > 600
    page.goto("/")
    assert brightness(page) > 600
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert brightness(page) < 200
