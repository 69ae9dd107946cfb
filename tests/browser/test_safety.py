"""Safety in a browser: the veil without script, a report in the dialog, and the staff's queue by keys alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import nobody_works
from tests.browser.conftest import Anybody
from tests.processes.person import PASSWORD
from tests.processes.site import Site

pytestmark = pytest.mark.browser

# Two public pictures of Ada's, of which one is marked; Eve, who looks at them; Mona, who decides.
PEOPLE = f"""
from allauth.account.models import EmailAddress
from accounts.models import User
from gallery.models import Level
from tests.funds import give
from tests.pictures import make, show
def account(name, **more):
    user = User.objects.create_user(name + "@safety.example", "{PASSWORD}", handle=name, **more)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
ada, eve = account("ada_of_safety"), account("eve_of_safety")
mona = account("mona_of_safety", is_staff=True, is_superuser=True)
give(ada, bonus=20)
tall, wide = make(ada, pictures=2)
show(tall, title="Tall", level=Level.NUDITY)
show(wide, title="Wide")
print("codes", tall.code, wide.code)
"""
# What other tests of the same site have left in the queue goes first.
REPORTS = """
from accounts.models import User
from gallery import reports
from gallery.models import Report
from generation.models import Asset
eve = User.objects.get(handle="eve_of_safety")
Report.objects.filter(state="open").exclude(reporter=eve).delete()
for code in ("%s", "%s"):
    reports.send(reporter=eve, thing=Asset.objects.get(code=code), reason="person", note="")
"""
GONE = """
from generation.models import Asset
from gallery.models import Post
Post.objects.filter(owner__handle="ada_of_safety").update(is_listed=False)
Asset.objects.filter(owner__handle="ada_of_safety").update(visibility="private")
"""


@pytest.fixture(scope="module")
def codes(running: Site) -> Iterator[tuple[str, str]]:
    """The marked picture and the plain one."""
    with nobody_works(running):  # the pictures are made by the script itself
        said = running.manage("shell", "-v", "0", "-c", PEOPLE)
    tall, wide = said.strip().splitlines()[-1].split()[1:]
    yield tall, wide
    running.manage("shell", "-v", "0", "-c", GONE)


def sign_in(page: Page, name: str, to: str) -> None:
    page.goto(f"/accounts/login/?next={to}")
    page.get_by_label("E-mail").fill(f"{name}@safety.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: url.endswith(to))


@pytest.mark.parametrize("script", [True, False])
def test_a_marked_picture_is_revealed_by_the_keyboard(anybody: Anybody, codes: tuple[str, str], script: bool) -> None:
    page = anybody(java_script_enabled=script)
    sign_in(page, "eve_of_safety", f"/art/{codes[0]}")
    assert "blur" in page.locator(".piece__wall img").evaluate("image => getComputedStyle(image).filter")
    veil = page.get_by_role("checkbox", name="Show nudity")
    veil.focus()
    page.keyboard.press("Space")
    expect(page.locator(".piece__wall img")).to_have_css("filter", "none")
    expect(page.get_by_role("checkbox", name="Blur again")).to_be_checked()


def test_without_an_account_the_picture_is_not_on_the_page(anybody: Anybody, codes: tuple[str, str]) -> None:
    page = anybody()
    page.goto(f"/art/{codes[0]}")
    expect(page.get_by_text("Marked as nudity.")).to_be_visible()
    expect(page.locator(".piece__wall img")).to_have_count(0)


def test_a_report_is_sent_from_the_dialog(anybody: Anybody, codes: tuple[str, str]) -> None:
    page = anybody()
    sign_in(page, "eve_of_safety", f"/art/{codes[1]}")
    page.get_by_role("button", name="Report this picture").click()
    dialog = page.get_by_role("dialog", name="Report this picture")
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog.get_by_text("Say what is wrong.")).to_be_visible()
    dialog.get_by_label("Shows a real person").check()
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog.get_by_text("Thank you. A person will look at it.")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_the_queue_is_worked_by_keys_alone(anybody: Anybody, codes: tuple[str, str], running: Site) -> None:
    running.manage("shell", "-v", "0", "-c", REPORTS % codes)
    page = anybody()
    sign_in(page, "mona_of_safety", "/admin/gallery/moderation/")
    cases, done = page.locator("[data-case]"), page.locator("[data-done]")
    expect(cases).to_have_count(2)
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    first, second = cases.nth(0), cases.nth(1)
    page.keyboard.press("j")
    expect(first).to_be_focused()
    page.keyboard.press("j")
    expect(second).to_be_focused()
    page.keyboard.press("p")
    expect(first).to_be_focused()
    page.keyboard.press("b")
    expect(first.get_by_label("Blur again")).to_be_checked()
    page.keyboard.press("4")
    expect(first.get_by_label("Explicit")).to_be_checked()
    # The focus is on a radio of the case now, and keys still act on it.
    page.keyboard.press("k")
    expect(done).to_have_count(1)
    expect(done.get_by_text("Level changed")).to_be_visible()
    expect(cases).to_have_count(1)
    expect(cases.first).to_be_focused()
    note = cases.first.get_by_label("Note")
    note.fill("A known face")
    note.press("k")
    expect(note).to_have_value("A known facek")
    expect(cases).to_have_count(1)
    cases.first.focus()
    page.keyboard.press("x")
    expect(done).to_have_count(2)
    expect(done.get_by_text("Withdrawn, strike")).to_be_visible()


def test_the_queue_works_without_script(anybody: Anybody, codes: tuple[str, str]) -> None:
    page = anybody(java_script_enabled=False)
    case = f"/admin/gallery/moderation/art/{codes[1]}/"
    sign_in(page, "mona_of_safety", case)
    page.get_by_role("button", name="Give it back").first.click()
    page.wait_for_url("**/admin/gallery/moderation/?tab=done")
    expect(page.get_by_text("Restored.")).to_be_visible()
