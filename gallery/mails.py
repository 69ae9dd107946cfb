"""Mails about decisions and answers: what the person's page of appeals says, for whoever is not looking at it.

Sent by a worker after the commit. A mail that is lost with its message is not sent again: the page stays.
"""

import logging
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from gallery.models import Action, Appeal, Decision

log = logging.getLogger(__name__)

SUBJECTS = {
    Action.LEVEL: "The content level of your picture was changed",
    Action.WITHDRAW: "Your picture was withdrawn",
    Action.REFUSE: "Your picture was refused",
    Action.REMOVE: "Your comment was removed",
    Action.RESTORE: "It is yours to show again",
}
REFUSED = "Your appeal was looked at"
FOOT = "You get this mail because it is about something of yours. Appeals are free and read by a person."
WORDS_MAX = 140


def tell_soon(*, decision_id: int) -> None:
    """Mail the person whom a decision concerns, once the transaction has committed."""
    from gallery import tasks  # noqa: PLC0415  (tasks are doors of this module)

    tasks.send_soon(tasks.tell_decision, decision_id)


def answer_soon(*, appeal_id: int) -> None:
    """The same about an appeal that was refused; one that was granted is told of by its decision."""
    from gallery import tasks  # noqa: PLC0415  (as above)

    tasks.send_soon(tasks.tell_answer, appeal_id)


def tell_decision(*, decision_id: int) -> None:
    related = Decision.objects.select_related("owner__merged_into", "asset__post", "asset__job", "comment", "strike")
    decision = related.filter(pk=decision_id).first()
    if decision is None or decision.action not in SUBJECTS:
        return
    strike = getattr(decision, "strike", None)
    context = {"decision": decision, "what": name_of(decision), "strike": strike}
    _send(decision.owner, SUBJECTS[Action(decision.action)], "gallery/mail/decision.txt", context)


def tell_answer(*, appeal_id: int) -> None:
    related = Appeal.objects.select_related(
        "owner__merged_into", "decision__asset__post", "decision__asset__job", "decision__comment"
    )
    if (appeal := related.filter(pk=appeal_id).first()) is not None:
        context = {"appeal": appeal, "what": name_of(appeal.decision)}
        _send(appeal.owner, REFUSED, "gallery/mail/answer.txt", context)


def name_of(decision: Decision) -> str:
    """The thing in its owner's words, on one line: a picture's title or prompt, or the beginning of a comment."""
    if decision.comment is not None:
        words = decision.comment.text
    else:
        assert decision.asset is not None  # a constraint of the table
        post = getattr(decision.asset, "post", None)
        words = (post.title if post else "") or decision.asset.job.prompt_written
    line = " ".join(words.split())
    return line if len(line) <= WORDS_MAX else f"{line[: WORDS_MAX - 1]}…"


def _send(person: Any, subject: str, template: str, context: dict[str, Any]) -> None:
    """To an account with an address. The HTML is the text in the site's look, so that the two say the same."""
    person = person.merged_into or person
    if not person.email or not person.is_active:
        return
    link = settings.PUBLIC_URL + reverse("appeals")
    text = render_to_string(template, {**context, "link": link}).strip()
    parts = [{"kind": "link" if part == link else "text", "text": part} for part in text.split("\n\n")]
    looks = {"title": subject, "parts": parts, "foot": FOOT, "site_url": settings.PUBLIC_URL}
    mail = EmailMultiAlternatives(subject, f"{text}\n\n-- \n{FOOT}\n", to=[person.email])
    mail.attach_alternative(render_to_string("accounts/mail.html", looks), "text/html")
    mail.send()
