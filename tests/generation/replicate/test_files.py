"""The files of a prediction: fetched without its token, and what can be wrong with them."""

from typing import Any

import pytest

from generation import fetching
from generation.fetching import Unfetched
from generation.providers.base import Reference
from generation.providers.replicate.provider import provider
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.providers.contract import look_until_over, produce
from tests.generation.replicate.orders import flux
from tests.pictures import png

BYTES_MAX = 2_000_000
SLOW = {"hang", "drip"}
PICTURE = Reference(png(7), "image/png")


def fetched(emulator: ReplicateEmulator, fault: str, **values: Any) -> bytes:
    """The first file of a prediction whose vendor does that to it, each time."""
    emulator.faults.add(fault, at="files", times=None, **values)
    order = flux()
    over = look_until_over(provider, provider.start(order, callback_url=""), order=order)
    seconds_max = 0.5 if fault in SLOW else 20.0
    return fetching.fetch(over.files[0], hosts=provider.file_hosts(), bytes_max=BYTES_MAX, seconds_max=seconds_max)


def test_no_token_goes_along(emulator: ReplicateEmulator) -> None:
    produce(provider, flux(seeds=(1, 2)))
    asked = [call for call in emulator.calls if call.path.startswith("/files/")]
    assert len(asked) == 2
    assert not [call for call in asked if {"authorization", "cookie"} & set(call.headers)]


@pytest.mark.parametrize(
    ("fault", "values", "permanent"),
    [
        ("refuse", {"status": 404}, True),
        ("refuse", {"status": 403}, True),
        ("refuse", {"status": 500}, False),
        ("refuse", {"status": 502, "html": True}, False),
        ("drop", {}, False),
        ("hang", {"seconds": 1.0}, False),
        ("drip", {"seconds": 0.02}, False),
        ("truncated", {}, False),
        ("wrong_length", {"off": 1000}, False),
        ("redirect", {}, True),
        ("gzip_bomb", {}, True),
        ("endless", {}, True),
    ],
)
def test_a_file_that_does_not_come_is_told_apart_from_one_that_may(
    emulator: ReplicateEmulator, fault: str, values: dict[str, Any], permanent: bool
) -> None:
    with pytest.raises(Unfetched) as caught:
        fetched(emulator, fault, **values)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("fault", ["html", "empty", "cut", "picture_bomb", "hostile_glb"])
def test_what_comes_whole_is_not_looked_into(emulator: ReplicateEmulator, fault: str) -> None:
    """Whether it is a picture is decided where pictures are kept."""
    assert len(fetched(emulator, fault)) < BYTES_MAX


def test_an_object_names_its_files_and_the_recipe_takes_those_that_count(emulator: ReplicateEmulator) -> None:
    recipe = {
        "fields": {"reference": "images", "seed": "seed"},
        "reference_list": True,
        "fixed": {"generate_model": True},
        "files": ["model_file"],
    }
    version = "e8f6c45206993f297372f5436b90350817bd9b4a0d52d2a76df50c1c8afa2b3c"
    order = flux(provider_model=f"firtoz/trellis:{version}", recipe=recipe, reference=PICTURE, output_kind="3d")
    assert [data[:4] for data in produce(provider, order)] == [b"glTF"]
