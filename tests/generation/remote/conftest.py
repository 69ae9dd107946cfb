"""An emulated Replicate, a model there, and no address that its webhooks would reach, unless a test gives one."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from generation.models import InferenceModel, Lane
from tests.emulators.fixtures import replicate_at
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.remote.steps import Remote, draw_on
from tests.generation.replicate.orders import FLUX

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="package")
def running() -> Iterator[ReplicateEmulator]:
    with ReplicateEmulator(seconds=0.05, retry_seconds=(0.05, 0.2)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: ReplicateEmulator, settings: Any) -> Iterator[ReplicateEmulator]:
    settings.PUBLIC_URL = NOBODY
    with replicate_at(running, settings, token="r8_a_token_of_the_tests", secrets=[running.secret]) as emulator:
        yield emulator


@pytest.fixture
def flux(db: None) -> InferenceModel:
    return InferenceModel.objects.create(
        slug="flux-schnell",
        name="FLUX schnell",
        about="Quick pictures",
        provider="replicate",
        provider_model="black-forest-labs/flux-schnell",
        recipe=FLUX,
        lane=Lane.PROVIDERS,
        aspect_ratios=["1:1"],
        max_count=4,
        price_credits=2,
        typical_seconds=2.0,
    )


@pytest.fixture
def remote(emulator: ReplicateEmulator, flux: InferenceModel, alice: User) -> Remote:
    """Alice's jobs at the emulator, and what workers do for them."""
    return Remote(emulator, draw_on(flux), alice)
