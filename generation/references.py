"""Reference pictures: kept, found, read and forgotten. Only their owner ever gets one, whatever a form says.

The bytes are drawn anew by uploads.py before anything is kept. The same file twice by the same person is one row; that
is for thrift, nothing breaks where a merge of a guest brings a second one.
"""

import io
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

import uuid_utils.compat as uuid7
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generation import carried, limits, uploads, visitors
from generation.errors import BadReference, FileGone
from generation.models import Enhancement, Job, Reference
from generation.visitors import Visitor

if TYPE_CHECKING:
    from accounts.models import User

# Of those that nothing uses, the newest of a person are kept, for so long.
UNUSED_MAX = 20
UNUSED_KEPT = timedelta(hours=24)
BATCH = 500


# --- Keep ------------------------------------------------------------------------------------------------------------


def keep(*, owner: "User | None", visitor: Visitor, name: str, file: uploads.Readable, address: str) -> Reference:
    """Check an upload, put what we drew of it into storage, and write its row. The same file again is the same row.

    `visitor` becomes a guest where there is no `owner`, after the checks. Raises BadReference, RateLimited.
    """
    limits.upload(address=address)
    data = uploads.read(file)
    picture = uploads.clean(io.BytesIO(data))
    known = _again(owner.pk, picture.sha256) if owner else None
    row = known or _keep(owner, visitor, name, picture)
    carried.remember(row, data)
    return row


def _keep(owner: "User | None", visitor: Visitor, name: str, picture: uploads.Clean) -> Reference:
    code = uuid7.uuid7()
    key = default_storage.save(
        f"references/{timezone.now():%Y/%m/%d}/{code}.{picture.extension}", ContentFile(picture.data)
    )
    try:
        row = _write(owner, visitor, picture, code=code, name=uploads.name(name), key=key)
    except BaseException:
        default_storage.delete(key)
        raise
    if row.code != code:  # another click was quicker
        default_storage.delete(key)
    else:
        _forget(_of(row.owner_id), beyond=UNUSED_MAX)
    return row


@transaction.atomic
def _write(
    owner: "User | None", visitor: Visitor, picture: uploads.Clean, *, code: UUID, name: str, key: str
) -> Reference:
    """Clicks of one person take turns, so that two of them are one row, and those of a visitor one guest."""
    visitors.take_turns(f"reference:{owner.pk}" if owner else visitor.key)
    owner_id = owner.pk if owner else _guest(visitor, picture.sha256)
    return _again(owner_id, picture.sha256) or Reference.objects.create(
        code=code,
        owner_id=owner_id,
        visitor_key="" if owner else visitor.key,
        name=name,
        storage_key=key,
        sha256=picture.sha256,
        content_type=picture.content_type,
        size_bytes=len(picture.data),
        width=picture.width,
        height=picture.height,
        tone=picture.tone,
    )


def _guest(visitor: Visitor, sha256: str) -> int:
    """The guest that an earlier click of this browser made with the same file, or a new one."""
    first = Reference.objects.filter(visitor_key=visitor.key, sha256=sha256).order_by("-pk").first()
    return visitor.become(first.owner_id if first else None).pk


def _again(owner_id: int, sha256: str) -> Reference | None:
    """What was uploaded before counts as uploaded now: it will not be swept away from under a form."""
    known = _of(owner_id).filter(sha256=sha256).order_by("pk").first()
    if known is None or not Reference.objects.filter(pk=known.pk).update(created_at=Now()):
        return None
    return known


# --- Read ------------------------------------------------------------------------------------------------------------


def find(*, code: str | UUID, owner_id: int | None) -> Reference | None:
    """One's own picture; None for a code that is malformed, unknown or another's."""
    try:
        uuid = code if isinstance(code, UUID) else UUID(code)
    except ValueError:
        return None
    return _of(owner_id).filter(code=uuid).first() if owner_id else None


def hold(*, reference_id: int, owner_id: int) -> None:
    """Make sure, inside the caller's transaction, that the picture is the owner's and stays. Raises BadReference."""
    if not _of(owner_id).select_for_update(no_key=True).filter(pk=reference_id).exists():
        raise BadReference(reason="The picture is not here any more. Please choose it again.")


def read(reference: Reference) -> bytes:
    """The stored bytes. Raises FileGone when the object is missing."""
    with open_one(reference) as file:
        return file.read()


def open_one(reference: Reference) -> BinaryIO:
    """The stored bytes, to be streamed. Raises FileGone when the object is missing."""
    try:
        return default_storage.open(reference.storage_key, "rb")  # type: ignore[return-value]
    except FileNotFoundError as error:
        raise FileGone(code=str(reference.code)) from error


# --- Forget ----------------------------------------------------------------------------------------------------------


def remove(*, code: UUID, owner_id: int) -> bool:
    """Forget one's picture at once where nothing uses it. False when it is not one's own or not here."""
    mine = _of(owner_id).filter(code=code)
    if not mine.exists():
        return False
    _forget(mine)
    return True


def forget_unused() -> int:
    """Drop what nothing used for a day, with its bytes; how many there were."""
    total = 0
    while gone := _forget(Reference.objects.filter(created_at__lt=timezone.now() - UNUSED_KEPT)):
        total += gone
    return total


def _forget(some: QuerySet[Reference], *, beyond: int = 0) -> int:
    """Delete the unused ones among these, except the `beyond` newest; at most BATCH of them.

    A job or an enhancement that names one holds it, and is waited for by nobody: that one is skipped. Whether the
    others are still unused is asked again once they are locked.
    """
    with transaction.atomic():
        candidates = list(_unused(some).order_by("-pk").values_list("pk", flat=True)[beyond : beyond + BATCH])
        locked = Reference.objects.select_for_update(skip_locked=True).filter(pk__in=candidates)
        rows = list(_unused(Reference.objects.filter(pk__in=[row.pk for row in locked])))
        Reference.objects.filter(pk__in=[row.pk for row in rows]).delete()
        transaction.on_commit(lambda: _delete_bytes(rows))
    return len(rows)


def _delete_bytes(rows: list[Reference]) -> None:
    for row in rows:
        default_storage.delete(row.storage_key)
        carried.forget(row)


def _unused(some: QuerySet[Reference]) -> QuerySet[Reference]:
    by_a_job = Job.objects.filter(reference=OuterRef("pk"))
    by_an_enhancement = Enhancement.objects.filter(reference=OuterRef("pk"))
    return some.filter(~Exists(by_a_job), ~Exists(by_an_enhancement))


def _of(owner_id: int | None) -> QuerySet[Reference]:
    return Reference.objects.filter(owner_id=owner_id)
