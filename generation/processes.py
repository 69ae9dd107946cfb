"""What a worker does as its processes start and end, beside its tasks. config/celery.py loads this in workers alone."""

import logging
import os
from typing import Any

from celery import current_app
from celery.signals import task_postrun, worker_process_init, worker_ready

from generation import tasks
from generation.models import Lane
from generation.providers.diffusion import pipeline, warm

log = logging.getLogger(__name__)


@worker_ready.connect
def refresh_secrets_at_start(**_: Any) -> None:
    """A worker that starts may be the site's first: nothing could verify a webhook before."""
    tasks.refresh_secrets_soon()


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """A process of the GPU's queue loads its model before the first job asks for it.

    Only a forked one knows its queues: on macOS, where a process starts afresh, the first job loads the model.
    """
    if Lane.GPU in current_app.amqp.queues.consume_from:
        warm.begin()


@task_postrun.connect
def leave_a_lost_gpu(**_: Any) -> None:
    """End a process whose device is lost, after its job has been given back; the worker starts another one."""
    if pipeline.is_lost():
        log.error("the GPU is lost to this process; it ends, and a new one starts")
        os._exit(os.EX_SOFTWARE)
