"""How often one person may do what others notice. Counted in Redis, in one round trip."""

from django.conf import settings
from django.db import models

from config import throttle
from gallery.errors import TooFast


class Act(models.TextChoices):
    """What is counted together."""

    REACT = "react"  # likes, ratings, follows, collecting
    COMMENT = "comment"
    REPORT = "report"  # reports and appeals


def count(act: Act, *, user_id: int) -> None:
    """Count one act of a person. Raises TooFast."""
    most, seconds = {
        Act.REACT: settings.RATE_LIMIT_REACT,
        Act.COMMENT: settings.RATE_LIMIT_COMMENT,
        Act.REPORT: settings.RATE_LIMIT_REPORT,
    }[act]
    answer = throttle.hit(throttle.Window(f"gallery-{act}", str(user_id), most, seconds))
    if isinstance(answer, throttle.Refusal):
        raise TooFast(retry_after_seconds=answer.retry_after_seconds)
