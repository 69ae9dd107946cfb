"""What people say about a post without words: likes, and ratings of one to five stars. One of each per person."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from gallery.models import counting
from gallery.models.post import Post

STARS_MAX = 5


class Like(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="like_by_person")]
        constraints = [models.UniqueConstraint(fields=["user", "post"], name="like_once_per_person")]
        triggers = [
            counting.on_rows(
                "counts_like",
                added=counting.add("gallery_post", "like_count", where="id = NEW.post_id", number=1)
                + counting.add_to_artist(
                    "like_count", owner="(SELECT owner_id FROM gallery_post WHERE id = NEW.post_id)", number="1"
                ),
                removed=counting.add("gallery_post", "like_count", where="id = OLD.post_id", number=-1)
                + counting.add_to_artist(
                    "like_count", owner="(SELECT owner_id FROM gallery_post WHERE id = OLD.post_id)", number="-1"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.post_id}"


class Rating(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="ratings")
    stars = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "post"], name="rating_once_per_person"),
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=STARS_MAX), name="rating_has_one_to_five_stars"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="not_of_ones_own",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (SELECT FROM gallery_post WHERE id = NEW.post_id AND owner_id = NEW.user_id) THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'rating_not_of_ones_own',
                            MESSAGE = 'others rate a picture, its owner does not';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="counts_rating",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("stars") | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'INSERT' THEN
                        UPDATE gallery_post SET rating_count = rating_count + 1, rating_sum = rating_sum + NEW.stars
                            WHERE id = NEW.post_id;
                    ELSIF TG_OP = 'UPDATE' THEN
                        UPDATE gallery_post SET rating_sum = rating_sum + NEW.stars - OLD.stars WHERE id = NEW.post_id;
                    ELSE
                        UPDATE gallery_post SET rating_count = rating_count - 1, rating_sum = rating_sum - OLD.stars
                            WHERE id = OLD.post_id;
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} gives {self.post_id} {self.stars} stars"
