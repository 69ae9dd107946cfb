"""Fresco at the vendor north, Gouache at the vendor south: one family, so each may stand in for the other."""

from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from generation import breaker, catalogue, jobs
from generation.models import ErrorCode, InferenceModel, Job
from generation.pricing import quote as quotes
from generation.providers import registry
from generation.providers.base import ProviderError
from generation.wish import Wish
from tests.generation.asking import HTMX
from tests.generation.resilience import north as north_module
from tests.generation.resilience import south as south_module
from tests.generation.resilience.vendors import Vendor

RATIOS = ["1:1", "3:2"]


@pytest.fixture(autouse=True)
def vendors(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    for module in (north_module, south_module):
        module.provider.forget()
        name = module.__name__.rpartition(".")[2]
        monkeypatch.setitem(registry.PROVIDERS, name, registry.Entry(module.__name__))
    settings.OPEN_JOBS_MAX = settings.DAILY_GENERATE_MAX = (1000, 1000, 1000)
    settings.RATE_LIMIT_GENERATE = (1000, 60)


@pytest.fixture
def north() -> Vendor:
    return north_module.provider


@pytest.fixture
def south() -> Vendor:
    return south_module.provider


def model(slug: str, **fields: Any) -> InferenceModel:
    told: dict[str, Any] = {
        "name": slug.capitalize(),
        "provider": "north",
        "lane": "providers",
        "family": "scenes",
        "aspect_ratios": RATIOS,
        "styles": {"none": ""},
        "max_count": 4,
        "price_credits": 4,
        "typical_seconds": 0.01,
        **fields,
    }
    row = InferenceModel.objects.create(slug=slug, **told)
    catalogue.forget()
    return row


@pytest.fixture
def fresco(db: None) -> InferenceModel:
    return model("fresco", normal_steps=20, max_steps=50)


@pytest.fixture
def gouache(db: None) -> InferenceModel:
    return model("gouache", provider="south", lane="gpu")


def submit(owner: User, of: InferenceModel, *, key: str = "", **wished: Any) -> Job:
    wish = Wish(model=of, prompt="A red kite", **{"count": 2, **wished})
    terms: dict[str, Any] = {"aspect_ratio": wish.aspect_ratio, "steps": wish.steps}
    quote = quotes.make(model=of, count=wish.count, **terms)
    number = Job.objects.count()
    return jobs.submit(
        owner=owner,
        visitor=None,
        wish=wish,
        quote_token=quotes.sign(quote, model=of, **terms),
        key=key or f"resilience-{number}",
        address=f"198.51.100.{number % 250}",
    ).job


def ask(client: Client, of: InferenceModel, **said: Any) -> HttpResponse:
    """The studio's form, sent by a browser."""
    quote = quotes.sign(quotes.make(model=of, aspect_ratio="1:1", count=1), model=of, aspect_ratio="1:1")
    form = {"prompt": "A red kite", "model": of.slug, "aspect_ratio": "1:1", "count": 1, "quote": quote}
    return client.post("/generate", {**form, "key": uuid4().hex, **said}, headers=HTMX)  # type: ignore[return-value]


def fault(code: ErrorCode = ErrorCode.PROVIDER_FAILED, **told: Any) -> ProviderError:
    return ProviderError(code, **{"permanent": False, "detail": "secret words of the vendor", **told})


def door_closed() -> ProviderError:
    """No credit at the vendor, or a key that it refuses."""
    return fault(ErrorCode.PROVIDER_DOWN, permanent=True, closes_door=True)


def open_breaker(provider: str) -> None:
    breaker.failed(provider, door_closed())
    assert breaker.state(provider).is_open
