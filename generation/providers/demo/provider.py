"""The built-in provider: deterministic procedural pictures, no AI, no network, no key."""

from collections.abc import Iterator

from generation.providers.base import Order, Output, Watch
from generation.providers.demo.paint import render


class DemoProvider:
    """Paints in this process, about one second a picture."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        for index, seed in enumerate(order.seeds):
            if watch.cancelled():
                return
            done = index / len(order.seeds)
            data = render(
                prompt=order.prompt,
                negative_prompt=order.negative_prompt,
                style=order.style,
                seed=seed,
                width=order.width,
                height=order.height,
                on_progress=lambda share, done=done: watch.progress(done + share / len(order.seeds)),
            )
            yield Output(index=index, data=data, seed=seed)


provider = DemoProvider()
