"""An asset: a stored picture or 3D model. Who may see it is a fact of the asset, decided by one QuerySet."""

from typing import TYPE_CHECKING

import pgtrigger
import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from credits.triggers import Firm, refuse
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
    WITHHELD = "withheld"  # by staff, until they or an appeal restore it


class Level(models.TextChoices):
    """How much a picture shows. `refused` is given by staff or a check, never chosen by an owner."""

    GENERAL = "general"
    SUGGESTIVE = "suggestive"
    NUDITY = "nudity"
    EXPLICIT = "explicit"
    REFUSED = "refused"

    @classmethod
    def highest(cls, *levels: str) -> "Level":
        """The one of these that shows most. They stand in their order above."""
        return max(map(cls, levels), key=list(cls).index)

    @property
    def and_above(self) -> list["Level"]:
        """It and those that show more."""
        return list(Level)[list(Level).index(self) :]


def _at_least_its_floor() -> Q:
    """For a CHECK: levels have an order, their names have none that SQL knows."""
    allowed = Q(level_floor=Level.REFUSED, level=Level.REFUSED)
    for floor in LEVELS_FOR_PEOPLE:
        allowed |= Q(level_floor=floor, level__in=floor.and_above)
    return allowed


LEVELS_FOR_ALL = (Level.GENERAL, Level.SUGGESTIVE)
LEVELS_FOR_PEOPLE = (*LEVELS_FOR_ALL, Level.NUDITY, Level.EXPLICIT)

