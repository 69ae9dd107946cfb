"""A thousand pictures in one archive: in bounded memory, and packed anew when the worker is killed in the middle."""

import os
import signal
import threading
import time
import tracemalloc
import zipfile

import pytest
from django.db import connections

from accounts.models import User
from gallery import archives, packing
from gallery.models import Archive, ArchiveState
from tests.gallery.shelves import fill

PICTURES = 1000
# Together far more than may be held: what is packed is about a hundred and thirty megabytes.
PICTURE_BYTES = 130_000
GROWTH_MAX_BYTES = 100 * 2**20


@pytest.mark.django_db
def test_a_thousand_pictures_are_packed_in_bounded_memory(alice: User) -> None:
    rows = fill(alice, PICTURES, with_files=True, size_bytes=PICTURE_BYTES)
    archive = archives.ask(owner_id=alice.pk, asset_ids=[row.pk for row in rows], name="All that match")
    tracemalloc.start()
    try:
        packing.pack_next()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    archive.refresh_from_db()
    assert (archive.state, archive.packed, archive.missing) == (ArchiveState.READY, PICTURES, 0)
    assert archive.size_bytes > PICTURES * PICTURE_BYTES * 0.99
    assert peak < GROWTH_MAX_BYTES / 4
    with zipfile.ZipFile(archives.open_file(archive)) as file:
        assert len(set(file.namelist())) == 2 * PICTURES + 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_while_it_packs_costs_time_and_nothing_else(alice: User) -> None:
    rows = fill(alice, 200, with_files=True)
    archive = archives.ask(owner_id=alice.pk, asset_ids=[row.pk for row in rows], name="All that match")
    connections.close_all()  # the child makes its own
    if not (child := os.fork()):
        packing.REPORT_SECONDS = 0.0
        plain = packing._add

        def slowly(*told: object) -> None:
            time.sleep(0.02)
            plain(*told)  # type: ignore[arg-type]

        packing._add = slowly  # type: ignore[assignment]
        packing.pack_next()
        os._exit(0)
    _until_half_way(archive)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    archive.refresh_from_db()
    assert archive.state == ArchiveState.PACKING
    assert archives.claim() is None
    Archive.objects.filter(pk=archive.pk).update(lease_until="2026-01-01T00:00:00Z")
    packing.pack_next()
    archive.refresh_from_db()
    assert (archive.state, archive.tries, archive.packed) == (ArchiveState.READY, 2, 200)
    with zipfile.ZipFile(archives.open_file(archive)) as file:
        assert file.testzip() is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("archive-")]


def _until_half_way(archive: Archive) -> None:
    for _ in range(1500):
        archive.refresh_from_db()
        if archive.packed > 5:
            return
        time.sleep(0.02)
    raise AssertionError("nothing was packed")
