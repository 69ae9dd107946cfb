"""Files without a row go after a day, and nothing else does, whatever is stored at the same moment."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuid7
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from generation import assets, intake, orphans, renditions, running, tasks, worker
from generation.models import Asset, JobState, Reference
from generation.providers.base import Output
from tests import pictures, races
from tests.buckets import Moto

DAY = timedelta(days=1)
_numbers = count(1)


def code_of(at: datetime) -> UUID:
    """A code as it was made then."""
    return uuid7.uuid7(nanoseconds=int(at.timestamp()) * 1_000_000_000 + next(_numbers))


def put(name: str, *, age: timedelta = 2 * DAY, folder: str = "images") -> str:
    """Store a file as if a worker had that long ago, with its code for {code}; its key."""
    at = timezone.now() - age
    key = f"{folder}/{at:%Y/%m/%d}/{name.format(code=code_of(at))}"
    return default_storage.save(key, ContentFile(b"bytes"))


def age(asset: Asset, days: int = 2) -> None:
    """Let it have been made then, under the names that it would have had."""
    at = timezone.now() - days * DAY
    code = code_of(at)
    keys: dict[str, str] = {}
    for name in ("storage_key", "poster_key"):
        if old := getattr(asset, name):
            folder, ending = old.split("/")[0], old.rpartition(".")[2]
            with default_storage.open(old) as file:
                keys[name] = default_storage.save(f"{folder}/{at:%Y/%m/%d}/demo_{code}.{ending}", file)
            default_storage.delete(old)
    Asset.objects.filter(pk=asset.pk).update(code=code, rendered_at=None, **keys)
    asset.refresh_from_db()
    renditions.make(asset_id=asset.pk)


def is_there(key: str) -> bool:
    return default_storage.exists(key)


@pytest.mark.django_db
def test_what_no_row_names_goes_after_a_day() -> None:
    stray = [put("demo_{code}.png", folder=folder) for folder in ("images", "models", "references")]
    young = [put("demo_{code}.png", age=23 * DAY / 24, folder=folder) for folder in ("images", "models", "references")]
    tasks.sweep_files()
    assert [is_there(key) for key in stray] == [False] * 3
    assert [is_there(key) for key in young] == [True] * 3


@pytest.mark.django_db(transaction=True)
def test_what_a_row_names_stays_with_its_poster_and_renditions(alice: User) -> None:
    picture, solid = pictures.one(alice), pictures.solid(alice)
    for asset in (picture, solid):
        age(asset)
    Asset.objects.filter(pk=picture.pk).update(deleted_at=timezone.now())  # in the trash it is still somebody's
    reference = Reference.objects.create(
        owner=alice,
        storage_key=put("{code}.png", folder="references"),
        sha256="0" * 64,
        content_type="image/png",
        size_bytes=5,
        width=1,
        height=1,
        tone="ember",
    )
    stray = put("demo_{code}.png")

    swept = orphans.sweep(all_renditions=True)
    assert (swept.removed, is_there(stray)) == (1, False)
    for asset in (picture, solid):
        assert is_there(asset.storage_key)
        assert is_there(asset.picture_key)
        assert is_there(renditions.key(asset, 320, "webp"))
    assert is_there(reference.storage_key)


@pytest.mark.django_db
def test_renditions_of_no_asset_go_part_by_part_each_night() -> None:
    folders = [f"renditions/{(code := code_of(timezone.now() - 2 * DAY)).hex[-2:]}/{code}" for _ in range(6)]
    for folder in folders:
        default_storage.save(f"{folder}/320.webp", ContentFile(b"bytes"))
    shards = [shard for night in range(orphans.PARTS) for shard in orphans.shards(night=night)]
    assert sorted(shards) == [f"renditions/{number:02x}" for number in range(256)]
    call_command("sweep_files")
    assert [is_there(f"{folder}/320.webp") for folder in folders] == [False] * 6


@pytest.mark.django_db
def test_a_name_that_is_none_of_ours_is_left_alone() -> None:
    kept = [put("readme.txt"), put("demo_0d5b1a52-6e0f-4a53-8f0e-0d8f2f0a9f11.png"), put("{code}_x.png")]
    assert orphans.sweep(all_renditions=True).removed == 0
    assert all(is_there(key) for key in kept)


@pytest.mark.django_db
def test_a_database_that_knows_none_of_a_days_files_removes_none_without_a_persons_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = [put("demo_{code}.png") for _ in range(orphans.FEW + 1)]
    swept = orphans.sweep()
    assert (swept.removed, swept.doubtful) == (0, [keys[0].rpartition("/")[0]])
    assert "nothing is removed there" in caplog.text
    assert all(is_there(key) for key in keys)
    call_command("sweep_files", "--many")
    assert not any(is_there(key) for key in keys)


@pytest.mark.django_db
def test_a_night_removes_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "REMOVED_MAX", 2)
    keys = [put("demo_{code}.png") for _ in range(3)]
    assert orphans.sweep().removed == 2
    assert [is_there(key) for key in keys].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_that_stores_right_now_keeps_its_pictures(alice: User) -> None:
    """Its file is there and its row is not yet."""
    attempt = pictures.begin(pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1"))
    output = Output(0, pictures.png(1), 1)
    kept = intake.keep(job=attempt.job, output=output)
    assert orphans.sweep(many=True).removed == 0
    assert running.store(attempt.job, attempt, [kept], run_seconds=0.1) == JobState.SUCCEEDED
    with assets.open_original(Asset.objects.get(job=attempt.job)) as file:
        assert file.read() == output.data


@pytest.mark.django_db(transaction=True)
def test_sweeps_beside_jobs_and_each_other_remove_the_stray_once_and_nothing_else(alice: User) -> None:
    made = [pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1") for _ in range(4)]
    stray = put("demo_{code}.png")
    sweeps = [lambda: orphans.sweep(many=True)] * 3
    ended: list[Any] = races.race([*sweeps, *[lambda: worker.work("providers")] * 4])
    assert not [error for error in ended if isinstance(error, Exception)]
    assert not is_there(stray)
    for asset in Asset.objects.filter(job__in=made):
        with assets.open_original(asset) as file:
            assert len(file.read()) == asset.size_bytes
    assert Asset.objects.filter(job__in=made).count() == 4


@pytest.mark.django_db
def test_a_bucket_is_swept_like_a_disk(bucket: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")  # a listing comes in pages: at Amazon of 1,000
    old, young = timezone.now() - 2 * DAY, timezone.now() - DAY / 2
    strays = {f"images/{old:%Y/%m/%d}/demo_{code_of(old)}.png" for _ in range(7)}
    strays |= {f"renditions/{(code := code_of(old)).hex[-2:]}/{code}/{width}.webp" for width in (320, 640)}
    kept = {
        f"images/{young:%Y/%m/%d}/demo_{code_of(young)}.png",
        f"images/{old:%Y/%m/%d}/deeper/demo_{code_of(old)}.png",
    }
    for key in strays | kept:
        default_storage.save(key, ContentFile(b"bytes"))
    orphans.sweep(all_renditions=True)
    assert set(bucket.objects()) == kept
