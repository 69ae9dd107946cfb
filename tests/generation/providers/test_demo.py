"""The built-in provider keeps the contract; there is no vendor behind it that could fail."""

from generation.providers import registry
from generation.providers.base import Provider
from tests.generation.providers.contract import DirectContract


class TestDemo(DirectContract):
    def provider(self) -> Provider:
        return registry.get("demo")
