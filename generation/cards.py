"""A job as its card shows it: read in one query while it is open, words about money rendered from the ledger."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from config.templatetags import show
from credits import statements
from credits.statements import Charges
from generation import forecast, lanes, words
from generation.models import Asset, ErrorCode, Job, JobState

LONG = timedelta(minutes=2)
# What a card says that it shows: its version, how many wait before it, and whether it takes long.
NOW = f"""
    SELECT version, CASE WHEN waiting THEN {lanes.PLACE} ELSE 0 END,
           finished_at IS NULL AND statement_timestamp() - created_at > interval '{LONG.total_seconds()} seconds'
      FROM generation_job WHERE code = %(code)s AND owner_id = %(owner)s
"""  # noqa: S608  (constants)

_STATE_WORDS = {
    JobState.QUEUED: "In the queue",
    JobState.STARTING: "Starting",
    JobState.RUNNING: "Running",
    JobState.STORING: "Storing",
    JobState.SUCCEEDED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}


@dataclass(frozen=True)
class Card:
    """What templates/generation/partials/card.html reads. Counts in pictures, credits and seconds."""

    job: Job
    code: UUID
    state: str
    state_word: str
    version: int
    is_open: bool
    prompt: str
    model_name: str
    aspect_ratio: str
    count: int
    headline: str
    expected: str
    promise: str
    took_over: str
    percent: int | None
    deadline_clock: str
    taking_long: bool
    money: str
    charges: Charges | None
    stored: int
    duration: timedelta | None
    assets: list[Asset]
    missing: int
    error: words.Told | None
    can_cancel: bool
    can_retry: bool
    cancel_label: str
    poll_url: str
    job_url: str
    receipt_url: str
    retry_url: str
    cancel_url: str
    reuse_url: str
    variation_url: str


# --- Reads -----------------------------------------------------------------------------------------------------------


def find(*, code: UUID, owner_id: int | None) -> Job | None:
    """The owner's job with its models and its place in the queue, in one query; None for anybody else."""
    if owner_id is None:
        return None
    jobs = Job.objects.filter(code=code, owner_id=owner_id).select_related("model", "stand_in")
    return jobs.annotate(place=lanes.place()).first()


def find_own(job: Job) -> Job:
    """The same job, read as `find` reads it."""
    return Job.objects.select_related("model", "stand_in").annotate(place=lanes.place()).get(pk=job.pk)


def placed(job: Job, *, place: int) -> Job:
    """A job that was made a moment ago, as `find` would read it."""
    vars(job)["place"] = place
    return job


def is_current(
    *, code: UUID, owner_id: int | None, version: int | None, place: int | None, is_long: bool = False
) -> bool:
    """Whether the owner's card already shows everything. A card that names no place is asked about its version alone.

    Most polls end here, so the statement is written out: the ORM takes ten times as long to build it as it runs.
    """
    if owner_id is None or version is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(NOW, {"code": code, "owner": owner_id})
        found = cursor.fetchone()
    return found is not None and found[0] == version and (place is None or found[1:] == (place, is_long))


def open_jobs(*, owner_id: int) -> list[Job]:
    """The owner's open jobs, oldest first, in one query. Their number is capped by OPEN_JOBS_MAX."""
    jobs = Job.objects.filter(owner_id=owner_id, finished_at=None).select_related("model", "stand_in")
    return list(jobs.annotate(place=lanes.place()).order_by("pk"))


def place_of(job: Job) -> int:
    """How many wait before this job; 0 once it runs. Only for jobs that were read by this module."""
    return int(getattr(job, "place", 0)) if job.waiting else 0


# --- The card --------------------------------------------------------------------------------------------------------


def of(job: Job) -> Card:
    """The card of a job: no query while it is open, then one for its money and one for its pictures."""
    if job.is_open:
        # The database refuses to commit an open job that does not hold exactly its price.
        return _card(job, Charges(reserved=job.total_credits, open=job.total_credits), [])
    return _card(job, statements.of_subject(job.subject), _assets(job))


def small(job: Job) -> Card:
    """The card as the tray shows it: no query at all."""
    return _card(job, None, [])


def _assets(job: Job) -> list[Asset]:
    """Also those in the trash: they arrived, and were paid for."""
    return list(Asset.objects.filter(job=job).order_by("index"))


