"""What goes wrong on our own GPU: models that must not be loaded, memory that runs out, numbers that overflow."""

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation.models import ErrorCode
from generation.providers.base import ProviderError, Reference
from generation.providers.diffusion import pipeline
from tests.generation.diffusion import tiny
from tests.generation.diffusion.conftest import Draw, Fault, Spoil, out_of_memory

Refused = Callable[..., ProviderError]


# --- Models that are not loaded --------------------------------------------------------------------------------------


@pytest.fixture
def refused(settings: Any) -> Refused:
    """The error of a site whose DIFFUSION_MODEL is `name`; no order can work there until a person acts."""

    def refused(name: object) -> ProviderError:
        settings.DIFFUSION_MODEL = str(name)
        with pytest.raises(ProviderError) as caught:
            pipeline.get()
        error = caught.value
        assert (error.code, error.permanent, error.closes_door) == (ErrorCode.PROVIDER_DOWN, True, True)
        assert error.provider_at_fault
        return error

    return refused


@pytest.fixture
def copied(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "copy")


class Trap:
    """Does something when it is unpickled, as a malicious checkpoint would."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sprung,)


@pytest.mark.parametrize(
    ("part", "weights"),
    [
        ("unet", "diffusion_pytorch_model"),
        ("vae", "diffusion_pytorch_model"),
        ("text_encoder", "model"),
    ],
)
def test_weights_in_a_pickle_are_refused_and_never_opened(
    copied: Path, tmp_path: Path, refused: Refused, part: str, weights: str
) -> None:
    (copied / part / f"{weights}.safetensors").unlink()
    name = "pytorch_model.bin" if part == "text_encoder" else f"{weights}.bin"
    (copied / part / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert "safetensors" in refused(copied).detail
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("place", ["component", "pipeline", "nameless"])
def test_code_that_lies_beside_the_weights_is_never_run(
    copied: Path, tmp_path: Path, refused: Refused, place: str
) -> None:
    index = json.loads((copied / "model_index.json").read_text())
    names = {"component": {"unet": ["evil", "Evil"]}, "pipeline": {"_class_name": ["evil", "Evil"]}, "nameless": {}}
    (copied / "model_index.json").write_text(json.dumps(index | names[place]))
    code = f"open({str(tmp_path / 'run')!r}, 'w')\nclass Evil: pass\n"
    for folder in (copied, copied / "unet"):
        # diffusers also looks for the module of the custom pipeline None.
        (folder / ("None.py" if place == "nameless" else "evil.py")).write_text(code)
    refused(copied)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_missing_is_no_name_on_the_hub(tmp_path: Path, refused: Refused) -> None:
    assert str(tmp_path / "gone") in refused(tmp_path / "gone").detail


def test_a_folder_without_a_pipeline_says_what_it_lacks(tmp_path: Path, refused: Refused) -> None:
    assert "model_index.json" in refused(tmp_path).detail


@pytest.mark.parametrize("part", ["unet", "text_encoder"])
def test_a_torn_file_is_told_not_drawn_with(copied: Path, refused: Refused, part: str) -> None:
    [weights] = (copied / part).glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    refused(copied)


def test_a_worker_without_the_libraries_says_what_to_install(
    copied: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    assert "requirements-ml.txt" in refused(copied).detail


def test_a_model_that_is_put_right_is_loaded_by_the_next_order(
    tiny_folder: Path, copied: Path, refused: Refused
) -> None:
    shutil.rmtree(copied / "unet")
    refused(copied)
    shutil.copytree(tiny_folder / "unet", copied / "unet")
    assert pipeline.get().native_px == tiny.SIDE_PX


# --- Memory that runs out --------------------------------------------------------------------------------------------


def test_a_picture_that_ran_out_of_memory_once_comes_with_the_second_try(draw: Draw, fault: Fault) -> None:
    usual = draw()
    begun = fault(out_of_memory(), times=1)
    assert len(draw()) == 1
    assert len(begun) == 1 + tiny.STEPS
    assert draw() == usual, "the next picture is drawn the usual way again"


@pytest.mark.parametrize("words", ["", "MPS backend out of memory", "DefaultCPUAllocator: can't allocate memory"])
def test_memory_that_stays_full_is_a_busy_provider(draw: Draw, fault: Fault, words: str) -> None:
    begun = fault(RuntimeError(words) if words else out_of_memory(), times=99)
    with pytest.raises(ProviderError) as caught:
        draw()
    assert (caught.value.code, caught.value.permanent) == (ErrorCode.PROVIDER_BUSY, False)
    assert len(begun) == 2


def test_a_failing_picture_spoils_no_other(draw: Draw, fault: Fault) -> None:
    begun = fault(out_of_memory(), times=2)
    assert draw(seeds=(1, 7, 3)) == draw(seeds=(7, 3))
    assert len(begun) == 2 + 4 * tiny.STEPS


# --- A model that fails ----------------------------------------------------------------------------------------------


def test_an_error_of_the_device_is_tried_again_elsewhere(draw: Draw, fault: Fault) -> None:
    begun = fault(RuntimeError("no kernel image is available"), times=99)
    with pytest.raises(ProviderError) as caught:
        draw()
    assert (caught.value.code, caught.value.permanent) == (ErrorCode.PROVIDER_FAILED, False)
    assert len(begun) == 1


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0], ids=["NaN", "overflow", "black"])
def test_a_picture_of_nothing_is_a_failure(draw: Draw, spoil: Spoil, number: float) -> None:
    spoil(number)
    with pytest.raises(ProviderError) as caught:
        draw()
    assert (caught.value.code, caught.value.permanent) == (ErrorCode.PROVIDER_FAILED, False)


def test_a_reference_that_is_no_picture_is_told_apart(draw: Draw) -> None:
    with pytest.raises(ProviderError) as caught:
        draw(reference=Reference(data=b"GIF89a", content_type="image/gif"))
    assert (caught.value.code, caught.value.provider_at_fault) == (ErrorCode.BAD_REFERENCE, False)


def test_what_the_models_own_checker_blacks_out_is_no_failure_of_the_provider(
    draw: Draw, model: pipeline.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker, preparer = tiny.prude()
    monkeypatch.setattr(model.from_words, "safety_checker", checker)
    monkeypatch.setattr(model.from_words, "feature_extractor", preparer)
    with pytest.raises(ProviderError) as caught:
        draw()
    error = caught.value
    assert (error.code, error.permanent, error.provider_at_fault) == (ErrorCode.BLOCKED_OUTPUT, True, False)
