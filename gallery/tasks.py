"""Celery's doors of the gallery. A message says "there is something to do"; the rows say what."""

import logging
from typing import Any

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from gallery import archives, packing, trash
from gallery.models import ArchiveState
from generation import disposal

log = logging.getLogger(__name__)

# Minutes of reading, packing or deleting objects, for which the queue of the sweep is too good.
QUEUE = "providers"
PACK_SECONDS = 3600


def pack_soon() -> None:
    """Ask for the next archive to be packed, once the transaction has committed. The sweep sends a lost one again."""
    _send_on_commit(pack)


def remove_files_soon() -> None:
    """Ask for the bytes of what is gone for good to be removed. The hourly round finds what was lost."""
    _send_on_commit(remove_files)


def _send_on_commit(task: Any) -> None:
    def send() -> None:
        try:
            task.apply_async(queue=QUEUE)
        except OperationalError as error:
            log.warning("the broker is away, it is sent again later: %s", error)

    transaction.on_commit(send)


@shared_task(
    name="gallery.tasks.pack",
    max_retries=0,
    soft_time_limit=PACK_SECONDS,
    time_limit=PACK_SECONDS + 60,
    acks_late=False,
)
def pack() -> None:
    """Pack the archive that has waited longest, and ask for the next one. After a try that broke the sweep does."""
    archive = packing.pack_next()
    if archive is not None and archive.state == ArchiveState.READY:
        pack_soon()


@shared_task(name="gallery.tasks.sweep_archives", soft_time_limit=60, time_limit=90)
def sweep_archives() -> None:
    """Find archives that were lost, and end what is over."""
    archives.sweep()


@shared_task(name="gallery.tasks.remove_files", max_retries=0, soft_time_limit=600, time_limit=660)
def remove_files() -> None:
    """Remove the bytes of what is gone for good."""
    disposal.remove_files()


@shared_task(name="gallery.tasks.empty_trash", max_retries=0, soft_time_limit=600, time_limit=660)
def empty_trash() -> None:
    """What has lain in the trash long enough goes for good."""
    trash.purge_due()
    disposal.remove_files()
