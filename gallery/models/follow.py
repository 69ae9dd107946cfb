"""Who follows whom."""

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from gallery.models import counting


class Follow(models.Model):
    """`follower` sees what `artist` publishes in the following feed."""

    follower = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    artist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "artist"], name="follow_once"),
            models.CheckConstraint(condition=~models.Q(follower=F("artist")), name="follow_is_of_somebody_else"),
        ]
        triggers = [
            counting.on_rows(
                "counts_follow",
                added=counting.add_to_artist("follower_count", owner="NEW.artist_id", number="1"),
                removed=counting.add_to_artist("follower_count", owner="OLD.artist_id", number="-1"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.artist_id}"
