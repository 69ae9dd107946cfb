"""Words that want to be a script, on every page that shows them: no dialog opens, and the console stays silent."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.acts import nobody_works
from tests.browser.conftest import Anybody
from tests.browser.test_safety import GONE, sign_in
from tests.processes.person import PASSWORD
from tests.processes.site import Site

pytestmark = pytest.mark.browser

PEOPLE = f"""
from allauth.account.models import EmailAddress
from accounts.models import User
from gallery import appeals, collecting, decisions, posts, reports
from gallery.models import Comment
from generation import presets
from tests.funds import give
from tests.pictures import make, show
BAD = '</title></textarea></script><script>alert(1)</script><img src=x onerror=alert(2)>"><svg onload=alert(3)>'
def account(name, **more):
    user = User.objects.create_user(name + "@safety.example", "{PASSWORD}", handle=name, display_name=BAD[-60:],
                                    bio=BAD, **more)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
ann, lee = account("ann_of_words"), account("lee_of_words")
sue = account("sue_of_words", is_staff=True, is_superuser=True)
give(ann, bonus=20)
one, two = make(ann, pictures=2, prompt=BAD + " a harbour", negative_prompt=BAD)
for asset in (one, two):
    show(asset, title=BAD[:110])
    posts.describe(asset=asset, owner=ann, words=BAD)
kept = collecting.create(owner=ann, name=BAD[-60:], about=BAD, visibility="public")
collecting.add_many(owner=ann, collection_code=kept.code, asset_ids=[one.pk, two.pk])
presets.keep(owner=ann, name=BAD[-60:], prompt=BAD, settings={{}})
Comment.objects.create(post=one.post, author=lee, text=BAD)
reports.send(reporter=lee, thing=one, reason="person", note=BAD)
ruling = decisions.Ruling("withdraw", seen=0, reason="person", note=BAD)
decision = decisions.about_asset(code=two.code, actor=sue, ruling=ruling)
appeals.send(code=decision.code, owner=ann, text=BAD)
print("codes", one.code, kept.code, decision.code)
"""
AWAY = GONE.replace("ada_of_safety", "ann_of_words")


@pytest.fixture(scope="module")
def codes(running: Site) -> Iterator[list[str]]:
    """Of the picture that is shown and of the collection."""
    with nobody_works(running):
        said = running.manage("shell", "-v", "0", "-c", PEOPLE)
    yield said.strip().splitlines()[-1].split()[1:]
    running.manage("shell", "-v", "0", "-c", AWAY)


def watched(page: Page) -> list[str]:
    """What dialogs said, each closed at once."""
    opened: list[str] = []

    def close(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", close)
    return opened


def visit(page: Page, addresses: list[str]) -> None:
    for address in addresses:
        page.goto(address, wait_until="networkidle")
        expect(page.locator("img[src=x], svg[onload]")).to_have_count(0)


def test_no_page_runs_what_people_wrote(anybody: Anybody, codes: list[str]) -> None:
    art, kept, _ = codes
    page = anybody()
    opened = watched(page)
    shown = [f"/art/{art}", f"/art/{art}/comments", f"/art/{art}/lineage", "/@ann_of_words", "/explore?q=harbour"]
    shown += ["/", "/@ann_of_words/collections", f"/collections/{kept}"]
    visit(page, shown)
    sign_in(page, "ann_of_words", "/library")
    own = ["/library", "/collections", f"/collections/{kept}/edit", "/presets", "/appeals", "/settings"]
    visit(page, [*own, f"/?remix={art}", f"/presets/new?remix={art}", *shown])
    assert opened == []


def test_the_staffs_queue_runs_nothing_either(anybody: Anybody, codes: list[str]) -> None:
    page = anybody()
    opened = watched(page)
    sign_in(page, "sue_of_words", "/admin/gallery/moderation/")
    tabs = [f"/admin/gallery/moderation/?tab={tab}" for tab in ("reports", "automatic", "appeals", "done")]
    visit(page, [*tabs, f"/admin/gallery/moderation/art/{codes[0]}/"])
    assert opened == []


def test_what_htmx_brings_in_runs_nothing(anybody: Anybody, codes: list[str]) -> None:
    """A comment that is written, a search that is typed, a panel that opens: parts of pages, and toasts."""
    art, kept, _ = codes
    page = anybody()
    opened = watched(page)
    sign_in(page, "ann_of_words", f"/art/{art}")
    page.locator("#save").click()
    expect(page.locator("#panel")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/explore")
    page.locator("input[name=q]").first.fill("<img src=x onerror=alert(4)> harbour")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q="))
    expect(page.locator("img[src=x]")).to_have_count(0)
    page.goto(f"/collections/{kept}/delete")
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_text("is gone")).to_be_visible()
    expect(page.locator("img[src=x]")).to_have_count(0)
    assert opened == []
