"""The trash: thirty days in which what was deleted can be had back. What an asset's post and collections do with it.

Deleting withdraws at once and restoring brings back what was: who could see the picture can see it again.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from gallery import paging
from gallery.errors import NotYours
from gallery.models import CollectionItem, Level, Post, Visibility
from gallery.paging import Page
from generation import disposal
from generation.models import Asset

BATCH = 200
DUE_MAX = 5_000


# --- Writes ----------------------------------------------------------------------------------------------------------


def discard(*, owner_id: int, asset_ids: Collection[int], when: datetime) -> int:
    """Put pictures into the trash and take their posts off the walls; how many. `when` names them for an undo."""
    with transaction.atomic():
        gone = disposal.discard(owner_id=owner_id, asset_ids=asset_ids, when=when)
        Post.objects.filter(asset__in=gone, is_listed=True).update(is_listed=False)
    return len(gone)


def discard_one(*, code: UUID, owner_id: int | None) -> datetime:
    """Put one picture into the trash; since when it lies there. Sent twice it changes nothing. Raises NotYours."""
    asset = _own(code, owner_id)
    if asset.deleted_at is None:
        discard(owner_id=asset.owner_id, asset_ids=[asset.pk], when=timezone.now())
        asset.refresh_from_db(fields=["deleted_at"])
    return asset.deleted_at or timezone.now()


def restore_one(*, code: UUID, owner_id: int | None) -> None:
    """Bring one picture back, or leave it where it is. Raises NotYours, also for what is gone for good."""
    asset = _own(code, owner_id)
    if asset.deleted_at is not None and not restore(owner_id=asset.owner_id, asset_ids=[asset.pk]):
        asset.refresh_from_db(fields=["deleted_at"])
        if asset.deleted_at is not None:
            raise NotYours(code=code)


def _own(code: UUID, owner_id: int | None) -> Asset:
    asset = Asset.objects.filter(code=code, owner=owner_id or 0, purged_at__isnull=True).first()
    if asset is None:
        raise NotYours(code=code)
    return asset


def restore(*, owner_id: int, asset_ids: Collection[int]) -> int:
    """Bring pictures back as they were: public ones hang at their old place again. How many."""
    with transaction.atomic():
        back = disposal.restore(owner_id=owner_id, asset_ids=asset_ids)
        public = Post.objects.filter(asset__in=back, asset__visibility=Visibility.PUBLIC, is_listed=False)
        public.exclude(level=Level.REFUSED).update(is_listed=True)
    return len(back)


def purge(*, owner_id: int, asset_ids: Collection[int]) -> int:
    """Delete what is in the trash for good; how many. The bytes go once this has committed."""
    with transaction.atomic():
        marked = disposal.mark(owner_id=owner_id, asset_ids=asset_ids)
        _forget(marked)
        if marked:
            _remove_soon()
    return len(marked)


def purge_due() -> int:
    """The same for all that has lain in the trash long enough, oldest first; how many."""
    done = 0
    while done < DUE_MAX:
        with transaction.atomic():
            marked = disposal.mark_due(most=BATCH)
            _forget(marked)
        if not marked:
            break
        done += len(marked)
    return done


def _forget(asset_ids: list[int]) -> None:
    """The rows of posts stay for what others counted and decided on them; their words and pictures do not."""
    Post.objects.filter(asset__in=asset_ids).update(title="", prompt="", alt="", placeholder="", is_listed=False)
    CollectionItem.objects.filter(asset__in=asset_ids).delete()


def _remove_soon() -> None:
    from gallery import tasks  # noqa: PLC0415  (tasks are doors of this module)

    tasks.remove_files_soon()


# --- Reads -----------------------------------------------------------------------------------------------------------


def of(*, owner_id: int) -> QuerySet[Asset]:
    """What lies in a person's trash, the last deleted first. What is overdue is shown no more."""
    oldest = timezone.now() - timedelta(days=settings.TRASH_DAYS)
    rows = Asset.objects.filter(owner=owner_id, deleted_at__isnull=False, deleted_at__gt=oldest, purged_at__isnull=True)
    return rows.order_by("-deleted_at", "-pk")


def page(*, owner_id: int, after: str = "") -> Page[Asset]:
    """One page of it, a query. Raises BrokenCursor."""
    return paging.by_moment(of(owner_id=owner_id), "deleted_at", after=after)


def batches(*, owner_id: int, when: datetime | None = None) -> Iterator[list[int]]:
    """The ids of all of it in bounded pieces; with `when` only of what one press put there."""
    rows = Asset.objects.filter(owner=owner_id, deleted_at__isnull=False, purged_at__isnull=True).order_by("-pk")
    rows = rows.filter(deleted_at=when) if when else rows.filter(deleted_at__lte=timezone.now())
    below: int | None = None
    while True:
        piece = rows.filter(pk__lt=below) if below else rows
        ids = list(piece.values_list("pk", flat=True)[:BATCH])
        if ids:
            yield ids
        if len(ids) < BATCH:
            return
        below = ids[-1]


def find(*, code: UUID, owner_id: int | None) -> Asset:
    """One picture of one's own trash. Raises NotYours."""
    try:
        return of(owner_id=owner_id or 0).get(code=code)
    except Asset.DoesNotExist as error:
        raise NotYours(code=code) from error


def days_left(deleted_at: datetime) -> int:
    """Whole days until it is gone for good, counted so that the last day says 1."""
    left = deleted_at + timedelta(days=settings.TRASH_DAYS) - timezone.now()
    return max(1, -(-left // timedelta(days=1)))
