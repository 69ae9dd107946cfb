"""Providers by name, imported on first use: a web process loads none of them."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from django.conf import settings

from generation.providers.base import Provider

PROVIDERS = {
    "demo": "generation.providers.demo.provider",
    "diffusion": "generation.providers.diffusion.provider",
    "replicate": "generation.providers.replicate.provider",
    "gemini": "generation.providers.gemini.provider",
}

_SWITCHES: dict[str, Callable[[], object]] = {
    "demo": lambda: True,
    "replicate": lambda: settings.REPLICATE_API_TOKENS,
    "gemini": lambda: settings.GEMINI_API_KEYS,
    "diffusion": lambda: settings.DIFFUSION_MODEL,
}

# Their predictions run elsewhere, so no worker holds their jobs. Named here, so that a page loads no adapter for it.
_REMOTE = frozenset({"replicate"})

# What a row of the catalogue may name; whether this site can use it is another question.
NAMES = tuple(_SWITCHES)


@cache
def get(name: str) -> Provider:
    """The adapter of a provider. Raises KeyError for a name that no code stands behind."""
    provider: Provider = import_module(PROVIDERS[name]).provider
    return provider


def is_configured(name: str) -> bool:
    """Whether this site can use a provider at all: its code is there and its keys are set."""
    return name in PROVIDERS and bool(_SWITCHES[name]())


def is_remote(name: str) -> bool:
    """Whether its predictions run elsewhere, so that no worker holds their jobs."""
    return name in _REMOTE
