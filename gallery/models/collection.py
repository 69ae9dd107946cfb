"""Collections: one's own pictures and others' posts, kept together. Each stays its owner's and as visible as it is."""

import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from gallery.models import counting
from generation.models import Asset, Visibility

NAME_MAX, ABOUT_MAX = 60, 500
ITEMS_MAX = 10_000


class Collection(models.Model):
    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=NAME_MAX)
    about = models.CharField(max_length=ABOUT_MAX, blank=True)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    item_count = models.IntegerField(default=0, db_default=0, editable=False, help_text="Kept by trigger.")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["owner", "-changed_at", "-id"], name="collection_by_owner")]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="collection_has_a_name"),
            models.CheckConstraint(
                condition=Q(visibility__in=Visibility.values), name="collection_visibility_is_known"
            ),
            models.CheckConstraint(
                condition=Q(item_count__gte=0, item_count__lte=ITEMS_MAX), name="collection_holds_so_many"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return reverse("collection", args=[self.code])


class CollectionItem(models.Model):
    """One picture in one collection, newest first."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["collection", "-id"], name="collection_item_order")]
        constraints = [models.UniqueConstraint(fields=["collection", "asset"], name="collection_holds_a_picture_once")]
        triggers = [
            counting.on_rows(
                "counts_item",
                added=counting.add("gallery_collection", "item_count", where="id = NEW.collection_id", number=1),
                removed=counting.add("gallery_collection", "item_count", where="id = OLD.collection_id", number=-1),
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} in {self.collection_id}"
