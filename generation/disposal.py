"""Assets on their way out: into the trash and back, and out of it for good. The only writer of that part of the row.

For good is two steps: the row is marked, then its bytes go. Whoever dies between them leaves a marked row with bytes,
and `remove_files` finds it again. Callers hold the transaction; bytes are removed outside of any.
"""

import logging
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.utils import timezone

from generation import renditions
from generation.models import Asset
from generation.models.asset import RENDITION_TYPES, RENDITION_WIDTHS

log = logging.getLogger(__name__)

REMOVED_MAX = 5_000


def discard(*, owner_id: int, asset_ids: Collection[int], when: datetime) -> list[int]:
    """Put a person's assets into the trash; those of them that were not there yet. Gone at once for everybody."""
    held = _held(asset_ids, owner_id=owner_id, deleted_at=None)
    Asset.objects.filter(pk__in=held).update(deleted_at=when)
    _settle(held)
    return held


def restore(*, owner_id: int, asset_ids: Collection[int]) -> list[int]:
    """Take a person's assets out of the trash; those that were still there. They are as visible as they were before."""
    held = _held(asset_ids, owner_id=owner_id, deleted_at__gt=_oldest(), purged_at=None)
    Asset.objects.filter(pk__in=held).update(deleted_at=None)
    _settle(held)
    return held


def mark(*, owner_id: int, asset_ids: Collection[int]) -> list[int]:
    """Mark what lies in a person's trash as gone for good; which that were."""
    return _mark(_held(asset_ids, owner_id=owner_id, deleted_at__isnull=False, purged_at=None))


def mark_due(*, most: int) -> list[int]:
    """The same for what has lain in any trash for TRASH_DAYS, at most so many."""
    due = Asset.objects.filter(deleted_at__lte=_oldest(), purged_at=None).order_by("deleted_at")
    return _mark(_held(list(due.values_list("pk", flat=True)[:most]), deleted_at__lte=_oldest(), purged_at=None))


def _settle(held: Collection[int]) -> None:
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    for asset_id in held:
        tasks.settle_public_soon(asset_id)


def _oldest() -> datetime:
    return timezone.now() - timedelta(days=settings.TRASH_DAYS)


def _held(asset_ids: Collection[int], **state: Any) -> list[int]:
    """Those in this state, under a lock, in the order in which everybody locks."""
    rows = Asset.objects.select_for_update(no_key=True).filter(pk__in=asset_ids, **state).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _mark(held: list[int]) -> list[int]:
    """What would still show the picture or its words goes with the mark; the job keeps the prompt, for its receipt."""
    Asset.objects.filter(pk__in=held).update(purged_at=Now(), placeholder="", alt="")
    return held


# --- Bytes -----------------------------------------------------------------------------------------------------------


def remove_files(*, most: int = REMOVED_MAX) -> int:
    """Remove the bytes of what is gone for good; of how many. Safe to run twice at once, and after a crash.

    One whose storage answers with an error is left for the next time and holds up nobody.
    """
    left = Asset.objects.filter(purged_at__isnull=False, files_removed_at=None).order_by("pk")
    removed = 0
    for asset in left[:most]:
        try:
            _remove(asset)
        except Exception:  # whatever a storage raises: a vendor's own errors, or the system's
            log.exception("the files of %s are still there", asset.code)
        else:
            removed += Asset.objects.filter(pk=asset.pk).update(files_removed_at=Now())
    return removed


def _remove(asset: Asset) -> None:
    widths = [(width, kind) for width in RENDITION_WIDTHS for kind in RENDITION_TYPES]
    shown = [renditions.key(asset, width, kind) for width, kind in widths]
    for key in filter(None, (asset.storage_key, asset.poster_key, *shown)):
        default_storage.delete(key)
    with suppress(OSError):  # a bucket has no folders, and on a disk this one may never have been there
        default_storage.delete(shown[0].rpartition("/")[0])
