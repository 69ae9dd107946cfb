"""Celery's doors. A message says "there is work on this lane"; the job row says which."""

import logging
from typing import Any

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from generation import acts, console, limits, renditions, sweeping, timing, worker
from generation.models import Lane

log = logging.getLogger(__name__)


def hint(lane: str) -> None:
    """Send a hint once the transaction has committed. A broker that is down costs seconds, not the job."""

    _send_on_commit(work, lane, queue=lane)


def render_soon(asset_id: int) -> None:
    """Ask for an asset's renditions once the transaction has committed."""
    _send_on_commit(render, asset_id, queue=Lane.DEFAULT)


def console_soon(kind: str, words: dict[str, str]) -> None:
    """Ask Replicate what a page of the staff's wants to know."""
    _send_on_commit(ask_console, kind, words, queue=Lane.PROVIDERS)


def act_soon(act_id: int) -> None:
    """Do what staff have written down, once the transaction has committed."""
    _send_on_commit(act, act_id, queue=Lane.PROVIDERS)


def _send_on_commit(task: Any, *arguments: Any, queue: str) -> None:
    def send() -> None:
        try:
            task.apply_async(args=arguments, queue=queue)
        except OperationalError as error:
            log.warning("the broker is away, the sweep will send again: %s", error)

    transaction.on_commit(send)


@shared_task(name="generation.tasks.work", max_retries=0)
def work(lane: str) -> None:
    """Run the fairest waiting job of a lane, if there is one."""
    if lane in Lane.values:
        worker.work(lane)


@shared_task(name="generation.tasks.sweep", soft_time_limit=60, time_limit=90)
def sweep() -> None:
    swept = sweeping.sweep()
    if swept.expired or swept.lost:
        log.info("sweep: %d past their deadline, %d taken back", swept.expired, swept.lost)


@shared_task(name="generation.tasks.measure", max_retries=0, soft_time_limit=30, time_limit=45)
def measure() -> None:
    """Bring the models' expected times up to date."""
    timing.measure()


@shared_task(name="generation.tasks.forget_budgets", soft_time_limit=60, time_limit=90)
def forget_budgets() -> None:
    """Drop what addresses spent on days long over."""
    limits.forget_budgets()


@shared_task(
    name="generation.tasks.render",
    autoretry_for=(OSError,),
    retry_backoff=2,
    max_retries=5,
    soft_time_limit=60,
    time_limit=90,
)
def render(asset_id: int) -> None:
    """Make an asset's renditions; until then the door serves the original."""
    renditions.make(asset_id=asset_id)


@shared_task(name="generation.tasks.ask_console", max_retries=0, soft_time_limit=120, time_limit=150)
def ask_console(kind: str, words: dict[str, str]) -> None:
    """Bring an answer of the staff's console up to date."""
    console.answer(kind, words)


@shared_task(
    name="generation.tasks.act", max_retries=0, soft_time_limit=acts.ACT_SECONDS, time_limit=acts.ACT_SECONDS + 30
)
def act(act_id: int) -> None:
    """Start or stop at Replicate what staff asked for, once."""
    acts.perform(act_id=act_id)
