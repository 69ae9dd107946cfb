"""Archives: ZIPs of one's own pictures, packed in the background and kept for some days. The only writer of them.

The row is the truth and a message only a hint. A worker holds an archive by a lease that it renews; one that dies lets
the lease run out and another packs anew, TRIES_MAX times in all. A file is named by archive and try, so that what a
lost try left behind is known without a list.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from gallery.errors import ArchiveTooLarge, NotYours, TooManyArchives
from gallery.models import Archive, ArchiveItem, ArchiveState
from generation import visitors
from generation.errors import FileGone
from generation.models import Asset

TRIES_MAX = 3
BYTES_MAX = 8 * 2**30
KEPT_MAX = 5
LISTED_MAX = 20
SWEPT_MAX = 100
HINT_AGE = timedelta(seconds=20)
# After the first try that broke one minute, after the second five: a storage that is away may be back by then.
REST, REST_GROWS = timedelta(minutes=1), 5
OPEN = (ArchiveState.QUEUED, ArchiveState.PACKING)


# --- Asking ----------------------------------------------------------------------------------------------------------


def ask(*, owner_id: int, asset_ids: Collection[int], name: str) -> Archive:
    """Ask for an archive of these of a person's pictures. Raises TooManyArchives, ArchiveTooLarge, NotYours.

    The oldest of more than KEPT_MAX finished ones makes room.
    """
    with transaction.atomic():
        visitors.take_turns(f"archive:{owner_id}")
        mine = Archive.objects.filter(owner=owner_id)
        if mine.filter(state__in=OPEN).count() >= settings.ARCHIVES_OPEN_MAX:
            raise TooManyArchives(most=settings.ARCHIVES_OPEN_MAX)
        held = _chosen(owner_id, asset_ids)
        archive = Archive.objects.create(owner_id=owner_id, name=name[:120], total=len(held))
        ArchiveItem.objects.bulk_create([ArchiveItem(archive=archive, asset_id=pk) for pk in held], batch_size=1000)
        old = (
            mine.filter(state=ArchiveState.READY)
            .order_by("-pk")
            .values_list("pk", flat=True)[KEPT_MAX - 1 :][:SWEPT_MAX]
        )
        mine.filter(pk__in=list(old)).update(state=ArchiveState.EXPIRED)
        _hint()
    return archive


def _chosen(owner_id: int, asset_ids: Collection[int]) -> list[int]:
    """Those that are the person's and not in the trash, oldest first; bounded in number and size."""
    if len(asset_ids) > settings.ARCHIVE_MAX:
        raise ArchiveTooLarge(most=settings.ARCHIVE_MAX)
    own = Asset.objects.filter(pk__in=asset_ids, owner=owner_id, deleted_at__isnull=True)
    held = list(own.order_by("pk").values_list("pk", flat=True))
    if not held:
        raise NotYours
    if (own.aggregate(bytes=Sum("size_bytes"))["bytes"] or 0) > BYTES_MAX:
        raise ArchiveTooLarge(most_bytes=BYTES_MAX)
    return held


def _hint() -> None:
    from gallery import tasks  # noqa: PLC0415  (tasks are doors of this module)

    tasks.pack_soon()


def hand_over(*, from_id: int, to_id: int) -> None:
    """Give a guest's archives to the account that the guest became, inside the merge's transaction.

    One that another tab is asking for meanwhile is waited for; one that is asked for later finds no pictures.
    """
    visitors.take_turns(f"archive:{from_id}")
    Archive.objects.filter(owner=from_id).update(owner=to_id)


# --- A worker's hands: each change is conditional on the try, so a worker that lost its lease changes nothing --------


def claim() -> Archive | None:
    """The archive that has waited longest, for the caller to pack; None when none waits or enough are being packed."""
    with transaction.atomic():
        visitors.take_turns("archives:claim")
        if _packing().filter(lease_until__gte=Now()).count() >= settings.ARCHIVES_PACKED_AT_ONCE:
            return None
        archive = Archive.objects.filter(_free(), tries__lt=TRIES_MAX).order_by("pk").first()
        if archive is None:
            return None
        archive.state, archive.packed, archive.missing = ArchiveState.PACKING, 0, 0
        archive.tries += 1
        archive.lease_until = timezone.now() + _lease()
        archive.save(update_fields=["state", "packed", "missing", "tries", "lease_until"])
    return archive


