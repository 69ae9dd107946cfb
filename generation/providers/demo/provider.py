"""The built-in provider: deterministic procedural pictures and 3D models, no AI, no network, no key."""

from collections.abc import Callable, Iterator

from generation.models import OutputKind
from generation.providers.base import Order, Output, Watch
from generation.providers.demo.paint import render
from generation.providers.demo.sculpt import sculpt


class DemoProvider:
    """Paints in this process, about one second a picture; a 3D model takes a hundredth of that."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        for index, seed in enumerate(order.seeds):
            if watch.cancelled():
                return
            make = _sculpt if order.output_kind == OutputKind.MODEL_3D else _paint
            yield Output(index=index, data=make(order, seed, _share(watch, index, len(order.seeds))), seed=seed)


def _paint(order: Order, seed: int, progress: Callable[[float], None]) -> bytes:
    return render(
        prompt=order.prompt,
        negative_prompt=order.negative_prompt,
        style=order.style,
        seed=seed,
        width=order.width,
        height=order.height,
        on_progress=progress,
    )


def _sculpt(order: Order, seed: int, progress: Callable[[float], None]) -> bytes:
    data = sculpt(prompt=order.prompt, negative_prompt=order.negative_prompt, seed=seed)
    progress(1.0)
    return data


def _share(watch: Watch, index: int, count: int) -> Callable[[float], None]:
    """Progress of one picture as progress of the job."""
    return lambda done: watch.progress((index + done) / count)


provider = DemoProvider()
