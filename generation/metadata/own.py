"""Our own form of the settings: one JSON object, exact where the common text is not. Later versions may add keys."""

import json

from generation.metadata.marks import Settings, settings_of

KEY = "atelier"
VERSION = 1
JSON_MAX = 100_000


def write(settings: Settings) -> str:
    return json.dumps({KEY: VERSION, **settings.told()}, ensure_ascii=False, separators=(",", ":"))


def read(told: str) -> Settings:
    """What it says; nothing where it is no object of ours."""
    if len(told) > JSON_MAX:
        return Settings()
    try:
        said = json.loads(told)
    except (ValueError, RecursionError):
        return Settings()
    return settings_of(said) if isinstance(said, dict) and KEY in said else Settings()
