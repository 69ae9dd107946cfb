"""Forged requests: fields that no form has, codes of other people's things, and what both must not change."""

import re
from typing import Any

import pytest
from django.forms.models import model_to_dict
from django.test import Client

from accounts.models import User
from gallery import archives, collecting, reports
from gallery.models import Action, Appeal, Collection, Comment, Follow, Like, Post, Rating, Report
from generation import presets
from generation.models import Asset, Preset
from tests.browsers import As
from tests.gallery.cases import decide, moderator, say
from tests.pictures import one, show

pytestmark = pytest.mark.django_db
ABSENT = "00000000-0000-7000-8000-000000000000"
# Names of columns that people must not write, sent along with every form.
FORGED = {
    "id": "1",
    "pk": "1",
    "owner": "1",
    "owner_id": "1",
    "author": "1",
    "reporter": "1",
    "user": "1",
    "user_id": "1",
    "actor": "1",
    "code": ABSENT,
    "is_staff": "1",
    "is_superuser": "1",
    "is_guest": "0",
    "merged_into": "1",
    "balance": "1000000",
    "credits": "1000000",
    "price": "0",
    "status": "passed",
    "state": "granted",
    "moderation": "passed",
    "level_floor": "general",
    "is_listed": "1",
    "published_at": "2099-01-01",
    "first_published_at": "2020-01-01",
    "like_count": "1000000",
    "rating_sum": "1000000",
    "comment_count": "1000000",
    "item_count": "1000000",
    "storage_key": "../../etc/passwd",
    "public_folder": "everybody",
    "deleted_at": "",
    "purged_at": "2020-01-01",
    "created_at": "2020-01-01",
    "removed_by": "1",
    "alt_written": "1",
    "prompt": "altered",
    "prompt_written": "altered",
    "seed": "1",
    "size_bytes": "1",
    "expires_at": "2099-01-01",
    "answer": "granted",
    "decision": "1",
}
MAY_CHANGE = {"title", "visibility", "level", "prompt_hidden", "is_listed", "published_at", "first_published_at", "alt"}


def row(thing: Any) -> dict[str, Any]:
    thing.refresh_from_db()
    told = {field.attname: getattr(thing, field.attname) for field in thing._meta.concrete_fields}
    return {name: value for name, value in told.items() if name not in MAY_CHANGE}


