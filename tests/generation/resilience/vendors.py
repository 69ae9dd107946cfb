"""Two vendors whose behaviour a test writes down beforehand: adapters like any other, of nobody we know."""

from collections.abc import Iterator

from generation.providers.base import Order, Output, ProviderError, Watch
from tests import pictures


class Vendor:
    """Fails with what is next in `fails`, then draws. `orders` are all that it was asked for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """As new, for the next test."""
        self.fails: list[ProviderError] = []
        self.orders: list[Order] = []

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        self.orders.append(order)
        if self.fails:
            raise self.fails.pop(0)
        for index, seed in enumerate(order.seeds):
            yield Output(index=index, data=pictures.png(seed), seed=seed)
