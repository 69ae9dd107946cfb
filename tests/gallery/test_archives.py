"""Archives: what is inside, for whom, what happens when a worker or the storage fails, and when they end."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.storage.filesystem import FileSystemStorage
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import guests
from accounts.models import User
from gallery import archives, bulk, packing, tasks
from gallery.bulk import Action, Choice
from gallery.errors import ArchiveTooLarge, TooManyArchives
from gallery.models import Archive, ArchiveItem, ArchiveState
from generation.models import Asset
from tests.browsers import As
from tests.gallery.shelves import fill
from tests.pictures import PROMPT, make, one, show, solid
from tests.races import together

ANY = pytest.mark.django_db
COMMITTED = pytest.mark.django_db(transaction=True)


def ask(owner: User, *assets: Asset) -> Archive:
    return archives.ask(owner_id=owner.pk, asset_ids=[asset.pk for asset in assets], name="Chosen pictures")


def packed(owner: User, *assets: Asset) -> Archive:
    archive = ask(owner, *assets)
    assert packing.pack_next() == archive
    archive.refresh_from_db()
    assert archive.state == ArchiveState.READY
    return archive


def opened(archive: Archive) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(archives.open_file(archive).read()))


def lose(archive: Archive) -> None:
    """Its worker died: the lease ran out."""
    Archive.objects.filter(pk=archive.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


# --- What is inside --------------------------------------------------------------------------------------------------


@ANY
def test_it_holds_the_originals_and_beside_each_what_the_database_says(alice: User) -> None:
    first, second = make(alice, pictures=2, negative_prompt="no ships")
    vase = solid(alice)
    show(first, title='=HYPERLINK("http://x")', hide_prompt=True)
    with opened(packed(alice, first, second, vase)) as file:
        assert file.testzip() is None
        names = file.namelist()
        manifest = json.loads(file.read("manifest.json"))
        for asset in (first, second, vase):
            asset.refresh_from_db()
            name = packing.file_name(asset)
            with default_storage.open(asset.storage_key) as stored:
                assert file.read(name) == stored.read()
            told = json.loads(file.read(name.rpartition(".")[0] + ".json"))
            job = asset.job
            assert (told["prompt_written"], told["prompt_sent"], told["negative_prompt"]) == (
                job.prompt_written,
                job.prompt_sent,
                job.negative_prompt,
            )
            assert (told["model"], told["seed"], told["sha256"]) == (asset.maker.name, asset.seed, asset.sha256)
            assert (told["visibility"], told["created"]) == (
                asset.visibility,
                asset.created_at.isoformat(timespec="seconds"),
            )
            assert told["parameters"]["aspect_ratio"] == job.aspect_ratio
            assert told["digital_source_type"].endswith("/algorithmicMedia")
            assert told["status"] == "packed"
        rows = list(csv.DictReader(io.StringIO(file.read("manifest.csv").decode())))
    assert len(names) == len(set(names)) == 8
    assert (manifest["total"], manifest["packed"], manifest["missing"]) == (3, 3, 0)
    assert [row["file"] for row in manifest["pictures"]] == [row["file"] for row in rows]
    assert rows[0]["title"] == '\'=HYPERLINK("http://x")'
    assert manifest["pictures"][0]["title"] == '=HYPERLINK("http://x")'


@ANY
def test_names_are_made_of_day_model_and_code_and_of_nothing_that_was_typed(alice: User) -> None:
    asset = one(alice, prompt="../../etc/passwd\n<b>")
    show(asset, title="..\\..\\CON")
    asset.maker.slug = "../Fancy model ☃"
    name = packing.file_name(asset)
    assert re.fullmatch(rf"pictures/\d{{4}}-\d\d-\d\d_Fancy-model_{asset.code}\.png", name)
    with opened(packed(alice, asset)) as file:
        assert not [name for name in file.namelist() if ".." in name or name.startswith("/") or "\\" in name]


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=1", "\r", " =1", "'=1", '"=1', "\uff1d1", "\uff0b1", "  \uff20x", "\n=x"]
)
def test_no_cell_of_the_table_is_a_formula(text: str) -> None:
    assert packing._cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["plain", "a=1", "", "3D", 5, -5, None])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert packing._cell(value) == value


@ANY
def test_what_is_missing_is_listed_and_fails_nothing(browse: As, alice: User) -> None:
    fine, gone, deleted, altered = make(alice, pictures=4)
    archive = ask(alice, fine, gone, deleted, altered)
    default_storage.delete(gone.storage_key)
    Asset.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    Asset.objects.filter(pk=altered.pk).update(sha256="0" * 64)
    packing.pack_next()
    archive.refresh_from_db()
    assert (archive.state, archive.packed, archive.missing) == (ArchiveState.READY, 2, 2)
    with opened(archive) as file:
        told = {row["code"]: row["status"] for row in json.loads(file.read("manifest.json"))["pictures"]}
        assert packing.file_name(gone) not in file.namelist()
        assert json.loads(file.read(packing.file_name(gone).replace(".png", ".json")))["status"] == "missing"
    assert told == {
        str(fine.code): "packed",
        str(gone.code): "missing",
        str(deleted.code): "missing",
        str(altered.code): "altered",
    }
    assert "2 could not be packed" in browse(alice).get(archive.url).content.decode()


# --- Asking ----------------------------------------------------------------------------------------------------------


@ANY
def test_chosen_and_all_matching_become_an_archive(browse: As, alice: User) -> None:
    fill(alice, 3)
    desert = one(alice, prompt="A desert")
    client = browse(alice)
    answer = client.post("/library/bulk", {"action": "zip", "codes": [desert.code, uuid4()]})
    archive = Archive.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, archive.url)
    assert "1 picture is not there any more" in client.get(archive.url).content.decode()
    client.post("/library/bulk", {"action": "zip", "all": "1", "q": "harbour"})
    matching = Archive.objects.latest("pk")
    assert (matching.total, matching.name) == (3, "All that match “harbour”")
    assert desert.pk not in ArchiveItem.objects.filter(archive=matching).values_list("asset", flat=True)
    listing = client.get("/exports").content.decode()
    assert listing.index(matching.url) < listing.index(archive.url)


@ANY
def test_an_archive_is_bounded_in_number_and_size(
    browse: As, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ARCHIVE_MAX = 3
    rows = fill(alice, 4)
    with pytest.raises(ArchiveTooLarge):
        ask(alice, *rows)
    answer = browse(alice).post("/library/bulk", {"action": "zip", "all": "1"})
    assert answer.status_code == 422
    assert "An archive holds at most 3 pictures." in answer.content.decode()
    monkeypatch.setattr(archives, "BYTES_MAX", 10)
    answer = browse(alice).post("/library/bulk", {"action": "zip", "codes": [rows[0].code]})
    assert answer.status_code == 422
    assert not Archive.objects.exists()


@ANY
def test_a_third_open_archive_has_to_wait(browse: As, alice: User) -> None:
    asset = one(alice)
    for _ in range(2):
        ask(alice, asset)
    answer = browse(alice).post("/library/bulk", {"action": "zip", "codes": [asset.code]})
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert "2 of your archives are still being packed" in answer.content.decode()
    packing.pack_next()
    assert ask(alice, asset).state == ArchiveState.QUEUED


@COMMITTED
def test_eight_clicks_at_once_are_two_archives(alice: User) -> None:
    asset = one(alice)
    results = together(8, lambda: ask(alice, asset))
    assert sum(isinstance(result, Archive) for result in results) == 2
    assert sum(isinstance(result, TooManyArchives) for result in results) == 6


@ANY
def test_the_last_five_are_kept(alice: User) -> None:
    asset = one(alice)
    made = [packed(alice, asset) for _ in range(archives.KEPT_MAX)]
    ask(alice, asset)
    archives.sweep()
    states = [Archive.objects.get(pk=archive.pk).state for archive in made]
    assert states == [ArchiveState.EXPIRED] + [ArchiveState.READY] * (archives.KEPT_MAX - 1)
    assert [default_storage.exists(archive.storage_key) for archive in made] == [False, True, True, True, True]


@ANY
def test_a_guests_archives_go_along_into_the_account(browse: As, gwen: User, alice: User) -> None:
    archive = packed(gwen, one(gwen))
    assert guests.merge(guest_id=gwen.pk, account_id=alice.pk) == 1
    assert browse(alice).get(f"{archive.url}/file").status_code == 200


# --- For whom --------------------------------------------------------------------------------------------------------


@ANY
def test_page_card_and_file_are_their_owners_alone(browse: As, alice: User, charlie: User, gwen: User) -> None:
    archive = packed(alice, one(alice))
    for path in ("", "/card", "/file"):
        assert browse(alice).get(archive.url + path).status_code == 200
        assert browse(alice).post(archive.url + path).status_code == 405
        for other in (charlie, gwen, None):
            assert browse(other).get(archive.url + path).status_code == 404
            assert browse(other).get(f"/exports/{uuid4()}{path}").status_code == 404
            assert archive.url not in browse(other).get("/exports").content.decode()


@ANY
def test_the_file_is_an_attachment_that_no_cache_keeps(browse: As, alice: User) -> None:
    archive = packed(alice, one(alice))
    answer: Any = browse(alice).get(f"{archive.url}/file")
    assert answer["Content-Disposition"] == f'attachment; filename="Atelier pictures {archive.created_at:%Y-%m-%d}.zip"'
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/zip", "private, no-store")
    assert int(answer["Content-Length"]) == len(answer.getvalue()) == archive.size_bytes


@ANY
def test_the_card_polls_while_it_is_open_and_then_no_more(browse: As, alice: User) -> None:
    archive = ask(alice, one(alice))
    client = browse(alice)
    page = client.get(archive.url).content.decode()
    assert 'http-equiv="refresh"' in page
    [poll] = re.findall(r'hx-get="(/exports/[^"]+)"', page)
    assert client.get(poll).status_code == 204
    packing.pack_next()
    done = client.get(poll).content.decode()
    assert "hx-get" not in done
    assert f'href="{archive.url}/file"' in done
    assert 'http-equiv="refresh"' not in client.get(archive.url).content.decode()


@ANY
def test_before_it_is_ready_and_after_it_has_expired_there_is_no_file(browse: As, alice: User) -> None:
    asset = one(alice)
    client = browse(alice)
    archive = ask(alice, asset)
    assert client.get(f"{archive.url}/file").status_code == 404
    packing.pack_next()
    Archive.objects.filter(pk=archive.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(f"{archive.url}/file").status_code == 404
    archive.refresh_from_db()
    key = archive.storage_key
    tasks.sweep_archives()
    assert not default_storage.exists(key)
    assert not ArchiveItem.objects.filter(archive=archive).exists()
    assert "Expired" in client.get(archive.url).content.decode()
    assert default_storage.exists(asset.storage_key)


# --- Failures --------------------------------------------------------------------------------------------------------


@ANY
def test_a_lost_worker_is_replaced_and_what_it_stored_is_removed(alice: User) -> None:
    archive = ask(alice, one(alice))
    dead = archives.claim()
    assert dead == archive
    assert archives.claim() is None
    stored = default_storage.save(archives._key(dead, 1), ContentFile(b"half"))  # before the row says so it dies
    lose(archive)
    assert packing.pack_next() == archive
    archive.refresh_from_db()
    assert (archive.state, archive.tries) == (ArchiveState.READY, 2)
    assert not default_storage.exists(stored)
    assert archives.renew(dead, packed=1) is False
    assert archives.finish(dead, io.BytesIO(b"half"), size_bytes=4, packed=1, missing=0) is False
    assert default_storage.listdir(archive.storage_key.rpartition("/")[0])[1] == [
        archive.storage_key.rpartition("/")[2]
    ]


@ANY
def test_three_lost_workers_are_a_failure_that_the_page_explains(browse: As, alice: User) -> None:
    archive = ask(alice, one(alice))
    for _ in range(archives.TRIES_MAX):
        assert archives.claim() == archive
        lose(archive)
    assert archives.claim() is None
    archives.sweep()
    archive.refresh_from_db()
    assert archive.state == ArchiveState.FAILED
    page = browse(alice).get(archive.url).content.decode()
    assert "It could not be packed" in page
    assert ask(alice, one(alice)).state == ArchiveState.QUEUED


@ANY
def test_a_storage_that_takes_no_file_is_tried_three_times(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    archive = ask(alice, one(alice))

    def save(self: FileSystemStorage, name: str, content: Any) -> str:
        raise OSError("no space left")

    monkeypatch.setattr(FileSystemStorage, "_save", save)
    for _ in range(archives.TRIES_MAX):
        assert packing.pack_next() == archive
        assert packing.pack_next() is None  # it rests
        lose(archive)
    assert packing.pack_next() is None
    archive.refresh_from_db()
    assert (archive.state, archive.tries) == (ArchiveState.FAILED, archives.TRIES_MAX)
    assert "no space left" in caplog.text


@ANY
def test_a_worker_that_lost_its_lease_stops(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = ask(alice, *make(alice, pictures=2))
    monkeypatch.setattr(packing, "REPORT_SECONDS", 0.0)
    plain = packing._add

    def add(*told: Any) -> None:
        Archive.objects.filter(pk=archive.pk).update(tries=2)  # another worker has it
        plain(*told)

    monkeypatch.setattr(packing, "_add", add)
    packing.pack_next()
    archive.refresh_from_db()
    assert (archive.state, archive.storage_key) == (ArchiveState.PACKING, "")


@COMMITTED
def test_one_archive_is_packed_at_a_time_so_that_pictures_go_on(alice: User, charlie: User) -> None:
    first, second = ask(alice, one(alice)), ask(charlie, one(charlie))
    claimed = together(4, archives.claim)
    assert [archive for archive in claimed if archive] == [first]
    lose(first)
    assert archives.claim() == first
    Archive.objects.filter(pk=first.pk).update(state=ArchiveState.FAILED)
    assert archives.claim() == second


@ANY
def test_the_sweep_asks_again_for_what_nobody_took(alice: User) -> None:
    archive = ask(alice, one(alice))
    assert archives.sweep() == 0
    Archive.objects.filter(pk=archive.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    assert archives.sweep() == 1


@ANY
@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"total": 0}, "archive_holds_something"),
        ({"packed": 2}, "archive_packs_what_was_asked"),
        ({"state": "ready"}, "archive_ready_has_a_file_and_an_end"),
    ],
)
def test_the_database_refuses_an_archive_that_cannot_be(alice: User, fields: dict[str, Any], rule: str) -> None:
    archive = ask(alice, one(alice))
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Archive.objects.filter(pk=archive.pk).update(**fields)
    item = ArchiveItem.objects.get(archive=archive)
    with pytest.raises(IntegrityError, match="archive_holds_a_picture_once"), transaction.atomic():
        ArchiveItem.objects.create(archive=archive, asset=item.asset)


@ANY
def test_a_prompt_stands_in_the_archive_only(browse: As, alice: User) -> None:
    archive = bulk.act(owner=alice, action=Action.ZIP, choice=Choice(codes=(one(alice).code,))).archive
    assert archive is not None
    assert PROMPT not in browse(alice).get(archive.url).content.decode()
