"""How the values of environment variables are read. What does not parse stops the boot with the variable's name."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

# Their values are not repeated in an error, which ends in a log.
HOLD_PASSWORDS = {"DATABASE_URL", "REDIS_URL", "EMAIL_URL"}


def refuse(message: str) -> NoReturn:
    """Stop the boot with one clear line, whichever process is starting."""
    raise SystemExit(f"atelier: {message}")


def read(name: str, default: T, parse: Callable[[str], T]) -> T:
    """The parsed value of an environment variable; a value that does not parse stops the boot with its name."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return parse(text)
    except (ValueError, KeyError) as error:
        shown = name if name in HOLD_PASSWORDS else f"{name}={text!r}"
        refuse(f"{shown} is not usable: {error}")


def flag(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}[
        text.lower()
    ]


def natural(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError("must not be negative")
    return number


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError("must be 1 or more")
    return number


def three_rising(text: str) -> tuple[int, int, int]:
    numbers = tuple(positive(part) for part in text.split(","))
    if len(numbers) != 3 or list(numbers) != sorted(numbers):
        raise ValueError("must be three rising numbers: guest,account,account with a purchase")
    return numbers[0], numbers[1], numbers[2]


def lane_workers(text: str) -> dict[str, int]:
    numbers = [positive(part) for part in text.split(",")]
    if len(numbers) != 3:
        raise ValueError("must be three numbers: default,providers,gpu")
    return dict(zip(("default", "providers", "gpu"), numbers, strict=True))


def rate(text: str) -> tuple[int, int]:
    amount, _, seconds = text.partition("/")
    return positive(amount), positive(seconds)


def one_of(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return text

    return parse


def words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def database(text: str) -> dict[str, Any]:
    if urlsplit(text).scheme not in {"postgres", "postgresql"}:
        raise ValueError("must look like postgresql://user:password@host/name")
    config: dict[str, Any] = environ.Env.db_url_config(text)
    return config


def email(text: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = environ.Env.email_url_config(text)
    except ImproperlyConfigured as error:
        raise ValueError("must look like smtp+tls://user:password@host:587") from error
    return config


def public_url(text: str) -> str:
    parts = urlsplit(text)
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ValueError("must begin with https:// (http:// only for a loopback address)")
    return text.rstrip("/")


def pem(kind: str) -> Callable[[str], str]:
    """Reads the path of a PEM file that holds at least one `kind`; the value is what the file says."""

    def parse(path: str) -> str:
        try:
            text = Path(path).read_text("ascii")
        except OSError as error:
            raise ValueError(error.strerror) from error
        except UnicodeDecodeError as error:
            raise ValueError("the file is no PEM text") from error
        if not re.search(rf"-----BEGIN [A-Z ]*{kind}-----", text):
            raise ValueError(f"the file holds no {kind.lower()}")
        return text

    return parse
