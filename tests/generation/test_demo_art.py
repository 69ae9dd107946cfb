"""The demo provider's pictures: repeatable, of the right size, steered by words, marked, and never blank."""

from __future__ import annotations

import colorsys
import io
import string
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from generation.providers.demo import mark, paint, scenes, vocabulary, words

RATIOS = [
    (96, 96),
    (128, 72),
    (72, 128),
    (96, 64),
    (64, 96),
    (80, 100),
    (100, 80),
    (72, 96),
    (96, 72),
    (168, 72),
    (72, 168),
]
SCENE_PROMPTS = {
    "attractor": "a strange attractor",
    "aurora": "northern lights",
    "blocks": "an isometric city",
    "bloom": "a dahlia",
    "bokeh": "raindrops and bokeh",
    "clouds": "above the clouds",
    "delta": "a river delta",
    "dunes": "desert dunes",
    "flow": "flowing ribbons",
    "forest": "a deep forest",
    "geometry": "bauhaus poster",
    "glass": "stained glass",
    "marble": "polished marble",
    "nightlake": "the milky way over a lake",
    "papercut": "paper cut layers",
    "planet": "saturn",
    "ridges": "a mountain range",
    "sea": "the open sea",
    "silk": "silk",
    "trails": "star trails",
}


def draw(
    prompt: str, *, seed: int = 1, size: tuple[int, int] = (96, 96), negative: str = "", style: str = "none"
) -> bytes:
    return paint.render(prompt=prompt, negative_prompt=negative, style=style, seed=seed, width=size[0], height=size[1])


@cache
def styled(style: str) -> bytes:
    """A picture that several tests compare with; drawn once."""
    return draw("mountain at sunset", style=style)


def pixels(data: bytes) -> npt.NDArray[np.float64]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64) / 255


def mean_hue(data: bytes) -> float:
    """Hue in turns of the mean colour."""
    red, green, blue = pixels(data).mean(axis=(0, 1))
    return colorsys.rgb_to_hsv(red, green, blue)[0]


def hue_gap(one: float, other: float) -> float:
    return min(abs(one - other), 1 - abs(one - other))


def test_every_scene_has_a_prompt_here_and_words_in_the_vocabulary() -> None:
    assert set(SCENE_PROMPTS) == set(scenes.PAINTERS) == set(vocabulary.SCENES)


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert draw("a calm lake at night", seed=7) == draw("a calm lake at night", seed=7)


@pytest.mark.parametrize("style", words.STYLES)
def test_every_style_is_repeatable_and_differs_from_the_others(style: str) -> None:
    first = styled(style)
    assert first == draw("mountain at sunset", style=style)
    others = [styled(other) for other in words.STYLES if other != style]
    assert all(np.abs(pixels(first) - pixels(other)).mean() > 0.004 for other in others)


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
def test_another_seed_gives_another_picture_of_the_same_prompt(scene: str) -> None:
    first, second = (pixels(draw(SCENE_PROMPTS[scene], seed=seed)) for seed in (1, 2))
    assert np.abs(first - second).mean() > 0.015


@pytest.mark.parametrize("size", RATIOS)
def test_every_aspect_ratio_has_exactly_the_asked_size(size: tuple[int, int]) -> None:
    for prompt in ("saturn", "the open sea"):
        image = Image.open(io.BytesIO(draw(prompt, size=size)))
        assert (image.size, image.mode, image.format) == (size, "RGB", "PNG")


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
def test_words_choose_the_scene(scene: str) -> None:
    assert paint.read(SCENE_PROMPTS[scene]).scene == scene


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
@pytest.mark.parametrize("size", [(168, 72), (72, 168)])
def test_no_picture_is_blank(scene: str, size: tuple[int, int]) -> None:
    picture = pixels(draw(SCENE_PROMPTS[scene], size=size, seed=2**32 - 1))
    assert 0.03 < picture.mean() < 0.97
    assert picture.std() > 0.04


@pytest.mark.parametrize("scene", SCENE_PROMPTS)
def test_colour_words_steer_the_hue(scene: str) -> None:
    red = mean_hue(draw(f"{SCENE_PROMPTS[scene]} in red", seed=3))
    blue = mean_hue(draw(f"{SCENE_PROMPTS[scene]} in blue", seed=3))
    assert hue_gap(red, 0.0) < 0.10
    assert hue_gap(blue, 0.62) < 0.12


def test_two_colours_are_both_there() -> None:
    picture = pixels(draw("bauhaus poster in teal and orange", size=(128, 128)))
    warm = (picture[..., 0] > picture[..., 2] + 0.25).mean()
    cold = (picture[..., 2] > picture[..., 0] + 0.12).mean()
    assert warm > 0.05
    assert cold > 0.05


def test_monochrome_has_no_colour() -> None:
    picture = pixels(draw("black and white mountain"))
    assert np.ptp(picture, axis=2).max() < 0.03


def test_pastel_is_lighter_and_night_is_darker() -> None:
    plain = pixels(draw("a mountain at noon")).mean()
    assert pixels(draw("a pastel mountain at noon")).mean() > plain
    assert pixels(draw("a mountain at midnight")).mean() < plain - 0.15


def test_an_unwanted_colour_goes_away() -> None:
    def blueness(data: bytes) -> float:
        picture = pixels(data)
        return float((picture[..., 2] > picture[..., :2].max(axis=2) + 0.03).mean())

    assert blueness(draw("the open sea at noon")) > 0.3
    assert blueness(draw("the open sea at noon", negative="blue")) < 0.02


def test_unwanted_stars_leave_a_dark_sky() -> None:
    def brightest(data: bytes) -> float:
        return float(np.quantile(pixels(data)[:80].max(axis=2), 0.999))

    starry = draw("a desert at night", size=(256, 256), negative="moon")
    dark = draw("a desert at night", size=(256, 256), negative="moon, stars")
    assert brightest(dark) < brightest(starry) - 0.1


