"""Assets: their rows, who may see one, and its bytes for whoever may. The only writer of these.

The file lies in storage before its row is written: intake.py puts it there.
"""

import tempfile
from collections.abc import Collection, Sequence
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from generation import intake, moderation
from generation.errors import FileGone
from generation.models import Asset, Job, Level, Moderation, Visibility
from generation.solid import plain

IN_MEMORY_MAX_BYTES = 8 * 1024 * 1024
ALT_MAX = 300


def insert(job: Job, pictures: Sequence[intake.Stored], *, model_id: int | None, is_late: bool) -> int:
    """Write the rows of a job's pictures, inside the caller's transaction; returns how many the job has now.

    `model_id` is the model that made them. A picture whose index is taken came from another try, or a second time, and
    is dropped.
    """
    may_be_taken = is_late or job.tries > 1
    taken = set(Asset.objects.filter(job=job).values_list("index", flat=True)) if may_be_taken else set()
    fresh = [picture for picture in pictures if picture.index not in taken]
    rows = Asset.objects.bulk_create([_row(job, one, model_id=model_id, is_late=is_late) for one in fresh])
    transaction.on_commit(lambda: _render(rows))
    if taken:
        discard_spare(job, pictures)
    return len(taken) + len(rows)


def discard_spare(job: Job, pictures: Sequence[intake.Stored]) -> None:
    """Once the transaction has committed, take away the bytes of those that are not the job's assets."""
    kept = set(Asset.objects.filter(job=job).values_list("code", flat=True))
    spare = [picture for picture in pictures if picture.code not in kept]
    transaction.on_commit(lambda: intake.discard(spare))


def _row(job: Job, picture: intake.Stored, *, model_id: int | None, is_late: bool) -> Asset:
    verdict = picture.verdict
    words = moderation.level_of(job.prompt_written, job.prompt_sent)
    level = Level.highest(words, verdict.level) if verdict else words
    return Asset(
        code=picture.code,
        job=job,
        owner_id=job.owner_id,
        model_id=model_id,
        index=picture.index,
        kind=picture.kind,
        is_late=is_late,
        storage_key=picture.storage_key,
        poster_key=picture.poster_key,
        triangles=picture.triangles,
        sha256=picture.sha256,
        size_bytes=picture.size_bytes,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        seed=picture.seed,
        aspect_ratio=job.aspect_ratio,
        alt=job.prompt_written[:ALT_MAX],
        color=picture.color,
        tone=picture.tone,
        placeholder=picture.placeholder,
        # Its prompt passed the rules before it was made. What a provider flagged waits for a person.
        moderation=Moderation.PASSED if verdict is None or verdict.is_sure else Moderation.UNKNOWN,
        level=level,
        level_floor=level,
    )


def _render(rows: Sequence[Asset]) -> None:
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    for row in rows:
        tasks.render_soon(row.pk)


# --- Who may see one, and its bytes ----------------------------------------------------------------------------------


def show(*, asset_id: int, owner_id: int, visibility: str, prompt_hidden: bool, level: str | None = None) -> Asset:
    """Set who may see an asset, and its content level where one is given; acts at once on pages and files.

    A level below its floor becomes the floor. Raises Asset.DoesNotExist for another's. The database refuses to show
    what moderation has not passed.
    """
    with transaction.atomic():
        asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id, owner_id=owner_id, deleted_at=None)
        asset.visibility, asset.prompt_hidden = visibility, prompt_hidden
        asset.level = Level.highest(level or asset.level, asset.level_floor)
        asset.save(update_fields=["visibility", "prompt_hidden", "level"])
        if asset.public_folder:  # which the database has left, if this took the picture back
            asset.refresh_from_db(fields=["public_folder"])
        _settle(asset)
    return asset


def _settle(asset: Asset) -> None:
    from generation import tasks  # noqa: PLC0415  (as above)

    tasks.settle_public_soon(asset.pk)


def judge(*, asset: Asset, moderation_state: str, visibility: str, level: str, floor: str) -> Asset:
    """Set what staff decided about an asset that the caller holds locked, inside the caller's transaction.

    Visibility changes through `show`, as when its owner changes it; what lies in the trash stays there, private. Each
    of the three steps keeps the rules of the table: nothing is shown that has not passed, no level is below its floor.
    """
    rows = Asset.objects.filter(pk=asset.pk)
    if moderation_state == Moderation.PASSED:
        rows.update(moderation=Moderation.PASSED, level_floor=Level.GENERAL)
    else:
        rows.update(level_floor=Level.GENERAL)
    if asset.deleted_at is None:
        show(
            asset_id=asset.pk,
            owner_id=asset.owner_id,
            visibility=visibility,
            prompt_hidden=asset.prompt_hidden,
            level=level,
        )
    else:
        rows.update(visibility=Visibility.PRIVATE, level=level)
    rows.update(moderation=moderation_state, level_floor=floor)
    return rows.get()


def hold_many(*, asset_ids: Collection[int], owner_id: int) -> list[Asset]:
    """Several of a person's assets with what their posts copy, locked in the order of their ids for the caller."""
    rows = Asset.objects.select_for_update(no_key=True, of=("self",)).select_related("job__model", "model")
    return list(rows.filter(pk__in=asset_ids, owner=owner_id, deleted_at=None).order_by("pk"))


def show_many(held: Sequence[Asset], *, visibility: str) -> None:
    """Set who may see assets that the caller holds locked, and keep the levels that they carry.

    Prompts stay as hidden as they were. Inside the caller's transaction.
    """
    for asset in held:
        asset.visibility = visibility
    Asset.objects.bulk_update(held, ["visibility", "level"])
    for asset in held:
        _settle(asset)


def describe(*, asset_id: int, owner_id: int, words: str, level: str) -> Asset:
    """Set what the picture is said to show, and its level; without words it is the beginning of its prompt again.

    Raises Asset.DoesNotExist for another's.
    """
    with transaction.atomic():
        held = Asset.objects.select_for_update(no_key=True, of=("self",)).select_related("job")
        asset = held.get(pk=asset_id, owner_id=owner_id, deleted_at=None)
        asset.alt, asset.alt_written = words or asset.job.prompt_written[:ALT_MAX], bool(words)
        asset.level = level
        asset.save(update_fields=["alt", "alt_written", "level"])
        _settle(asset)
    return asset


def open_original(asset: Asset) -> BinaryIO:
    """The stored bytes, to be streamed. Raises FileGone when the object is missing."""
    return open_key(asset.storage_key, asset.code)


def open_picture(asset: Asset) -> BinaryIO:
    """The bytes of the picture that pages show: a 3D model's poster, or the original. Raises FileGone."""
    return open_key(asset.picture_key, asset.code)


def open_model(asset: Asset, *, with_words: bool, packet: dict[str, Any] | None = None) -> BinaryIO:
    """The bytes of a 3D model; without the words inside, for those from whom its prompt is hidden. Raises FileGone.

    With `packet`, XMP as JSON-LD, that is what it says of itself.
    """
    original = open_original(asset)
    if with_words and packet is None:
        return original
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES))  # noqa: SIM115  (the answer closes it)
    with original:
        plain.copy(original, file, with_words=with_words, packet=packet)
    file.seek(0)
    return file


def open_key(key: str, code: UUID) -> BinaryIO:
    try:
        return default_storage.open(key, "rb")  # type: ignore[return-value]
    except FileNotFoundError as error:
        raise FileGone(code=str(code)) from error
