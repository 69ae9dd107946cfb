"""What a form asks for is known again by its digest: the same words are the same request, any other are another."""

from typing import Any

import pytest

from generation.models import InferenceModel
from generation.wish import Wish

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
    ],
)
def test_a_form_with_anything_else_has_another_digest(other: dict[str, Any]) -> None:
    assert Wish(**(ASKED | other)).digest() != Wish(**ASKED).digest()
