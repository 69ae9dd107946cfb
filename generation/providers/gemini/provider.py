"""Gemini's picture models: one call a picture, one after the other.

A catalogue row's recipe may say `{"image_size": "1K"}`, where its model has sizes. All of these models can start from a
picture; seeds, steps, guidance and strength are unknown to them.
"""

import logging
import time
from collections.abc import Iterator

from google.genai import types

from generation.models import ErrorCode
from generation.providers.base import Order, Output, ProviderError, Watch
from generation.providers.gemini import client, verdicts

log = logging.getLogger(__name__)

# What can go wrong with one picture while the next one may be fine.
OF_ONE_PICTURE = (ErrorCode.BLOCKED_OUTPUT, ErrorCode.PROVIDER_FAILED)


class GeminiProvider:
    """Answers while it is called, in some five to thirty seconds a picture."""

    def run(self, order: Order, watch: Watch) -> Iterator[Output]:
        """Pictures in order. What fails after the first one came is left out, so that what came is not lost."""
        ends_at = time.monotonic() + order.seconds_left
        parts, config = _parts(order), _config(order)
        came = 0
        for index in range(len(order.seeds)):
            watch.progress(index / len(order.seeds))
            if watch.cancelled():
                return
            try:
                answer = client.generate(
                    model=order.provider_model, parts=parts, config=config, seconds=ends_at - time.monotonic()
                )
                data = verdicts.picture(answer)
            except ProviderError as error:
                if not came:
                    raise
                log.warning("attempt %s, picture %d: %s", order.attempt_code, index, error)
                if error.code in OF_ONE_PICTURE:
                    continue
                return
            came += 1
            yield Output(index=index, data=data, seed=None, verdict=verdicts.verdict(answer))
        watch.progress(1.0)


def _parts(order: Order) -> list[types.Part]:
    """The picture to start from, where there is one, and the words."""
    words = order.prompt
    if order.negative_prompt:
        words = f"{words}\n\nLeave out: {order.negative_prompt}"
    parts = [types.Part.from_text(text=words)]
    if order.reference:
        parts.insert(0, types.Part.from_bytes(data=order.reference.data, mime_type=order.reference.content_type))
    return parts


def _config(order: Order) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio=order.aspect_ratio, image_size=order.recipe.get("image_size")),
    )


provider = GeminiProvider()
