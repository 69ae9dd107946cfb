"""The gallery's story: a picture is shown, found, liked, kept, downloaded, remixed, reported, withdrawn, given back."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import addresses, button, generate, picture, sees, sign_up, status
from tests.browser.conftest import Anybody
from tests.processes.person import PASSWORD
from tests.processes.site import Site

pytestmark = pytest.mark.browser

NOW = time.monotonic_ns()
TITLE, WORDS = f"Harbour {NOW}", f"A harbour of paper boats, number {NOW}, lamps on black water"
QUEUE = "/admin/gallery/moderation/"
STAFF = f"""
from accounts.models import User
from allauth.account.models import EmailAddress
for name in ("sam", "tess"):
    user = User.objects.create_user(f"{{name}}{NOW}@story.example", "{PASSWORD}", handle=f"{{name}}_{NOW}"[:30],
        is_staff=True, is_superuser=True)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


def sign_in(page: Page, email: str, to: str) -> None:
    page.goto(f"/accounts/login/?next={to}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: url.endswith(to))


def toast(page: Page, words: str) -> None:
    expect(page.locator("#toasts").get_by_text(words)).to_have_count(1)


def is_whole(page: Page) -> None:
    """What a picture's page loads later is there."""
    expect(page.locator(".later")).to_have_count(0)
    expect(page.get_by_label("Your comment")).to_have_count(1)


@pytest.fixture
def people(site: Site, anybody: Anybody) -> tuple[Page, Page]:
    """Mara, who makes pictures, and Lin, who looks at them, each in a browser of her own."""
    mara, lin = anybody(accept_downloads=True), anybody(accept_downloads=True)
    sign_up(mara, site, f"mara{NOW}@story.example")
    sign_up(lin, site, f"lin{NOW}@story.example")
    return mara, lin


def test_a_pictures_whole_life_in_the_gallery(
    site: Site, anybody: Anybody, people: tuple[Page, Page], tmp_path: Path
) -> None:
    mara, lin = people
    site.manage("shell", "-v", "0", "-c", STAFF)
    art = publish(mara)
    found_by_words(lin, art)
    like_rate_comment(lin)
    save_to_a_collection(lin)
    remix_what_was_dropped(lin, download(lin, tmp_path), art)
    report(lin, art)

    files = [address for address in addresses(lin) if art[-36:] in address]  # and not those of her own remix
    assert len(files) >= 3
    sam, tess = anybody(), anybody()
    withdraw_by_keys(sam)
    assert {status(lin, address) for address in [art, *files]} == {404}
    lin.goto(f"/explore?q={NOW}")
    expect(lin.get_by_role("heading", name="Nothing found")).to_have_count(1)

    appeal(mara)
    grant_by_keys(tess)
    mara.goto("/appeals")
    expect(mara.get_by_text("Appeal granted")).to_have_count(1)
    assert {status(lin, address) for address in [art, *files]} == {200}
    found_by_words(lin, art)
    is_whole(lin)
    expect(lin.locator(".piece__like .like")).to_have_attribute("aria-pressed", "true")
    expect(lin.get_by_text("Lamps like these!")).to_have_count(1)


# --- What each of them does -------------------------------------------------------------------------------------------


def publish(page: Page) -> str:
    """Make a picture and show it; the address of its page."""
    generate(page, WORDS)
    sees(picture(page))
    page.locator("#stage").get_by_role("link", name="Open", exact=True).click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Make private again")).to_have_count(1)
    toast(page, "Published. Anyone can see it.")
    return page.url


def found_by_words(page: Page, art: str) -> None:
    page.goto("/explore")
    page.get_by_role("searchbox", name="Describe what you look for").fill(f"harb boats {NOW}")
    tiles = page.locator("#wall .work__frame")
    expect(page.locator("#results")).to_have_attribute("data-found", "1 picture.")
    expect(tiles).to_have_count(1)
    tiles.click()
    page.wait_for_url(lambda url: url.startswith(art))
    expect(page.get_by_role("heading", name=TITLE)).to_have_count(1)
    sees(page.locator(".piece__wall img"))


def like_rate_comment(page: Page) -> None:
    is_whole(page)
    page.keyboard.press("l")
    expect(page.locator(".piece__like .like")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".piece__like .like")).to_have_text("1")
    page.locator("#stars-4").check(force=True)
    expect(page.locator("#rating-sum")).to_have_text("4.0 from 1 person")
    page.get_by_label("Your comment").fill("Lamps like these!")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#talk-list > li")).to_have_count(1)
    expect(page.locator("#talk-list > li")).to_contain_text("Lamps like these!")


