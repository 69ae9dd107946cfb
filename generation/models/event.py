"""The receipt of a provider's webhook: kept before it is answered, once per event, whatever becomes of it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generation.models.attempt import Attempt


class ProviderEvent(models.Model):
    """One verified message. `body` is what was signed, byte for byte; it is emptied after a while, the row stays."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=200)
    # Empty where the address named an attempt that is not ours.
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.PROTECT, related_name="events")
    status = models.CharField(max_length=30, blank=True, help_text="In the provider's word.")
    is_final = models.BooleanField(help_text="Nothing about the prediction changes after it.")
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="event_received_once"),
        ]
        indexes = [
            models.Index(fields=["received_at"], condition=~Q(body=b""), name="event_with_its_body"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
