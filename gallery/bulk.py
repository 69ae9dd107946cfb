"""Acts on many of one's own pictures at once: the chosen ones, or all that match a filter.

An act runs in pieces of a bounded number of rows, each a transaction of its own, newest first; a press takes at most
LIBRARY_BULK_MAX pictures and says so. Pieces only go down from the newest picture that the page knew, so what arrives
meanwhile is not touched.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from gallery import archives, collecting, library, posts, trash
from gallery.errors import (
    ArchiveTooLarge,
    GalleryError,
    GoneCollection,
    NeedsAccount,
    NothingChosen,
    NotYours,
    TooManyChosen,
)
from gallery.library import Filter
from gallery.models import Archive, Collection, Visibility
from generation.models import Asset

if TYPE_CHECKING:
    from accounts.models import User

    Owner = User | AnonymousUser

BATCH = 200
NOWHERE = UUID(int=0)


class Action(models.TextChoices):
    """What the bars offer: the library's, then the trash's."""

    PUBLISH = "publish"
    UNLIST = "unlist"
    WITHDRAW = "withdraw"
    COLLECT = "collect"
    ZIP = "zip"
    DELETE = "delete"
    RESTORE = "restore"
    PURGE = "purge"


IN_TRASH = frozenset({Action.RESTORE, Action.PURGE})
NEED_ACCOUNT = frozenset({Action.PUBLISH, Action.UNLIST, Action.COLLECT})
SHOWN = {Action.PUBLISH: Visibility.PUBLIC, Action.UNLIST: Visibility.UNLISTED}


@dataclass(frozen=True)
class Choice:
    """Which pictures: those with these codes, or all that match the filter and are no newer than `upto`."""

    codes: tuple[UUID, ...] = ()
    is_all: bool = False
    wanted: Filter = field(default_factory=Filter)
    upto: str = ""
    collection: UUID | None = None
    """Where they are saved to; of no other act."""


@dataclass(frozen=True)
class Done:
    """What an act came to. `left`: more match than one press takes. `when` names what was deleted, for an undo.

    `there`: so many were in the collection before.
    """

    action: Action
    done: int
    refused: int = 0
    left: bool = False
    when: datetime | None = None
    archive: Archive | None = None
    collection: Collection | None = None
    there: int = 0


def act(*, owner: "Owner", action: Action, choice: Choice) -> Done:
    """Do it. Raises what `check` does, BrokenCursor; TooManyArchives, ArchiveTooLarge; GoneCollection, Full."""
    check(owner=owner, action=action, choice=choice)
    pieces = _pieces(owner.pk or 0, action, choice)
    if action == Action.ZIP:
        return _zip(owner.pk, choice, pieces)
    if owner.is_authenticated and action == Action.COLLECT:
        return _collect(owner, choice, pieces)
    return _run(owner, action, choice, pieces)


def check(*, owner: "Owner", action: Action, choice: Choice) -> None:
    """Whether it may be done at all. Raises NeedsAccount, NothingChosen, TooManyChosen."""
    if action in NEED_ACCOUNT and not owner.is_authenticated:
        raise NeedsAccount
    if not choice.is_all and not choice.codes:
        raise NothingChosen
    if len(choice.codes) > settings.LIBRARY_BULK_MAX:
        raise TooManyChosen(most=settings.LIBRARY_BULK_MAX)


def undo(*, owner_id: int, when: datetime) -> int:
    """Bring back what one press deleted; how many."""
    done = 0
    for ids in trash.batches(owner_id=owner_id, when=when):
        done += trash.restore(owner_id=owner_id, asset_ids=ids)
        if done >= settings.LIBRARY_BULK_MAX:
            break
    return done


def _run(owner: "Owner", action: Action, choice: Choice, pieces: Iterator[list[int]]) -> Done:
    when = timezone.now() if action == Action.DELETE else None
    work = _work(owner, action, when)
    done = seen = 0
    left = False
    for ids in pieces:
        room = settings.LIBRARY_BULK_MAX - seen
        left = len(ids) > room
        if room > 0:
            done += work(ids[:room])
            seen += min(len(ids), room)
        if left:
            break
    asked = seen if choice.is_all else len(set(choice.codes))
    return Done(action, done, refused=asked - done, left=left, when=when)


def _work(owner: "Owner", action: Action, when: datetime | None) -> Callable[[Sequence[int]], int]:
    """What is done with a piece of ids: each in one transaction, each returning how many it could do."""
    mine = owner.pk or 0
    table: dict[Action, Callable[[Sequence[int]], int]] = {
        Action.PUBLISH: lambda ids: posts.publish_many(owner=owner, asset_ids=ids, visibility=Visibility.PUBLIC),
        Action.UNLIST: lambda ids: posts.publish_many(owner=owner, asset_ids=ids, visibility=Visibility.UNLISTED),
        Action.WITHDRAW: lambda ids: posts.withdraw_many(owner=owner, asset_ids=ids),
        Action.DELETE: lambda ids: trash.discard(owner_id=mine, asset_ids=ids, when=when or timezone.now()),
        Action.RESTORE: lambda ids: trash.restore(owner_id=mine, asset_ids=ids),
        Action.PURGE: lambda ids: trash.purge(owner_id=mine, asset_ids=ids),
    }
    return table[action]


def _zip(owner_id: int | None, choice: Choice, pieces: Iterator[list[int]]) -> Done:
    """All of it goes into one archive, or none: half of what was asked for would be a surprise months later."""
    ids = _all(pieces, ArchiveTooLarge(most=settings.ARCHIVE_MAX), settings.ARCHIVE_MAX)
    archive = archives.ask(owner_id=owner_id or 0, asset_ids=ids, name=_name(choice))
    return Done(Action.ZIP, archive.total, refused=_asked(choice, ids) - archive.total, archive=archive)


def _collect(owner: "User", choice: Choice, pieces: Iterator[list[int]]) -> Done:
    """All of it goes in or nothing: what is saved stays in the library, where a second press would find it first."""
    ids = _all(pieces, TooManyChosen(most=settings.LIBRARY_BULK_MAX), settings.LIBRARY_BULK_MAX)
    try:
        collection = collecting.find_own(code=choice.collection or NOWHERE, owner=owner)
        new = collecting.add_many(owner=owner, collection_code=collection.code, asset_ids=ids)
    except NotYours as error:
        raise GoneCollection from error
    there, gone = len(ids) - new, _asked(choice, ids) - len(ids)
    return Done(Action.COLLECT, new, refused=gone, there=there, collection=collection)


def _all(pieces: Iterator[list[int]], too_many: GalleryError, most: int) -> list[int]:
    """The ids of all pieces. Raises NothingChosen, and `too_many` for more than `most`."""
    ids: list[int] = []
    for piece in pieces:
        ids += piece
        if len(ids) > most:
            raise too_many
    if not ids:
        raise NothingChosen
    return ids


def _asked(choice: Choice, found: Sequence[int]) -> int:
    return len(found) if choice.is_all else len(set(choice.codes))


def _name(choice: Choice) -> str:
    """What the archive holds, as its owner reads it."""
    if not choice.is_all:
        return "Chosen pictures"
    return f"All that match “{choice.wanted.q}”" if choice.wanted.q else "All that match"


def _pieces(owner_id: int, action: Action, choice: Choice) -> Iterator[list[int]]:
    if choice.is_all and action in IN_TRASH:
        return trash.batches(owner_id=owner_id)
    if choice.is_all:
        return library.batches(owner_id=owner_id, wanted=choice.wanted, upto=choice.upto)
    return _coded(owner_id, choice.codes, in_trash=action in IN_TRASH)


def _coded(owner_id: int, codes: Sequence[UUID], *, in_trash: bool) -> Iterator[list[int]]:
    """The ids behind codes, a person's own alone: another's code and one that never was are the same nothing."""
    mine = Asset.objects.filter(owner=owner_id, deleted_at__isnull=not in_trash)
    for start in range(0, len(codes), BATCH):
        yield list(mine.filter(code__in=codes[start : start + BATCH]).values_list("pk", flat=True))
