"""What one job cost and why: the accepted quote, every movement of credits, every attempt, and the reasons in words.
Amounts come from transfers alone; a time is what an attempt measured. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.templatetags import show
from credits import receipts
from credits.receipts import Movement
from credits.statements import Charges
from generation import words
from generation.models import Attempt, ErrorCode, Job, JobState
from generation.pricing import price


@dataclass(frozen=True)
class Run:
    """One attempt. `seconds` are for all its pictures; `pictures` is None where nothing was delivered."""

    number: int
    provider: str
    model: str
    is_equivalent: bool
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    pictures: int | None
    end: str
    look: str
    why: str


@dataclass(frozen=True)
class Receipt:
    """What templates/generation/receipt.html reads. Credits and seconds named `each` are for one picture."""

    lines: list[dict[str, str]]
    summary: str
    rules_version: int | None
    quoted_each: int
    quoted: int
    charges: Charges
    charged_each: int | None
    expected_each: float | None
    measured_each: float | None
    pictures: int
    movements: list[Movement]
    runs: list[Run]
    reasons: list[str]


def of(job: Job, charges: Charges, *, stored: int) -> Receipt:
    """The receipt of a job that was read with what it cost and how many pictures it stored; two queries."""
    movements = receipts.of_subject(job.subject)
    attempts = list(Attempt.objects.filter(job=job).select_related("model").order_by("number"))
    delivered = next((one for one in attempts if one.pictures), None)
    pictures = (delivered.pictures or 0) if delivered else stored
    measured = delivered.run_seconds / pictures if delivered and delivered.run_seconds is not None else None
    each = charges.captured // pictures if charges.captured and pictures else None
    quote: dict[str, Any] = job.quote
    expected = quote.get("expected_seconds")
    return Receipt(
        lines=quote["lines"],
        summary=quote.get("summary", ""),
        rules_version=quote.get("rules_version"),
        quoted_each=job.price_credits,
        quoted=job.total_credits,
        charges=charges,
        charged_each=each,
        expected_each=expected,
        measured_each=measured,
        pictures=pictures,
        movements=movements,
        runs=[_run(one, job) for one in attempts],
        reasons=_reasons(job, charges, movements, pictures, each=each, expected=expected, measured=measured),
    )


def _run(attempt: Attempt, job: Job) -> Run:
    model = attempt.model or job.model
    end, look = ("Running", "live") if not attempt.finished_at else ("Not needed", "")
    if attempt.error_code:
        end, look = ("Cancelled", "") if attempt.error_code == ErrorCode.CANCELLED else ("Failed", "fail")
    elif attempt.pictures:
        end, look = "Delivered", "done"
    return Run(
        number=attempt.number,
        provider=attempt.provider,
        model=model.name,
        is_equivalent=model.pk != job.model_id,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        seconds=attempt.run_seconds,
        pictures=attempt.pictures,
        end=end,
        look=look,
        why=words.end(attempt.error_code, name=model.name, message="").title if attempt.error_code else "",
    )


# --- Why it cost that ------------------------------------------------------------------------------------------------


def _reasons(
    job: Job,
    charges: Charges,
    movements: Sequence[Movement],
    pictures: int,
    *,
    each: int | None,
    expected: float | None,
    measured: float | None,
) -> list[str]:
    reasons = [_ending(job, charges)] if not each else _charge(job, pictures, each, expected, measured)
    if job.stand_in is not None:
        reasons.append(_failover(job.model.name, job.stand_in.name))
    if charges.refunded:
        reasons.append(f"{show.credits_word(charges.refunded)} came back afterwards, by hand of the staff.")
    if any(one.owner_id != job.owner_id for one in movements):
        reasons.append("You were a guest when you asked, so the credits were those of that visit, not your account’s.")
    return reasons


def _failover(chosen: str, stand_in: str) -> str:
    took = f"{stand_in} took over. The price stayed as quoted."
    return f"{chosen} could not finish, and you allowed an equivalent: {took}"


def _ending(job: Job, charges: Charges) -> str:
    if charges.open:
        return f"{show.credits_word(charges.open).capitalize()} wait until the job has ended; it can only cost less."
    was = "was cancelled" if job.state == JobState.CANCELLED else "failed"
    return f"The job {was}, so all that was reserved came back: {show.credits_word(charges.released)}."


def _charge(job: Job, pictures: int, each: int, expected: float | None, measured: float | None) -> list[str]:
    reasons = []
    if pictures < job.count:
        arrived = f"{pictures} of {job.count} pictures arrived"
        reasons.append(f"{arrived}: what did not arrive is not charged.")
    if expected is not None and measured is not None:
        reasons.append(_time(job.price_credits, each, expected, measured))
    return reasons


def _time(quoted: int, each: int, expected: float, measured: float) -> str:
    """Why the price of one picture is what the quote said, or less."""
    took, due = show.brief_seconds(measured), show.brief_seconds(expected)
    if measured >= price.QUICK_PART * expected:
        return f"It ran in {took} a picture, and {due} were expected: the price is that of the quote."
    if each == quoted:
        return f"It ran in {took} a picture, under half of the expected {due}, but a picture costs at least 1 credit."
    less = "half price" if each * 2 == quoted else f"{each} instead of {show.credits_word(quoted)} a picture"
    return f"It ran in {took} a picture, under half of the expected {due}: {less}."
