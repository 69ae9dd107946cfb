"""Copies of public pictures in the bucket: there while everybody may see them, named by pages, gone afterwards."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from config.files import StorageAway
from gallery import posts
from gallery.models import Post
from generation import public_copies, renditions, tasks
from generation.models import Asset, FolderState, PublicFolder, Visibility
from tests import pictures, races
from tests.breaches import breaches, execute, guards_down, triggers_asleep
from tests.browsers import As
from tests.buckets import NOWHERE, Moto

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset(public_bucket: Moto, alice: User) -> Asset:
    """Public, rendered, not copied yet."""
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset)
    return asset


@pytest.fixture
def copied(asset: Asset) -> Asset:
    settle(asset)
    assert asset.public_folder
    return asset


def settle(asset: Asset) -> Asset:
    tasks.settle_public(asset.pk)
    asset.refresh_from_db()
    return asset


def sweep() -> None:
    """What beat does every few seconds, with a worker for what it asks."""
    for pk in public_copies.due():
        tasks.settle_public(pk)


def folders() -> list[tuple[str, str]]:
    return list(PublicFolder.objects.order_by("pk").values_list("name", "state"))


# --- There -----------------------------------------------------------------------------------------------------------


def test_every_width_and_type_is_copied_for_caches(public_bucket: Moto, copied: Asset) -> None:
    keys = public_bucket.objects("public/")
    assert keys == [f"public/{copied.public_folder}/320.{kind}" for kind in ("avif", "webp")]
    for key in keys:
        about = public_bucket.about(key)
        kind = key.rpartition(".")[2]
        assert (about["ContentType"], about["CacheControl"]) == (f"image/{kind}", "public, max-age=300")
        with default_storage.open(key) as copy, default_storage.open(renditions.key(copied, 320, kind)) as rendition:
            assert copy.read() == rendition.read()


def test_pages_name_the_copies_once_they_are_there(
    public_bucket: Moto, asset: Asset, browse: As, django_assert_num_queries: Any
) -> None:
    there = f"{public_bucket.public_url}/public/"
    pages = ("/explore", "/@alice", asset.url)
    for page in pages:
        assert there not in browse(None).get(page).content.decode()
    settle(asset)
    for page in pages:
        body = browse(None).get(page).content.decode()
        named = set(re.findall(rf"{re.escape(there)}[0-9a-f]{{32}}/\d+\.\w+", body))
        assert named == {f"{there}{asset.public_folder}/320.{kind}" for kind in ("avif", "webp")}
    [post] = Post.objects.listed()
    with django_assert_num_queries(0):
        assert (post.src, post.sources) == (asset.src, asset.sources)


def test_every_address_that_a_page_names_is_there(public_bucket: Moto, copied: Asset) -> None:
    named = {copied.src, *(part.split()[0] for _, srcset in copied.sources for part in srcset.split(", "))}
    there = {f"{public_bucket.public_url}/{key}" for key in public_bucket.objects("public/")}
    assert named <= there


def status(url: str) -> int:
    """What somebody gets who has no key."""
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_nothing_but_the_copies_is_read_by_everybody(public_bucket: Moto, copied: Asset) -> None:
    keys = public_bucket.objects()
    assert {key.split("/")[0] for key in keys} == {"images", "renditions", "public"}
    for key in keys:
        assert status(f"{public_bucket.public_url}/{key}") == (200 if key.startswith("public/") else 403), key


def test_twice_is_once(public_bucket: Moto, copied: Asset) -> None:
    before = folders()
    settle(copied)
    assert (folders(), len(public_bucket.objects("public/"))) == (before, 2)


def test_what_was_shown_before_it_was_rendered_is_copied_after(public_bucket: Moto, alice: User) -> None:
    asset = pictures.one(alice)
    pictures.show(asset)
    assert settle(asset).public_folder == ""
    renditions.make(asset_id=asset.pk)
    sweep()
    asset.refresh_from_db()
    assert asset.public_folder


@pytest.mark.parametrize(
    "told", [{"visibility": "unlisted"}, {"level": "nudity"}, {"visibility": "unlisted", "level": "explicit"}]
)
def test_what_is_not_for_everybody_is_not_copied(public_bucket: Moto, alice: User, told: dict[str, Any]) -> None:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset, **told)
    sweep()
    assert settle(asset).public_folder == ""
    assert (public_bucket.objects("public/"), folders()) == ([], [])


@pytest.mark.usefixtures("anywhere")
def test_without_a_public_address_nothing_is_copied(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    renditions.make(asset_id=asset.pk)
    pictures.show(asset)
    sweep()
    assert settle(asset).src == f"/files/{asset.code}/640.webp"
    assert folders() == []
    assert public_copies.sweep() == 0


# --- Gone ------------------------------------------------------------------------------------------------------------

TAKEN_BACK: dict[str, Callable[[Asset, User], object]] = {
    "withdrawn": lambda asset, owner: posts.withdraw(asset=asset, owner=owner),
    "unlisted": lambda asset, owner: pictures.show(asset, visibility=Visibility.UNLISTED),
    "level": lambda asset, owner: pictures.show(asset, level="nudity"),
    "deleted": lambda asset, owner: Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now()),
    "raw": lambda asset, owner: execute("UPDATE generation_asset SET visibility = 'private' RETURNING id"),
}


@pytest.mark.parametrize("how", TAKEN_BACK)
def test_taken_back_it_is_named_no_more_at_once_and_deleted_by_the_task(
    public_bucket: Moto, copied: Asset, alice: User, how: str
) -> None:
    name = copied.public_folder
    TAKEN_BACK[how](copied, alice)
    copied.refresh_from_db()
    assert copied.public_folder == ""
    assert folders() == [(name, FolderState.LEFT)]
    settle(copied)
    assert (public_bucket.objects("public/"), folders()) == ([], [])


def test_shown_again_it_gets_another_folder(public_bucket: Moto, copied: Asset, alice: User) -> None:
    before = copied.public_folder
    posts.withdraw(asset=copied, owner=alice)
    pictures.show(copied)  # before anybody came to delete anything
    settle(copied)
    assert copied.public_folder not in ("", before)
    assert {key.split("/")[1] for key in public_bucket.objects("public/")} == {copied.public_folder}


def test_a_new_title_or_a_level_that_is_everybodys_too_keeps_the_folder(copied: Asset) -> None:
    before = copied.public_folder
    pictures.show(copied, title="Another", level="suggestive")
    assert settle(copied).public_folder == before


def test_without_the_public_address_all_copies_go_and_with_it_they_come_back(
    public_bucket: Moto, copied: Asset, settings: Any
) -> None:
    settings.S3_PUBLIC_URL = ""
    copied.refresh_from_db()
    assert copied.src.startswith("/files/")
    sweep()
    assert (public_bucket.objects("public/"), folders()) == ([], [])
    settings.S3_PUBLIC_URL = public_bucket.public_url
    sweep()
    copied.refresh_from_db()
    assert copied.public_folder


# --- Faults ----------------------------------------------------------------------------------------------------------


def die_at(operation: str, number: int) -> Callable[[], None]:
    """The worker ends in its `number`-th request of that kind, without a word. What it returns undoes that."""
    events = default_storage._client.meta.events  # type: ignore[attr-defined]
    seen = 0

    def die(**_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise SystemExit

    events.register(f"before-send.s3.{operation}", die)
    return lambda: events.unregister(f"before-send.s3.{operation}", die)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_while_it_copies_leaves_nothing_for_ever(
    public_bucket: Moto, asset: Asset, alice: User, number: int
) -> None:
    alive = die_at("CopyObject", number)
    with pytest.raises(SystemExit):
        tasks.settle_public(asset.pk)
    alive()
    [(_, state)] = folders()
    assert (state, len(public_bucket.objects("public/"))) == (FolderState.FILLING, number - 1)
    posts.withdraw(asset=asset, owner=alice)
    sweep()
    assert (public_bucket.objects("public/"), folders()) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_while_it_copies_is_followed_by_another(public_bucket: Moto, asset: Asset) -> None:
    alive = die_at("CopyObject", 2)
    with pytest.raises(SystemExit):
        tasks.settle_public(asset.pk)
    alive()
    [(name, _)] = folders()
    sweep()
    asset.refresh_from_db()
    assert asset.public_folder == name
    assert len(public_bucket.objects("public/")) == 2


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_while_it_deletes_is_followed_by_another(
    public_bucket: Moto, copied: Asset, alice: User, number: int
) -> None:
    posts.withdraw(asset=copied, owner=alice)
    alive = die_at("DeleteObject", number)
    with pytest.raises(SystemExit):
        tasks.settle_public(copied.pk)
    alive()
    assert len(folders()) == 1
    sweep()
    assert (public_bucket.objects("public/"), folders()) == ([], [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("and_forgotten", [False, True])
def test_what_is_taken_back_while_it_is_copied_does_not_stay(
    public_bucket: Moto, asset: Asset, alice: User, and_forgotten: bool
) -> None:
    def take_back(**_: Any) -> None:
        posts.withdraw(asset=asset, owner=alice)
        if and_forgotten:
            PublicFolder.objects.all().delete()

    events = default_storage._client.meta.events  # type: ignore[attr-defined]
    events.register("before-send.s3.CopyObject", take_back)
    tasks.settle_public(asset.pk)
    events.unregister("before-send.s3.CopyObject", take_back)
    assert public_bucket.objects("public/") == []
    sweep()
    assert folders() == []


@pytest.mark.django_db(transaction=True)
def test_whoever_copies_shows_and_takes_back_at_once_the_bucket_and_the_pages_agree(
    public_bucket: Moto, asset: Asset, alice: User
) -> None:
    def copy() -> None:
        for _ in range(4):
            public_copies.settle(asset_id=asset.pk)

    def change_their_mind() -> None:
        for _ in range(4):
            posts.withdraw(asset=asset, owner=alice)
            pictures.show(asset)

    ended = races.race([copy, copy, change_their_mind, change_their_mind])
    assert [one for one in ended if isinstance(one, Exception)] == []
    sweep()
    asset.refresh_from_db()
    assert {key.split("/")[1] for key in public_bucket.objects("public/")} == {asset.public_folder}
    assert folders() == [(asset.public_folder, FolderState.USED)]
    assert breaches() == set()


def test_while_the_bucket_is_away_the_row_remembers(
    public_bucket: Moto, copied: Asset, alice: User, settings: Any
) -> None:
    settings.STORAGES = public_bucket.storages(endpoint_url=NOWHERE)
    posts.withdraw(asset=copied, owner=alice)
    with pytest.raises(StorageAway):
        public_copies.settle(asset_id=copied.pk)
    assert len(folders()) == 1
    settings.STORAGES = public_bucket.storages()
    sweep()
    assert (public_bucket.objects("public/"), folders()) == ([], [])


def test_a_rendition_that_vanished_is_made_again_and_copied(public_bucket: Moto, asset: Asset) -> None:
    default_storage.delete(renditions.key(asset, 320, "webp"))
    assert settle(asset).public_folder == ""
    assert asset.rendered_at is None
    renditions.make(asset_id=asset.pk)
    assert settle(asset).public_folder
    assert len(public_bucket.objects("public/")) == 2


def test_folders_that_no_row_knows_are_emptied_at_night(public_bucket: Moto, copied: Asset) -> None:
    for name in ("00" * 16, "ff" * 16):
        default_storage.save(f"public/{name}/320.webp", ContentFile(b"bytes"))
    for night in range(public_copies.PARTS):
        public_copies.sweep(night=night)
    assert {key.split("/")[1] for key in public_bucket.objects("public/")} == {copied.public_folder}
    default_storage.save(f"public/{'ab' * 16}/320.webp", ContentFile(b"bytes"))
    call_command("sweep_files")
    assert {key.split("/")[1] for key in public_bucket.objects("public/")} == {copied.public_folder}


# --- The database has the last word ----------------------------------------------------------------------------------


ANOTHER_FOLDER = """
    INSERT INTO generation_publicfolder (asset_id, name, state)
    SELECT asset_id, md5('x'), 'filling' FROM generation_publicfolder
