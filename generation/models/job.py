"""A job: what was asked for, at which price, and how far it is. Legal moves and the end of its money are held here by
triggers, whatever Python does; only generation/running.py writes the state."""

from datetime import datetime
from uuid import UUID

import pgtrigger
import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now
from django.db.models.lookups import Exact
from django.utils import timezone

from credits.triggers import Firm
from generation.models.catalogue import InferenceModel, Lane, Style
from generation.models.reference import Reference


class JobState(models.TextChoices):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    STORING = "storing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = (JobState.QUEUED, JobState.STARTING, JobState.RUNNING, JobState.STORING)


class ErrorCode(models.TextChoices):
    """Why a request was refused or a job ended without pictures; words for each are in generation/words.py."""

    INVALID_PROMPT = "invalid_prompt"
    BLOCKED_PROMPT = "blocked_prompt"
    BLOCKED_OUTPUT = "blocked_output"
    BAD_REFERENCE = "bad_reference"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    DAILY_LIMIT = "daily_limit"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_JOBS = "too_many_jobs"
    PROVIDER_BUSY = "provider_busy"
    PROVIDER_DOWN = "provider_down"
    PROVIDER_FAILED = "provider_failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class SeedMode(models.TextChoices):
    RANDOM = "random"
    LOCKED = "locked"
    COUNTING = "counting", "Counting up"


class Origin(models.TextChoices):
    """How a job came from another."""

    RETRY = "retry"
    VARIATION = "variation"
    REMIX = "remix"


def _quoted(name: str) -> Cast:
    """A whole number of the accepted quote."""
    return Cast(KT(f"quote__{name}"), models.IntegerField())


class JobManager(models.Manager["Job"]):
    def oldest_waiting_seconds(self) -> float:
        """How long the longest waiting job has waited; 0 when none waits."""
        oldest: datetime | None = (
            self.filter(waiting=True).order_by("created_at").values_list("created_at", flat=True).first()
        )
        return (timezone.now() - oldest).total_seconds() if oldest else 0.0


