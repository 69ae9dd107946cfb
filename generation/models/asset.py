"""An asset: a stored picture or 3D model. Who may see it is a fact of the asset, decided by one QuerySet."""

from typing import TYPE_CHECKING

import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from generation.models.catalogue import InferenceModel, OutputKind
from generation.models.job import Job

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

RENDITION_WIDTHS = (320, 640, 1280)
RENDITION_TYPES = ("avif", "webp")
POSTER_TYPE = "image/png"


class Visibility(models.TextChoices):
    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class Moderation(models.TextChoices):
    PASSED = "passed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Level(models.TextChoices):
    """How much a picture shows. `refused` is given by staff or a check, never chosen by an owner."""

    GENERAL = "general"
    SUGGESTIVE = "suggestive"
    NUDITY = "nudity"
    EXPLICIT = "explicit"
    REFUSED = "refused"


LEVELS_FOR_ALL = (Level.GENERAL, Level.SUGGESTIVE)
LEVELS_FOR_PEOPLE = (*LEVELS_FOR_ALL, Level.NUDITY, Level.EXPLICIT)


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, user: "AbstractBaseUser | AnonymousUser | None") -> "AssetQuerySet":
        """The only rule of who may see an asset: its owner, and everybody once it has left private."""
        return self.visible_to_id(user.pk if user is not None else None)

    def visible_to_id(self, user_id: int | None) -> "AssetQuerySet":
        """The same for a viewer known by id alone, as the file door knows them."""
        shown = Q(visibility__in=(Visibility.UNLISTED, Visibility.PUBLIC))
        return self.filter(deleted_at__isnull=True).filter(shown | Q(owner=user_id) if user_id else shown)


class Asset(models.Model):
    """One picture or 3D model. Bytes lie in storage under `storage_key`; renditions too, once `rendered_at` says so.

    Width, height, colour and placeholder are those of the picture that pages show: for a 3D model its poster.
    """

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="assets")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    index = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=OutputKind, default=OutputKind.PICTURE, db_default=OutputKind.PICTURE)
    # Empty in rows of earlier releases: theirs is the job's. Another one than the job's is a consented failover.
    model = models.ForeignKey(InferenceModel, null=True, on_delete=models.PROTECT, related_name="+")
    is_late = models.BooleanField(default=False, help_text="Arrived after the job had failed: kept, not charged.")

    storage_key = models.CharField(max_length=200, unique=True)
    poster_key = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="The picture that stands for a 3D model in lists.",
    )
    triangles = models.PositiveIntegerField(null=True, help_text="That a 3D model shows; empty for a picture.")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    seed = models.BigIntegerField(null=True)
    aspect_ratio = models.CharField(max_length=5)
    alt = models.CharField(max_length=300, help_text="What it shows, in words.")
    alt_written = models.BooleanField(
        default=False, db_default=False, help_text="By its owner; otherwise it is the beginning of the prompt."
    )
    color = models.CharField(max_length=7, help_text="Dominant, #rrggbb.")
    tone = models.CharField(max_length=8, help_text="The nearest of the stylesheet's eight grounds.")
    placeholder = models.CharField(max_length=600, blank=True, help_text="A WebP of 16 px, base64.")
    rendered_at = models.DateTimeField(null=True)

    moderation = models.CharField(max_length=8, choices=Moderation, default=Moderation.UNKNOWN)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    prompt_hidden = models.BooleanField(default=False)
    level = models.CharField(
        "content level", max_length=10, choices=Level, default=Level.GENERAL, db_default=Level.GENERAL
    )
    # Under public/<this>/ lie copies of its renditions, for a cache before the bucket; none where empty.
    public_folder = models.CharField(max_length=32, blank=True, db_default="", default="")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, help_text="In the trash since then.")
    purged_at = models.DateTimeField(null=True, help_text="Its bytes are gone since then; the row stays for the books.")

    objects = AssetQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], condition=Q(deleted_at__isnull=True), name="asset_library"),
            models.Index(
                fields=["owner", "-deleted_at", "-id"],
                condition=Q(deleted_at__isnull=False, purged_at__isnull=True),
                name="asset_trash",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "index"], name="asset_one_per_index"),
            models.CheckConstraint(
                condition=Q(visibility=Visibility.PRIVATE) | Q(moderation=Moderation.PASSED),
                name="asset_shown_only_when_passed",
            ),
            models.CheckConstraint(
                condition=Q(kind=OutputKind.PICTURE, poster_key="") | Q(kind=OutputKind.MODEL_3D) & ~Q(poster_key=""),
                name="asset_of_3d_has_a_poster",
            ),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="asset_level_is_known"),
            models.CheckConstraint(
                condition=~Q(level=Level.REFUSED) | Q(visibility=Visibility.PRIVATE), name="asset_refused_stays_private"
            ),
            models.CheckConstraint(
                condition=Q(purged_at__isnull=True) | Q(deleted_at__isnull=False), name="asset_purged_from_the_trash"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=0, width__gt=0, height__gt=0), name="asset_has_a_size"),
        ]

    def __str__(self) -> str:
        return str(self.code)

    @property
    def maker(self) -> InferenceModel:
        """The model that made it, which after a failover is not the one that was asked for."""
        return self.model or self.job.model

    @property
    def url(self) -> str:
        return reverse("art", args=[self.code])

    @property
    def is_3d(self) -> bool:
        return self.kind == OutputKind.MODEL_3D

    @property
    def picture_key(self) -> str:
        """The storage key of the picture that pages show."""
        return self.poster_key or self.storage_key

    @property
    def picture_type(self) -> str:
        return POSTER_TYPE if self.is_3d else self.content_type

    @property
    def model_url(self) -> str:
        """The bytes of a 3D model, for the viewer."""
        return f"/files/{self.code}/model.glb"

    @property
    def sources(self) -> list[tuple[str, str]]:
        """(type, srcset) for each format, best first. A width beyond the picture's own is the picture's own."""
        return [(f"image/{kind}", self._srcset(kind)) for kind in RENDITION_TYPES]

    @property
    def src(self) -> str:
        return self._file(640, "webp")

    def _srcset(self, kind: str) -> str:
        wide = [width for width in RENDITION_WIDTHS if width < self.width]
        beyond = [width for width in RENDITION_WIDTHS if width >= self.width][:1]
        return ", ".join(f"{self._file(width, kind)} {min(width, self.width)}w" for width in wide + beyond)

    def _file(self, width: int, kind: str) -> str:
        return f"/files/{self.code}/{width}.{kind}"
