"""Doors of the worker: what the gallery leaves to be done after an answer. Ids only; safe to run twice."""

import logging
from typing import Any

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from gallery import mails

log = logging.getLogger(__name__)

MAIL_TRIES = 5
MAIL_SECONDS = 60


def send_soon(task: Any, *arguments: Any) -> None:
    """Queue a task once the transaction has committed. A broker that is away fails nothing that was decided."""

    def send() -> None:
        try:
            task.apply_async(args=arguments)
        except OperationalError as error:
            log.warning("the broker is away, %s was not sent: %s", task.name, error)

    transaction.on_commit(send)


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