"""


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE generation_asset SET public_folder = 'a'", "asset_public_folder_is_in_use"),
        ("UPDATE generation_publicfolder SET name = '../images'", "public_folder_name_is_random"),
        ("UPDATE generation_publicfolder SET state = 'lost'", "public_folder_state_is_known"),
        (ANOTHER_FOLDER, "public_folder_one_at_a_time"),
    ],
)
def test_the_database_refuses(copied: Asset, sql: str, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_refuses_a_folder_of_what_is_not_public(copied: Asset) -> None:
    with (
        triggers_asleep("generation_asset"),
        pytest.raises(IntegrityError, match="asset_public_folder_only_for_everybody"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE generation_asset SET visibility = 'private'")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE generation_asset SET level = 'nudity'", {"public_copy_of_what_is_public"}),
        (
            "UPDATE generation_publicfolder SET state = 'left'",
            {"public_copy_of_what_is_public"},
        ),
        ("UPDATE generation_asset SET public_folder = ''", {"public_folder_is_named"}),
    ],
)
def test_the_audit_finds_what_was_written_past_the_guards(copied: Asset, sql: str, found: set[str]) -> None:
    assert breaches() == set()
    with guards_down("generation_asset", "generation_publicfolder"):
        execute(sql)
    assert breaches() == found
