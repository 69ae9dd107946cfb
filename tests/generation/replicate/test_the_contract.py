"""Replicate keeps the contract of every provider."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from generation.providers import registry
from generation.providers.base import Order, Provider
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.providers.contract import RemoteContract, Trouble
from tests.generation.replicate.conftest import TOKEN
from tests.generation.replicate.orders import flux

NOBODY = "http://127.0.0.1:9"


class TestReplicate(RemoteContract):
    troubles: ClassVar[frozenset[Trouble]] = frozenset(Trouble)
    secrets: ClassVar[tuple[str, ...]] = (TOKEN,)

    @pytest.fixture(autouse=True)
    def vendor(self, emulator: ReplicateEmulator, settings: Any) -> None:
        self.emulator, self.settings = emulator, settings

    def provider(self) -> Provider:
        return registry.get("replicate")

    def order(self, **changes: Any) -> Order:
        return flux(**changes)

    def bring(self, trouble: Trouble) -> None:
        self._ways()[trouble]()

    def _ways(self) -> dict[Trouble, Callable[[], object]]:
        return {
            Trouble.BUSY: lambda: self._refuse(429),
            Trouble.FAILING: lambda: self._refuse(500),
            Trouble.DEAD: lambda: setattr(self.settings, "REPLICATE_BASE_URL", NOBODY),
            Trouble.NO_CREDIT: lambda: self.emulator.tokens.update({"*": 402}),
            Trouble.REFUSED_KEY: lambda: self._refuse(401, detail=f"{TOKEN} is no token"),
            Trouble.UNKNOWN_MODEL: lambda: self._refuse(404),
            Trouble.REFUSED_INPUT: lambda: self._refuse(422),
            Trouble.BLOCKED: lambda: self.emulator.faults.add("nsfw"),
            Trouble.EMPTY: lambda: self.emulator.faults.add("shape", output=None),
            Trouble.FEWER: lambda: self.emulator.faults.add("count"),
            Trouble.SLOW: lambda: self.emulator.faults.add("stuck"),
        }

    def _refuse(self, status: int, **more: Any) -> None:
        self.emulator.faults.add("refuse", at="create", status=status, **more)