def test_an_unwanted_sun_is_not_drawn() -> None:
    lit = pixels(draw("a mountain at dusk", size=(128, 128)))[:64].max()
    unlit = pixels(draw("a mountain at dusk", size=(128, 128), negative="sun, clouds"))[:64].max()
    assert unlit < lit - 0.05


@pytest.mark.parametrize("prompt", ["a lake without stars", "a lake, no stars", "a lake without any stars"])
def test_a_negation_inside_the_prompt_counts_as_unwanted(prompt: str) -> None:
    assert "star" in paint.read(prompt).hidden


def test_an_unwanted_word_does_not_choose_the_scene() -> None:
    assert paint.read("a mountain by the sea", "mountain").scene == "sea"


def test_plurals_and_capitals_are_understood() -> None:
    assert paint.read("TALL MOUNTAINS").scene == "ridges"
    assert paint.read("Beaches, Waves").scene == "sea"


def test_every_known_word_is_reachable() -> None:
    groups: list[Iterable[str]] = [
        *vocabulary.SCENES.values(),
        vocabulary.COLOURS,
        vocabulary.MATERIAL_COLOURS,
        vocabulary.SEASON_COLOURS,
    ]
    kinds = (vocabulary.TIMES, vocabulary.WEATHERS, vocabulary.MOODS, vocabulary.TONES, vocabulary.THINGS)
    groups += [group for kind in kinds for group in kind.values()]
    unreachable = [word for group in groups for word in group if word not in words.grams_of(word)]
    assert unreachable == []


def test_unknown_prompts_spread_over_many_scenes() -> None:
    chosen = {paint.read(f"xq{number}z").scene for number in range(200)}
    assert len(chosen) >= 18


def test_a_reading_explains_itself() -> None:
    reading = paint.read("a calm teal lake at dusk, no stars", "", "anime")
    said = reading.explain()
    assert all(part in said for part in ("nightlake", "lake", "teal", "dusk", "calm", "star", "anime"))
    assert "hash" in paint.read("xqz").explain()


def test_the_file_says_that_no_ai_was_used() -> None:
    image = Image.open(io.BytesIO(draw("a mountain", seed=42)))
    text = {key: str(value) for key, value in image.info.items()}
    assert text["Software"] == "Atelier demo provider"
    assert "No AI was used" in text["Comment"]
    assert "No AI was used" in text["Description"]
    assert text["seed"] == "42"
    assert mark.SOURCE_TYPE in text["XML:com.adobe.xmp"]


def test_the_prompt_is_not_in_the_file() -> None:
    assert b"mountain" not in draw("a mountain")


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("size", [(64, 64), (512, 512), (2048, 880)])
def test_the_mark_stands_in_the_corner_and_nowhere_else(shade: int, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (shade, shade, shade))
    mark.stamp(image)
    changed = np.abs(np.asarray(image, np.int16)[..., 0] - shade) > 40
    rows, columns = np.nonzero(changed)
    assert len(rows) > 15
    assert rows.min() > size[1] * 0.6
    assert columns.min() > size[0] * 0.4
    assert rows.max() < size[1]


def test_progress_is_heard_from_nothing_to_done_without_going_back() -> None:
    heard: list[float] = []
    paint.render(prompt="a mountain", seed=1, width=64, height=64, on_progress=heard.append)
    assert heard[0] == 0.0
    assert heard[-1] == 1.0
    assert heard == sorted(heard)


@pytest.mark.parametrize(("seed", "width", "height"), [(-1, 64, 64), (2**32, 64, 64), (1, 63, 64), (1, 64, 2049)])
def test_a_seed_or_size_out_of_range_is_refused(seed: int, width: int, height: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        paint.render(prompt="a mountain", seed=seed, width=width, height=height)


EXTRAS = ["snow", "storm", "rain", "fog", "night", "calm", "wild", "gold", "no sun", "pastel", "moon", "birds", "dark"]
AWKWARD = [
    "🌊🌅🏔️",
    "\x00\x01\x02",
    "١٢٣٤",
    "123456",
    "שלום לך",
    "\ud800\udfff",
    "   ",
    "a" * 1000,
    "--- ''' ___",
    "%s {} \\n",
    "no",
    "without " * 60,
]


@pytest.mark.parametrize("prompt", AWKWARD)
def test_awkward_text_is_drawn(prompt: str) -> None:
    assert draw(prompt, negative=prompt, size=(64, 64)).startswith(b"\x89PNG")


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    prompt=st.text(min_size=3, max_size=300) | st.text(alphabet=string.printable, min_size=3, max_size=80),
    negative=st.text(max_size=60),
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(64, 120),
    height=st.integers(64, 120),
    style=st.sampled_from(words.STYLES),
)
def test_any_text_seed_size_and_style_is_drawn(
    prompt: str, negative: str, seed: int, width: int, height: int, style: str
) -> None:
    data = draw(prompt, negative=negative, seed=seed, size=(width, height), style=style)
    assert Image.open(io.BytesIO(data)).size == (width, height)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    scene=st.sampled_from(sorted(SCENE_PROMPTS)),
    extras=st.lists(
        st.sampled_from(EXTRAS),
        max_size=5,
    ),
    seed=st.integers(0, 2**32 - 1),
    wide=st.booleans(),
)
def test_any_mix_of_known_words_is_drawn_and_not_blank(scene: str, extras: list[str], seed: int, wide: bool) -> None:
    size = (150, 64) if wide else (64, 150)
    picture = pixels(draw(" ".join([SCENE_PROMPTS[scene], *extras]), seed=seed, size=size))
    assert picture.std() > 0.02
