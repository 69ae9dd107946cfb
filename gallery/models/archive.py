"""A ZIP of somebody's pictures, packed in the background. Its file lies in storage until it expires."""

import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from generation.models import Asset


class ArchiveState(models.TextChoices):
    QUEUED = "queued"
    PACKING = "packing"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class Archive(models.Model):
    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120, help_text="What it holds, as its owner reads it.")
    state = models.CharField(max_length=8, choices=ArchiveState, default=ArchiveState.QUEUED)
    total = models.PositiveIntegerField(help_text="Pictures that were asked for.")
    packed = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0, help_text="Pictures that were gone when they were to be packed.")
    storage_key = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(
        null=True, help_text="Until when a worker is believed to be packing, or it rests."
    )
    tries = models.PositiveSmallIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], name="archive_by_owner"),
            models.Index(fields=["id"], condition=Q(state__in=["queued", "packing"]), name="archive_open"),
            models.Index(fields=["expires_at"], condition=~Q(storage_key=""), name="archive_with_a_file"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(total__gt=0), name="archive_holds_something"),
            models.CheckConstraint(condition=Q(packed__lte=F("total")), name="archive_packs_what_was_asked"),
            models.CheckConstraint(
                condition=~Q(state="ready") | (~Q(storage_key="") & Q(expires_at__isnull=False)),
                name="archive_ready_has_a_file_and_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"archive {self.code}"

    @property
    def url(self) -> str:
        return reverse("archive", args=[self.code])

    @property
    def is_open(self) -> bool:
        return self.state in (ArchiveState.QUEUED, ArchiveState.PACKING)

    @property
    def version(self) -> str:
        """Changes with what its card shows."""
        return f"{self.state}-{self.packed + self.missing}"


class ArchiveItem(models.Model):
    """A picture that was asked for, so that what matched at the time is what is packed."""

    archive = models.ForeignKey(Archive, on_delete=models.CASCADE, related_name="items", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["archive", "asset"], name="archive_holds_a_picture_once")]

    def __str__(self) -> str:
        return f"{self.asset_id} in {self.archive_id}"
