"""Packing an archive: one picture after the other from storage into a ZIP on disk, in memory never more than one.

Inside are the pictures as they were stored, a JSON beside each, and manifest.json and manifest.csv about all of them.
What is missing from storage is listed as missing and fails nothing.
"""

import csv
import hashlib
import io
import json
import logging
import re
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO

from django.db import Error

from gallery import archives
from gallery.models import Archive, ArchiveItem, ArchiveState
from generation import assets, heartbeat
from generation.errors import FileGone
from generation.metadata.marks import Source, source_of
from generation.models import Asset

log = logging.getLogger(__name__)

BATCH = 100
CHUNK_BYTES = 64 * 1024
IN_MEMORY_MAX_BYTES = 1024 * 1024
REPORT_SECONDS = 1.0
FORMAT = "atelier-archive-1"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "model/gltf-binary": "glb"}
COLUMNS = (
    "file",
    "status",
    "code",
    "created",
    "title",
    "visibility",
    "prompt_written",
    "model",
    "seed",
    "width",
    "height",
    "content_type",
    "size_bytes",
    "sha256",
)
# A spreadsheet takes a cell that begins so for a formula, also after spaces, quotes and in full width.
FORMULA = re.compile("^[\\s\"']*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


class Lost(Exception):
    """The archive is another worker's by now."""


@dataclass
class Packed:
    """What is in the ZIP so far: an entry for each picture that was asked for."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    missing: int = 0

    @property
    def packed(self) -> int:
        return len(self.entries) - self.missing


def pack_next() -> Archive | None:
    """Pack the archive that has waited longest. Returns it as it ended, or None when none waited."""
    archive = archives.claim()
    if archive is None:
        return None
    # One slow answer of the storage must not cost the archive.
    with heartbeat.beating(partial(archives.renew, archive), name=f"archive-{archive.pk}"):
        try:
            _pack(archive)
        except Lost:
            log.warning("archive %s is another worker's", archive.code)
        except Error:
            raise  # the database is away: the lease runs out and another worker packs
        except Exception:  # storage, disk or the worker's time limit
            log.exception("archive %s, try %d", archive.code, archive.tries)
            archives.give_up(archive)
    return archive


def _pack(archive: Archive) -> None:
    with tempfile.TemporaryFile(prefix="atelier-archive-") as file:
        packed = _write(archive, file)
        size_bytes = file.tell()
        file.seek(0)
        if archives.finish(archive, file, size_bytes=size_bytes, packed=packed.packed, missing=packed.missing):
            archive.state = ArchiveState.READY


def _write(archive: Archive, file: BinaryIO) -> Packed:
    """The ZIP. Pictures are compressed already, so they are only stored."""
    packed, told = Packed(), time.monotonic()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        for asset in _asked_for(archive):
            _add(target, asset, packed)
            if time.monotonic() - told >= REPORT_SECONDS:
                told = time.monotonic()
                if not archives.renew(archive, packed=packed.packed, missing=packed.missing):
                    raise Lost
        _put(target, "manifest.json", _manifest(archive, packed))
        _put(target, "manifest.csv", _table(packed))
    file.seek(0, io.SEEK_END)
    return packed


def _asked_for(archive: Archive) -> Iterator[Asset]:
    """The pictures in the order of their making, a bounded number of rows at a time."""
    last = 0
    while True:
        items = ArchiveItem.objects.filter(archive=archive, asset__gt=last).order_by("asset")[:BATCH]
        ids = [item.asset_id for item in items]
        found = Asset.objects.filter(pk__in=ids).select_related("job__model", "model", "post").order_by("pk")
        yield from found
        if len(ids) < BATCH:
            return
        last = ids[-1]


# --- One picture -----------------------------------------------------------------------------------------------------


def _add(target: zipfile.ZipFile, asset: Asset, packed: Packed) -> None:
    """A picture and the words beside it; or the words alone, where its bytes are gone or it was deleted meanwhile."""
    entry = told(asset)
    try:
        if asset.deleted_at is not None:
            raise FileGone(code=str(asset.code))
        with assets.open_original(asset) as original, _spooled(original) as (copy, digest):
            entry["status"] = "packed" if digest == asset.sha256 else "altered"
            _store(target, entry["file"], copy, asset)
    except FileGone:
        entry["status"] = "missing"
        packed.missing += 1
    _put(target, f"{entry['file'].rpartition('.')[0]}.json", _json(entry))
    packed.entries.append({name: entry.get(name) for name in COLUMNS})


@contextmanager
def _spooled(original: BinaryIO) -> Iterator[tuple[BinaryIO, str]]:
    """The bytes whole, before any of them is in the ZIP: a read that breaks half way leaves nothing there."""
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES) as copy:
        while chunk := original.read(CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        copy.seek(0)
        yield copy, digest.hexdigest()  # type: ignore[misc]


def _store(target: zipfile.ZipFile, name: str, copy: BinaryIO, asset: Asset) -> None:
    entry = zipfile.ZipInfo(name, _zip_time(asset.created_at))
    entry.external_attr = 0o644 << 16
    entry.file_size = asset.size_bytes
    with target.open(entry, "w") as place:
        while chunk := copy.read(CHUNK_BYTES):
            place.write(chunk)


def _put(target: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, _zip_time(datetime.now(UTC)))
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    target.writestr(entry, text)


def _zip_time(when: datetime) -> tuple[int, int, int, int, int, int]:
    when = when.astimezone(UTC)
    return max(1980, when.year), when.month, when.day, when.hour, when.minute, when.second


def file_name(asset: Asset) -> str:
    """Day, model and code: unique, in the order of making, and nothing in it that a person typed."""
    model = re.sub("[^A-Za-z0-9-]+", "-", asset.maker.slug)[:40].strip("-") or "model"
    extension = EXTENSIONS.get(asset.content_type, "bin")
    return f"pictures/{asset.created_at.astimezone(UTC):%Y-%m-%d}_{model}_{asset.code}.{extension}"


def told(asset: Asset) -> dict[str, Any]:
    """All that its owner may know of a picture, as the database has it."""
    job, maker = asset.job, asset.maker
    source = source_of(maker.provider)
    post = getattr(asset, "post", None)
    return {
        "format": FORMAT,
        "file": file_name(asset),
        "code": str(asset.code),
        "created": asset.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        "title": post.title if post else "",
        "visibility": asset.visibility,
        "prompt_hidden": asset.prompt_hidden,
        "level": asset.level,
        "alt": asset.alt,
        "prompt_written": job.prompt_written,
        "prompt_enhanced": job.prompt_enhanced,
        "prompt_sent": job.prompt_sent,
        "negative_prompt": job.negative_prompt,
        "model": maker.name,
        "model_slug": maker.slug,
        "seed": asset.seed,
        "parameters": {
            "aspect_ratio": job.aspect_ratio,
            "style": job.style,
            "steps": job.steps,
            "guidance": job.guidance,
            "strength": job.strength,
            "number_in_job": asset.index + 1,
            "job": str(job.code),
        },
        "kind": asset.kind,
        "width": asset.width,
        "height": asset.height,
        "content_type": asset.content_type,
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "made_by_ai": source == Source.MODEL,
        "digital_source_type": str(source),
    }


# --- The manifest ----------------------------------------------------------------------------------------------------


def _manifest(archive: Archive, packed: Packed) -> str:
    head = {
        "format": FORMAT,
        "archive": str(archive.code),
        "asked_for": archive.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        "total": archive.total,
        "packed": packed.packed,
        "missing": packed.missing,
    }
    return _json(head | {"pictures": packed.entries})


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _table(packed: Packed) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(entry[name]) for name in COLUMNS] for entry in packed.entries)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Text that no spreadsheet runs; numbers stay numbers."""
    if isinstance(value, int) or value is None:
        return value
    return f"'{value}" if FORMULA.match(value) else value
