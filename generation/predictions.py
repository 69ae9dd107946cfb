"""What is known of a prediction that runs elsewhere: its id, and when its provider is next to be asked about it. Also
the receipts of webhooks. The only writer of these; calls no provider, which is remote.py's.

`poll_at` is set exactly while a prediction may still have something to tell or to be told. Whoever takes it over moves
it on (`claim`) and writes its own word only where nobody moved it meanwhile: so a webhook always wins over a poll.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Least, Now

from generation.models import Attempt, Job, ProviderEvent

DUE_MAX = 200
# Bodies are for finding out what happened; the row stays, so that no event is ever taken for new.
BODY_KEPT = timedelta(days=7)
FORGET_MAX = 10_000

# The attempt is locked at once: two of its webhooks would else each wait for the other to adopt the prediction.
RECEIVE = """
    INSERT INTO generation_providerevent (provider, event_id, attempt_id, status, is_final, body)
    VALUES (%(provider)s, %(event)s,
            (SELECT id FROM generation_attempt WHERE code = %(code)s AND provider = %(provider)s FOR UPDATE),
            %(status)s, %(is_final)s, %(body)s)
    ON CONFLICT (provider, event_id) DO NOTHING RETURNING id, attempt_id
"""

# Also adopts a prediction whose id was never saved. One that delivered has nothing more to tell, and a prediction of
# another id than the attempt's is none of it.
ATTEND = """
    UPDATE generation_attempt mine SET poll_at = statement_timestamp(), external_id = %(external)s
     WHERE id = %(attempt)s AND pictures IS NULL AND coalesce(external_id, %(external)s) = %(external)s
       AND NOT EXISTS (SELECT FROM generation_attempt other WHERE other.external_id = %(external)s
                          AND other.provider = mine.provider AND other.id <> mine.id)
"""

CLAIM = """
    UPDATE generation_attempt
       SET poll_at = statement_timestamp() + make_interval(secs => %(claim)s), polls = least(polls + 1, 32767)
     WHERE id = %(attempt)s AND poll_at <= statement_timestamp()
    RETURNING poll_at
"""


@dataclass(frozen=True)
class Told:
    """A genuine webhook. `external_id` is None where its body has another shape than it should."""

    provider: str
    event_id: str
    external_id: str | None
    status: str
    is_final: bool
    body: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of a webhook: `attempt_id` is to be collected, `stray_id` is an event about a stray prediction."""

    attempt_id: int | None = None
    stray_id: int | None = None


# --- From the worker that started one --------------------------------------------------------------------------------


def expect(job: Job, attempt: Attempt, *, external_id: str | None, seconds: float) -> None:
    """The prediction is on its way, or may be (without an id): from now on it holds the job, and no worker does.

    Its webhook may have been quicker, its job may have ended meanwhile; one that nobody waits for is then stopped.
    """
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        mine = Attempt.objects.filter(pk=attempt.pk, external_id=None)
        if external_id is None:
            mine = mine.filter(poll_at=None, finished_at=None)
        mine.update(external_id=external_id, poll_at=Now() + timedelta(seconds=seconds))
        if Attempt.objects.filter(pk=attempt.pk, finished_at=None, poll_at__isnull=False).exists():
            Job.objects.filter(pk=job.pk, tries=attempt.number).update(lease_until=None)
        collect_soon(attempt.pk, seconds=seconds)


def seek(*, attempt_id: int) -> bool:
    """A worker was lost while it started one: ask its provider now. False when the attempt is over by now."""
    with transaction.atomic():
        job_id = Attempt.objects.values_list("job_id", flat=True).get(pk=attempt_id)
        Job.objects.select_for_update(no_key=True).get(pk=job_id)
        live = Attempt.objects.filter(pk=attempt_id, finished_at=None)
        if not live.update(poll_at=Coalesce("poll_at", Now())):
            return False
        Job.objects.filter(pk=job_id).update(lease_until=None)
        collect_soon(attempt_id)
    return True


# --- From a webhook --------------------------------------------------------------------------------------------------


