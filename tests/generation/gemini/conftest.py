"""Gemini at the wire for these tests: one emulator, clean for each, and three keys."""

from collections.abc import Iterator
from typing import Any

import pytest

from generation.providers.gemini import client
from tests.emulators.gemini import GeminiEmulator

KEYS = ["AIzaFirst-0123456789", "AIzaSecond-0123456789", "third-key-of-no-known-form"]


@pytest.fixture(scope="session")
def vendor() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as emulator:
        yield emulator


@pytest.fixture
def gemini(vendor: GeminiEmulator, settings: Any, monkeypatch: pytest.MonkeyPatch) -> GeminiEmulator:
    """As if nobody had called yet; pauses between tries are short."""
    vendor.reset()
    settings.GEMINI_API_KEYS, settings.GEMINI_BASE_URL = KEYS, vendor.url
    monkeypatch.setattr(client, "FIRST_PAUSE_SECONDS", 0.01)
    return vendor
