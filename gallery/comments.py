"""Comments under a post: written, read in pages, removed. Their only writer; a trigger keeps their count."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Now

from gallery import strikes, wording
from gallery.errors import BrokenCursor, NotYours
from gallery.models import Comment, Post, Visibility
from gallery.paging import Page
from generation.models import Asset

if TYPE_CHECKING:
    from accounts.models import User

PAGE_SIZE = 10
CODE_MAX = 36
# The same words again within this time are the same press of the button, sent twice.
TWICE_SECONDS = 60


def of_post(*, post_id: int, before: str = "") -> Page[Comment]:
    """The newest comments, the oldest of them first; the page's cursor is of those before. Raises BrokenCursor."""
    comments = Comment.objects.filter(post=post_id, removed_at__isnull=True).select_related("author")
    if before:
        # By the code of the first one shown, whose row stays when it is removed.
        comments = comments.filter(pk__lt=Subquery(Comment.objects.filter(code=_code(before)).values("pk")))
    found = list(comments.order_by("-pk")[: PAGE_SIZE + 1])
    older = str(found[PAGE_SIZE - 1].code) if len(found) > PAGE_SIZE else ""
    return Page(found[:PAGE_SIZE][::-1], older)


def add(*, code: UUID, author: "User", text: str) -> Comment:
    """Write a comment under what others see. Sent twice it is one comment. Raises NotYours, NotPassed, Barred."""
    wording.check(text=text)
    with transaction.atomic():
        strikes.check(user_id=author.pk)
        post = _held(code, author.pk)
        just_now = Now() - timedelta(seconds=TWICE_SECONDS)
        same = Comment.objects.filter(post=post, author=author, text=text, removed_at__isnull=True)
        twin = same.filter(created_at__gt=just_now).order_by("-pk").first()
        return twin or Comment.objects.create(post=post, author=author, text=text)


def remove(*, code: UUID, actor: "User") -> Comment:
    """Take a comment away: by its author, by the picture's owner, or by staff. Again changes nothing.

    Returns it with its post, whose count is as it is now. Raises NotYours.
    """
    try:
        comment = Comment.objects.select_related("post").get(code=code)
    except Comment.DoesNotExist as error:
        raise NotYours(code=code) from error
    if not may_remove(comment, actor):
        raise NotYours(code=code)
    there = Comment.objects.filter(pk=comment.pk, removed_at__isnull=True)
    comment.post.comment_count -= there.update(removed_at=Now(), removed_by=actor)
    return comment


def may_remove(comment: Comment, actor: "User") -> bool:
    return actor.is_staff or actor.pk in (comment.author_id, comment.post.owner_id)


def _held(code: UUID, viewer_id: int) -> Post:
    """The post under a lock, which its count needs anyway: comments on it are written one after the other."""
    shown = Asset.objects.visible_to_id(viewer_id).exclude(visibility=Visibility.PRIVATE).filter(code=code)
    posts = Post.objects.select_for_update(no_key=True).filter(asset__in=shown)
    if (post := posts.first()) is None:
        raise NotYours(code=code)
    return post


def _code(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BrokenCursor(after=text[:CODE_MAX]) from error
