"""What is counted of an artist. Written by triggers alone; a person of whom nothing was counted yet has no row."""

from django.conf import settings
from django.db import models


class Artist(models.Model):
    """Counts beside a person's page: kept by triggers of posts, likes and follows."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.PROTECT, related_name="artist", editable=False
    )
    post_count = models.IntegerField(default=0, db_default=0, editable=False, help_text="Public ones.")
    like_count = models.IntegerField(default=0, db_default=0, editable=False, help_text="Received, on all posts.")
    follower_count = models.IntegerField(default=0, db_default=0, editable=False)

    def __str__(self) -> str:
        return f"artist {self.pk}"
