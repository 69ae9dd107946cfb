"""A post: an asset shown to others. It carries copies of what a wall needs, so that a page of the gallery is one query;
who may see it stays a fact of the asset. Only gallery/posts.py writes here."""

from collections.abc import Collection
from functools import cache, lru_cache
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.functional import cached_property

from gallery.models import counting
from gallery.models.searching import KEEPS_SEARCH_ENTRY
from generation.models import LEVELS_FOR_ALL, Asset, InferenceModel, Level, OutputKind, Visibility
from generation.models.asset import RENDITION_TYPES
from generation.tones import TONES

TITLE_MAX = 120
# A single five-star rating must not stand above a hundred of 4.8.
PRIOR_COUNT, PRIOR_STARS = 5, 3
_TONES = tuple(TONES)
_TYPES = tuple(f"image/{kind}" for kind in RENDITION_TYPES)
_NO_CODE = str(UUID(int=0))
_NO_FOLDER = "*" * 32
_NO_HANDLE = "no_handle"


# What a wall shows of a post and its artist; everything else stays in the database.
_WALL = (
    "asset_id",
    "owner_id",
    "title",
    "published_at",
    "like_count",
    "rating_count",
    "rating_sum",
    "kind",
    "level",
    "code",
    "aspect_ratio",
    "width",
    "height",
    "tone",
    "placeholder",
    "alt",
    "prompt",
    "owner__handle",
    "owner__display_name",
)


def _walls() -> list[models.Index]:
    """An index for each order of each wall: all posts, and those of one artist, model, ratio or colour.

    A page of any of them then begins where the one before ended, however rare or old what it shows is.
    """
    orders = {"new": "published_at", "liked": "like_count", "rated": "rating_rank"}
    walls = {"": (), "artist_": ("owner",), "model_": ("model",), "ratio_": ("aspect_ratio",), "tone_": ("tone",)}
    names = {"post_new": "post_feed", "post_artist_new": "post_by_artist"}
    return [
        models.Index(
            *(F(field) for field in fields),
            F(column).desc(),
            F("id").desc(),
            condition=Q(is_listed=True),
            name=names.get(f"post_{wall}{order}", f"post_{wall}{order}"),
        )
        for wall, fields in walls.items()
        for order, column in orders.items()
    ]


class PostQuerySet(models.QuerySet["Post"]):
    def listed(self, *, levels: Collection[str] = LEVELS_FOR_ALL) -> "PostQuerySet":
        """What feeds show, with the artist. The asset has the last word: what it withdrew or deleted is not here."""
        return (
            self.filter(is_listed=True, level__in=levels)
            .filter(asset__visibility=Visibility.PUBLIC, asset__deleted_at__isnull=True)
            .select_related("owner")
            .only(*_WALL)
            .annotate(public_folder=F("asset__public_folder"))
        )


