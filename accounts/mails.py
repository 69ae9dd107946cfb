"""A mail's HTML, made from its text: one source, so that the two never say different things. Sends nothing."""

import re

from django.conf import settings
from django.template.loader import render_to_string

CODE = re.compile(r"\d{6}")
LINK = re.compile(r"https?://\S+")
FOOT = "\n-- \n"


def as_html(*, subject: str, text: str) -> str:
    """Paragraphs as paragraphs, a lone code in large figures, a lone address as a button."""
    body, _, foot = text.partition(FOOT)
    parts = [part.strip() for part in body.split("\n\n") if part.strip()]
    context = {
        "title": subject,
        "parts": [{"kind": _kind(part), "text": part} for part in parts],
        "foot": foot.strip(),
        "site_url": settings.PUBLIC_URL,
    }
    return render_to_string("accounts/mail.html", context)


def _kind(part: str) -> str:
    if CODE.fullmatch(part):
        return "code"
    return "link" if LINK.fullmatch(part) else "text"
