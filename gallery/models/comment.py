"""What people write under a post. A removed comment keeps its row, for reports and appeals, and shows nowhere."""

import pgtrigger
import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from gallery.models.post import Post, tone_of

TEXT_MAX = 1000


class Comment(models.Model):
    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.CharField(max_length=TEXT_MAX)
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["post", "id"], condition=Q(removed_at__isnull=True), name="comment_of_post"),
            models.Index(fields=["author", "-id"], name="comment_by_author"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="comment_says_something"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="comment_removed_by_somebody",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="counts_comment",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("removed_at") | pgtrigger.Delete,
                declare=[("change", "integer")],
                func="""
                    change := CASE WHEN TG_OP <> 'DELETE' AND NEW.removed_at IS NULL THEN 1 ELSE 0 END
                            - CASE WHEN TG_OP <> 'INSERT' AND OLD.removed_at IS NULL THEN 1 ELSE 0 END;
                    IF change <> 0 THEN
                        UPDATE gallery_post SET comment_count = comment_count + change
                            WHERE id = COALESCE(NEW.post_id, OLD.post_id);
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"comment {self.code}"

    @property
    def author_tone(self) -> str:
        return tone_of(self.author_id)
