"""A person at a browser without JavaScript, over real HTTP: cookies, forms as they stand on the page, bounded patience.

An answer of 500 or above is refused here, but for 503: no test may take one for an answer.
"""

import email.message
import html
import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 40
PATIENCE_SECONDS = 60
POLL_SECONDS = 0.1
PASSWORD = "four words are enough"
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: email.message.Message
    text: str

    @property
    def job(self) -> str:
        """The code of the job that the answer is about: its card, or the page it leads to."""
        found = re.search(r"(?:id=\"job-|/jobs/)([0-9a-f-]{36})", self.headers.get("Location") or self.text)
        assert found, f"{self.status}: {self.text[:500]}"
        return found[1]

    @property
    def error(self) -> str:
        return self.attribute("error")

    def attribute(self, name: str) -> str:
        """The first `data-<name>` of the page."""
        found = re.search(rf'data-{name}="([^"]*)"', self.text)
        return found[1] if found else ""

    def field(self, name: str) -> str:
        """The value of an input of the page."""
        for tag in re.findall(r"<input\b[^>]*>", self.text):
            if f'name="{name}"' in tag and (found := re.search(r'value="([^"]*)"', tag)):
                return html.unescape(found[1])
        return ""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Person:
    """One browser of one person."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(self.cookies))

    def send(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        request = urllib.request.Request(self.url + path, data=body, headers=headers or {})
        try:
            with self.opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                answer = Answer(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            answer = Answer(error.code, error.headers, error.read().decode())
        assert answer.status < 500 or answer.status == 503, f"{path}: {answer.status}: {answer.text[-2000:]}"
        return answer

    def get(self, path: str) -> Answer:
        return self.send(path)

    def post(self, path: str, fields: dict[str, Any], *, htmx: bool = True) -> Answer:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.send(path, urllib.parse.urlencode(fields).encode(), headers)

    # --- Generating -------------------------------------------------------------------------------------------------

    def form(self, prompt: str = "Misty ridges at first light", **changes: Any) -> dict[str, Any]:
        """The studio's form as it stands on the page, filled in; another price than a demo picture's is asked for."""
        page = self.get("/")
        hidden = {name: page.field(name) for name in ("csrfmiddlewaretoken", "key", "quote")}
        chosen = {"model": "demo", "aspect_ratio": "1:1", "count": 1, "style": "none", "seed_mode": "random"}
        fields = {**hidden, **chosen, "prompt": prompt, **changes}
        if (fields["model"], fields["count"]) != ("demo", 1):
            fields["quote"] = self.post("/quote", fields).field("quote")
        return fields

    def ask(self, prompt: str = "Misty ridges at first light", **changes: Any) -> Answer:
        return self.post("/generate", self.form(prompt, **changes))

    def submit(self, prompt: str = "Misty ridges at first light", **changes: Any) -> str:
        """The code of an accepted job."""
        answer = self.ask(prompt, **changes)
        assert answer.status == 201, f"{answer.status}: {answer.error}"
        return answer.job

    def card(self, job: str) -> Answer:
        return self.get(f"/jobs/{job}/card")

    def state(self, job: str) -> str:
        return self.card(job).attribute("state")

    def wait(self, job: str, states: Iterable[str] = ENDED) -> Answer:
        """The card once the job is in one of `states`; fails when it ends otherwise, or takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (card := self.card(job)).attribute("state") not in states:
            state = card.attribute("state")
            assert state not in ENDED, f"{state} {card.error} instead of {states}"
            assert time.monotonic() < deadline, f"still {state}"
            time.sleep(POLL_SECONDS)
        return card

    def cancel(self, job: str) -> Answer:
        token = self.get("/").field("csrfmiddlewaretoken")
        return self.post(f"/jobs/{job}/cancel", {"csrfmiddlewaretoken": token})

    def balance(self) -> int:
        """What the bar says can be spent."""
        found = re.search(r'class="balance__num">([\d,]+)<', self.get("/tray").text)
        assert found
        return int(found[1].replace(",", ""))

    def become_guest(self) -> None:
        """Have a row and a wallet with all of today's credits: ask for something, and take it back at once."""
        assert self.cancel(self.submit()).attribute("state") == "cancelled"

    # --- Accounts ---------------------------------------------------------------------------------------------------

    def sign_up(self, email: str, read_code: Callable[[str], str]) -> None:
        """Make an account with the code from the mail; what this browser's guest made comes along."""
        page = self.get("/accounts/signup/")
        token = page.field("csrfmiddlewaretoken")
        fields = {"csrfmiddlewaretoken": token, "email": email, "password1": PASSWORD}
        assert self.post("/accounts/signup/", fields, htmx=False).status == 302
        token = self.get("/accounts/confirm-email/").field("csrfmiddlewaretoken")
        fields = {"csrfmiddlewaretoken": token, "code": read_code(email)}
        assert self.post("/accounts/confirm-email/", fields, htmx=False).status == 302

    def publish(self, picture: str, title: str) -> None:
        token = self.get(f"/art/{picture}").field("csrfmiddlewaretoken")
        fields = {"csrfmiddlewaretoken": token, "visibility": "public", "title": title, "level": "general"}
        answer = self.post(f"/art/{picture}/publish", fields)
        assert answer.status == 200, answer.text
