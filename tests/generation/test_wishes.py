"""What a form asks for is known again by its digest: the same words are the same request, any other are another."""

from typing import Any

import pytest

from generation.models import InferenceModel, Job
from generation.wish import Wish, asked

ASKED: dict[str, Any] = {"model": InferenceModel(slug="demo"), "prompt": "A red kite", "seed": 7}


def test_the_same_form_has_the_same_digest() -> None:
    assert Wish(**ASKED).digest() == Wish(**ASKED).digest()


@pytest.mark.parametrize(
    "other",
    [
        {"model": InferenceModel(slug="other")},
        {"prompt": "A blue kite"},
        {"negative_prompt": "clouds"},
        {"aspect_ratio": "3:2"},
        {"count": 2},
        {"style": "ink"},
        {"seed": 8},
        {"seed": None},
        {"written": "A kite"},
        {"written": "A kite", "enhanced": "A kite in a red sky"},
        {"steps": 12},
        {"guidance": 3.5},
        {"reference_id": 4},
        {"reference_id": 4, "strength": 0.5},
        {"failover": True},
    ],
)
def test_a_form_with_anything_else_has_another_digest(other: dict[str, Any]) -> None:
    assert Wish(**(ASKED | other)).digest() != Wish(**ASKED).digest()


@pytest.mark.parametrize(
    ("enhanced", "sent", "meant"),
    [
        ("", "A red kite, cel shading", "A red kite"),
        ("A kite, tall", "A kite, tall, cel shading", "A kite, tall"),
        ("A kite, tall", "A kite, taller, cel shading", "A kite, taller"),
        ("A kite, tall", "A kite, taller, words of another day", "A kite, tall"),
    ],
)
def test_what_a_job_meant_is_told_without_the_words_of_its_style(enhanced: str, sent: str, meant: str) -> None:
    model = InferenceModel(slug="demo", styles={"anime": "cel shading"})
    told = {"prompt_written": "A red kite", "prompt_enhanced": enhanced, "prompt_sent": sent}
    assert asked(Job(model=model, style="anime", **told)) == meant
