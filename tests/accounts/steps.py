"""What people do in these tests: make an account, sign in, read the code in a mail."""

import re
import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts import guests
from accounts.models import User
from generation import catalogue, jobs
from generation.models import Job
from generation.pricing import quote as quotes
from generation.wish import Wish

PASSWORD = "four words are enough"
MARA = "mara@example.org"


def account(email: str = MARA, **fields: Any) -> User:
    """Somebody who signed up and verified the address long ago."""
    fields.setdefault("handle", email.partition("@")[0])
    user = User.objects.create_user(email, PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def as_guest(client: Client) -> User:
    """This browser has generated something without an account."""
    guest = guests.create()
    session = client.session
    session[guests.SESSION_KEY] = guest.pk
    session.save()
    return guest


def sign_in(client: Client, email: str = MARA, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


def sign_up(client: Client, email: str = MARA, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/accounts/signup/", {"email": email, "password1": password, **more})


def enter(client: Client, code: str) -> Any:
    return client.post("/accounts/confirm-email/", {"code": code})


def again_with_password(client: Client, path: str, fields: dict[str, str]) -> Any:
    """A change to how one signs in: it is kept while the password is asked for once more, then done."""
    asked = client.post(path, fields)
    if "reauthenticate" not in asked["Location"]:
        return asked
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": path})


def code_in_mail(number: int = -1) -> str:
    found = re.search(r"^\d{6}$", str(mail.outbox[number].body), re.MULTILINE)
    assert found, mail.outbox[number].body
    return found[0]


def signed_in_as(client: Client) -> int | None:
    named = client.session.get("_auth_user_id")
    return int(named) if named else None


def submit(owner: User, prompt: str = "a calm sea at dawn", count: int = 1) -> Job:
    """A job of the built-in provider, accepted and waiting."""
    catalogue.sync()
    model = next(model for model in catalogue.listed() if model.provider == "demo")
    quote = quotes.make(model=model, aspect_ratio="1:1", count=count)
    submitted = jobs.submit(
        owner=owner,
        visitor=None,
        wish=Wish(model=model, prompt=prompt, count=count, seed=7),
        quote_token=quotes.sign(quote, model=model, aspect_ratio="1:1"),
        key=str(uuid.uuid4()),
        address="192.0.2.1",
    )
    return submitted.job