def save_to_a_collection(page: Page) -> None:
    page.locator("#save").click()
    dialog = page.get_by_role("dialog", name="Save to a collection")
    dialog.get_by_label("New collection").fill("Lights at night")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_be_hidden()
    toast(page, "Saved to “Lights at night”.")


def download(page: Page, folder: Path) -> Path:
    page.locator("#download summary").click()
    with page.expect_download() as waited:
        page.locator("#original").click()
    file = folder / waited.value.suggested_filename
    waited.value.save_as(file)
    return file


def remix_what_was_dropped(page: Page, file: Path, art: str) -> None:
    """The file fills the studio's form with its settings; Remix does so too, and says where it comes from."""
    page.goto("/")
    page.locator("#reference-file").set_input_files(file)
    page.get_by_role("link", name="Use its settings").click()
    expect(page.locator("#filled")).to_have_count(1)
    expect(page.locator("#prompt")).to_have_value(WORDS)
    page.goto(art)
    is_whole(page)
    page.get_by_role("link", name="Remix").first.click()
    expect(page.locator("#prompt")).to_have_value(WORDS)
    button(page).click()
    sees(picture(page))
    page.locator("#stage").get_by_role("link", name="Open", exact=True).click()
    family = page.locator(".kin")
    expect(family).to_have_count(1)
    expect(family).to_contain_text(f"Remixed from {TITLE}")


def report(page: Page, art: str) -> None:
    page.goto(art)
    is_whole(page)
    page.get_by_role("button", name="Report this picture").click()
    dialog = page.get_by_role("dialog", name="Report this picture")
    dialog.get_by_label("Shows a real person").check()
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog.get_by_text("Thank you. A person will look at it.")).to_have_count(1)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def reach(page: Page, words: str) -> Locator:
    """The case that is about these words, with the focus, by keys alone."""
    cases = page.locator("[data-case]")
    expect(cases.filter(has_text=words)).to_have_count(1)
    wanted = cases.filter(has_text=words)
    for _ in range(cases.count()):
        page.keyboard.press("j")
        if wanted.evaluate("one => one === document.activeElement"):
            break
    expect(wanted).to_be_focused()
    return wanted


def withdraw_by_keys(page: Page) -> None:
    sign_in(page, f"sam{NOW}@story.example", QUEUE)
    reach(page, TITLE)
    page.keyboard.press("w")
    expect(page.locator("[data-done]")).to_have_count(1)
    expect(page.locator("[data-done]")).to_contain_text("Withdrawn")


def appeal(page: Page) -> None:
    page.goto("/appeals")
    decided = page.locator(".decided").filter(has_text=TITLE)
    expect(decided).to_have_count(1)
    decided.locator("summary").click()
    decided.get_by_label("Why is it wrong?").fill("There is nobody in it, only boats.")
    decided.get_by_role("button", name="Send appeal").click()
    toast(page, "Sent. Somebody else looks at it, and you are told.")


def grant_by_keys(page: Page) -> None:
    sign_in(page, f"tess{NOW}@story.example", f"{QUEUE}?tab=appeals")
    case = reach(page, TITLE)
    case.get_by_label("Answer").fill("You are right: there is nobody in it.")
    case.focus()
    page.keyboard.press("k")
    expect(page.locator("[data-done]")).to_have_count(1)
    expect(page.locator("[data-done]")).to_contain_text("Appeal granted")
