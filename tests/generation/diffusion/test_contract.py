"""Our own GPU keeps the contract of every provider; its troubles are the model's, injected into the model."""

from typing import Any

import pytest

from generation.providers import registry
from generation.providers.base import Order, Provider
from tests.generation.diffusion import tiny
from tests.generation.diffusion.conftest import Fault, Spoil, out_of_memory
from tests.generation.providers.contract import DirectContract, FailingContract, Trouble, an_order


class TestDiffusion(DirectContract, FailingContract):
    troubles = frozenset({Trouble.BUSY, Trouble.FAILING, Trouble.REFUSED_INPUT, Trouble.EMPTY, Trouble.FEWER})

    @pytest.fixture(autouse=True)
    def _model(self, fault: Fault, spoil: Spoil) -> None:
        self.fault, self.spoil = fault, spoil

    def provider(self) -> Provider:
        return registry.get("diffusion")

    def order(self, **changes: Any) -> Order:
        return an_order(steps=tiny.STEPS, recipe={"megapixels": 0.06}, **changes)

    def bring(self, trouble: Trouble) -> None:
        if trouble is Trouble.EMPTY:
            self.spoil(float("nan"))
        else:
            error = {
                Trouble.BUSY: out_of_memory(),
                Trouble.FAILING: RuntimeError("no kernel image is available for execution on the device"),
                Trouble.REFUSED_INPUT: ValueError("`height` and `width` have to be divisible by 8"),
                Trouble.FEWER: RuntimeError("an illegal instruction was encountered"),
            }[trouble]
            self.fault(error, times=1 if trouble is Trouble.FEWER else 1000)
