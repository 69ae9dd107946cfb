"""Pictures on our own GPU: each by itself, again with less memory where it ran out, stopped between steps."""

import logging
from collections.abc import Iterator

from generation.models import ErrorCode
from generation.providers.base import Order, Output, ProviderError, Watch
from generation.providers.diffusion import drawing, pipeline

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """The job has ended meanwhile: what is half drawn is thrown away."""


class DiffusionProvider:
    """Draws in this process with the model of DIFFUSION_MODEL; the row's `provider_model` is not looked at."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        """One picture that fails spoils no other; only an order without any picture has failed."""
        model = pipeline.get()
        made, failure = 0, None
        for index, seed in enumerate(order.seeds):
            try:
                data = _draw(model, order, seed, _follow(watch, index, len(order.seeds)))
            except Cancelled:
                return
            except ProviderError as error:
                log.warning("order %s, picture %d: %s", order.attempt_code, index, error)
                failure = error
                continue
            made += 1
            yield Output(index=index, data=data, seed=seed)
        if failure and not made:
            raise failure


def _follow(watch: Watch, index: int, count: int) -> drawing.OnStep:
    """Progress of one picture as progress of the job, which never goes back: a second try begins at its first step."""
    furthest = 0.0

    def follow(share: float) -> None:
        nonlocal furthest
        furthest = max(furthest, share)
        watch.progress((index + furthest) / count)
        if watch.cancelled():
            raise Cancelled

    follow(0.0)
    return follow


def _draw(model: pipeline.Model, order: Order, seed: int, follow: drawing.OnStep) -> bytes:
    """Twice where memory runs out: a picture by itself is the smallest batch, so the second try goes piece by piece."""
    try:
        return _try(model, order, seed, follow)
    except ProviderError as error:
        if error.code != ErrorCode.PROVIDER_BUSY:
            raise
        log.warning("order %s: %s; once more with less", order.attempt_code, error)
    pipeline.free()
    with model.thrifty():
        return _try(model, order, seed, follow)


def _try(model: pipeline.Model, order: Order, seed: int, follow: drawing.OnStep) -> bytes:
    try:
        return drawing.draw(model, order, seed=seed, on_step=follow)
    except (RuntimeError, MemoryError) as error:
        raise pipeline.trouble(error) from error
    except ValueError as error:  # a pipeline's word for arguments that it cannot do
        raise ProviderError(
            ErrorCode.PROVIDER_FAILED, permanent=True, provider_at_fault=False, detail=str(error)
        ) from error


provider = DiffusionProvider()
