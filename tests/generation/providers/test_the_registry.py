"""Which providers this site has, and that a web process loads none of their SDKs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generation.providers import registry
from generation.providers.base import RemoteProvider

ROOT = Path(__file__).resolve().parents[3]
AS_THE_WEB = """
import sys
import config.wsgi, config.urls
from generation.providers import registry
from generation.providers.replicate import signatures
print(sorted({"replicate", "google.genai", "torch", "diffusers"} & set(sys.modules)))
"""

AS_THE_BENCH = """
import django
django.setup()
from generation.providers import registry
print(registry.is_configured("bench"), registry.is_remote("bench"), type(registry.get("bench")).__name__)
"""


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("replicate", "REPLICATE_API_TOKENS", ["r8"]),
        ("gemini", "GEMINI_API_KEYS", ["k"]),
        ("diffusion", "DIFFUSION_MODEL", "m"),
    ],
)
def test_a_provider_is_on_exactly_when_its_key_is_set(settings: Any, name: str, setting: str, value: object) -> None:
    setattr(settings, setting, type(value)())
    assert not registry.is_configured(name)
    setattr(settings, setting, value)
    assert registry.is_configured(name) == (name in registry.PROVIDERS)


def test_the_demo_is_always_on_and_what_nobody_wrote_never() -> None:
    assert registry.is_configured("demo")
    assert not registry.is_configured("midjourney")


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_each_has_one_adapter(name: str) -> None:
    assert registry.get(name) is registry.get(name)


def test_a_web_process_loads_no_vendors_sdk() -> None:
    done = subprocess.run([sys.executable, "-c", AS_THE_WEB], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", registry.PROVIDERS)
def test_what_is_called_remote_is_what_its_adapter_is(name: str) -> None:
    assert registry.is_remote(name) == isinstance(registry.get(name), RemoteProvider)


def test_the_benchs_provider_is_one_like_any_other() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.settings"}
    told = subprocess.run(
        [sys.executable, "-c", AS_THE_BENCH], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True", "False", "Instant"]