def receive(told: Told, *, attempt_code: UUID | None) -> Receipt:
    """Keep a webhook and have its prediction collected: two statements in one commit. A repeat changes nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            RECEIVE,
            {
                "provider": told.provider,
                "event": told.event_id,
                "code": attempt_code,
                "status": told.status,
                "is_final": told.is_final,
                "body": told.body,
            },
        )
        kept = cursor.fetchone()
        if kept is None or kept[1] is None or told.external_id is None:
            return Receipt()
        event_id, attempt_id = kept
        cursor.execute(ATTEND, {"attempt": attempt_id, "external": told.external_id})
        if cursor.rowcount:
            return Receipt(attempt_id=attempt_id)
        return Receipt(stray_id=None if told.is_final else event_id)


def forget_bodies() -> int:
    """Empty the bodies of old receipts; returns how many."""
    old = ProviderEvent.objects.filter(received_at__lt=Now() - BODY_KEPT).exclude(body=b"")
    return ProviderEvent.objects.filter(pk__in=old.order_by("received_at").values("pk")[:FORGET_MAX]).update(body=b"")


# --- From a collector ------------------------------------------------------------------------------------------------


def due() -> list[int]:
    """Attempts to ask about now, the longest due first."""
    waiting = Attempt.objects.filter(poll_at__lte=Now()).order_by("poll_at")
    return list(waiting.values_list("pk", flat=True)[:DUE_MAX])


def claim(*, attempt_id: int) -> Attempt | None:
    """Take over asking about a prediction; None when it is not due, or another has just taken it.

    Who died over it is replaced after JOB_COLLECT_SECONDS; a task ends before.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"attempt": attempt_id, "claim": settings.JOB_COLLECT_SECONDS})
        row = cursor.fetchone()
    if row is None:
        return None
    whole = Attempt.objects.select_related("model", "job__model", "job__stand_in", "job__reference")
    attempt = whole.get(pk=attempt_id)
    attempt.poll_at = row[0]
    return attempt


def adopt(attempt: Attempt, external_id: str) -> bool:
    """Take a prediction that was found for the attempt's. False when it is another's, or a webhook was first."""
    try:
        with transaction.atomic():
            adopted = Attempt.objects.filter(pk=attempt.pk, external_id=None).update(external_id=external_id)
    except IntegrityError:  # another attempt's of an equal order
        return False
    attempt.external_id = external_id if adopted else attempt.external_id
    return bool(adopted)


def ask_again(attempt: Attempt, *, seconds: float, latest: datetime | None = None) -> None:
    """In so many seconds, but not after `latest`; at once where a webhook came meanwhile."""
    at = Now() + timedelta(seconds=seconds)
    if _mine(attempt).update(poll_at=Least(at, latest) if latest else at):
        collect_soon(attempt.pk, seconds=seconds)


def is_told_all(attempt: Attempt) -> bool:
    """Nothing more is expected of the prediction. False, and nothing is written, where a webhook came meanwhile."""
    return bool(_mine(attempt).update(poll_at=None))


def is_untouched(attempt: Attempt) -> bool:
    """Whether no webhook came since it was claimed."""
    return _mine(attempt).exists()


def _mine(attempt: Attempt) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt.pk, poll_at=attempt.poll_at)


# --- From a job that ends --------------------------------------------------------------------------------------------


def call_off(*, job_id: int) -> None:
    """The job has ended: whatever may still run for it is to be told so now. In the caller's transaction."""
    running = list(Attempt.objects.filter(job_id=job_id, poll_at__isnull=False).values_list("pk", flat=True))
    if running:
        Attempt.objects.filter(pk__in=running).update(poll_at=Now())
    for attempt_id in running:
        collect_soon(attempt_id)


def collect_soon(attempt_id: int, *, seconds: float = 0.0) -> None:
    """Hint a worker once the transaction has committed. A lost hint is the sweep's to find."""
    from generation import tasks  # noqa: PLC0415  (tasks are doors of this module)

    tasks.collect_soon(attempt_id, seconds=seconds)
