"""A browser of somebody, without a browser: Django's client with the right session."""

from collections.abc import Callable

from django.test import Client

from accounts.guests import SESSION_KEY
from accounts.models import User

As = Callable[[User | None], Client]


def browser_of(user: User | None) -> Client:
    """Of an account, of a guest, or of nobody yet (None)."""
    client = Client()
    if user is None:
        return client
    if user.is_guest:
        session = client.session
        session[SESSION_KEY] = user.pk
        session.save()
    else:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