def renew(archive: Archive, *, packed: int | None = None, missing: int = 0) -> bool:
    """Hold it for longer, and say how far it is where that is told; False when it is another worker's by now."""
    told = {} if packed is None else {"packed": packed, "missing": missing}
    return bool(_mine(archive).update(lease_until=Now() + _lease(), **told))


def finish(archive: Archive, file: BinaryIO, *, size_bytes: int, packed: int, missing: int) -> bool:
    """Keep the packed file; False, and nothing is kept, when the archive is another worker's by now."""
    key = default_storage.save(_key(archive, archive.tries), File(file))
    ready = _mine(archive).update(
        state=ArchiveState.READY,
        storage_key=key,
        size_bytes=size_bytes,
        packed=packed,
        missing=missing,
        ready_at=Now(),
        expires_at=timezone.now() + timedelta(days=settings.ARCHIVE_DAYS),
        lease_until=None,
    )
    if not ready:
        default_storage.delete(key)
    _remove_lost(archive, below=archive.tries)
    return bool(ready)


def give_up(archive: Archive) -> None:
    """After a try that broke: back into the queue after a rest, or failed after the last."""
    if archive.tries < TRIES_MAX:
        rests_until = timezone.now() + REST * REST_GROWS ** (archive.tries - 1)
        _mine(archive).update(state=ArchiveState.QUEUED, lease_until=rests_until)
    elif _mine(archive).update(state=ArchiveState.FAILED, lease_until=None):
        _remove_lost(archive, below=TRIES_MAX + 1)


def _free() -> Q:
    """Waiting and rested, or lost by its worker."""
    rested = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Q(state=ArchiveState.QUEUED) & rested | Q(state=ArchiveState.PACKING, lease_until__lt=Now())


def _packing() -> QuerySet[Archive]:
    return Archive.objects.filter(state=ArchiveState.PACKING)


def _mine(archive: Archive) -> QuerySet[Archive]:
    return _packing().filter(pk=archive.pk, tries=archive.tries)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _key(archive: Archive, number: int) -> str:
    return f"exports/{archive.created_at:%Y/%m/%d}/{archive.code}-{number}.zip"


def _remove_lost(archive: Archive, *, below: int) -> None:
    """What earlier tries may have stored before they died."""
    for number in range(1, below):
        default_storage.delete(_key(archive, number))


# --- Sweeping --------------------------------------------------------------------------------------------------------


def sweep() -> int:
    """Send again what no worker took, end what failed too often, expire what is over; how many waited."""
    lost = _packing().filter(lease_until__lt=Now(), tries__gte=TRIES_MAX)
    for archive in lost.order_by("pk")[:SWEPT_MAX]:
        give_up(archive)
    _expire()
    waiting = Archive.objects.filter(_free(), created_at__lt=timezone.now() - HINT_AGE)[:SWEPT_MAX].count()
    if waiting:
        _hint()
    return waiting


def _expire() -> None:
    """First the row says so, then the file goes; a row that still names a file is found again."""
    over = Archive.objects.filter(state=ArchiveState.READY, expires_at__lte=Now())
    over.update(state=ArchiveState.EXPIRED)
    for archive in Archive.objects.filter(~Q(storage_key=""), state=ArchiveState.EXPIRED).order_by("pk")[:SWEPT_MAX]:
        default_storage.delete(archive.storage_key)
        Archive.objects.filter(pk=archive.pk).update(storage_key="")
        ArchiveItem.objects.filter(archive=archive).delete()


# --- Reads -----------------------------------------------------------------------------------------------------------


def of(*, owner_id: int | None) -> list[Archive]:
    """A person's last archives, newest first."""
    return list(Archive.objects.filter(owner=owner_id).order_by("-pk")[:LISTED_MAX]) if owner_id else []


def find(*, code: UUID, owner_id: int | None) -> Archive:
    """One's own. Raises NotYours."""
    try:
        return Archive.objects.get(code=code, owner=owner_id or 0)
    except Archive.DoesNotExist as error:
        raise NotYours(code=code) from error


def open_file(archive: Archive) -> BinaryIO:
    """Its bytes, to be streamed. Raises FileGone once it has expired or while it is not ready."""
    if archive.state != ArchiveState.READY or archive.expires_at is None or archive.expires_at <= timezone.now():
        raise FileGone(code=str(archive.code))
    try:
        return cast(BinaryIO, default_storage.open(archive.storage_key, "rb"))
    except FileNotFoundError as error:
        raise FileGone(code=str(archive.code)) from error
