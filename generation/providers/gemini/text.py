"""The port for questions whose answer is text: a system instruction, words and pictures in, one JSON object out.

What comes out is a guess by a machine about material that strangers wrote: callers take what they know and check it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from google.genai import types

from generation.models import ErrorCode
from generation.providers.base import ProviderError, Reference
from generation.providers.gemini import client, verdicts

TOKENS_MAX = 4096
_FENCED = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL | re.IGNORECASE)


def ask(*, system: str, parts: Sequence[str | Reference], schema: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The object that the model answers with; `schema` (JSON Schema) was asked for, nothing says that it was kept to.

    Raises ProviderError: BLOCKED_PROMPT and BLOCKED_OUTPUT where it would not, PROVIDER_FAILED for prose or half an
    answer, and whatever keeps a call from being answered.
    """
    model = settings.GEMINI_TEXT_MODEL
    answer = client.generate(
        model=model,
        parts=[_part(part) for part in parts],
        config=_config(model, system, schema),
        seconds=seconds,
        is_cheap=True,
    )
    return _object(verdicts.words(answer))


def _part(part: str | Reference) -> types.Part:
    if isinstance(part, Reference):
        return types.Part.from_bytes(data=part.data, mime_type=part.content_type)
    return types.Part.from_text(text=part)


def _config(model: str, system: str, schema: Mapping[str, Any]) -> types.GenerateContentConfig:
    # Thinking first costs seconds that these questions do not need; only these models can do without.
    hasty = types.ThinkingConfig(thinking_budget=0) if model.startswith("gemini-2.5-flash") else None
    return types.GenerateContentConfig(
        system_instruction=system,
        response_mime_type="application/json",
        response_json_schema=dict(schema),
        max_output_tokens=TOKENS_MAX,
        thinking_config=hasty,
    )


def _object(text: str) -> dict[str, Any]:
    """A JSON object, also one in a Markdown fence, which models write out of habit."""
    fenced = _FENCED.fullmatch(text)
    try:
        told = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=f"no JSON object: {text[:80]!r}")
    return told
