"""A request to generateContent, read as Google reads it: keys in camelCase or snake_case, base64 of either alphabet."""

import base64
import binascii
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
SIZES = ("1K", "2K", "4K")


class Wrong(Exception):
    """What Google answers 400 to, in its words."""


@dataclass(frozen=True)
class Asked:
    """What a request asks for. `schema` None: prose; `wants_picture`: its modalities hold IMAGE."""

    model: str
    system: str
    text: str
    pictures: tuple[Image.Image, ...]
    schema: Mapping[str, Any] | None
    wants_picture: bool
    ratio: str
    size: str


def read(model: str, body: Any) -> Asked:
    """Raises Wrong for what the real one refuses."""
    try:
        return _read(model, body)
    except (AttributeError, TypeError, KeyError) as error:
        raise Wrong("Invalid JSON payload received.") from error


def _read(model: str, body: Any) -> Asked:
    told = camel(body)
    if not isinstance(told, dict) or not isinstance(told.get("contents"), list) or not told["contents"]:
        raise Wrong("* GenerateContentRequest.contents: contents is not specified")
    config = told.get("generationConfig") or {}
    image = config.get("imageConfig") or {}
    parts = [part for content in told["contents"] for part in content.get("parts") or []]
    return Asked(
        model=model,
        system=_text((told.get("systemInstruction") or {}).get("parts") or []),
        text=_text(parts),
        pictures=tuple(_picture(part["inlineData"]) for part in parts if "inlineData" in part),
        schema=_schema(config, body),
        wants_picture="IMAGE" in [str(kind).upper() for kind in config.get("responseModalities") or []],
        ratio=_one_of(RATIOS, image.get("aspectRatio"), "1:1", "aspect ratio"),
        size=_one_of(SIZES, image.get("imageSize"), "1K", "image size"),
    )


def camel(value: Any) -> Any:
    """The same with every key in camelCase."""
    if isinstance(value, dict):
        return {re.sub(r"_([a-z])", lambda m: m[1].upper(), key): camel(inner) for key, inner in value.items()}
    return [camel(inner) for inner in value] if isinstance(value, list) else value


def _text(parts: list[dict[str, Any]]) -> str:
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _picture(inline: Mapping[str, Any]) -> Image.Image:
    try:
        data = base64.urlsafe_b64decode(inline["data"].translate(str.maketrans("+/", "-_")))
    except (KeyError, AttributeError, binascii.Error) as error:
        raise Wrong(
            "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed"
        ) from error
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, Image.DecompressionBombError) as error:
        raise Wrong("Unable to process input image. Please retry or report in the troubleshooting guide") from error
    return picture.convert("RGB")


def _schema(config: Mapping[str, Any], body: Any) -> Mapping[str, Any] | None:
    """The schema as it came: its property names are data, whatever their casing."""
    if config.get("responseMimeType") != "application/json":
        return None
    own = body.get("generationConfig") or body.get("generation_config") or {}
    names = ("responseJsonSchema", "response_json_schema", "responseSchema", "response_schema")
    return next((own[name] for name in names if own.get(name)), {})


def _one_of(known: tuple[str, ...], value: Any, default: str, what: str) -> str:
    if value is None:
        return default
    if value not in known:
        raise Wrong(f"Invalid {what}: {value}. Supported values are {', '.join(known)}")
    return str(value)
