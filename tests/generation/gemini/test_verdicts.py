"""What Gemini's check says of a picture raises its level; what it does not say changes nothing."""

import pytest
from google.genai import types

from generation.models import Level
from generation.providers.base import Verdict
from generation.providers.gemini import verdicts


def rated(*ratings: tuple[str, str]) -> types.GenerateContentResponse:
    told = [{"category": category, "probability": probability} for category, probability in ratings]
    candidate = {"content": {"parts": [], "role": "model"}, "finishReason": "STOP", "safetyRatings": told}
    return types.GenerateContentResponse.model_validate({"candidates": [candidate]})


@pytest.mark.parametrize(
    ("probability", "level"), [("LOW", Level.SUGGESTIVE), ("MEDIUM", Level.NUDITY), ("HIGH", Level.EXPLICIT)]
)
def test_a_likely_one_raises_the_level(probability: str, level: Level) -> None:
    answer = rated(("HARM_CATEGORY_HARASSMENT", "HIGH"), ("HARM_CATEGORY_SEXUALLY_EXPLICIT", probability))
    assert verdicts.verdict(answer) == Verdict(level)


@pytest.mark.parametrize("ratings", [(), (("HARM_CATEGORY_SEXUALLY_EXPLICIT", "NEGLIGIBLE"),)])
def test_a_harmless_one_is_no_verdict(ratings: tuple[tuple[str, str], ...]) -> None:
    assert verdicts.verdict(rated(*ratings)) is None
