"""What an order becomes on our own GPU: the seed, the words, the size, the reference, and the way there."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.providers.base import Reference, Watch
from generation.providers.diffusion import drawing, pipeline
from tests.generation.diffusion import tiny
from tests.generation.diffusion.conftest import Draw, order


def pixels(data: bytes) -> "np.ndarray[Any, Any]":
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)


def test_a_seed_gives_the_same_bytes_again_and_another_seed_others(draw: Draw) -> None:
    first, second = draw(seeds=(7, 8))
    assert draw(seeds=(8,)) == [second]
    assert first != second
    assert Image.open(io.BytesIO(first)).size == (tiny.SIDE_PX, tiny.SIDE_PX)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "a blue kite over the dunes"},
        {"negative_prompt": "sand"},
        {"guidance": 1.5},
        {"recipe": {"guidance": 1.5}},
        {"steps": tiny.STEPS + 1},
        {"recipe": {"steps": 2}, "steps": None},
    ],
    ids=str,
)
def test_every_word_of_an_order_reaches_the_model(draw: Draw, change: dict[str, Any]) -> None:
    assert draw(**change) != draw()


def test_what_the_form_says_goes_before_the_recipe(draw: Draw) -> None:
    assert draw(recipe={"steps": 2, "guidance": 1.5}, guidance=7.5) == draw(guidance=7.5)


@pytest.mark.parametrize(
    ("asked", "recipe", "native_px", "made"),
    [
        ((1024, 1024), {}, 512, (512, 512)),
        ((1344, 756), {}, 512, (688, 384)),
        ((672, 1568), {}, 1024, (672, 1568)),
        ((1024, 1024), {}, 2048, (1024, 1024)),
        ((1184, 888), {}, None, (1200, 896)),
        ((1184, 888), {"megapixels": 0.25}, 1024, (576, 432)),
        ((1568, 672), {"megapixels": 0.0001}, 1024, (32, 16)),
    ],
)
def test_a_size_keeps_its_ratio_and_fits_the_model(
    asked: tuple[int, int], recipe: dict[str, Any], native_px: int | None, made: tuple[int, int]
) -> None:
    wanted = order(width=asked[0], height=asked[1], recipe=recipe)
    assert drawing.size(wanted, native_px=native_px) == made


def test_the_stronger_the_change_the_further_from_the_reference(draw: Draw) -> None:
    shades = np.linspace(0, 255, 96, dtype="uint8")
    buffer = io.BytesIO()
    Image.fromarray(np.stack([np.tile(shades, (48, 1))] * 3, axis=-1)).save(buffer, "PNG")
    reference = Reference(data=buffer.getvalue(), content_type="image/png")

    def drawn(strength: float | None) -> "np.ndarray[Any, Any]":
        [data] = draw(reference=reference, strength=strength)
        return pixels(data)

    faint, full, own = drawn(0.0), drawn(1.0), drawn(None)
    assert faint.shape == full.shape == (tiny.SIDE_PX, tiny.SIDE_PX, 3)
    assert not np.array_equal(own, faint)
    # Random weights draw nothing that a person would know again, but what goes in still decides what comes out.
    [other] = draw(reference=Reference(data=_plain(), content_type="image/png"), strength=0.0)
    [other_full] = draw(reference=Reference(data=_plain(), content_type="image/png"), strength=1.0)
    assert np.abs(pixels(other) - faint).mean() > 2 * np.abs(pixels(other_full) - full).mean()


def _plain() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (250, 250, 250)).save(buffer, "PNG")
    return buffer.getvalue()


def test_both_ways_of_drawing_share_one_set_of_weights(model: pipeline.Model) -> None:
    assert model.from_picture.unet is model.from_words.unet
    assert pipeline.get() is model


def test_progress_comes_by_step_and_never_goes_back(draw: Draw) -> None:
    shares: list[float] = []
    draw(Watch(progress=shares.append), seeds=(1, 2))
    assert shares == sorted(shares)
    assert len(set(shares)) == 2 * tiny.STEPS + 1
    assert shares[-1] == 1.0


def test_a_cancelled_job_stops_within_a_step_and_what_is_half_drawn_is_thrown_away(draw: Draw) -> None:
    shares: list[float] = []
    watch = Watch(progress=shares.append, cancelled=lambda: len(shares) > tiny.STEPS + 2)
    made = draw(watch, seeds=(1, 2, 3))
    assert len(made) == 1
    assert shares[-1] == pytest.approx((1 + 1 / tiny.STEPS) / 3)


def test_a_job_that_has_ended_draws_nothing(draw: Draw) -> None:
    assert draw(Watch(cancelled=lambda: True)) == []