def _card(job: Job, charges: Charges | None, assets: list[Asset]) -> Card:
    args = [job.code]
    job_url = reverse("job", args=args)
    is_long = job.is_open and timezone.now() - job.created_at > LONG
    shown = f"v={job.version}&place={place_of(job)}{'&long=1' if is_long else ''}"
    return Card(
        job=job,
        code=job.code,
        state=job.state,
        state_word=_STATE_WORDS[JobState(job.state)],
        version=job.version,
        is_open=job.is_open,
        prompt=job.prompt_written,
        model_name=job.maker.name,
        aspect_ratio=job.aspect_ratio,
        count=job.count,
        headline=_headline(job),
        expected=_expected(job),
        promise=_promise(job),
        took_over=_took_over(job),
        percent=_percent(job),
        deadline_clock=f"{job.deadline_at:%H:%M} UTC",
        taking_long=is_long,
        money=_money(job, charges) if charges else "",
        charges=charges,
        stored=sum(not asset.is_late for asset in assets),
        duration=_duration(job),
        assets=[asset for asset in assets if asset.deleted_at is None],
        missing=job.count - len(assets) if job.state == JobState.SUCCEEDED else 0,
        error=_error(job),
        can_cancel=job.state in (JobState.QUEUED, JobState.STARTING, JobState.RUNNING),
        can_retry=job.state in (JobState.FAILED, JobState.CANCELLED),
        cancel_label=f"releases {show.credits_word(job.total_credits)}",
        poll_url=f"{reverse('job_card', args=args)}?{shown}",
        job_url=job_url,
        receipt_url=reverse("job_receipt", args=args),
        retry_url=reverse("job_retry", args=args),
        cancel_url=reverse("job_cancel", args=args),
        reuse_url=f"{reverse('studio')}?from={job.code}",
        variation_url=f"{reverse('studio')}?from={job.code}&variation=1",
    )


def _headline(job: Job) -> str:
    name = job.maker.name
    if job.waiting:
        return _waiting(job, name)
    if job.state == JobState.RUNNING:
        if job.count == 1:
            return "Drawing"
        return f"Drawing, picture {min(job.count, job.progress * job.count // 100 + 1)} of {job.count}"
    if job.state == JobState.STARTING:
        return f"{name} is starting"
    if job.state == JobState.STORING:
        return "Storing what arrived"
    return _STATE_WORDS[JobState(job.state)]


def _waiting(job: Job, name: str) -> str:
    place = place_of(job)
    if job.not_before is not None:
        return f"{name} is asked again in a moment"
    if place > lanes.PLACE_MAX:
        return f"More than {lanes.PLACE_MAX} before you for {name}"
    return f"{_ordinal(place + 1)} in the queue for {name}" if place else f"Next in the queue for {name}"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _expected(job: Job) -> str:
    """How long it will still take, from here."""
    if not job.is_open or job.state == JobState.STORING or (job.waiting and job.not_before is not None):
        return ""
    share_left = 1 - job.progress / 100
    return forecast.due(job.maker, place=place_of(job), count=job.count, share_left=share_left).words


def _promise(job: Job) -> str:
    """The interval that was shown when the job was accepted, and how often those of its model held.

    An equivalent that took over has its own time; the promise still counts, as one that may not hold.
    """
    if not job.is_open or job.stand_in or job.expected_low is None or job.expected_high is None:
        return ""
    held = forecast.held(job.model)
    return f"8 in 10 jobs take {forecast.between(job.expected_low, job.expected_high)}{f'; {held}' if held else ''}."


def _took_over(job: Job) -> str:
    """After a failover, whose picture this is."""
    if job.stand_in is None:
        return ""
    if job.is_open:
        return f"{job.model.name} could not finish; {job.stand_in.name} takes over at the same price."
    return f"{job.model.name} could not finish, so {job.stand_in.name} took over at the same price."


def _percent(job: Job) -> int | None:
    if job.state == JobState.RUNNING:
        return job.progress or None
    return 99 if job.state == JobState.STORING else None


def _duration(job: Job) -> timedelta | None:
    return job.finished_at - job.created_at if job.finished_at else None


def _error(job: Job) -> words.Told | None:
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        return None
    message = "" if job.maker.is_enabled else job.maker.message
    return words.end(job.error_code or ErrorCode.INTERNAL, name=job.maker.name, message=message)


def _money(job: Job, charges: Charges) -> str:
    """One sentence, from the transfers of this job and nothing else."""
    if charges.open:
        return f"{show.credits_word(charges.open)} reserved."
    if not charges.captured:
        return f"{show.credits_word(charges.reserved)} reserved, all released. Nothing was charged."
    released = f", {charges.released} released" if charges.released else ""
    refunded = f", {charges.refunded} refunded" if charges.refunded else ""
    return f"{charges.reserved} reserved, {charges.captured} charged{released}{refunded}."
