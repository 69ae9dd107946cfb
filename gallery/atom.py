"""Atom feeds of what everybody may see: the newest pictures of the site, of an artist, of a collection. Reads only.

The document is Django's Atom1Feed. Its Feed view is not used: it builds addresses from the request's Host header.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

from gallery.errors import NotYours
from gallery.models import LEVELS_FOR_ALL, Collection, CollectionItem, Post, Visibility
from gallery.sharing import SITE, absolute, short

if TYPE_CHECKING:
    from accounts.models import User

SIZE = 40
TITLE_MAX = 120
CONTENT_TYPE = Atom1Feed.content_type
# A feed without entries has changed at no moment that we know; "now" would make another document of it each time.
BEFORE_ALL = datetime(2026, 1, 1, tzinfo=UTC)
# What XML 1.0 has no way to write, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Document(Atom1Feed):
    """Atom with the picture in `content`, and a date of its own when it has no entries."""

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else BEFORE_ALL

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, {**item, "description": None})  # no summary beside the content
        handler.addQuickElement("content", item["html"], {"type": "html"})


def latest() -> str:
    """The newest pictures of the gallery. One query."""
    document = _document(f"Newest pictures on {SITE}", reverse("explore"), reverse("feed_latest"))
    return _written(document, Post.objects.listed().order_by("-published_at", "-pk")[:SIZE])


def of_artist(artist: "User") -> str:
    """The newest public pictures of an artist. One query."""
    document = _document(
        f"Pictures by {artist.public_name} on {SITE}",
        reverse("artist", args=[artist.handle]),
        reverse("feed_artist", args=[artist.handle]),
        author=artist.public_name,
    )
    shown = Post.objects.listed().filter(owner=artist.pk)
    return _written(document, shown.order_by("-published_at", "-pk")[:SIZE])


def of_collection(*, code: UUID) -> str:
    """What of a public or unlisted collection everybody may see, last kept first. Two queries. Raises NotYours."""
    try:
        collection = Collection.objects.select_related("owner").get(
            code=code, visibility__in=(Visibility.PUBLIC, Visibility.UNLISTED), owner__is_active=True
        )
    except Collection.DoesNotExist as error:
        raise NotYours(code=code) from error
    document = _document(
        f"{collection.name} on {SITE}",
        collection.url,
        reverse("feed_collection", args=[collection.code]),
        author=collection.owner.public_name,
        subtitle=collection.about,
    )
    return _written(document, _shown_of(collection))


def _shown_of(collection: Collection) -> list[Post]:
    """The newest items that are public posts of a level for all."""
    items = CollectionItem.objects.filter(
        collection=collection,
        asset__visibility=Visibility.PUBLIC,
        asset__deleted_at__isnull=True,
        asset__post__is_listed=True,
        asset__post__level__in=LEVELS_FOR_ALL,
    )
    return [item.asset.post for item in items.select_related("asset__post__owner").order_by("-pk")[:SIZE]]


def _document(title: str, page: str, feed: str, *, author: str = SITE, subtitle: str = "") -> _Document:
    return _Document(
        title=plain(title),
        link=absolute(page),
        description="",
        subtitle=plain(subtitle) or None,
        author_name=plain(author),
        feed_url=absolute(feed),
        feed_guid=_tag(feed),
        language="en",
    )


def _written(document: _Document, posts: Iterable[Post]) -> str:
    for post in posts:
        words = plain(post.title or post.prompt) or "Untitled"
        document.add_item(
            title=short(words, TITLE_MAX),
            link=absolute(post.url),
            description="",
            author_name=plain(post.artist_name),
            author_link=absolute(post.artist_url) if post.artist_url else None,
            pubdate=post.published_at,
            updateddate=post.published_at,
            unique_id=post.code.urn,  # the same wherever the site moves
            html=plain(_entry(post)),
        )
    return document.writeString("utf-8")


def _entry(post: Post) -> str:
    return render_to_string("gallery/partials/entry.html", {"post": post, "public_url": absolute("")}).strip()


def _tag(path: str) -> str:
    """An id that stays (RFC 4151)."""
    return f"tag:{urlsplit(settings.PUBLIC_URL).hostname},{BEFORE_ALL.year}:{path}"


def plain(text: str) -> str:
    """Without the characters that would make the document no XML."""
    return UNWRITABLE.sub("", text)
