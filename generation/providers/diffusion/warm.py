"""A worker process and its model: loaded before the first job asks, given up with the process when the GPU is lost."""

import logging
import threading

from django.conf import settings

from generation.providers.base import ProviderError
from generation.providers.diffusion import pipeline

log = logging.getLogger(__name__)

_lost = threading.Event()


def begin() -> threading.Thread | None:
    """Load the model in a thread of its own, where there is one to load; who needs it meanwhile waits for it.

    In a thread, because Celery kills a process that takes longer than four seconds to start.
    """
    if not settings.DIFFUSION_MODEL:
        return None
    thread = threading.Thread(target=_load, name="diffusion-warm-up", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    try:
        pipeline.get()
    except ProviderError as error:
        log.error("no model for the GPU: %s", error)


def note(error: BaseException) -> None:
    """Remember an error of the device itself: after one of CUDA's no call of this process works any more."""
    import torch

    if isinstance(error, torch.AcceleratorError):
        _lost.set()


def is_lost() -> bool:
    """Whether this process must end for the device to work again."""
    return _lost.is_set()
