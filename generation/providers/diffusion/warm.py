"""A worker's process and its model, which is loaded before the first job asks for it."""

import logging
import threading

from django.conf import settings

from generation.providers.base import ProviderError
from generation.providers.diffusion import pipeline

log = logging.getLogger(__name__)


def begin() -> None:
    """Load the model in a thread of its own, where there is one to load; who needs it meanwhile waits for it.

    In a thread, because Celery kills a process that takes longer than four seconds to start.
    """
    if settings.DIFFUSION_MODEL:
        threading.Thread(target=_load, name="diffusion-warm-up", daemon=True).start()


def _load() -> None:
    try:
        pipeline.get()
    except ProviderError as error:
        log.error("no model for the GPU: %s", error)