@pytest.fixture
def shown(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour")
    return asset


def test_fields_that_no_form_has_change_nothing(browse: As, alice: User, shown: Asset) -> None:
    client = browse(alice)
    post = Post.objects.get()
    before = [row(thing) for thing in (alice, shown, post)]
    told = {**FORGED, "title": "Harbour", "visibility": "public", "level": "general", "alt": "Lamps on water"}
    for door in ("publish", "alt", "withdraw"):
        assert client.post(f"{shown.url}/{door}", told).status_code == 303, door
    after = [row(thing) for thing in (alice, shown, post)]
    after[1]["alt_written"] = before[1]["alt_written"]  # which is what the door is for
    assert after == before
    profile = {**FORGED, "display_name": "Alice", "handle": "alice", "bio": ""}
    assert client.post("/settings", profile).status_code == 303
    assert {"is_staff", "is_superuser", "is_guest"} & {
        name for name, value in row(alice).items() if value and name.startswith("is_")
    } == set()


def test_things_that_are_made_are_the_senders_whatever_the_form_says(
    browse: As, alice: User, charlie: User, shown: Asset
) -> None:
    client = browse(charlie)
    forged = {**FORGED, "owner": str(alice.pk), "author": str(alice.pk), "reporter": str(alice.pk)}
    forged |= {"user": str(alice.pk), "owner_id": str(alice.pk), "user_id": str(alice.pk)}
    sent = {
        f"{shown.url}/like": {},
        f"{shown.url}/rate": {"stars": "5"},
        f"{shown.url}/comments": {"text": "Lovely light"},
        f"{shown.url}/report": {"reason": "person", "note": "Somebody I know"},
        "/@alice/follow": {},
        "/collections": {"name": "Coasts", "about": "", "visibility": "public"},
        "/presets": {"name": "Usual", "prompt": "A harbour at dusk", "keep": "words"},
    }
    for door, told in sent.items():
        assert client.post(door, {**forged, **told}).status_code == 303, door
    assert Like.objects.get().user == charlie
    assert Rating.objects.get().user == charlie
    assert Comment.objects.get().author == charlie
    report = Report.objects.get()
    assert (report.reporter, report.state, report.decision) == (charlie, "open", None)
    assert Follow.objects.get().follower == charlie
    collection = Collection.objects.get()
    assert (collection.owner, collection.item_count) == (charlie, 0)
    assert Preset.objects.get().owner == charlie
    post = Post.objects.get()
    assert (post.like_count, post.rating_sum, post.comment_count) == (1, 5, 1)


def test_an_appeal_is_open_whatever_its_form_says(browse: As, alice: User, shown: Asset) -> None:
    decision = decide(moderator("mona"), shown, Action.WITHDRAW)
    sent = {**FORGED, "text": "It is a harbour", "state": "granted", "answer": "Granted", "answered_by": str(alice.pk)}
    browse(alice).post(f"/appeals/{decision.code}", sent)
    told = model_to_dict(Appeal.objects.get(), fields=["owner", "state", "answer", "answered_by", "text"])
    assert told == {"owner": alice.pk, "state": "open", "answer": "", "answered_by": None, "text": "It is a harbour"}


def test_levels_and_visibilities_that_are_not_an_owners_are_refused(browse: As, alice: User, shown: Asset) -> None:
    client = browse(alice)
    for told in ({"level": "refused"}, {"level": "none"}, {"visibility": "private"}, {"visibility": "staff"}):
        sent = {"title": "", "visibility": "public", "level": "general", **told}
        assert client.post(f"{shown.url}/publish", sent).status_code == 422, told
    shown.refresh_from_db()
    assert (shown.visibility, shown.level) == ("public", "general")


@pytest.fixture
def others(alice: User, charlie: User, shown: Asset) -> dict[str, str]:
    """Doors of Alice's things that are hers alone, each with its code and one that is nobody's."""
    hidden = one(alice)
    collection = collecting.create(owner=alice, name="Coasts")
    archive = archives.ask(owner_id=alice.pk, asset_ids=[hidden.pk], name="Chosen pictures")
    preset = presets.keep(owner=alice, name="Usual", prompt="A {{thing}} at dusk", settings={})
    comment = say(alice, shown)
    decision = decide(moderator("mona"), hidden, Action.REFUSE)
    return {
        "asset": str(hidden.code),
        "collection": str(collection.code),
        "archive": str(archive.code),
        "preset": str(preset.code),
        "comment": str(comment.code),
        "decision": str(decision.code),
        "job": str(hidden.job.code),
    }


READ = (
    "/art/{asset}",
    "/art/{asset}/download",
    "/art/{asset}/comments",
    "/art/{asset}/lineage",
    "/art/{asset}/more",
    "/art/{asset}/next?wall=library",
    "/art/{asset}/collect",
    "/art/{asset}/report",
    "/art/{asset}/remix",
    "/files/{asset}/640.webp",
    "/files/{asset}/card.jpg",
    "/library/trash/{asset}/640.webp",
    "/collections/{collection}",
    "/collections/{collection}/edit",
    "/collections/{collection}/delete",
    "/feeds/collections/{collection}.atom",
    "/exports/{archive}",
    "/exports/{archive}/card",
    "/exports/{archive}/file",
    "/presets/{preset}/use",
    "/presets/{preset}/edit",
    "/presets/{preset}/delete",
    "/presets/new?remix={asset}",
    "/presets/new?from={job}",
    "/jobs/{job}",
    "/jobs/{job}/receipt",
)
WRITTEN = {
    "/art/{asset}/publish": {"visibility": "public"},
    "/art/{asset}/withdraw": {},
    "/art/{asset}/alt": {"alt": "A tower"},
    "/art/{asset}/delete": {},
    "/art/{asset}/restore": {},
    "/art/{asset}/like": {},
    "/art/{asset}/rate": {"stars": "5"},
    "/art/{asset}/comments": {"text": "Lovely"},
    "/art/{asset}/report": {"reason": "person"},
    "/art/{asset}/collect": {"new": "Coasts"},
    "/comments/{comment}/delete": {},
    "/collections/{collection}/edit": {"name": "Mine", "visibility": "public"},
    "/collections/{collection}/delete": {},
    "/collections/{collection}/items": {"art": "{asset}"},
    "/collections/{collection}/items/{asset}/remove": {},
    "/presets/{preset}/edit": {"name": "Mine", "prompt": "A harbour"},
    "/presets/{preset}/delete": {},
    "/presets/{preset}/use": {"v.thing": "boat"},
    "/appeals/{decision}": {"text": "It is mine"},
    "/jobs/{job}/cancel": {},
    "/jobs/{job}/retry": {},
}


def test_another_persons_things_answer_as_if_they_were_not_there(
    browse: As, charlie: User, others: dict[str, str]
) -> None:
    client = browse(charlie)
    nothing = dict.fromkeys(others, ABSENT)
    for htmx in ({}, {"HX-Request": "true"}):
        for door in READ:
            same_answer(client, "get", door, {}, others, nothing, htmx)
        for door, told in WRITTEN.items():
            same_answer(client, "post", door, told, others, nothing, htmx)
    assert Collection.objects.get().name == "Coasts"
    assert Preset.objects.get().name == "Usual"
    assert not Appeal.objects.exists()
    assert Comment.objects.get().removed_at is None


def same_answer(
    client: Client,
    method: str,
    door: str,
    told: dict[str, str],
    others: dict[str, str],
    nothing: dict[str, str],
    headers: dict[str, str],
) -> None:
    answers = [
        getattr(client, method)(
            door.format(**codes), {name: text.format(**codes) for name, text in told.items()}, headers=headers
        )
        for codes in (others, nothing)
    ]
    assert answers[0].status_code == answers[1].status_code, door
    # To htmx a card that is gone is a card that says so.
    assert answers[0].status_code == 404 or "/jobs/" in door, (door, answers[0].status_code)
    assert set(answers[0].headers) == set(answers[1].headers), door
    hers, none = (plain(answer.content, codes) for answer, codes in zip(answers, (others, nothing), strict=True))
    assert hers == none, door


def plain(body: bytes, codes: dict[str, str]) -> list[str]:
    """Without what differs from one answer to the next, and without the codes that were asked for."""
    text = body.decode()
    for code in codes.values():
        text = text.replace(code, "*")
    return [line for line in re.sub(r'nonce="[^"]*"', "", text).splitlines() if "csrf" not in line]


def test_nobody_decides_who_is_not_staff(browse: As, alice: User, charlie: User, gwen: User, shown: Asset) -> None:
    """The queue's doors by their addresses, also for staff without the right to decide."""
    clerk = User.objects.create_user("clerk@example.org", "correct horse", handle="clerk", is_staff=True)
    reports.send(reporter=charlie, thing=shown, reason="person", note="")
    decision = decide(moderator("mona"), shown, Action.KEEP)
    doors = {
        "": {},
        f"art/{shown.code}/": {"do": "refuse", "seen": str(decision.pk), "reason": "person"},
        f"decisions/{decision.code}/restore": {"seen": str(decision.pk)},
        f"files/{shown.code}": {},
    }
    for who, status in ((None, 302), (gwen, 302), (alice, 302), (clerk, 403)):
        for door, told in doors.items():
            client = browse(who)
            for answer in (
                client.post(f"/admin/gallery/moderation/{door}", told),
                client.get(f"/admin/gallery/moderation/{door}"),
            ):
                assert answer.status_code in (status, 405) if told == {} else status, (who, door)
                assert b"Harbour" not in answer.content
    shown.refresh_from_db()
    assert shown.visibility == "public"


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example/x", "///evil.example"])
def test_a_referer_leads_back_to_this_site_alone(browse: As, charlie: User, shown: Asset, path: str) -> None:
    for door in (f"{shown.url}/like", "/@alice/follow"):
        answer = browse(charlie).post(door, headers={"Referer": f"http://testserver{path}"})
        assert answer.status_code == 303
        assert answer["Location"].startswith(("/evil.example", "/@alice", "/art/")), answer["Location"]
