"""Whatever people write is text: on every page, in toasts, mails, feeds, linked data, files and staff's lists."""

import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.test import Client
from PIL import Image

from accounts.models import User
from gallery import appeals, archives, collecting, mails, packing, posts, reports
from gallery.models import Action, Comment
from generation import presets
from generation.models import Asset, Preset
from tests.browsers import As
from tests.every_door import TEXTS, sent
from tests.gallery.cases import decide, moderator, say
from tests.pictures import one, show

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
# What people can write: NUL and halves of signs are refused by the forms, which test_every_door.py tries.
KINDS = {
    "markup": "".join(TEXTS[kind] for kind in ("script", "template", "end of a section", "emoji")),
    "lines": TEXTS["lines"],
    "formula": TEXTS["formula"],
}
# Attributes that run something, and elements that do; ours are known by their sources.
RUNS = re.compile(r"^on\w+$|^style$|^srcdoc$")
OUR_SCRIPTS = ("application/ld+json", "application/json")


class Strict(HTMLParser):
    """Collects whatever in a page could run, and the elements that a text could have made."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "script" and not told.get("src", "") and told.get("type") not in OUR_SCRIPTS:
            self.runs.append(f"<script {told}>")
        if tag == "script" and not (told.get("src") or "/").startswith("/"):
            self.runs.append(f"<script {told}>")
        self.runs += [f"<{tag} {name}={value!r}>" for name, value in attrs if RUNS.match(name)]
        self.runs += [
            f"<{tag} {name}={value!r}>"
            for name, value in attrs
            if value and re.match(r"\s*(javascript|data:text/html|vbscript):", value, re.IGNORECASE)
        ]
        if tag == "img" and told.get("src") == "x":
            self.runs.append("<img src=x>")


def runs(page: str) -> list[str]:
    strict = Strict()
    strict.feed(page)
    return strict.runs


def fitting(text: str, most: int) -> str:
    return text[:most].strip() or "x"


class Stage:
    """Everything that Alice and Charlie can say, said with one text."""

    def __init__(self, alice: User, charlie: User, text: str) -> None:
        self.text = text
        line = posts_line(text)
        User.objects.filter(pk=alice.pk).update(display_name=fitting(line, 60), bio=fitting(text, 500))
        alice.refresh_from_db()
        self.asset = one(alice, prompt=fitting(text, 900) + " a harbour", negative_prompt=fitting(text, 400))
        self.other = one(alice, prompt="A quiet harbour")
        show(self.asset, title=fitting(line, 120))
        show(self.other, title=fitting(line, 120))
        posts.describe(asset=self.asset, owner=alice, words=fitting(line, 300))
        self.collection = collecting.create(
            owner=alice, name=fitting(line, 60), about=fitting(text, 500), visibility="public"
        )
        collecting.add_many(owner=alice, collection_code=self.collection.code, asset_ids=[self.asset.pk])
        self.comment = say(charlie, self.asset, fitting(text, 900))
        self.preset = presets.keep(owner=alice, name=fitting(line, 60), prompt=f"{plain_preset(text)}", settings={})
        self.archive = archives.ask(owner_id=alice.pk, asset_ids=[self.asset.pk], name=f"All that match “{line}”")
        reports.send(reporter=charlie, thing=self.asset, reason="person", note=fitting(text, 900))
        self.mona = moderator("mona")
        self.decision = decide(self.mona, self.other, Action.WITHDRAW, note=fitting(text, 900))
        appeals.send(code=self.decision.code, owner=alice, text=fitting(text, 900))

    @property
    def public_pages(self) -> list[str]:
        url = self.asset.url
        return [
            "/",
            "/explore",
            "/explore/latest",
            "/explore?q=harbour",
            "/@alice",
            "/@alice/collections",
            self.collection.url,
            url,
            f"{url}/comments",
            f"{url}/lineage",
            f"{url}/more",
        ]

    @property
    def own_pages(self) -> list[str]:
        return [
            "/library",
            "/collections",
            f"{self.collection.url}/edit",
            f"{self.collection.url}/delete",
            f"{self.asset.url}/collect",
            "/presets",
            "/presets/menu",
            f"/presets/{self.preset.code}/edit",
            f"/presets/{self.preset.code}/delete",
            f"/presets/new?remix={self.asset.code}",
            f"/?remix={self.asset.code}",
            f"/jobs/{self.asset.job.code}",
            "/exports",
            self.archive.url,
            "/appeals",
            "/settings",
        ]

    @property
    def staff_pages(self) -> list[str]:
        queue = "/admin/gallery/moderation"
        return [
            *(f"{queue}/?tab={tab}" for tab in ("reports", "automatic", "appeals", "done")),
            f"{queue}/art/{self.other.code}/",
            f"{queue}/comments/{self.comment.code}/",
            f"{queue}/appeals/{self.decision.appeal.code}/",
            *(f"/admin/gallery/{name}/" for name in ("decision", "report", "strike", "appeal")),
            f"/admin/gallery/decision/{self.decision.pk}/change/",
            "/admin/accounts/user/",
            "/admin/generation/",
        ]


def posts_line(text: str) -> str:
    """As the forms make one line of it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def plain_preset(text: str) -> str:
    return fitting(text.replace("{", "(").replace("}", ")"), 500)


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, alice: User, charlie: User) -> Stage:
    return Stage(alice, charlie, KINDS[request.param])


