"""A folder of the bucket that everybody may read: copies of one public picture's renditions, under a name that nobody
can guess. Its row is there before its first object and goes after its last one, so that none is ever forgotten."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generation.models.asset import Asset


class FolderState(models.TextChoices):
    FILLING = "filling"
    USED = "used"
    LEFT = "left"


class PublicFolder(models.Model):
    """`used` is what its asset names in `public_folder`; `left` is to be deleted. Written by public_copies.py, and by
    the trigger of an asset that stops being public. Showing a picture again takes a new folder."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=8, choices=FolderState, default=FolderState.FILLING)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="public_folder_by_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["asset"],
                condition=Q(state__in=(FolderState.FILLING, FolderState.USED)),
                name="public_folder_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(state__in=FolderState.values), name="public_folder_state_is_known"),
            models.CheckConstraint(condition=Q(name__regex=r"^[0-9a-f]{32}$"), name="public_folder_name_is_random"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        return f"public/{self.name}"
