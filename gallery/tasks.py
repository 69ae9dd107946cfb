"""Celery's doors of the gallery. A message carries ids or says "there is something to do"; the rows say what."""

import logging
from typing import Any

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from gallery import archives, mails, packing, trash
from gallery.models import ArchiveState
from generation import disposal

log = logging.getLogger(__name__)

MAIL_TRIES = 5
MAIL_SECONDS = 60
# Minutes of reading, packing or deleting objects, for which the queue of the sweep is too good.
LONG_QUEUE = "providers"
PACK_SECONDS = 3600


def send_soon(task: Any, *arguments: Any, queue: str | None = None) -> None:
    """Queue a task once the transaction has committed. A broker that is away fails nothing that was decided."""

    def send() -> None:
        try:
            task.apply_async(args=arguments, queue=queue)
        except OperationalError as error:
            log.warning("the broker is away, %s was not sent: %s", task.name, error)

    transaction.on_commit(send)


def pack_soon() -> None:
    """Ask for the next archive to be packed, once the transaction has committed. The sweep sends a lost one again."""
    send_soon(pack, queue=LONG_QUEUE)


def remove_files_soon() -> None:
    """Ask for the bytes of what is gone for good to be removed. The hourly round finds what was lost."""
    send_soon(remove_files, queue=LONG_QUEUE)


@shared_task(
    name="gallery.tasks.tell_decision",
    autoretry_for=(OSError,),
    retry_backoff=MAIL_SECONDS,
    max_retries=MAIL_TRIES,
    soft_time_limit=30,
    time_limit=40,
)
def tell_decision(decision_id: int) -> None:
    """Mail the person whom a decision concerns."""
    mails.tell_decision(decision_id=decision_id)


@shared_task(
    name="gallery.tasks.tell_answer",
    autoretry_for=(OSError,),
    retry_backoff=MAIL_SECONDS,
    max_retries=MAIL_TRIES,
    soft_time_limit=30,
    time_limit=40,
)
def tell_answer(appeal_id: int) -> None:
    """Mail the person whose appeal was refused."""
    mails.tell_answer(appeal_id=appeal_id)


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
