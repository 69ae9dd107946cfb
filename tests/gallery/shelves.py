"""Many pictures of one person, quickly: rows beside a real one, with files of their own where a test reads them."""

import hashlib

import uuid_utils.compat as uuid7
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import User
from generation.models import Asset
from tests import pictures


def fill(owner: User, number: int, *, with_files: bool = False, size_bytes: int = 0) -> list[Asset]:
    """So many pictures of one job, the oldest first. `size_bytes` pads each file to this size."""
    [first] = pictures.make(owner)
    rows = [first, *Asset.objects.bulk_create([_like(first, index) for index in range(1, number)])]
    if with_files:
        for row in rows[1:]:
            _store(row, size_bytes)
        Asset.objects.bulk_update(rows[1:], ["sha256", "size_bytes"])
    return rows


def _like(asset: Asset, index: int) -> Asset:
    code = uuid7.uuid7()
    kept = {field.attname: getattr(asset, field.attname) for field in Asset._meta.concrete_fields}
    kept |= {"id": None, "code": code, "index": index, "storage_key": f"images/test/demo_{code}.png"}
    return Asset(**kept)


def _store(asset: Asset, size_bytes: int) -> None:
    data = pictures.png(asset.index)
    data += asset.index.to_bytes(4) * (max(0, size_bytes - len(data)) // 4)
    assert default_storage.save(asset.storage_key, ContentFile(data)) == asset.storage_key
    asset.sha256, asset.size_bytes = hashlib.sha256(data).hexdigest(), len(data)
