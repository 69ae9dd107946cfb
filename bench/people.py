"""People with credits and a session each, and the bytes that their browsers would send."""

from dataclasses import dataclass
from importlib import import_module
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.crypto import get_random_string

from accounts.models import User
from bench.load import Request
from credits import ledger
from credits.models import TransferKind, WalletKind
from generation.models import InferenceModel
from generation.pricing import quote

CREDITS = 1_000_000
PROMPT = "A lighthouse on a cliff at dusk, long exposure, soft rain"
SESSIONS = import_module(settings.SESSION_ENGINE)


@dataclass(frozen=True)
class Person:
    user: User
    cookies: str
    token: str
    address: str

    def head(self, method: str, path: str, *, htmx: bool, body_length: int = 0) -> bytes:
        """A request's head as Chromium sends it, without what the site does not read."""
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
            "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
            f"X-Forwarded-For: {self.address}",
            f"Cookie: {self.cookies}",
        ]
        if htmx:
            lines += ["HX-Request: true", "HX-Current-URL: http://127.0.0.1/"]
        if body_length:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {body_length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def make(number: int) -> list[Person]:
    users = User.objects.bulk_create(
        User(email=f"person{n}@example.org", handle=f"person{n}", is_guest=False, password="!none")
        for n in range(number)
    )
    for user in users:
        with transaction.atomic():
            ledger.lock(owner_id=user.pk, is_guest=False)  # today's credits, so that no submit is a day's first
        ledger.grant(
            owner_id=user.pk,
            wallet_kind=WalletKind.PURCHASED,
            amount=CREDITS,
            kind=TransferKind.PURCHASE,
            key=f"bench:{user.pk}",
        )
    return [signed_in(user, number=n) for n, user in enumerate(users)]


def signed_in(user: User, *, number: int) -> Person:
    """With a session, at the address of this number."""
    session = SESSIONS.SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    secret = get_random_string(32)
    request = HttpRequest()
    request.META["CSRF_COOKIE"] = secret
    cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={secret}"
    return Person(user, cookies, get_token(request), f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")


def submits(people: list[Person], *, lane: str, htmx: bool) -> list[Request]:
    """The studio's form as each of them posts it, with a fresh quote; the generator adds each time's key."""
    model = InferenceModel.objects.get(slug=lane)
    priced = quote.make(model=model, aspect_ratio="1:1", count=1)
    token = quote.sign(priced, model=model, aspect_ratio="1:1")
    return [_submit(person, lane, token, htmx=htmx) for person in people]


def _submit(person: Person, slug: str, token: str, *, htmx: bool) -> Request:
    said = {
        "csrfmiddlewaretoken": person.token,
        "prompt": PROMPT,
        "negative_prompt": "",
        "model": slug,
        "aspect_ratio": "1:1",
        "count": "1",
        "style": "none",
        "seed": "",
        "seed_mode": "random",
        "parent": "",
        "quote": token,
    }
    before, after = f"{urlencode(said)}&key=".encode(), b"&button="
    head = person.head("POST", "/generate", htmx=htmx, body_length=len(before) + 32 + len(after))
    return Request(head + before, after)
