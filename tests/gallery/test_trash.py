"""The trash: deleting acts at once, restoring brings back what was, for good is for good, whatever dies meanwhile."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.storage.filesystem import FileSystemStorage
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from gallery import tasks, trash
from gallery.models import Artist, Collection, CollectionItem, Post
from generation import disposal, orphans, renditions
from generation.models import Asset
from tests.breaches import breaches
from tests.browsers import As
from tests.gallery.shelves import fill
from tests.pictures import PROMPT, make, one, show, solid
from tests.races import race

NOBODYS = "/art/00000000-0000-7000-8000-000000000000"


def picture_of(asset: Asset) -> str:
    return f"/library/trash/{asset.code}/640.webp"


def age(*assets: Asset, days: int = 30) -> None:
    """Let them have been deleted so long ago."""
    Asset.objects.filter(pk__in=[asset.pk for asset in assets]).update(deleted_at=timezone.now() - timedelta(days=days))


def keys_of(asset: Asset) -> list[str]:
    shown = [renditions.key(asset, width, kind) for width in asset.rendition_widths for kind in ("avif", "webp")]
    return list(filter(None, [asset.storage_key, asset.poster_key, *shown]))


def there(asset: Asset) -> set[bool]:
    return {default_storage.exists(key) for key in keys_of(asset)}


def count_of(owner: User) -> int:
    return sum(Artist.objects.filter(owner=owner).values_list("post_count", flat=True))


# --- Deleting and restoring ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_deleting_takes_a_picture_away_everywhere_at_once(browse: As, alice: User, charlie: User) -> None:
    asset = one(alice)
    show(asset)
    owner, stranger = browse(alice), browse(charlie)
    answer = owner.post(f"{asset.url}/delete")
    assert (answer.status_code, answer["Location"]) == (303, "/library")
    for client in (owner, stranger):
        for address in (asset.url, asset.src, f"{asset.url}/download", f"{asset.url}/remix"):
            assert client.get(address).status_code == 404
        assert asset.url not in client.get("/explore").content.decode()
        assert asset.url not in client.get("/@alice").content.decode()
    assert asset.url not in owner.get("/library").content.decode()
    assert count_of(alice) == 0
    assert breaches() == set()


@pytest.mark.django_db
def test_only_the_owner_sees_what_is_in_the_trash(browse: As, alice: User, charlie: User, gwen: User) -> None:
    asset = one(alice)
    assert browse(alice).get(picture_of(asset)).status_code == 404
    browse(alice).post(f"{asset.url}/delete")
    page = browse(alice).get("/library/trash")
    assert picture_of(asset) in page.content.decode()
    assert "30 days left" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    picture = browse(alice).get(picture_of(asset))
    assert (picture.status_code, picture["Cache-Control"]) == (200, "private, no-store")
    for other in (charlie, gwen, None):
        assert browse(other).get(picture_of(asset)).status_code == 404
        assert picture_of(asset) not in browse(other).get("/library/trash").content.decode()
    assert browse(alice).get(f"/library/trash/{asset.code}/641.webp").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("visibility", ["private", "unlisted", "public"])
def test_restoring_brings_back_what_was(browse: As, alice: User, charlie: User, visibility: str) -> None:
    asset = one(alice)
    post = show(asset, visibility=visibility, title="Harbour") if visibility != "private" else None
    client = browse(alice)
    client.post(f"{asset.url}/delete")
    answer = client.post(f"{asset.url}/restore")
    assert (answer.status_code, answer["Location"]) == (303, asset.url)
    asset.refresh_from_db()
    assert (asset.deleted_at, asset.visibility) == (None, visibility)
    assert browse(charlie).get(asset.url).status_code == (404 if visibility == "private" else 200)
    assert (asset.url in browse(None).get("/explore").content.decode()) == (visibility == "public")
    if post:
        now = Post.objects.get(pk=post.pk)
        assert (now.title, now.published_at) == ("Harbour", post.published_at)
        assert count_of(alice) == (visibility == "public")


@pytest.mark.django_db
def test_what_staff_took_down_meanwhile_comes_back_private(browse: As, alice: User) -> None:
    asset = one(alice)
    show(asset)
    client = browse(alice)
    client.post(f"{asset.url}/delete")
    Asset.objects.filter(pk=asset.pk).update(visibility="private", moderation="refused", level="refused")
    client.post(f"{asset.url}/restore")
    assert asset.url not in browse(None).get("/explore").content.decode()
    assert count_of(alice) == 0
    assert breaches() == set()


@pytest.mark.django_db
def test_sent_twice_both_doors_change_nothing_more(browse: As, alice: User) -> None:
    asset = one(alice)
    client = browse(alice)
    first = client.post(f"{asset.url}/delete")
    since = Asset.objects.get(pk=asset.pk).deleted_at
    assert client.post(f"{asset.url}/delete").status_code == first.status_code == 303
    assert Asset.objects.get(pk=asset.pk).deleted_at == since
    assert [client.post(f"{asset.url}/restore").status_code for _ in range(2)] == [303, 303]


@pytest.mark.django_db
def test_a_guest_deletes_and_restores_too(browse: As, gwen: User) -> None:
    asset = one(gwen)
    client = browse(gwen)
    assert f'action="{asset.url}/delete"' in client.get(asset.url).content.decode()
    assert client.post(f"{asset.url}/delete").status_code == 303
    assert client.post(f"{asset.url}/restore").status_code == 303
    assert client.get(asset.url).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["delete", "restore"])
def test_anothers_picture_and_an_absent_one_are_the_same_404(
    browse: As, alice: User, charlie: User, gwen: User, act: str
) -> None:
    asset = one(alice)
    show(asset)
    bodies = set()
    for other in (charlie, gwen, None):
        for url in (asset.url, NOBODYS):
            answer = browse(other).post(f"{url}/{act}")
            assert answer.status_code == 404
    for url in (asset.url, NOBODYS):
        body = browse(charlie).post(f"{url}/{act}").content
        bodies.add(re.sub(rb'x-csrftoken": "\w+"|value="\w{64}"', b"", body))
    assert len(bodies) == 1
    assert browse(alice).get(f"{asset.url}/{act}").status_code == 405
    assert Asset.objects.get(pk=asset.pk).deleted_at is None


@pytest.mark.django_db
def test_undo_brings_back_what_that_press_deleted_and_nothing_else(browse: As, alice: User, charlie: User) -> None:
    earlier, asset = make(alice, pictures=2)
    client = browse(alice)
    client.post(f"{earlier.url}/delete")
    client.get("/library")
    client.post(f"{asset.url}/delete")
    page = client.get("/library").content.decode()
    [moment] = re.findall(r'name="moment" value="(\d+)"', page)
    assert browse(charlie).post("/library/bulk", {"action": "undo", "moment": moment}).status_code == 303
    assert Asset.objects.get(pk=asset.pk).deleted_at is not None
    client.post("/library/bulk", {"action": "undo", "moment": moment})
    assert "1 picture restored" in client.get("/library").content.decode()
    assert Asset.objects.get(pk=asset.pk).deleted_at is None
    assert Asset.objects.get(pk=earlier.pk).deleted_at is not None
    client.post("/library/bulk", {"action": "undo", "moment": moment})
    assert "nothing left to bring back" in client.get("/library").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["", "x", "-1", "9" * 18, "9" * 30, "１"])
def test_an_undo_of_no_moment_is_refused(browse: As, alice: User, moment: str) -> None:
    assert browse(alice).post("/library/bulk", {"action": "undo", "moment": moment}).status_code == 400


@pytest.mark.django_db
def test_the_trash_comes_in_pages_the_last_deleted_first(browse: As, alice: User) -> None:
    rows = fill(alice, 43)
    now = timezone.now()
    for number, asset in enumerate(rows):
        Asset.objects.filter(pk=asset.pk).update(deleted_at=now - timedelta(minutes=number // 3))
    client = browse(alice)
    first = client.get("/library/trash").content.decode()
    [address] = re.findall(r'id="next" href="([^"]+)"', first)
    second = client.get(address, HTTP_HX_REQUEST="true").content.decode()
    shown = re.findall(r'id="trash-([0-9a-f-]{36})"', first + second)
    in_order = Asset.objects.filter(owner=alice).order_by("-deleted_at", "-pk").values_list("code", flat=True)
    assert shown == [str(code) for code in in_order]
    assert client.get("/library/trash?after=OTk").status_code == 400
    assert client.get("/library/trash?after=nonsense").status_code == 400


@pytest.mark.django_db
def test_the_job_of_deleted_pictures_says_so_and_fails_nowhere(browse: As, alice: User) -> None:
    first, second = make(alice, pictures=2)
    client = browse(alice)
    client.post(f"{first.url}/delete")
    page = client.get(f"/jobs/{first.job.code}").content.decode()
    assert first.url not in page
    assert second.url in page
    assert "pictures arrived" not in page
    client.post(f"{second.url}/delete")
    page = client.get(f"/jobs/{first.job.code}").content.decode()
    assert "You deleted what this job made." in page
    assert "notice--fail" not in page


# --- For good --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_for_good_is_gone_with_every_file_and_the_row_stays_for_the_books(
    browse: As, alice: User, charlie: User
) -> None:
    asset, kept = make(alice, pictures=2)
    vase = solid(alice)
    show(asset, title="Harbour")
    for each in (asset, kept, vase):
        renditions.make(asset_id=each.pk)
    shelf = Collection.objects.create(owner=alice, name="Blue")
    CollectionItem.objects.create(collection=shelf, asset=asset)
    assert there(asset) == there(vase) == {True}
    client = browse(alice)
    client.post("/library/bulk", {"action": "delete", "codes": [asset.code, vase.code]})
    client.post("/library/bulk", {"action": "purge", "codes": [asset.code, vase.code]})
    tasks.remove_files()
    assert there(asset) == there(vase) == {False}
    assert there(kept) == {True}
    row, post = Asset.objects.get(pk=asset.pk), Post.objects.get(asset=asset)
    assert row.files_removed_at is not None
    assert (row.alt, row.placeholder, post.title, post.prompt, post.alt, post.placeholder) == ("",) * 6
    shelf.refresh_from_db()
    assert shelf.item_count == 0
    assert client.post(f"{asset.url}/restore").status_code == 404
    assert client.get(picture_of(asset)).status_code == 404
    assert str(asset.code) not in client.get("/library/trash").content.decode()
    assert PROMPT in client.get(f"/jobs/{asset.job.code}").content.decode()
    assert breaches() == set()


@pytest.mark.django_db(transaction=True)
def test_after_thirty_days_it_goes_by_itself(browse: As, alice: User, settings: Any) -> None:
    old, young, kept = make(alice, pictures=3)
    age(old)
    age(young, days=29)
    client = browse(alice)
    page = client.get("/library/trash").content.decode()
    assert picture_of(young) in page
    assert "1 day left" in page
    assert picture_of(old) not in page
    assert client.post(f"{old.url}/restore").status_code == 404
    tasks.empty_trash()
    assert there(old) == {False}
    assert default_storage.exists(young.storage_key)
    assert default_storage.exists(kept.storage_key)
    assert Asset.objects.get(pk=young.pk).purged_at is None


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_fails_is_asked_again_and_holds_up_nobody(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = make(alice, pictures=2)
    age(broken, fine)
    plain = FileSystemStorage.delete

    def delete(self: FileSystemStorage, name: str) -> None:
        if str(broken.code) in name:
            raise OSError("the disk is away")
        plain(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", delete)
        tasks.empty_trash()
    assert "are still there" in caplog.text
    assert default_storage.exists(broken.storage_key)
    assert there(fine) == {False}
    assert Asset.objects.get(pk=broken.pk).files_removed_at is None
    tasks.remove_files()
    assert there(broken) == {False}
    assert Asset.objects.get(pk=broken.pk).files_removed_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_death_between_mark_and_bytes_is_found_again(alice: User) -> None:
    asset = one(alice)
    age(asset)
    assert trash.purge_due() == 1  # and here the worker dies
    assert default_storage.exists(asset.storage_key)
    assert disposal.remove_files() == 1
    assert disposal.remove_files() == 0
    assert there(asset) == {False}


@pytest.mark.django_db(transaction=True)
def test_renditions_that_come_after_the_end_are_not_made_and_strays_are_swept(alice: User) -> None:
    asset = one(alice)
    age(asset)
    Asset.objects.filter(pk=asset.pk).update(purged_at=timezone.now(), rendered_at=None)
    Asset.objects.filter(pk=asset.pk).update(files_removed_at=timezone.now())
    renditions.make(asset_id=asset.pk)
    assert not default_storage.exists(renditions.key(asset, 320, "webp"))
    assert orphans._unnamed_files([asset.storage_key]) == [asset.storage_key]
    assert orphans._unnamed_renditions([f"renditions/00/{asset.code}"]) == [f"renditions/00/{asset.code}"]


@pytest.mark.django_db(transaction=True)
def test_restoring_and_deleting_for_good_at_once_has_one_outcome(alice: User) -> None:
    for asset in make(alice, pictures=4):
        show(asset)
        trash.discard(owner_id=alice.pk, asset_ids=[asset.pk], when=timezone.now())
        both = [
            lambda pk=asset.pk: trash.restore(owner_id=alice.pk, asset_ids=[pk]),
            lambda pk=asset.pk: trash.purge(owner_id=alice.pk, asset_ids=[pk]),
        ]
        assert sorted(map(str, race(both))) == ["0", "1"]
        row = Asset.objects.get(pk=asset.pk)
        assert (row.deleted_at is None) == (row.purged_at is None)
    assert breaches() == set()
    assert count_of(alice) == Post.objects.filter(owner=alice, is_listed=True).count()


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"purged_at": True}, {"deleted_at": True, "files_removed_at": True}])
def test_the_database_refuses_an_end_without_its_beginning(alice: User, fields: dict[str, bool]) -> None:
    asset = one(alice)
    now = timezone.now()
    with pytest.raises(IntegrityError, match=r"asset_(purged_from_the_trash|bytes_go_last)"), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(**dict.fromkeys(fields, now))
