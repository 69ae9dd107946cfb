"""Archives with S3: read from and kept in a bucket, streamed from there by our door, gone when they expire."""

import io
import zipfile
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from gallery import archives, packing, trash
from gallery.models import Archive
from generation import disposal, renditions
from tests.browsers import As
from tests.buckets import Moto
from tests.pictures import make

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_archive_is_packed_streamed_and_expired(browse: As, alice: User, bucket: Moto) -> None:
    made = make(alice, pictures=2)
    archive = archives.ask(owner_id=alice.pk, asset_ids=[asset.pk for asset in made], name="Chosen pictures")
    default_storage.delete(made[1].storage_key)
    packing.pack_next()
    archive.refresh_from_db()
    assert (archive.packed, archive.missing) == (1, 1)
    assert bucket.objects("exports/") == [archive.storage_key]
    answer: Any = browse(alice).get(f"{archive.url}/file")
    body = answer.getvalue()
    assert int(answer["Content-Length"]) == len(body)
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        assert file.testzip() is None
        assert packing.file_name(made[0]) in file.namelist()
    Archive.objects.filter(pk=archive.pk).update(expires_at=timezone.now())
    archives.sweep()
    assert bucket.objects("exports/") == []


def test_what_is_deleted_for_good_leaves_no_object(alice: User, bucket: Moto) -> None:
    kept, gone = make(alice, pictures=2)
    for asset in (kept, gone):
        renditions.make(asset_id=asset.pk)
    trash.discard(owner_id=alice.pk, asset_ids=[gone.pk], when=timezone.now())
    trash.purge(owner_id=alice.pk, asset_ids=[gone.pk])
    disposal.remove_files()
    left = bucket.objects()
    assert [key for key in left if str(gone.code) in key] == []
    assert len([key for key in left if str(kept.code) in key]) == 3
