"""Providers by name, imported on first use: a web process loads none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from django.conf import settings

from generation.providers.base import Provider


@dataclass(frozen=True)
class Entry:
    """Where an adapter is and what switches it on. `is_remote`: its predictions run elsewhere, so that no worker holds
    their jobs; said here too, so that a page loads no adapter for it."""

    module: str
    is_on: Callable[[], object] = lambda: True
    is_remote: bool = False


# What a row of the catalogue may name.
PROVIDERS = {
    "demo": Entry("generation.providers.demo.provider"),
    "diffusion": Entry("generation.providers.diffusion.provider", lambda: settings.DIFFUSION_MODEL),
    "gemini": Entry("generation.providers.gemini.provider", lambda: settings.GEMINI_API_KEYS),
    "replicate": Entry(
        "generation.providers.replicate.provider", lambda: settings.REPLICATE_API_TOKENS, is_remote=True
    ),
}


@cache
def get(name: str) -> Provider:
    """The adapter of a provider. Raises KeyError for a name that no code stands behind."""
    provider: Provider = import_module(PROVIDERS[name].module).provider
    return provider


def is_configured(name: str) -> bool:
    """Whether this site can use a provider at all: its code is there and its keys are set."""
    return name in PROVIDERS and bool(PROVIDERS[name].is_on())


def is_remote(name: str) -> bool:
    """Whether its predictions run elsewhere."""
    return name in PROVIDERS and PROVIDERS[name].is_remote
