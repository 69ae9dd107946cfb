"""One picture as one viewer may know it. Reads only; what is not for this viewer is not in the value at all."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from gallery import levels, posts, reactions
from gallery.errors import NotYours
from gallery.models import Artist, Post, Visibility
from gallery.models.post import tone_of
from generation.models import Asset
from generation.solid import camera

if TYPE_CHECKING:
    from accounts.models import User

Viewer: TypeAlias = "User | AnonymousUser"


@dataclass(frozen=True)
class Said:
    """What the viewer has said of a picture and its artist, beside the like that its post carries."""

    stars: int = 0
    is_followed: bool = False


@dataclass(frozen=True)
class Piece:
    """An asset, its post where it has one, and what the viewer may read of how it was made."""

    asset: Asset
    post: Post | None
    is_owner: bool
    shows_settings: bool
    """False for everyone but the owner while the prompt is hidden: then prompt, seed and words stay untold."""
    is_withheld: bool = False
    """Whether the page is there and the picture is not: its level is for accounts, and the viewer has none."""
    said: Said = Said()

    @property
    def is_shown(self) -> bool:
        """Whether others see it too: only then is it liked, rated and commented on."""
        return self.post is not None and not self.is_private

    @property
    def picture_count(self) -> int:
        """How many pictures its artist shows to everybody."""
        artist: Artist | None = getattr(self.asset.owner, "artist", None)
        return artist.post_count if artist else 0

    @property
    def prompt(self) -> str:
        return self.asset.job.prompt_written if self.shows_settings else ""

    @property
    def shows_words(self) -> bool:
        """Whether there is more to read than the prompt: how it was enhanced, what was sent, what was left out."""
        job = self.asset.job
        more = job.negative_prompt or job.prompt_enhanced or job.prompt_sent != job.prompt_written
        return self.shows_settings and bool(more)

    @property
    def title(self) -> str:
        return self.post.title if self.post else ""

    @property
    def alt(self) -> str:
        return self.asset.alt if self.shows_settings else posts.alt(self.asset)

    @property
    def is_private(self) -> bool:
        return self.asset.visibility == Visibility.PRIVATE

    @property
    def is_public(self) -> bool:
        return self.asset.visibility == Visibility.PUBLIC

    @property
    def artist_tone(self) -> str:
        return tone_of(self.asset.owner_id)

    @property
    def orbit(self) -> str:
        """Where the viewer's camera begins: where the poster was drawn from."""
        return f"{camera.AZIMUTH_DEGREES}deg {camera.POLAR_DEGREES}deg 130%"

    @property
    def type_name(self) -> str:
        """PNG, JPEG, WEBP or GLB, as people call it."""
        return "GLB" if self.asset.is_3d else self.asset.content_type.rpartition("/")[2].upper()


def find(*, code: UUID, viewer: Viewer) -> Piece:
    """The asset with everything its page says, in one query. Raises NotYours where the viewer may not see it."""
    seen = Asset.objects.visible_to(viewer).select_related("job__model", "model", "owner__artist", "post")
    if viewer.is_authenticated:
        seen = reactions.marked(seen, user_id=viewer.pk)
    try:
        asset = seen.get(code=code)
    except Asset.DoesNotExist as error:
        raise NotYours(code=code) from error
    return of(asset, viewer=viewer)


def of(asset: Asset, *, viewer: Viewer) -> Piece:
    """An asset that this viewer may see, loaded with job, models, owner and post, as they may know it."""
    is_owner = asset.owner_id == viewer.pk
    post: Post | None = getattr(asset, "post", None)
    marks = vars(asset)  # what reactions.marked has added, where it has
    if post is not None:
        post.is_liked = marks.get("is_liked", False)
    return Piece(
        asset=asset,
        post=post,
        is_owner=is_owner,
        shows_settings=is_owner or not asset.prompt_hidden,
        said=Said(stars=marks.get("given_stars") or 0, is_followed=marks.get("is_followed", False)),
        is_withheld=levels.of(viewer).withholds(asset.level, owner_id=asset.owner_id),
    )


def find_own(*, code: UUID, owner: Viewer) -> Piece:
    """The same for what only its owner may do. Raises NotYours."""
    piece = find(code=code, viewer=owner)
    if not piece.is_owner:
        raise NotYours(code=code)
    return piece


def find_shown(*, code: UUID, viewer: Viewer) -> Piece:
    """The same for what people say about it: others must see it too. Raises NotYours, also for a private one."""
    piece = find(code=code, viewer=viewer)
    if not piece.is_shown:
        raise NotYours(code=code)
    return piece
