"""An attempt: one try of a job at a provider, written and committed before the provider is called."""

import uuid_utils.compat as uuid7
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generation.models.catalogue import InferenceModel
from generation.models.job import ErrorCode, Job


class Attempt(models.Model):
    """At most three a job, at most one of them live."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=20)
    # Empty in rows of earlier releases: theirs is the job's. Another one than the job's is a consented failover.
    model = models.ForeignKey(InferenceModel, null=True, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=100, null=True)  # noqa: DJ001  (NULLs are distinct, '' would not be)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    run_seconds = models.FloatField(null=True, help_text="Measured at the provider, for all pictures.")
    pictures = models.PositiveSmallIntegerField(null=True, help_text="What it delivered to its job; else empty.")
    error_code = models.CharField(max_length=20, choices=ErrorCode, blank=True)
    error_detail = models.CharField(max_length=500, blank=True, help_text="For staff; never shown to people.")

    # Set exactly while the provider is to be asked about a prediction that runs there: see generation/remote.py.
    poll_at = models.DateTimeField(null=True)
    polls = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        indexes = [
            models.Index(fields=["poll_at"], condition=Q(poll_at__isnull=False), name="attempt_to_ask_about"),
            # A provider's health: what its attempts of the last day came to.
            models.Index(
                fields=["provider", "finished_at"], condition=Q(finished_at__isnull=False), name="attempt_outcomes"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=3), name="attempt_at_most_three"),
            models.UniqueConstraint(fields=["job", "number"], name="attempt_numbered_once"),
            models.UniqueConstraint(fields=["job"], condition=Q(finished_at__isnull=True), name="attempt_one_live"),
            models.UniqueConstraint(fields=["provider", "external_id"], name="attempt_external_id_once"),
            # Measured times are divided by the pictures; only a success delivers, and once.
            models.CheckConstraint(
                condition=Q(pictures__isnull=True)
                | Q(
                    pictures__gte=1,
                    pictures__lte=4,
                    run_seconds__isnull=False,
                    run_seconds__gte=0,
                    error_code="",
                    finished_at__isnull=False,
                ),
                name="attempt_delivers_by_success",
            ),
            models.UniqueConstraint(fields=["job"], condition=Q(pictures__isnull=False), name="attempt_one_delivers"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"