class Job(models.Model):
    """One accepted request for 1-4 pictures."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    model = models.ForeignKey(InferenceModel, on_delete=models.PROTECT, related_name="+")

    prompt_written = models.TextField()
    prompt_enhanced = models.TextField(blank=True)
    prompt_sent = models.TextField()
    negative_prompt = models.TextField(blank=True)
    aspect_ratio = models.CharField(max_length=5)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    count = models.PositiveSmallIntegerField()
    style = models.CharField(max_length=10, choices=Style, default=Style.NONE)
    seed = models.BigIntegerField(help_text="Of the first picture; the others count up.")
    seed_mode = models.CharField(max_length=8, choices=SeedMode, default=SeedMode.RANDOM)
    steps = models.PositiveSmallIntegerField(null=True, help_text="Empty: the model's normal ones.")
    guidance = models.FloatField(null=True, help_text="Empty: the model's normal one.")
    reference = models.ForeignKey(
        Reference, null=True, on_delete=models.PROTECT, related_name="+", help_text="The picture to follow."
    )
    strength = models.FloatField(null=True, help_text="0..1: how far it may leave the reference.")
    failover = models.BooleanField(
        default=False, db_default=False, help_text="The owner agreed to an equivalent model, at the same price."
    )
    stand_in = models.ForeignKey(
        InferenceModel,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The equivalent that took over.",
    )
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=9, choices=Origin, blank=True)

    # The idempotency key of the form, composed by the server, and a digest of what the form said.
    form_key = models.CharField(max_length=200, unique=True)
    form_digest = models.CharField(max_length=64)

    # The accepted quote: credits for one picture, and the whole explanation as it was shown.
    price_credits = models.PositiveIntegerField()
    quote = models.JSONField()
    # Whose budget of free credits paid (a keyed hash, never the address), and how much of it.
    free_address = models.CharField(max_length=32, blank=True)
    free_credits = models.PositiveIntegerField(default=0)

    state = models.CharField(max_length=9, choices=JobState, default=JobState.QUEUED)
    error_code = models.CharField(max_length=20, choices=ErrorCode, blank=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Per cent of the run.")
    version = models.PositiveIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)

    # The queue: who is next on the lane is the lowest (turn, id) among those waiting.
    lane = models.CharField(max_length=10, choices=Lane)
    turn = models.BigIntegerField()
    waiting = models.BooleanField(default=True)
    not_before = models.DateTimeField(null=True, help_text="It rests until then before its next try.")
    lease_until = models.DateTimeField(null=True)

    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # The 80 % interval that the card showed when the job was accepted: seconds from then to its end.
    expected_low = models.FloatField(null=True)
    expected_high = models.FloatField(null=True)
    deadline_at = models.DateTimeField()

    objects = JobManager()

    class Meta:
        indexes = [
            # The claim, and a place in the queue as a range count.
            models.Index(
                fields=["lane", "turn", "id"], include=["not_before"], condition=Q(waiting=True), name="job_waiting"
            ),
            # "Turn now served" of a lane, at submit.
            models.Index(F("lane"), F("claimed_at").desc(), condition=Q(claimed_at__isnull=False), name="job_served"),
            # The owner's last turn on a lane, at submit.
            models.Index(fields=["owner", "lane", "turn"], name="job_owner_turn"),
            # Open jobs: the cap, the tray and the sweep.
            models.Index(fields=["owner"], condition=Q(finished_at__isnull=True), name="job_open_by_owner"),
            models.Index(fields=["deadline_at"], condition=Q(finished_at__isnull=True), name="job_open_by_deadline"),
            models.Index(fields=["owner", "-id"], name="job_by_owner"),
            # A model's last successes, for its measured time. Not by `state`: each move would then write all indexes.
            models.Index(
                F("model"),
                F("finished_at").desc(),
                condition=Q(finished_at__isnull=False, error_code=""),
                name="job_succeeded_by_model",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_is_known"),
            models.CheckConstraint(condition=Q(count__gte=1, count__lte=4), name="job_makes_one_to_four"),
            models.CheckConstraint(condition=Q(price_credits__gte=1), name="job_price_is_positive"),
            # The receipt explains the price that is held: what the quote says of it is what the job says.
            models.CheckConstraint(
                condition=Exact(_quoted("price_credits"), F("price_credits")), name="job_price_is_the_quoted_one"
            ),
            models.CheckConstraint(condition=Exact(_quoted("count"), F("count")), name="job_count_is_the_quoted_one"),
            models.CheckConstraint(condition=Q(seed__gte=0, seed__lte=2**32 - 1), name="job_seed_fits"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES, finished_at__isnull=True)
                | (~Q(state__in=OPEN_STATES) & Q(finished_at__isnull=False)),
                name="job_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.FAILED) & ~Q(error_code="") | ~Q(state=JobState.FAILED),
                name="job_failed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(strength__isnull=True) | Q(strength__gte=0, strength__lte=1, reference__isnull=False),
                name="job_strength_is_of_a_reference",
            ),
            models.CheckConstraint(
                condition=Q(expected_low__isnull=True, expected_high__isnull=True)
                | Q(
                    expected_low__isnull=False,
                    expected_high__isnull=False,
                    expected_low__gte=0,
                    expected_high__gte=F("expected_low"),
                ),
                name="job_interval_is_one",
            ),
            models.CheckConstraint(condition=Q(waiting=False) | Q(state__in=OPEN_STATES), name="job_ended_waits_not"),
            models.CheckConstraint(
                condition=Q(stand_in__isnull=True) | Q(failover=True) & ~Q(stand_in=F("model")),
                name="job_stands_in_by_consent",
            ),
        ]
        triggers = [
            Firm(
                name="moves_legally",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),
                condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
                func="""
                    IF NOT (OLD.state, NEW.state) IN (
                        ('queued', 'starting'), ('queued', 'failed'), ('queued', 'cancelled'),
                        ('starting', 'running'), ('starting', 'failed'), ('starting', 'cancelled'),
                        ('running', 'storing'), ('running', 'failed'), ('running', 'cancelled'),
                        ('storing', 'succeeded'), ('storing', 'failed')
                    ) THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_moves_legally',
                            MESSAGE = format('job %s cannot go from %s to %s', OLD.id, OLD.state, NEW.state);
                    END IF;
                    RETURN NEW;
                """,
            ),
            Firm(
                name="starts_queued",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__state="queued"),
                func="""
                    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_starts_queued',
                        MESSAGE = 'a job begins in the queue';
                """,
            ),
            # What a card shows changed, so its version did; a renewed lease is not worth a poll's answer.
            Firm(
                name="version_grows",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state", "progress", "waiting", "error_code"),
                func="NEW.version = OLD.version + 1; RETURN NEW;",
            ),
            Firm(
                name="terms_are_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf(
                    "code", "model_id", "price_credits", "count", "quote", "form_key", "form_digest"
                ),
                func="""
                    IF (OLD.code, OLD.model_id, OLD.price_credits, OLD.count, OLD.quote, OLD.form_key, OLD.form_digest)
                        IS DISTINCT FROM
                       (NEW.code, NEW.model_id, NEW.price_credits, NEW.count, NEW.quote, NEW.form_key, NEW.form_digest)
                    THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_terms_are_fixed',
                            MESSAGE = 'the terms of an accepted job do not change';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Firm(
                name="never_deleted",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func="""
                    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_never_deleted',
                        MESSAGE = 'jobs are history';
                """,
            ),
            # At commit the money must fit the state: an open job holds its reserve, an ended one holds none, a success
            # was charged for what was stored, and anything else was charged nothing.
            Firm(
                name="money_fits_state",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(new__state__in=("queued", "succeeded", "failed", "cancelled")),
                declare=[("held", "bigint"), ("charged", "bigint"), ("stored", "bigint"), ("now_state", "text")],
                func="""
                    SELECT state INTO now_state FROM generation_job WHERE id = NEW.id;
                    SELECT coalesce(sum(t.amount) FILTER (WHERE t.phase = 'reserve' AND NOT EXISTS (
                               SELECT 1 FROM credits_transfer e WHERE e.reserve_id = t.id)), 0),
                           coalesce(sum(t.amount) FILTER (WHERE t.phase = 'capture'), 0)
                      INTO held, charged
                      FROM credits_transfer t WHERE t.subject = 'job:' || NEW.code;
                    IF now_state IN ('queued', 'starting', 'running', 'storing') THEN
                        IF held <> NEW.price_credits * NEW.count OR charged <> 0 THEN
                            RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_open_holds_its_reserve',
                                MESSAGE = format('job %s is %s and holds %s', NEW.id, now_state, held);
                        END IF;
                        RETURN NULL;
                    END IF;
                    IF held <> 0 THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_ended_holds_nothing',
                            MESSAGE = format('job %s is %s and still holds %s', NEW.id, now_state, held);
                    END IF;
                    SELECT count(*) INTO stored FROM generation_asset a WHERE a.job_id = NEW.id AND NOT a.is_late;
                    IF (now_state = 'succeeded' AND (stored = 0 OR charged = 0 OR charged > NEW.price_credits * stored))
                       OR (now_state <> 'succeeded' AND charged <> 0) THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'job_charged_for_what_was_stored',
                            MESSAGE = format('job %s is %s: %s stored, %s charged', NEW.id, now_state, stored, charged);
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.code)

    @property
    def subject(self) -> str:
        """What the ledger calls this job."""
        return subject_of(self.code)

    @property
    def person(self) -> str:
        """Who asked, as limits tell people apart: guests and new accounts of one address are one."""
        return self.free_address or str(self.owner_id)

    @property
    def total_credits(self) -> int:
        return self.price_credits * self.count

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def maker(self) -> InferenceModel:
        """The model that its tries run on now: the chosen one, or the equivalent that took over."""
        return self.stand_in or self.model

    def seeds(self) -> list[int]:
        """One seed a picture, counting up, within 32 bits."""
        return [(self.seed + offset) % 2**32 for offset in range(self.count)]


def subject_of(code: UUID) -> str:
    return f"job:{code}"
