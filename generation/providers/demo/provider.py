"""The built-in provider: deterministic procedural pictures, no AI, no network, no key."""

from collections.abc import Callable, Iterator

from generation.providers.base import Order, Output, Watch
from generation.providers.demo.paint import render


class DemoProvider:
    """Paints in this process, about one second a picture."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        for index, seed in enumerate(order.seeds):
            if watch.cancelled():
                return
            data = render(
                prompt=order.prompt,
                negative_prompt=order.negative_prompt,
                style=order.style,
                seed=seed,
                width=order.width,
                height=order.height,
                on_progress=_share(watch, index, len(order.seeds)),
            )
            yield Output(index=index, data=data, seed=seed)


def _share(watch: Watch, index: int, count: int) -> Callable[[float], None]:
    """Progress of one picture as progress of the job."""
    return lambda done: watch.progress((index + done) / count)


provider = DemoProvider()
