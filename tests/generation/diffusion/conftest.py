"""The real provider on a tiny random model: what each test here draws with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from generation.providers.base import Order, Watch
from generation.providers.diffusion import pipeline
from generation.providers.diffusion.provider import provider
from tests.generation.diffusion import tiny

Draw = Callable[..., list[bytes]]
Fault = Callable[..., list[int]]
Spoil = Callable[[float], None]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        import torch

        torch.set_num_threads(1)  # several threads wait for each other busily while other tests want the cores
        tiny.save(folder)
    return folder


@pytest.fixture
def model(tiny_folder: Path, settings: Any) -> pipeline.Model:
    """The warm model of the site, which is the same for all tests."""
    settings.DIFFUSION_MODEL = str(tiny_folder)
    return pipeline.get()


@pytest.fixture
def draw(model: pipeline.Model) -> Draw:
    """Draw an order that differs from the usual one by `changes`; its pictures."""

    def draw(watch: Watch | None = None, **changes: Any) -> list[bytes]:
        return [output.data for output in provider.run(order(**changes), watch or Watch())]

    return draw


def order(**changes: Any) -> Order:
    usual: dict[str, Any] = {
        "attempt_code": uuid4(),
        "provider_model": "",
        "prompt": "a red kite over the dunes",
        "negative_prompt": "",
        "style": "none",
        "width": 1024,
        "height": 1024,
        "seeds": (7,),
        "steps": tiny.STEPS,
    }
    return Order(**usual | changes)


@pytest.fixture
def fault(model: pipeline.Model) -> Iterator[Fault]:
    """Let the model itself raise for so many steps; the list that comes back grows with each step that was begun."""
    handles = []

    def break_down(error: BaseException, times: int) -> list[int]:
        begun: list[int] = []

        def before_step(*_: Any) -> None:
            begun.append(len(begun))
            if len(begun) <= times:
                raise error

        handles.append(model.from_words.unet.register_forward_pre_hook(before_step))
        return begun

    yield break_down
    for handle in handles:
        handle.remove()


@pytest.fixture
def spoil(model: pipeline.Model) -> Iterator[Spoil]:
    """Let the model decode every pixel to this number: 1 is white, -1 black."""
    handles = []

    def spoil(number: float) -> None:
        def after(_module: Any, _arguments: Any, decoded: Any) -> Any:
            return decoded * 0 + number

        handles.append(model.from_words.vae.decoder.register_forward_hook(after))

    yield spoil
    for handle in handles:
        handle.remove()


def out_of_memory() -> Exception:
    import torch

    error: Exception = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    return error
