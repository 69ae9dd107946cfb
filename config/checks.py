"""System checks: mixes of settings that are each legal and together unsafe."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@register(Tags.security)
def debug_is_local(**_: Any) -> list[CheckMessage]:
    """DEBUG pages show code and settings: never beyond this machine."""
    if settings.DEBUG and urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK:
        return [Error("DEBUG is on while PUBLIC_URL is public.", hint="Unset DEBUG.", id="atelier.E001")]
    return []


@register(Tags.security)
def public_url_is_allowed(**_: Any) -> list[CheckMessage]:
    """Mails and webhooks are built from PUBLIC_URL; a host that is not allowed would answer 400 to each."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    allowed = settings.ALLOWED_HOSTS
    if "*" in allowed:
        return [Warning("ALLOWED_HOSTS accepts any host.", hint="Name the hosts.", id="atelier.W002")]
    if host not in allowed and not any(name.startswith(".") and f".{host}".endswith(name) for name in allowed):
        return [Error(f"PUBLIC_URL's host {host!r} is not in ALLOWED_HOSTS.", id="atelier.E003")]
    return []


@register()
def lease_fits_deadline(**_: Any) -> list[CheckMessage]:
    """A job whose worker died must have time for a second try."""
    if settings.JOB_LEASE_SECONDS >= settings.JOB_DEADLINE_SECONDS:
        return [Error("JOB_LEASE_SECONDS must be shorter than JOB_DEADLINE_SECONDS.", id="atelier.E004")]
    return []


@register()
def own_gpu_has_its_libraries(**_: Any) -> list[CheckMessage]:
    """Only the machine of the GPU's worker needs them, so a web process elsewhere is warned, not stopped."""
    if settings.DIFFUSION_MODEL and not all(map(find_spec, ("torch", "diffusers", "transformers"))):
        return [
            Warning(
                "DIFFUSION_MODEL is set, and this machine cannot draw: torch or diffusers is missing.",
                hint="Where the worker of queue gpu runs: pip install -r requirements-ml.txt",
                id="atelier.W006",
            )
        ]
    return []
