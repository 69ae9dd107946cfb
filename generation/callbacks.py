"""The address that a provider tells of a prediction's progress: it carries the attempt's code, signed. Pure."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from generation.models import Attempt

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def url(attempt: Attempt) -> str:
    """The webhook's address for an attempt; "" where the provider could not reach it, so that it is only asked.

    A provider elsewhere reaches nothing but https; one on this machine (the emulators) reaches everything.
    """
    if urlsplit(settings.PUBLIC_URL).scheme != "https" and not _is_here(settings.REPLICATE_BASE_URL):
        return ""
    return f"{settings.PUBLIC_URL}{reverse('replicate_webhook', args=[token(attempt.code)])}"


def token(code: UUID) -> str:
    """Names the attempt as plain text, by which an adapter finds a prediction whose start was ambiguous."""
    return _signer().sign(str(code))


def attempt_code(token: str) -> UUID | None:
    """The code in a token of ours; None for any other text."""
    try:
        return UUID(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _signer() -> signing.Signer:
    """Tells whom a webhook is about, not that it is genuine; as good as the attempt lives long."""
    return signing.Signer(salt="generation.callbacks", sep=".")


def _is_here(base_url: str) -> bool:
    return urlsplit(base_url).hostname in _LOOPBACK
