"""Whether a webhook comes from Replicate, and the secrets that tell: from the settings, or as a worker fetched them.

Who verifies never calls the network: it reads what a worker left in the cache, encrypted under the site's own key.
"""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from generation.providers.base import ProviderError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

log = logging.getLogger(__name__)

TOLERANCE_SECONDS = 300
KEY_BYTES_MIN = 16
_PLACE = "replicate:webhook-secrets"


class NotGenuine(Exception):
    """A webhook that nobody with a secret of ours has signed, or not within the tolerance."""


def verify(*, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> str:
    """The id of a genuine webhook, by which it is told from its repetitions. Raises NotGenuine."""
    # The SDK is imported here: a web process that no webhook reaches does without it.
    from replicate.webhook import Webhooks, WebhookSigningSecret  # noqa: PLC0415

    told = {name.lower(): value for name, value in headers.items()}
    for secret in filter(_is_secret, secrets):
        # Besides its own errors it raises those of base64, int and decode; all are ValueErrors.
        try:
            Webhooks.validate(
                headers=told,
                body=body.decode(),
                secret=WebhookSigningSecret(key=secret),
                tolerance=TOLERANCE_SECONDS,
            )
        except ValueError:
            continue
        return told["webhook-id"]
    raise NotGenuine(f"no signature fits one of {len(secrets)} secrets within {TOLERANCE_SECONDS} s")


def _is_secret(text: str) -> bool:
    """Anybody can sign with an empty key, and "whsec_" alone is one."""
    try:
        return text.startswith("whsec_") and len(base64.b64decode(text.removeprefix("whsec_"))) >= KEY_BYTES_MIN
    except ValueError:
        return False


# --- Secrets ---------------------------------------------------------------------------------------------------------


def secrets() -> list[str]:
    """Those that a webhook may be signed with, the newest first; none before a worker has fetched them."""
    if settings.REPLICATE_WEBHOOK_SECRETS:
        return list(settings.REPLICATE_WEBHOOK_SECRETS)
    return list(dict.fromkeys(secret for kept in _kept().values() for secret in kept))


def refresh_secrets() -> int:
    """Fetch the secret of each token's account and keep it, beside the one it replaces: how many can be used now.

    A worker's task, to be called now and then. An account that cannot be asked keeps what it had. Raises ProviderError
    where that leaves none at all.
    """
    # A web process imports this module, and does without the SDK.
    from generation.providers.replicate import client  # noqa: PLC0415

    before, now = _kept(), dict[str, list[str]]()
    failed: ProviderError | None = None
    for token in client.tokens():
        name = client.label(token)
        try:
            now[name] = _newest(_fetched(token), before.get(name, []))
        except ProviderError as error:
            log.warning("the webhook secret of %s: %s", name, error)
            now[name], failed = before.get(name, []), error
    if failed and not any(now.values()):
        raise failed
    _keep(now)
    return len(secrets())


def _fetched(token: str) -> str:
    from generation.providers.replicate import client  # noqa: PLC0415

    told = client.once(token, lambda sdk: sdk.webhooks.default.secret())
    secret = told.get("key") if isinstance(told, Mapping) else None
    if not isinstance(secret, str) or not _is_secret(secret):
        raise client.unreadable()
    return secret


def _newest(secret: str, before: Sequence[str]) -> list[str]:
    """It, and the one before it: what was signed a moment ago is still on its way."""
    return list(before) if secret in before[:1] else [secret, *before[:1]]


def _kept() -> dict[str, list[str]]:
    """By token's label. What cannot be read, since SECRET_KEY has changed, is as good as nothing."""
    from cryptography.fernet import InvalidToken  # noqa: PLC0415

    locked = cache.get(_PLACE)
    try:
        kept: dict[str, list[str]] = json.loads(_lock().decrypt(locked)) if locked else {}
    except InvalidToken:
        return {}
    return kept


def _keep(kept: Mapping[str, Sequence[str]]) -> None:
    cache.set(_PLACE, _lock().encrypt(json.dumps(kept).encode()), None)


def _lock() -> "Fernet":
    from cryptography.fernet import Fernet  # noqa: PLC0415

    key = salted_hmac(_PLACE, b"", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
