"""Gemini keeps the contract of every provider."""

from typing import Any, ClassVar

import pytest

from generation.providers import registry
from generation.providers.base import Order, Provider
from tests.emulators.gemini import GeminiEmulator
from tests.generation.gemini.asking import one_picture, order
from tests.generation.gemini.conftest import KEYS
from tests.generation.providers.contract import DirectContract, FailingContract, Trouble

REFUSALS: dict[Trouble, dict[str, Any]] = {
    Trouble.BUSY: {"status": 429, "seconds": 7},
    Trouble.FAILING: {"status": 500},
    Trouble.NO_CREDIT: {"status": 400, "word": "FAILED_PRECONDITION", "message": "Please enable billing."},
    Trouble.REFUSED_KEY: {"status": 403, "key": KEYS[0]},
    Trouble.UNKNOWN_MODEL: {"status": 404},
    Trouble.REFUSED_INPUT: {"status": 400},
}


class TestGemini(DirectContract, FailingContract):
    troubles: ClassVar[frozenset[Trouble]] = frozenset(
        {*REFUSALS, Trouble.DEAD, Trouble.BLOCKED, Trouble.EMPTY, Trouble.FEWER}
    )
    secrets: ClassVar[tuple[str, ...]] = tuple(KEYS)

    @pytest.fixture(autouse=True)
    def _vendor(self, gemini: GeminiEmulator) -> None:
        self.gemini = gemini

    def provider(self) -> Provider:
        return registry.get("gemini")

    def order(self, **changes: Any) -> Order:
        return order(**changes)

    def bring(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.DEAD:
                self.gemini.faults.add("drop", times=None)
            case Trouble.BLOCKED:
                self.gemini.faults.add("block_prompt", times=None)
            case Trouble.EMPTY:
                self.gemini.faults.add("text_only", times=None)
            case Trouble.FEWER:
                self.gemini.faults.add("shape", body=one_picture())
                self.gemini.faults.add("shape", body={"candidates": [{"finishReason": "IMAGE_SAFETY"}]}, times=None)
            case _:
                self.gemini.faults.add("refuse", times=None, **REFUSALS[trouble])
