"""Orders for Gemini, what became of them, and what the emulator was asked."""

import base64
import io
import json
from typing import Any

from PIL import Image

from generation.providers.base import Order, ProviderError, Watch
from generation.providers.gemini.provider import provider
from tests.emulators.gemini import GeminiEmulator
from tests.emulators.gemini.asked import camel
from tests.generation.providers.contract import an_order

MODEL = "gemini-2.5-flash-image"


def order(**changes: Any) -> Order:
    return an_order(**{"provider_model": MODEL, **changes})


def pictures(asked: Order, watch: Watch | None = None) -> list[Image.Image]:
    return [Image.open(io.BytesIO(output.data)) for output in provider.run(asked, watch or Watch())]


def failure(asked: Order) -> ProviderError:
    try:
        made = list(provider.run(asked, Watch()))
    except ProviderError as error:
        return error
    raise AssertionError(f"{len(made)} pictures came")


def png(*, color: str = "teal", size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


def one_picture() -> dict[str, Any]:
    """A whole answer with a picture in it."""
    inline = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png()).decode()}}
    return {"candidates": [{"finishReason": "STOP", "content": {"parts": [inline]}}]}


def asked_of(gemini: GeminiEmulator) -> dict[str, Any]:
    """The last request's body, with keys as Google documents them."""
    body: dict[str, Any] = camel(gemini.calls[-1].body)
    return body


def parts_of(gemini: GeminiEmulator) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = asked_of(gemini)["contents"][0]["parts"]
    return parts


def material_of(gemini: GeminiEmulator) -> dict[str, Any]:
    """What an enhancement was told, out of its only part."""
    (part,) = parts_of(gemini)
    told: dict[str, Any] = json.loads(part["text"])
    return told


def keys_used(gemini: GeminiEmulator) -> list[str]:
    return [call.headers["x-goog-api-key"] for call in gemini.calls]


def sent_picture(part: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64decode(part["inlineData"]["data"])
