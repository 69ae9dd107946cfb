"""Template context of every page. Runs no query."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "public_url": settings.PUBLIC_URL,
        "canonical_url": settings.PUBLIC_URL + request.path,
        "google_sign_in": bool(settings.GOOGLE_CLIENT_ID),
        "guest_daily_credits": settings.GUEST_DAILY_FREE_CREDITS,
        "daily_credits": settings.DAILY_FREE_CREDITS,
        "welcome_credits": settings.WELCOME_CREDITS,
    }
