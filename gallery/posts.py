"""Showing a picture and taking it back. The only writer of posts; visibility itself is changed by generation.assets."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from gallery import strikes, wording
from gallery.errors import NeedsAccount, NotPassed, NotYours
from gallery.models import Level, Post
from generation import assets, moderation
from generation.models import Asset, Moderation, Visibility

if TYPE_CHECKING:
    from accounts.models import User

# What a second publishing may change; owner, asset, code and likes stay.
_CHANGING = (
    "title",
    "level",
    "is_listed",
    "published_at",
    "aspect_ratio",
    "width",
    "height",
    "tone",
    "placeholder",
    "alt",
    "prompt",
    "model_name",
    "model",
    "kind",
)


def publish(
    *,
    asset: Asset,
    owner: "User | AnonymousUser",
    title: str,
    visibility: str,
    hide_prompt: bool,
    level: str,
    when: datetime | None = None,
) -> Post:
    """Show an asset, public (in the feeds) or unlisted (to whoever has its address); also changes how it is shown.

    Sent twice it changes nothing more. A level below what a check, the words or staff have set becomes that one. `when`
    is for pictures that were shown elsewhere before. Raises NeedsAccount, NotYours, NotPassed, Barred.
    """
    if not owner.is_authenticated:
        raise NeedsAccount
    with transaction.atomic():
        held = _held(asset, owner)
        if held.moderation != Moderation.PASSED:
            raise NotPassed(moderation=held.moderation)
        strikes.check(user_id=held.owner_id)
        level = _checked(held, title=title, level=level)
        if level == Level.REFUSED:
            raise NotPassed(moderation=Moderation.REFUSED)
        shown = assets.show(
            asset_id=held.pk, owner_id=held.owner_id, visibility=visibility, prompt_hidden=hide_prompt, level=level
        )
        shown.job = held.job
        return _write(shown, title=title, level=level, now=when or timezone.now())


def publish_many(
    *, owner: "User | AnonymousUser", asset_ids: Collection[int], visibility: str, when: datetime | None = None
) -> int:
    """Show several of a person's assets, as `publish` does, with the titles and levels that they have; how many.

    What moderation has not passed, or whose words it would not pass, stays as it is and is not counted. Raises
    NeedsAccount, Barred.
    """
    if not owner.is_authenticated:
        raise NeedsAccount
    now = when or timezone.now()
    with transaction.atomic():
        strikes.check(user_id=owner.pk)
        held = assets.hold_many(asset_ids=asset_ids, owner_id=owner.pk)
        known = {post.asset_id: post for post in Post.objects.filter(asset__in=held)}
        shown = [asset for asset in held if _may_be_shown(asset, known.get(asset.pk))]
        assets.show_many(shown, visibility=visibility)
        posts = [_shown(asset, known.get(asset.pk), now) for asset in shown]
        # One statement for new and old rows: a CASE for each field and row would cost seconds to write down.
        Post.objects.bulk_create(posts, update_conflicts=True, unique_fields=["asset"], update_fields=_CHANGING)
    return len(shown)


def _may_be_shown(asset: Asset, post: Post | None) -> bool:
    """Whether moderation passes it with the title that it has; its level becomes what its words ask for."""
    if asset.moderation != Moderation.PASSED:
        return False
    try:
        asset.level = _checked(asset, title=post.title if post else "", level=asset.level)
    except NotPassed:
        return False
    return asset.level != Level.REFUSED


def withdraw(*, asset: Asset, owner: "User | AnonymousUser") -> None:
    """Make an asset private again: gone for everyone else from here on. The post's row keeps its title and counts.

    Raises NotYours.
    """
    with transaction.atomic():
        held = _held(asset, owner)
        assets.show(
            asset_id=held.pk, owner_id=held.owner_id, visibility=Visibility.PRIVATE, prompt_hidden=held.prompt_hidden
        )
        Post.objects.filter(asset=held, is_listed=True).update(is_listed=False)


def withdraw_many(*, owner: "User | AnonymousUser", asset_ids: Collection[int]) -> int:
    """Make several of a person's assets private again; how many."""
    with transaction.atomic():
        held = assets.hold_many(asset_ids=asset_ids, owner_id=owner.pk or 0)
        assets.show_many(held, visibility=Visibility.PRIVATE)
        Post.objects.filter(asset__in=held, is_listed=True).update(is_listed=False)
    return len(held)


