"""A reference picture: what somebody uploaded to follow, checked, stripped and re-encoded before anything is kept."""

import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Reference(models.Model):
    """Seen by its owner alone, and by the provider of a job that names it."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=255, help_text="What its file was called: text, never a path.")
    storage_key = models.CharField(max_length=200, unique=True)
    sha256 = models.CharField(max_length=64, help_text="Of the bytes that were uploaded.")
    content_type = models.CharField(max_length=40)
    size_bytes = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    tone = models.CharField(max_length=8)
    seen = models.JSONField(default=dict, help_text="What vision read in it; empty while nobody asked.")
    visitor_key = models.CharField(
        max_length=40, blank=True, db_default="", db_index=False, help_text="Of the browser that became a guest by it."
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="Or when the same file was uploaded again.")

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], name="reference_by_owner"),
            models.Index(fields=["owner", "sha256"], name="reference_by_content"),
            models.Index(fields=["visitor_key"], condition=~Q(visitor_key=""), name="reference_by_visitor"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(size_bytes__gt=0, width__gt=0, height__gt=0), name="reference_has_a_size"
            ),
        ]

    def __str__(self) -> str:
        return str(self.code)
