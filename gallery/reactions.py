"""Likes and ratings: one of each per person and post. The only writer of both; their counts are kept by triggers."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import Exists, IntegerField, OuterRef, Subquery

from gallery.errors import NotYours, OwnRating
from gallery.models import Follow, Like, Post, Rating
from generation.models import Asset, Visibility
from generation.models.asset import AssetQuerySet

# Two clicks at once are one like: the second insert finds the first and does nothing.
_LIKE = "INSERT INTO gallery_like (user_id, post_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"


def like(*, code: UUID, user_id: int) -> Post:
    """Like a post; again changes nothing. Returns it as it is now, with `is_liked`. Raises NotYours."""
    post = _find(code, user_id)
    if not post.is_liked:
        with connection.cursor() as cursor:
            cursor.execute(_LIKE, [user_id, post.pk])
            _count(post, cursor.rowcount)
        post.is_liked = True
    return post


def unlike(*, code: UUID, user_id: int) -> Post:
    """Take a like back; again changes nothing. Returns the post as it is now. Raises NotYours."""
    post = _find(code, user_id)
    if post.is_liked:
        removed, _ = Like.objects.filter(user=user_id, post=post).delete()
        _count(post, -removed)
        post.is_liked = False
    return post


def rate(*, code: UUID, user_id: int, stars: int) -> None:
    """Give one to five stars, in place of those given before. Raises NotYours, OwnRating."""
    post = _find(code, user_id)
    if post.owner_id == user_id:
        raise OwnRating
    Rating.objects.bulk_create(
        [Rating(user_id=user_id, post=post, stars=stars)],
        update_conflicts=True,
        unique_fields=["user", "post"],
        update_fields=["stars"],
    )


def unrate(*, code: UUID, user_id: int) -> None:
    """Take the stars back; again changes nothing. Raises NotYours."""
    Rating.objects.filter(user=user_id, post=_find(code, user_id)).delete()


def _find(code: UUID, user_id: int) -> Post:
    """A post that this person sees and that others see too. Raises NotYours, also for one's own withdrawn one."""
    shown = Asset.objects.visible_to_id(user_id).exclude(visibility=Visibility.PRIVATE)
    seen = marked(shown.filter(post__isnull=False), user_id=user_id).select_related("post")
    if (asset := seen.filter(code=code).first()) is None:
        raise NotYours(code=code)
    post: Post = asset.post
    post.is_liked = vars(asset)["is_liked"]
    return post


def _count(post: Post, change: int) -> None:
    """Bring the count in hand up to date, without a query where this was the change."""
    if change:
        post.like_count += change
    else:  # another click was faster, so the count in hand may be from before it
        post.refresh_from_db(fields=["like_count"])


# --- What a viewer has said ------------------------------------------------------------------------------------------


def marked(assets: AssetQuerySet, *, user_id: int) -> AssetQuerySet:
    """Assets, each with what this person has said of it: `is_liked`, `given_stars`, and `is_followed` of its artist."""
    of_post = {"user": user_id, "post": OuterRef("post__pk")}
    return assets.annotate(
        is_liked=Exists(Like.objects.filter(**of_post)),
        given_stars=Subquery(Rating.objects.filter(**of_post).values("stars")[:1], output_field=IntegerField()),
        is_followed=Exists(Follow.objects.filter(follower=user_id, artist=OuterRef("owner"))),
    )


def mark(posts: Iterable[Post], *, user_id: int) -> None:
    """Set `is_liked` on each post of a page, in one query; none for an empty page."""
    by_id = {post.pk: post for post in posts}
    liked = Like.objects.filter(user=user_id, post__in=by_id).values_list("post_id", flat=True) if by_id else ()
    for post_id in liked:
        by_id[post_id].is_liked = True
