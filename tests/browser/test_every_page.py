"""Every main page, narrow and wide, light and dark: it fits, its console is silent, axe finds nothing serious."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Page, expect

from tests.browser.acts import PROMPT
from tests.browser.conftest import Anybody
from tests.processes.person import PASSWORD, Answer, Person
from tests.processes.site import Site

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
SERIOUS = {"serious", "critical"}


STAFF = f"""
from accounts.models import User
from allauth.account.models import EmailAddress
staff = dict(is_staff=True, is_superuser=True)
sam = User.objects.create_user("sam@every.example", "{PASSWORD}", handle="sam_everywhere", **staff)
EmailAddress.objects.create(user=sam, email=sam.email, verified=True, primary=True)
"""


@dataclass(frozen=True)
class Exhibition:
    """Mara, who has shown one picture and kept two, all that she keeps, and what others said of it."""

    cookies: list[SetCookieParam]
    lin: list[SetCookieParam]
    sam: list[SetCookieParam]
    job: str
    shown: str
    private: str
    handle: str
    collection: str
    preset: str
    archive: str
    comment: str
    comment_of_lin: str


@pytest.fixture(scope="module")
def exhibition(running: Site) -> Iterator[Exhibition]:
    running.run_all()
    mara, lin, sam = Person(running.url), Person(running.url), Person(running.url)
    mara.become_guest()
    jobs: list[str] = []
    for prompt in (PROMPT, "Night bus in the rain", "A clock without hands"):
        jobs.append(mara.submit(prompt))
        mara.wait(jobs[-1], ["succeeded"])
    mara.sign_up("mara@example.org", running.code_mailed_to)
    lin.sign_up("lin@every.example", running.code_mailed_to)
    running.manage("shell", "-v", "0", "-c", STAFF)
    said(sam, "/accounts/login/", login="sam@every.example", password=PASSWORD)
    withdrawn, shown, private = [
        str(code)
        for (code,) in running.rows(
            "SELECT a.code FROM generation_asset a JOIN accounts_user u ON u.id = a.owner_id"
            " WHERE u.email = 'mara@example.org' ORDER BY a.id DESC"
        )
    ]
    mara.publish(shown, "Ridges")
    mara.publish(withdrawn, "Hands")
    said(mara, "/collections", name="Paper studies", about="What is cut and folded.", visibility="public")
    said(mara, "/presets", name="Poster", prompt="A poster of {{fruit}} on a {{table|wooden table}}")
    said(mara, "/library/bulk", action="zip", codes=shown)
    said(mara, f"/art/{shown}/comments", text="The first of a row.")
    said(lin, f"/art/{shown}/comments", text="Where is that?")
    said(lin, f"/art/{shown}/report", reason="person", note="I know this ridge.")
    said(sam, f"/admin/gallery/moderation/art/{withdrawn}/", do="strike", seen=0, reason="person", level="general")
    [[handle]] = running.rows("SELECT handle FROM accounts_user WHERE email = 'mara@example.org'")
    [[collection]] = running.rows("SELECT code FROM gallery_collection WHERE name = 'Paper studies'")
    [[preset]] = running.rows("SELECT code FROM generation_preset WHERE name = 'Poster'")
    [[archive]] = running.rows("SELECT code FROM gallery_archive ORDER BY id DESC LIMIT 1")
    [[own], [other]] = running.rows("SELECT code FROM gallery_comment ORDER BY id DESC LIMIT 2")[::-1]
    yield Exhibition(
        cookies=cookies_of(mara, running),
        lin=cookies_of(lin, running),
        sam=cookies_of(sam, running),
        job=jobs[0],
        shown=shown,
        private=private,
        handle=handle,
        collection=str(collection),
        preset=str(preset),
        archive=str(archive),
        comment=str(own),
        comment_of_lin=str(other),
    )
    said(sam, f"/admin/gallery/moderation/art/{shown}/", do="keep", seen=0, level="general")  # the queue is as it was


def cookies_of(person: Person, running: Site) -> list[SetCookieParam]:
    return [{"name": cookie.name, "value": cookie.value or "", "url": running.url} for cookie in person.cookies]


def said(person: Person, path: str, **fields: Any) -> Answer:
    """A form sent as it is without JavaScript, and taken."""
    token = person.get("/accounts/login/" if "login" in path else "/").field("csrfmiddlewaretoken")
    answer = person.post(path, {"csrfmiddlewaretoken": token, **fields}, htmx=False)
    assert answer.status in {302, 303}, f"{path}: {answer.status}: {answer.text[:2000]}"
    return answer


PAGES: dict[str, Callable[[Exhibition], str]] = {
    "studio": lambda _: "/",
    "explore": lambda _: "/explore",
    "explore, filtered": lambda _: "/explore?q=ridges&ratio=1:1&color=night&sort=liked",
    "explore, not understood": lambda _: "/explore?sort=loudest",
    "art": lambda made: f"/art/{made.shown}",
    "private art": lambda made: f"/art/{made.private}",
    "comments": lambda made: f"/art/{made.shown}/comments",
    "lineage": lambda made: f"/art/{made.shown}/lineage",
    "following": lambda _: "/following",
    "artist": lambda made: f"/@{made.handle}",
    "library": lambda _: "/library",
    "library, nothing found": lambda _: "/library?q=nothing+of+the+kind",
    "trash": lambda _: "/library/trash",
    "archives": lambda _: "/exports",
    "archive": lambda made: f"/exports/{made.archive}",
    "collections": lambda _: "/collections",
    "new collection": lambda _: "/collections/new",
    "collection": lambda made: f"/collections/{made.collection}",
    "edit collection": lambda made: f"/collections/{made.collection}/edit",
    "delete collection": lambda made: f"/collections/{made.collection}/delete",
    "collections of an artist": lambda made: f"/@{made.handle}/collections",
    "save to a collection": lambda made: f"/art/{made.shown}/collect",
    "presets": lambda _: "/presets",
    "use preset": lambda made: f"/presets/{made.preset}/use",
    "edit preset": lambda made: f"/presets/{made.preset}/edit",
    "delete preset": lambda made: f"/presets/{made.preset}/delete",
    "new preset": lambda made: f"/presets/new?remix={made.shown}",
    "credits": lambda _: "/credits",
    "pricing": lambda _: "/pricing",
    "limits": lambda _: "/limits",
    "open books": lambda _: "/transparency",
    "job": lambda made: f"/jobs/{made.job}",
    "receipt": lambda made: f"/jobs/{made.job}/receipt",
    "settings": lambda _: "/settings",
    "appeals": lambda _: "/appeals",
    "rules": lambda _: "/rules",
    "e-mail": lambda _: "/accounts/email/",
    "no page": lambda _: "/there/is/none",
}
DOORS = {"studio": "/", "explore": "/explore", "sign in": "/accounts/login/", "sign up": "/accounts/signup/"}
DOORS |= {
    "reset": "/accounts/password/reset/",
    "pricing": "/pricing",
    "library": "/library",
    "open books": "/transparency",
}
LINS: dict[str, Callable[[Exhibition], str]] = {
    "another's art": lambda made: f"/art/{made.shown}",
    "another's page": lambda made: f"/@{made.handle}",
    "another's collection": lambda made: f"/collections/{made.collection}",
    "report": lambda made: f"/art/{made.shown}/report",
    "report a comment": lambda made: f"/comments/{made.comment}/report",
    "collections, none": lambda _: "/collections",
    "presets, none": lambda _: "/presets",
    "appeals, none": lambda _: "/appeals",
}
STAFFS: dict[str, Callable[[Exhibition], str]] = {
    "reports": lambda _: "/admin/gallery/moderation/",
    "automatic": lambda _: "/admin/gallery/moderation/?tab=automatic",
    "waiting appeals": lambda _: "/admin/gallery/moderation/?tab=appeals",
    "decisions": lambda _: "/admin/gallery/moderation/?tab=done",
    "a case": lambda made: f"/admin/gallery/moderation/art/{made.shown}/",
    "a case of words": lambda made: f"/admin/gallery/moderation/comments/{made.comment_of_lin}/",
    "art": lambda made: f"/art/{made.shown}",
}
LOOKS = {
    f"{scheme}, {width}": {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    for scheme, width in (("light", 360), ("dark", 1440))
}


def found_wrong(page: Page, path: str) -> list[str]:
    """What is wrong with a page."""
    page.goto(path, wait_until="networkidle")
    expect(page.locator("main")).to_be_visible()
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    wrong = [f"{path} is {wide[0]} px wide in a window of {wide[1]}"] if wide[0] > wide[1] else []
    page.evaluate(AXE)
    report: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert report["testEngine"]["name"] == "axe-core"
    return wrong + [
        f"{path} {one['impact']} {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in report["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_an_accounts_pages_are_whole(anybody: Anybody, exhibition: Exhibition, look: dict[str, Any]) -> None:
    page = anybody(**look)
    page.context.add_cookies(exhibition.cookies)
    wrong = [line for path in PAGES.values() for line in found_wrong(page, path(exhibition))]
    assert wrong == []


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_what_another_account_and_staff_see_is_whole(
    anybody: Anybody, exhibition: Exhibition, look: dict[str, Any]
) -> None:
    for cookies, paths in ((exhibition.lin, LINS), (exhibition.sam, STAFFS)):
        page = anybody(**look)
        page.context.add_cookies(cookies)
        assert [line for path in paths.values() for line in found_wrong(page, path(exhibition))] == []


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_a_visitors_pages_are_whole(anybody: Anybody, exhibition: Exhibition, look: dict[str, Any]) -> None:
    page = anybody(**look)
    paths = [
        *DOORS.values(),
        f"/art/{exhibition.shown}",
        f"/art/{exhibition.shown}/comments",
        f"/@{exhibition.handle}",
        f"/@{exhibition.handle}/collections",
        f"/collections/{exhibition.collection}",
        "/rules",
        "/explore?q=no+such+thing",
        f"/art/{exhibition.private}",
    ]
    assert [line for path in paths for line in found_wrong(page, path)] == []


def test_pages_without_javascript_do_not_overflow(anybody: Anybody, exhibition: Exhibition) -> None:
    for cookies, paths in ((exhibition.cookies, PAGES), (exhibition.lin, LINS), (exhibition.sam, STAFFS)):
        page = anybody(java_script_enabled=False, viewport={"width": 360, "height": 800})
        page.context.add_cookies(cookies)
        for path in paths.values():
            page.goto(path(exhibition))
            expect(page.locator("main")).to_be_visible()
            box = page.locator("main").bounding_box()
            assert box
            assert box["width"] <= 360, path(exhibition)
