"""What a browser sends to the studio, for tests of its doors."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client

from generation import catalogue
from generation.models import InferenceModel, Job
from generation.pricing import quote

HTMX = {"HX-Request": "true"}


def demo() -> InferenceModel:
    if not InferenceModel.objects.exists():
        catalogue.sync()
        catalogue.forget()
    model = catalogue.find("demo")
    assert model is not None
    return model


def form(**changes: Any) -> dict[str, Any]:
    """A form that passes, with a fresh key and the quote for what it says."""
    said = {
        "prompt": "Misty ridges at first light",
        "negative_prompt": "",
        "model": "demo",
        "aspect_ratio": "3:2",
        "count": 1,
        "style": "none",
        "seed": "",
        "key": uuid4().hex,
        **changes,
    }
    return {"quote": token(ratio=said["aspect_ratio"], count=said["count"]), **said}


def token(*, ratio: str = "3:2", count: int = 1) -> str:
    model = demo()
    if ratio not in model.aspect_ratios or count not in (1, 2, 3, 4):
        return ""
    made = quote.make(model=model, aspect_ratio=ratio, count=count)
    return quote.sign(made, model=model, aspect_ratio=ratio)


def ask(client: Client, *, htmx: bool = True, **changes: Any) -> HttpResponse:
    return client.post("/generate", form(**changes), headers=HTMX if htmx else {})  # type: ignore[return-value]


def job_of(response: HttpResponse) -> Job:
    """The job that an answer is about: its card, or the page it leads to."""
    text = response.headers.get("Location") or response.content.decode()
    found = re.search(r"(?:job-|/jobs/)([0-9a-f-]{36})", text)
    assert found, text[:500]
    return Job.objects.get(code=found[1])


def rested() -> None:
    """The time of every job that rests has come."""
    Job.objects.filter(waiting=True).update(not_before=Now() - timedelta(hours=1))


def error_of(response: HttpResponse) -> str:
    found = re.search(r'data-error="(\w+)"', response.content.decode())
    return found[1] if found else ""