# What may be copied to where everybody reads, for caches: what every visitor may see on a wall.
FOR_EVERYBODY = Q(visibility=Visibility.PUBLIC, level__in=LEVELS_FOR_ALL, deleted_at__isnull=True)


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, user: "AbstractBaseUser | AnonymousUser | None") -> "AssetQuerySet":
        """The only rule of who may see an asset: its owner, and everybody once it has left private."""
        return self.visible_to_id(user.pk if user is not None else None)

    def visible_to_id(self, user_id: int | None) -> "AssetQuerySet":
        """The same for a viewer known by id alone, as the file door knows them."""
        shown = Q(visibility__in=(Visibility.UNLISTED, Visibility.PUBLIC))
        return self.filter(deleted_at__isnull=True).filter(shown | Q(owner=user_id) if user_id else shown)

    def bytes_for(self, user: "AbstractBaseUser | AnonymousUser | None") -> "AssetQuerySet":
        """Whose very picture may reach this viewer: of what they may see, levels beyond the first two only with an
        account, or as the owner."""
        return self.bytes_for_id(user.pk if user else None, is_account=bool(user and user.is_authenticated))

    def bytes_for_id(self, viewer_id: int | None, *, is_account: bool) -> "AssetQuerySet":
        """The same for a viewer known by id alone, and by whether it is an account's or a guest's."""
        seen = self.visible_to_id(viewer_id)
        if is_account:
            return seen
        return seen.filter(
            Q(level__in=LEVELS_FOR_ALL) | Q(owner=viewer_id) if viewer_id else Q(level__in=LEVELS_FOR_ALL)
        )

    def without_public_copy(self) -> "AssetQuerySet":
        """What is for everybody, is rendered and has no public folder yet."""
        return self.filter(FOR_EVERYBODY, public_folder="", rendered_at__isnull=False)


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
    # What its words, a provider's check or staff have set. Its owner chooses this one or a higher one.
    level_floor = models.CharField(
        "least content level", max_length=10, choices=Level, default=Level.GENERAL, db_default=Level.GENERAL
    )
    # Under public/<this>/ lie copies of its renditions, for a cache before the bucket; none where empty.
    public_folder = models.CharField(max_length=32, blank=True, db_default="", default="")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, help_text="In the trash since then.")
    purged_at = models.DateTimeField(null=True, help_text="Gone for good since then; the row stays for the books.")
    files_removed_at = models.DateTimeField(null=True, help_text="After that: its bytes are gone too.")

    objects = AssetQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], condition=Q(deleted_at__isnull=True), name="asset_library"),
            models.Index(
                fields=["owner", "-deleted_at", "-id"],
                condition=Q(deleted_at__isnull=False, purged_at__isnull=True),
                name="asset_trash",
            ),
            models.Index(
                fields=["id"],
                condition=FOR_EVERYBODY & Q(public_folder="", rendered_at__isnull=False),
                name="asset_without_public_copy",
            ),
            models.Index(
                fields=["id"],
                condition=Q(moderation=Moderation.UNKNOWN, deleted_at__isnull=True),
                name="asset_moderation_queue",
            ),
            # What has lain in the trash for long enough, and what is gone for good but for its bytes.
            models.Index(
                fields=["deleted_at"], condition=Q(deleted_at__isnull=False, purged_at__isnull=True), name="asset_due"
            ),
            models.Index(
                fields=["id"],
                condition=Q(purged_at__isnull=False, files_removed_at__isnull=True),
                name="asset_files_to_remove",
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
            models.CheckConstraint(condition=_at_least_its_floor(), name="asset_level_not_below_its_floor"),
            models.CheckConstraint(
                condition=~Q(level=Level.REFUSED) | Q(visibility=Visibility.PRIVATE), name="asset_refused_stays_private"
            ),
            models.CheckConstraint(
                condition=Q(purged_at__isnull=True) | Q(deleted_at__isnull=False), name="asset_purged_from_the_trash"
            ),
            models.CheckConstraint(
                condition=Q(public_folder="") | FOR_EVERYBODY, name="asset_public_folder_only_for_everybody"
            ),
            models.CheckConstraint(
                condition=Q(files_removed_at__isnull=True) | Q(purged_at__isnull=False), name="asset_bytes_go_last"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=0, width__gt=0, height__gt=0), name="asset_has_a_size"),
        ]
        triggers = [
            # Whoever takes a picture back, by whichever statement, leaves its public folder in the same moment: pages
            # stop naming it, and what is left is deleted.
            Firm(
                name="leaves_public_folder",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("visibility", "level", "deleted_at", "public_folder"),
                func=f"""
                    IF NEW.visibility <> '{Visibility.PUBLIC}' OR NEW.deleted_at IS NOT NULL
                       OR NEW.level NOT IN ({", ".join(f"'{level}'" for level in LEVELS_FOR_ALL)}) THEN
                        NEW.public_folder := '';
                        UPDATE generation_publicfolder SET state = 'left'
                         WHERE asset_id = NEW.id AND state IN ('filling', 'used');
                    ELSIF NEW.public_folder <> OLD.public_folder THEN
                        UPDATE generation_publicfolder SET state = 'left' WHERE asset_id = NEW.id AND state = 'used'
                           AND name <> NEW.public_folder;
                        IF NEW.public_folder <> '' AND NOT EXISTS (
                            SELECT FROM generation_publicfolder
                             WHERE asset_id = NEW.id AND name = NEW.public_folder AND state = 'used') THEN
                            {refuse("asset_public_folder_is_in_use")}
                        END IF;
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  (words of our own)
            ),
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
    def is_for_all_levels(self) -> bool:
        """Whether visitors and guests may get its bytes, where they may see it."""
        return self.level in LEVELS_FOR_ALL

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

    @property
    def rendition_widths(self) -> list[int]:
        """Those below the picture's own, and the first that is not: that one holds the picture's own width."""
        beyond = [width for width in RENDITION_WIDTHS if width >= self.width][:1]
        return [width for width in RENDITION_WIDTHS if width < self.width] + beyond

    def _srcset(self, kind: str) -> str:
        return ", ".join(f"{self._file(width, kind)} {min(width, self.width)}w" for width in self.rendition_widths)

    def _file(self, width: int, kind: str) -> str:
        """Its own door, which asks who is there; or the copy that everybody may read, where there is one."""
        if self.public_folder and settings.S3_PUBLIC_URL:
            widest = min(width, self.rendition_widths[-1])
            return f"{settings.S3_PUBLIC_URL}/public/{self.public_folder}/{widest}.{kind}"
        return f"/files/{self.code}/{width}.{kind}"
