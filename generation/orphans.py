"""Files that no row names: left by whoever died between storing a file and writing its row. The only remover of these.
A row that is gone for good names none: what was stored for it meanwhile is a stray too.

A file's age is the time inside its code, so nothing is asked about each one, and what is younger than a day is left
alone: its row may be written in a moment. Listing comes first and asking for rows second, so that no row is missed.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone

from generation.models import Asset, Reference

log = logging.getLogger(__name__)

T = TypeVar("T")

DATED = ("images", "models", "references")
RENDITIONS = "renditions"
AGE = timedelta(hours=24)
# A night looks at so many days, so that a night or two may fail, and at one part of the renditions' 256 folders.
DAYS = 3
PARTS = 32
BATCH = 500
REMOVED_MAX = 5_000
# A database that was restored from an older day knows none of the files since: so many are a person's to judge.
FEW, SHARE = 20, 0.1
NAME = re.compile(r"(?:[\w.-]+_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.\w+)?")


@dataclass
class Swept:
    """What a sweep came to. `doubtful`: folders with more strays than may go without a person's word."""

    seen: int = 0
    removed: int = 0
    doubtful: list[str] = field(default_factory=list)


def sweep(*, days: int = DAYS, all_renditions: bool = False, many: bool = False) -> Swept:
    """Remove strays of the last days and of some renditions; `many`: also where there are doubtfully many."""
    swept = Swept()
    for folder in _folders(days):
        _sweep(folder, _list(folder)[1], _unnamed_files, default_storage.delete, swept, many=many)
    nights = range(PARTS) if all_renditions else [timezone.now().toordinal() % PARTS]
    for folder in (shard for night in nights for shard in shards(night=night)):
        _sweep(folder, _list(folder)[0], _unnamed_renditions, _delete_folder, swept, many=many)
    return swept


def _folders(days: int) -> Iterator[str]:
    newest = (timezone.now() - AGE).date()
    for back in range(days):
        day = newest - timedelta(days=back)
        yield from (f"{folder}/{day:%Y/%m/%d}" for folder in DATED)


def shards(*, night: int) -> list[str]:
    """The folders of renditions that are looked at in this one of PARTS nights."""
    return [f"{RENDITIONS}/{number:02x}" for number in range(night, 256, PARTS)]


def _sweep(
    folder: str,
    names: list[str],
    unnamed: Callable[[list[str]], list[str]],
    remove: Callable[[str], None],
    swept: Swept,
    *,
    many: bool,
) -> None:
    old = [f"{folder}/{name}" for name in names if _is_old(name)]
    strays = [key for batch in _batches(old) for key in unnamed(batch)]
    swept.seen += len(names)
    if len(strays) > max(FEW, SHARE * len(names)) and not many:
        log.error("%s has %d files without a row, of %d: nothing is removed there", folder, len(strays), len(names))
        swept.doubtful.append(folder)
        return
    for batch in _batches(strays[: REMOVED_MAX - swept.removed]):
        for key in unnamed(batch):  # asked once more: a long list takes its time
            log.warning("%s has no row and is removed", key)
            remove(key)
            swept.removed += 1


# --- What rows name --------------------------------------------------------------------------------------------------


def _unnamed_files(keys: list[str]) -> list[str]:
    """Those of these that no row names. A poster's row is found by the code that its name shares."""
    by_key = Q(storage_key__in=keys) | Q(code__in=[_code(key) for key in keys])
    named = set(Reference.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True))
    for row in Asset.objects.filter(by_key, purged_at=None).values_list("storage_key", "poster_key"):
        named.update(row)
    return [key for key in keys if key not in named]


def _unnamed_renditions(folders: list[str]) -> list[str]:
    codes = [code for folder in folders if (code := _code(folder))]
    known = set(Asset.objects.filter(code__in=codes, purged_at=None).values_list("code", flat=True))
    return [folder for folder in folders if _code(folder) not in known]


def _is_old(name: str) -> bool:
    """Whether its code was made long enough ago; a name without one is none of ours."""
    code = _code(name)
    return code is not None and _made_at(code) < timezone.now() - AGE


def _code(key: str) -> UUID | None:
    found = NAME.fullmatch(key.rpartition("/")[2])
    code = UUID(found[1]) if found else None
    return code if code and code.version == 7 else None


def _made_at(code: UUID) -> datetime:
    """A UUIDv7 begins with the milliseconds since 1970."""
    return datetime.fromtimestamp((code.int >> 80) / 1000, UTC)


# --- Storage ---------------------------------------------------------------------------------------------------------


def _list(folder: str) -> tuple[list[str], list[str]]:
    """Folders and files of a folder; on a disk one may not be there."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _delete_folder(folder: str) -> None:
    for name in _list(folder)[1]:
        default_storage.delete(f"{folder}/{name}")
    with suppress(OSError):  # a bucket has no folders, and on a disk somebody may have put a file there
        default_storage.delete(folder)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
