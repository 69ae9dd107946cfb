"""An enhancement: a prompt written anew by a language model, free, before anything is paid."""

import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generation.models.catalogue import InferenceModel, Style
from generation.models.job import ErrorCode
from generation.models.reference import Reference


class EnhancementState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Enhancement(models.Model):
    """The words as written and as enhanced. A job keeps copies of both, so a row is only needed until it is used."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    form_key = models.CharField(max_length=200, unique=True)
    written = models.TextField()
    text = models.TextField(blank=True)
    model = models.ForeignKey(InferenceModel, null=True, on_delete=models.PROTECT, related_name="+")
    style = models.CharField(max_length=10, choices=Style, default=Style.NONE)
    reference = models.ForeignKey(Reference, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=EnhancementState, default=EnhancementState.WAITING)
    error_code = models.CharField(max_length=20, choices=ErrorCode, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    started_at = models.DateTimeField(null=True, help_text="Of the try that runs; empty while it waits for a worker.")
    created_at = models.DateTimeField(db_default=Now())
    deadline_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], name="enhancement_by_owner"),
            models.Index(fields=["deadline_at"], condition=Q(finished_at__isnull=True), name="enhancement_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=EnhancementState.WAITING, finished_at__isnull=True, text="", error_code="")
                | Q(state=EnhancementState.DONE, finished_at__isnull=False, error_code="") & ~Q(text="")
                | Q(state=EnhancementState.FAILED, finished_at__isnull=False, text="") & ~Q(error_code=""),
                name="enhancement_ends_once_and_says_how",
            ),
        ]

    def __str__(self) -> str:
        return str(self.code)
