"""Celery's doors. A message says "there is work on this lane"; the job row says which."""

import logging
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.core.mail import mail_admins
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from generation import (
    acts,
    console,
    enhancing,
    health,
    limits,
    orphans,
    predictions,
    public_copies,
    references,
    remote,
    renditions,
    sweeping,
    timing,
    worker,
)
from generation.models import Lane
from generation.providers import registry
from generation.providers.base import ProviderError
from generation.providers.replicate import signatures

log = logging.getLogger(__name__)

SECRETS_SECONDS = 10
# Within a queue, as Redis has it. A hint that finds a job keeps its worker for the whole of it: what is over in a
# moment, above all asking about predictions that run already, never waits behind the jobs that wait.
FIRST, AFTER_ALL_ELSE = 0, 9


def hint(lane: str, *, seconds: float = 0.0, is_again: bool = False) -> None:
    """Send a hint once the transaction has committed, for after so long. A broker that is down costs no job."""
    _send_on_commit(work, lane, queue=lane, seconds=seconds, priority=AFTER_ALL_ELSE, expires=_until_next(is_again))


def render_soon(asset_id: int) -> None:
    """Ask for an asset's renditions once the transaction has committed."""
    _send_on_commit(render, asset_id, queue=Lane.DEFAULT)


def settle_public_soon(asset_id: int, *, is_again: bool = False) -> None:
    """Bring an asset's public copies in line with it once the transaction has committed; where there are any."""
    if settings.S3_PUBLIC_URL or is_again:
        _send_on_commit(settle_public, asset_id, queue=Lane.DEFAULT, expires=_until_next(is_again))


def console_soon(kind: str, words: dict[str, str]) -> None:
    """Ask Replicate what a page of the staff's wants to know."""
    _send_on_commit(ask_console, kind, words, queue=Lane.PROVIDERS)


def act_soon(act_id: int) -> None:
    """Do what staff have written down, once the transaction has committed."""
    _send_on_commit(act, act_id, queue=Lane.PROVIDERS)


def enhance_soon(enhancement_id: int) -> None:
    """Ask for an enhancement to be worked off once the transaction has committed. The sweep sends a lost one again."""
    _send_on_commit(enhance, enhancement_id, queue=Lane.PROVIDERS)


def alert_soon(subject: str, text: str) -> None:
    """Mail the staff of ADMINS, in a worker: whoever noticed has something better to do."""
    _send_on_commit(alert, subject, text, queue=Lane.DEFAULT)


def collect_soon(attempt_id: int, *, seconds: float = 0.0, is_again: bool = False) -> None:
    """Ask about a prediction once the transaction has committed, after so long."""
    _send_on_commit(collect, attempt_id, queue=Lane.PROVIDERS, seconds=seconds, expires=_until_next(is_again))


def stop_stray_soon(event_id: int) -> None:
    """Stop what a webhook told of and no attempt knows, once the transaction has committed."""
    _send_on_commit(stop_stray, event_id, queue=Lane.PROVIDERS)


def refresh_secrets_soon() -> None:
    """Fetch what webhooks are verified with; asked for as often as somebody knocks, sent once in a while."""
    if cache.add("webhook-secrets-asked-for", 1, SECRETS_SECONDS):
        _send_on_commit(refresh_secrets, queue=Lane.PROVIDERS)


def _until_next(is_again: bool) -> int | None:
    """What the sweep sends again is good until it sends it once more: a busy queue would only grow by it."""
    return settings.SWEEP_SECONDS if is_again else None


def _send_on_commit(
    task: Any,
    *arguments: Any,
    queue: str,
    seconds: float = 0.0,
    priority: int = FIRST,
    expires: int | None = None,
) -> None:
    def send() -> None:
        try:
            task.apply_async(args=arguments, queue=queue, countdown=seconds or None, priority=priority, expires=expires)
        except OperationalError as error:
            log.warning("the broker is away, the sweep will send again: %s", error)

    transaction.on_commit(send)


@shared_task(name="generation.tasks.work", max_retries=0)
def work(lane: str) -> None:
    """Run the fairest waiting job of a lane, if there is one."""
    if lane in Lane.values:
        worker.work(lane)


@shared_task(
    name="generation.tasks.collect",
    max_retries=0,
    soft_time_limit=settings.JOB_COLLECT_SECONDS * 7 // 8,
    time_limit=settings.JOB_COLLECT_SECONDS * 23 // 24,
)
def collect(attempt_id: int) -> None:
    """Ask about a prediction, if it is due."""
    remote.collect(attempt_id=attempt_id)


@shared_task(
    name="generation.tasks.stop_stray",
    autoretry_for=(ProviderError,),
    retry_backoff=5,
    max_retries=5,
    soft_time_limit=60,
    time_limit=90,
)
def stop_stray(event_id: int) -> None:
    """Stop a prediction that no attempt knows."""
    remote.stop_stray(event_id=event_id)


@shared_task(name="generation.tasks.sweep", soft_time_limit=60, time_limit=90)
def sweep() -> None:
    """Find what was lost."""
    swept = sweeping.sweep()
    if swept.expired or swept.lost:
        log.info("sweep: %d past their deadline, %d taken back", swept.expired, swept.lost)


@shared_task(name="generation.tasks.enhance", max_retries=0, soft_time_limit=90, time_limit=120)
def enhance(enhancement_id: int) -> None:
    """Have a prompt rewritten, unless another worker took it."""
    enhancing.run(enhancement_id=enhancement_id)


@shared_task(name="generation.tasks.forget_unused", soft_time_limit=600, time_limit=660)
def forget_unused() -> None:
    """Drop enhancements and reference pictures that no form stands on any more."""
    enhancing.forget_old()
    references.forget_unused()


@shared_task(name="generation.tasks.sweep_files", max_retries=0, soft_time_limit=600, time_limit=660)
def sweep_files() -> None:
    """Remove files that no row names."""
    public_copies.sweep(night=timezone.now().toordinal())
    orphans.sweep()


@shared_task(name="generation.tasks.measure", max_retries=0, soft_time_limit=30, time_limit=45)
def measure() -> None:
    """Bring the models' expected times and the providers' health up to date."""
    timing.measure()
    health.measure()


@shared_task(
    name="generation.tasks.alert", autoretry_for=(OSError,), retry_backoff=10, max_retries=5, soft_time_limit=60
)
def alert(subject: str, text: str) -> None:
    """Tell the staff by mail. OSError is what a mail server that is away raises."""
    mail_admins(subject, text)


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


@shared_task(
    name="generation.tasks.settle_public",
    autoretry_for=(OSError,),
    retry_backoff=2,
    max_retries=5,
    soft_time_limit=60,
    time_limit=90,
)
def settle_public(asset_id: int) -> None:
    """Copy a picture to where everybody may read it, or take it away from there. The sweep asks again."""
    public_copies.settle(asset_id=asset_id)


@shared_task(name="generation.tasks.forget_bodies", soft_time_limit=60, time_limit=90)
def forget_bodies() -> None:
    """Empty the webhooks of more than a week ago."""
    predictions.forget_bodies()


@shared_task(
    name="generation.tasks.refresh_secrets",
    autoretry_for=(ProviderError,),
    retry_backoff=5,
    max_retries=5,
    soft_time_limit=120,
    time_limit=150,
)
def refresh_secrets() -> None:
    """Fetch what Replicate signs its webhooks with, where the settings do not say it."""
    if registry.is_configured("replicate") and not settings.REPLICATE_WEBHOOK_SECRETS:
        signatures.refresh_secrets()


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
