"""Copies of public pictures in the bucket's folder public/, which everybody may read through a cache: made, and taken
away. The only writer of PublicFolder.

Pages name a folder once it is full, and stop in the very transaction that takes the picture back (a trigger of Asset
sees to it, whoever writes). What is left in the bucket then is deleted by a task; the sweep finds what a lost task or a
dead worker left behind, and a look through the bucket each night what a restored database has never heard of. The 5
minutes of CACHE_CONTROL bound how long a copy can linger in caches beyond that.
"""

import logging
from secrets import token_hex
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from generation import renditions
from generation.models import Asset, FolderState, PublicFolder
from generation.models.asset import RENDITION_TYPES

if TYPE_CHECKING:
    from config.bucket import Bucket

log = logging.getLogger(__name__)

ROOT = "public"
CACHE_CONTROL = "public, max-age=300"
# So many a sweep; a bucket that is new to a large site fills over hours.
DUE_MAX = 50
# A night looks at one part of the 256 beginnings that a folder's name can have.
PARTS = 8
BATCH = 500


def settle(*, asset_id: int) -> None:
    """Bring the bucket in line with an asset: delete what it has left, copy what it shows. Doing it twice changes
    nothing. Raises StorageAway; what was not done is then done by the next one."""
    for folder in PublicFolder.objects.filter(asset=asset_id, state=FolderState.LEFT):
        _forget(folder)
    if settings.S3_PUBLIC_URL:
        _fill(asset_id)


def due() -> list[int]:
    """Assets to settle: what a lost task forgot, and all others in turn when the public address comes or goes."""
    if not settings.S3_PUBLIC_URL:
        _leave_some()
    folders = PublicFolder.objects.filter(state=FolderState.LEFT).order_by("pk")
    found = dict.fromkeys(folders.values_list("asset_id", flat=True)[:DUE_MAX])
    if settings.S3_PUBLIC_URL:
        waiting = Asset.objects.without_public_copy().order_by("-pk")
        found |= dict.fromkeys(waiting.values_list("pk", flat=True)[:DUE_MAX])
    return list(found)


def _leave_some() -> None:
    """Nobody names a public address any more: what lies there goes, some at a time."""
    used = PublicFolder.objects.filter(state=FolderState.USED).order_by("pk").values_list("asset_id", flat=True)
    Asset.objects.filter(pk__in=list(used[:DUE_MAX])).update(public_folder="")


# --- Fill ------------------------------------------------------------------------------------------------------------


def _fill(asset_id: int) -> None:
    folder = _begin(asset_id)
    if folder is None:
        return
    asset = folder.asset
    try:
        _copy(asset, folder)
    except FileNotFoundError:  # removed behind our back: once they are there again, this is asked for again
        log.warning("asset %s lacks a rendition", asset.code)
        renditions.make_again(asset_id=asset.pk)
        return
    if not _use(folder):
        _delete_objects(folder)  # taken back meanwhile, and its row may be gone already


def _begin(asset_id: int) -> PublicFolder | None:
    """The folder that the asset's copies go to, on record before the first of them; a worker that died left its own.

    None where nothing is to be copied.
    """
    with transaction.atomic():
        wanting = Asset.objects.without_public_copy().select_for_update(no_key=True)
        asset = wanting.filter(pk=asset_id).first()
        if asset is None:
            return None
        folder = PublicFolder.objects.filter(asset=asset, state=FolderState.FILLING).first()
        folder = folder or PublicFolder.objects.create(asset=asset, name=token_hex(16))
        folder.asset = asset
    return folder


def _copy(asset: Asset, folder: PublicFolder) -> None:
    bucket = cast("Bucket", default_storage)
    for width in asset.rendition_widths:
        for kind in RENDITION_TYPES:
            bucket.copy(
                renditions.key(asset, width, kind),
                f"{folder.path}/{width}.{kind}",
                content_type=f"image/{kind}",
                cache_control=CACHE_CONTROL,
            )


def _use(folder: PublicFolder) -> bool:
    """From here on pages name it. False when the picture was taken back while it was copied."""
    with transaction.atomic():
        asset = Asset.objects.select_for_update(no_key=True).get(pk=folder.asset_id)
        filled = PublicFolder.objects.filter(pk=folder.pk, state=FolderState.FILLING).update(state=FolderState.USED)
        if filled:
            Asset.objects.filter(pk=asset.pk).update(public_folder=folder.name)
    return bool(filled) or asset.public_folder == folder.name


# --- Forget ----------------------------------------------------------------------------------------------------------


def _forget(folder: PublicFolder) -> None:
    """The objects first: while one of them may be there, so is the row."""
    _delete_objects(folder)
    PublicFolder.objects.filter(pk=folder.pk, state=FolderState.LEFT).delete()


def _delete_objects(folder: PublicFolder) -> None:
    _empty(folder.path)


def _empty(path: str) -> None:
    try:
        names = default_storage.listdir(path)[1]
    except FileNotFoundError:  # a site that has no bucket any more
        return
    for name in names:
        default_storage.delete(f"{path}/{name}")


def sweep(*, night: int | None = None) -> int:
    """Empty folders of the bucket that no row knows; how many there were. Listing comes first and asking second, so
    none is missed that is being filled. None: all of them."""
    if not hasattr(default_storage, "folders"):
        return 0
    bucket = cast("Bucket", default_storage)
    removed = 0
    for number in range(256) if night is None else range(night % PARTS, 256, PARTS):
        paths = bucket.folders(f"{ROOT}/{number:02x}")
        for begin in range(0, len(paths), BATCH):
            for path in _unknown(paths[begin : begin + BATCH]):
                log.warning("%s has no row and is removed", path)
                _empty(path)
                removed += 1
    return removed


def _unknown(paths: list[str]) -> list[str]:
    names = {path.rpartition("/")[2]: path for path in paths}
    known = set(PublicFolder.objects.filter(name__in=names).values_list("name", flat=True))
    return [path for name, path in names.items() if name not in known]