def test_nothing_that_people_wrote_runs_on_any_page(
    browse: As, alice: User, charlie: User, sam: User, stage: Stage
) -> None:
    for who, pages in (
        (None, stage.public_pages),
        (charlie, [*stage.public_pages, f"{stage.asset.url}/report", "/following"]),
        (alice, [*stage.public_pages, *stage.own_pages]),
        (sam, stage.staff_pages),
    ):
        for page in pages:
            for headers in ({}, HTMX):
                answer = browse(who).get(page, headers=headers, follow=True)
                assert answer.status_code in (200, 404 if "/admin/generation/" in page else 200), page
                assert runs(answer.content.decode()) == [], page
                assert "Set-Cookie" not in answer.headers


def test_toasts_say_it_as_text(browse: As, alice: User, stage: Stage) -> None:
    client = browse(alice)
    said: dict[str, dict[str, str]] = {
        f"{stage.asset.url}/collect": {"collection": str(stage.collection.code)},
        "/collections": {"name": stage.text, "about": stage.text, "visibility": "private"},
        f"{stage.collection.url}/delete": {},
        "/presets": {"name": stage.text, "prompt": "A harbour", "keep": "words"},
        f"/presets/{stage.preset.code}/delete": {},
        f"{stage.asset.url}/comments": {"text": stage.text},
        f"{stage.asset.url}/alt": {"alt": stage.text},
        f"{stage.asset.url}/publish": {"title": stage.text, "visibility": "public", "level": "general"},
        "/settings": {"display_name": stage.text, "handle": "alice", "bio": stage.text},
        f"/appeals/{stage.decision.code}": {"text": stage.text},
        "/library/bulk": {"action": "zip", "all": "1", "q": stage.text},
    }
    for door, told in said.items():
        for headers in ({}, HTMX):
            answer = client.post(door, told, headers=headers, follow=True)
            assert answer.status_code < 500, door
            assert runs(answer.content.decode()) == [], door


def test_a_page_shows_what_was_written_and_nothing_is_lost(browse: As, stage: Stage) -> None:
    found: list[str] = []

    class Texts(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

    Texts().feed(browse(None).get(f"{stage.asset.url}/comments").content.decode())
    assert " ".join(stage.comment.text.split()) in " ".join(" ".join(found).split())


def test_feeds_and_sitemaps_are_well_formed_xml(browse: As, stage: Stage) -> None:
    for path in (
        "/feeds/latest.atom",
        "/feeds/@alice.atom",
        f"/feeds/collections/{stage.collection.code}.atom",
        "/sitemap.xml",
    ):
        answer = browse(None).get(path)
        root = ElementTree.fromstring(answer.content)
        assert not {one.tag.rpartition("}")[2] for one in root.iter()} & {"script", "img"}
        for content in root.iter("{http://www.w3.org/2005/Atom}content"):
            assert runs(content.text or "") == [], path


def test_linked_data_and_cards_are_text(browse: As, stage: Stage) -> None:
    for path in (stage.asset.url, "/@alice", "/explore", stage.collection.url):
        page = browse(None).get(path).content.decode()
        for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL):
            told = json.loads(block)
            assert told["@context"] == "https://schema.org"
            assert "<" not in block
        for name in re.findall(r'<meta property="og:(?:title|description)" content="([^"]*)"', page):
            assert "<" not in name
            assert "\n" not in name or stage.text.count("\n")