class Post(models.Model):
    """One per asset that was ever shown; withdrawing keeps the row, so that its title and its likes are not lost."""

    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="post")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=TITLE_MAX, blank=True)
    level = models.CharField("content level", max_length=10, choices=Level, default=Level.GENERAL)
    is_listed = models.BooleanField(default=False, help_text="Public, and in the feeds.")
    published_at = models.DateTimeField(help_text="When it was last shown again after being private or unlisted.")
    first_published_at = models.DateTimeField()

    # Kept by triggers of the tables whose rows they count.
    like_count = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    rating_sum = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    rating_rank = models.GeneratedField(
        expression=(F("rating_sum") + PRIOR_COUNT * PRIOR_STARS) * 1000 / (F("rating_count") + PRIOR_COUNT),
        output_field=models.IntegerField(),
        db_persist=True,
        help_text="Thousandths of a star, as if PRIOR_COUNT people had given PRIOR_STARS before.",
    )

    # Copies of facts of the asset and its job, written at publishing.
    code = models.UUIDField(unique=True, editable=False)
    aspect_ratio = models.CharField(max_length=5)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    tone = models.CharField(max_length=8)
    placeholder = models.CharField(max_length=600, blank=True)
    alt = models.CharField(max_length=300)
    prompt = models.TextField(blank=True, help_text="As others see it: nothing while its owner hides it.")
    # For processes of the release before, while a new one takes over; this one reads `model`.
    model_name = models.CharField(max_length=60)
    # Empty in rows of earlier releases, until they are published again.
    model = models.ForeignKey(InferenceModel, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=OutputKind, default=OutputKind.PICTURE, db_default=OutputKind.PICTURE)

    # Whether the viewer of a page likes it: no column, set by reactions.py.
    is_liked = False

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes = _walls()
        constraints = [
            models.CheckConstraint(condition=Q(level__in=Level.values), name="post_level_is_known"),
            models.CheckConstraint(
                condition=Q(is_listed=False) | ~Q(level=Level.REFUSED), name="post_refused_is_never_listed"
            ),
            models.CheckConstraint(
                condition=Q(first_published_at__lte=F("published_at")), name="post_first_published_first"
            ),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="post_has_a_size"),
        ]
        triggers = [
            # The artist page and the file door must never disagree about whose picture this is.
            pgtrigger.Trigger(
                name="fits_its_asset",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("asset_id", "owner_id", "code"),
                func="""
                    PERFORM 1 FROM generation_asset a
                      WHERE a.id = NEW.asset_id AND a.owner_id = NEW.owner_id AND a.code = NEW.code;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'post_fits_its_asset',
                            MESSAGE = 'a post has the owner and the code of its asset';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="counts_post",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("is_listed", "owner_id") | pgtrigger.Delete,
                func=f"""
                    IF TG_OP <> 'INSERT' AND OLD.is_listed THEN
                        {counting.add_to_artist("post_count", owner="OLD.owner_id", number="-1")}
                    END IF;
                    IF TG_OP <> 'DELETE' AND NEW.is_listed THEN
                        {counting.add_to_artist("post_count", owner="NEW.owner_id", number="1")}
                    END IF;
                    RETURN NULL;
                """,
            ),
            KEEPS_SEARCH_ENTRY,
        ]

    def __str__(self) -> str:
        return self.title or str(self.code)

    @classmethod
    def wall_columns(cls) -> list[str]:
        """What `listed()` reads of a post, and what walls are sorted by."""
        fields = ["id", "rating_rank", *(name for name in _WALL if "__" not in name)]
        columns = {field.name: str(field.column) for field in cls._meta.concrete_fields}
        columns |= {field.attname: str(field.column) for field in cls._meta.concrete_fields}
        return [columns[name] for name in dict.fromkeys(fields)]

    @property
    def url(self) -> str:
        return _page_of_a_piece().replace(_NO_CODE, self._code)

    @property
    def stars(self) -> float | None:
        """The mean of its ratings, one to five; None before the first."""
        return self.rating_sum / self.rating_count if self.rating_count else None

    # What its heart says, as text.

    @property
    def like_number(self) -> str:
        return f"{self.like_count:,}"

    @property
    def like_shown(self) -> str:
        """The number, or "" where there is none to show."""
        return self.like_number if self.like_count else ""

    @property
    def like_words(self) -> str:
        return f"{self.like_number} {'like' if self.like_count == 1 else 'likes'}"

    @property
    def like_on(self) -> str:
        """What pressing the heart asks for."""
        return "0" if self.is_liked else "1"

    @property
    def like_pressed(self) -> str:
        return "true" if self.is_liked else "false"

    @property
    def artist_name(self) -> str:
        return self.owner.public_name

    @property
    def artist_url(self) -> str:
        return _page_of_an_artist().replace(_NO_HANDLE, self.owner.handle) if self.owner.handle else ""

    @property
    def artist_tone(self) -> str:
        """The ground of the artist's letter: always the same one for the same person."""
        return tone_of(self.owner_id)

    @property
    def remix_url(self) -> str:
        """Empty while the prompt is hidden: there would be nothing to begin from."""
        return f"{self.url}/remix" if self.prompt else ""

    @property
    def sources(self) -> list[tuple[str, str]]:
        """(type, srcset) for each format, best first."""
        return list(zip(_TYPES, self._addresses[:-1], strict=True))

    @property
    def src(self) -> str:
        return self._addresses[-1]

    @property
    def folder(self) -> str:
        """Its asset's public folder, which comes along in the one query of a wall; elsewhere a post names none."""
        return getattr(self, "public_folder", "")

    @cached_property
    def _addresses(self) -> list[str]:
        """The srcset of each format, then src."""
        pattern = _addresses(self.width, settings.S3_PUBLIC_URL if self.folder else "")
        return pattern.replace(_NO_FOLDER, self.folder).replace(_NO_CODE, self._code).split("\n")

    @cached_property
    def _code(self) -> str:
        """As addresses say it: a wall writes it eight times a post."""
        return str(self.code)


@lru_cache(maxsize=512)
def _addresses(width: int, public_url: str) -> str:
    """The srcsets and the src of a picture this wide, in lines, with _NO_CODE for its code and _NO_FOLDER for its
    public folder: an asset forms them, a wall repeats them."""
    pattern = Asset(code=UUID(_NO_CODE), width=width, public_folder=_NO_FOLDER if public_url else "")
    return "\n".join([*(srcset for _, srcset in pattern.sources), pattern.src])


# To reverse a URL takes longer than all else that a tile is made of, so it is done once.
@cache
def _page_of_a_piece() -> str:
    return reverse("art", args=[_NO_CODE])


@cache
def _page_of_an_artist() -> str:
    return reverse("artist", args=[_NO_HANDLE])


def tone_of(user_id: int) -> str:
    return _TONES[user_id % len(_TONES)]