def obey(*, asset: Asset) -> None:
    """Bring the post up to what staff have decided about its asset: level, and whether it hangs in the feeds."""
    is_listed = asset.visibility == Visibility.PUBLIC and asset.deleted_at is None
    Post.objects.filter(asset=asset).update(level=asset.level, is_listed=is_listed)


def _checked(asset: Asset, *, title: str, level: str) -> str:
    """The level that all words and the asset's floor allow. Raises NotPassed.

    The words are looked at each time: a title is new, and the rules may have grown since the picture was made.
    """
    job = asset.job
    wording.check(title=title, prompt=f"{job.prompt_written}\n{job.prompt_sent}", alt=asset.alt)
    # The prompt's own words have set the floor, which staff may have lowered since.
    own = asset.alt if asset.alt_written else ""
    return Level.highest(level, asset.level_floor, moderation.level_of(title, own))


def describe(*, asset: Asset, owner: "User | AnonymousUser", words: str) -> None:
    """Say what a picture shows, for those who do not see it: at once wherever it hangs, private or not.

    Words that moderation refuses raise NotPassed, those that ask for a higher level raise it. Raises NeedsAccount,
    NotYours.
    """
    if not owner.is_authenticated:
        raise NeedsAccount
    with transaction.atomic():
        held = _held(asset, owner)
        wording.check(alt=words)
        level = Level.highest(held.level, moderation.level_of(words))
        described = assets.describe(asset_id=held.pk, owner_id=held.owner_id, words=words, level=level)
        held.alt, held.alt_written = described.alt, described.alt_written
        Post.objects.filter(asset=held).update(alt=alt(held), level=level)


def _held(asset: Asset, owner: "User | AnonymousUser") -> Asset:
    """The asset under a lock: publishing and withdrawing in two tabs go one after the other."""
    try:
        locked = Asset.objects.select_for_update(no_key=True, of=("self",)).select_related("job__model", "model")
        return locked.get(pk=asset.pk, owner=owner.pk, deleted_at__isnull=True)
    except Asset.DoesNotExist as error:
        raise NotYours(code=asset.code) from error


def _write(asset: Asset, *, title: str, level: str, now: datetime) -> Post:
    post = _shown(asset, Post.objects.filter(asset=asset).first(), now)
    post.title, post.level = title, level
    post.save(update_fields=None if post.pk is None else _CHANGING)
    return post


def _shown(asset: Asset, post: Post | None, now: datetime) -> Post:
    """The post of an asset as it is shown now, not saved yet. A first one begins without a title."""
    if post is None:
        post = Post(asset=asset, owner_id=asset.owner_id, code=asset.code, published_at=now, first_published_at=now)
    is_listed = asset.visibility == Visibility.PUBLIC
    if is_listed and not post.is_listed:
        post.published_at = max(now, post.first_published_at)
    post.is_listed, post.level = is_listed, asset.level
    _copy(asset, post)
    return post


def _copy(asset: Asset, post: Post) -> None:
    """Bring the listing columns up to date. A hidden prompt is in none of them."""
    post.aspect_ratio, post.width, post.height = asset.aspect_ratio, asset.width, asset.height
    post.tone, post.placeholder = asset.tone, asset.placeholder
    post.prompt = "" if asset.prompt_hidden else asset.job.prompt_written
    post.alt = alt(asset)
    post.model, post.model_name, post.kind = asset.maker, asset.maker.name, asset.kind


def alt(asset: Asset) -> str:
    """What others hear of a picture. Words that were taken from its prompt go when that is hidden, its owner's stay."""
    is_told = asset.alt_written or not asset.prompt_hidden
    return asset.alt if is_told else f"A picture made with {asset.maker.name}"
