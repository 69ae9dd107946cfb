"""Who a request to the studio's doors comes from: its user's row, and its browser where there is none yet."""

import hashlib
from typing import TYPE_CHECKING

from config.http import Request
from generation.visitors import Visitor

if TYPE_CHECKING:
    from accounts.models import User


def owner(request: Request) -> "User | None":
    """The row of the account or guest; None for a visitor who has none. Raises PermissionDenied for who was banned."""
    return request.ensure_user(None) if request.user.pk else None


def of(request: Request) -> Visitor:
    """A browser known again by its CSRF secret, which it had to send with this very request."""
    secret = str(request.META.get("CSRF_COOKIE", ""))
    key = hashlib.sha256(f"visitor:{secret}".encode()).hexdigest()[:40]
    return Visitor(key=key, become=request.ensure_user)