def test_mails_have_one_subject_and_say_it_as_text(alice: User, stage: Stage) -> None:
    mails.tell_decision(decision_id=stage.decision.pk)
    appeals.answer(code=stage.decision.appeal.code, actor=moderator("mike"), is_granted=False, words=stage.text)
    mails.tell_answer(appeal_id=stage.decision.appeal.pk)
    assert len(mail.outbox) == 2
    for letter in mail.outbox:
        message = letter.message()
        assert message["To"] == "alice@example.org"
        assert message.get_all("Set-Cookie") is None
        assert "\n" not in str(message["Subject"])
        [(html, kind)] = letter.alternatives  # type: ignore[union-attr]
        assert kind == "text/html"
        styled = [run for run in runs(str(html)) if " style=" not in run]
        assert styled == []
        if "<script>" in stage.text:
            assert "<script>alert" in letter.body  # in plain text it is what it is
            assert "<script>" not in str(html)


def test_files_to_keep_have_safe_names_and_open(browse: As, alice: User, stage: Stage) -> None:
    client: Client = browse(alice)
    for wanted in ("original", "png", "jpeg", "webp"):
        answer = client.get(f"{stage.asset.url}/download?format={wanted}")
        said = answer["Content-Disposition"]
        assert re.fullmatch(r'attachment; filename="Atelier Image [A-Za-z0-9, _]+\.(png|jpg|webp)"', said)
        with Image.open(io.BytesIO(answer.getvalue())) as image:
            image.load()
            xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        if xmp:
            ElementTree.fromstring(xmp)


def test_an_archive_has_safe_names_and_a_manifest_that_runs_nothing(browse: As, alice: User, stage: Stage) -> None:
    assert packing.pack_next() == stage.archive
    answer = browse(alice).get(f"{stage.archive.url}/file")
    assert "\n" not in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as file:
        assert file.testzip() is None
        for name in file.namelist():
            assert re.fullmatch(r"(pictures/)?[A-Za-z0-9._-]+", name), name
            assert ".." not in name
        manifest = json.loads(file.read("manifest.json"))
        rows = list(csv.DictReader(io.StringIO(file.read("manifest.csv").decode())))
    assert manifest["pictures"][0]["title"] == stage.asset.post.title
    for cell in rows[0].values():
        assert not re.match(r"^[\s\"']*[=+\-@\t\r]", cell.removeprefix("'")) or cell.startswith("'")


@pytest.mark.parametrize("sign", ["\u202e", "\u202d", "\u2066", "\u2067", "\u2068"])
def test_no_word_turns_those_around_it(browse: As, alice: User, charlie: User, sign: str) -> None:
    asset = one(alice)
    client = browse(alice)
    told = {"title": f"{sign}gnp.exe", "visibility": "public", "level": "general"}
    assert client.post(f"{asset.url}/publish", told).status_code == 303
    assert client.post(f"{asset.url}/alt", {"alt": f"A{sign} tower"}).status_code == 303
    assert client.post("/collections", {"name": f"Co{sign}asts", "visibility": "public"}).status_code == 303
    assert client.post("/presets", {"name": f"Us{sign}ual", "prompt": "A harbour", "keep": "words"}).status_code == 303
    told = {"display_name": f"Al{sign}ice", "handle": "alice", "bio": ""}
    assert client.post("/settings", told).status_code == 303
    assert browse(charlie).post(f"{asset.url}/comments", {"text": f"So{sign} fine"}).status_code == 303
    asset = Asset.objects.select_related("post", "owner").get(pk=asset.pk)
    assert (asset.post.title, asset.alt, asset.owner.display_name) == ("gnp.exe", "A tower", "Alice")
    assert Comment.objects.get().text == "So fine"
    assert Preset.objects.get().name == "Usual"


@pytest.mark.parametrize("text", ["one\x00two", "one\udce2two"], ids=["NUL", "half of a sign"])
def test_what_no_database_keeps_is_refused_or_left_out(browse: As, alice: User, text: str) -> None:
    asset = one(alice)
    show(asset)
    client = browse(alice)
    form: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded"}
    for door, names in (
        (f"{asset.url}/publish", "title"),
        (f"{asset.url}/alt", "alt"),
        (f"{asset.url}/comments", "text"),
        ("/collections", "name about"),
        ("/presets", "name prompt negative_prompt model style"),
        ("/settings", "display_name handle bio"),
        ("/library/bulk", "action codes q upto"),
    ):
        value = sent(text)
        body = "visibility=public&level=general&keep=all&" + "&".join(f"{name}={value}" for name in names.split())
        assert client.post(door, body, **form).status_code in (204, 302, 303, 400, 422), door
