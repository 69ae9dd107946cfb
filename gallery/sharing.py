"""What a page says of itself to other sites and to search engines. Reads only, and only what every visitor may know.

Addresses are made from PUBLIC_URL, never from a request's Host header. templates/gallery/partials/meta.html writes it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator

from gallery.models import LEVELS_FOR_ALL, Collection, Post, Visibility
from gallery.pieces import Piece
from generation import postcards
from generation.metadata.marks import Source, source_of

if TYPE_CHECKING:
    from accounts.models import User

SITE = "Atelier"
ABOUT = "Pictures that people made with Atelier and chose to show."
TITLE_MAX, DESCRIPTION_MAX = 70, 200
SCHEMA = "https://schema.org"


@dataclass(frozen=True)
class Image:
    """A picture that other sites fetch by themselves."""

    url: str
    alt: str
    width: int = postcards.WIDTH
    height: int = postcards.HEIGHT
    content_type: str = postcards.CONTENT_TYPE


@dataclass(frozen=True)
class Feed:
    title: str
    url: str


@dataclass(frozen=True)
class Meta:
    """What one page says. `kind` is Open Graph's; `linked` are the nodes of its JSON-LD."""

    title: str
    description: str
    url: str
    kind: str = "website"
    image: Image | None = None
    feed: Feed | None = None
    published_at: str = ""
    author_url: str = ""
    handle: str = ""
    linked: Sequence[dict[str, Any]] = field(default_factory=list)

    @property
    def json(self) -> str:
        """Linked data as JSON, safe inside a <script> element whatever people wrote."""
        if not self.linked:
            return ""
        told = json.dumps({"@context": SCHEMA, "@graph": list(self.linked)}, separators=(",", ":"))
        return told.translate(_INSIDE_A_SCRIPT)


# As django.utils.html.json_script does it: nothing can end the element or begin a comment in it.
_INSIDE_A_SCRIPT = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}


def absolute(path: str) -> str:
    return settings.PUBLIC_URL + path


# --- Pages -----------------------------------------------------------------------------------------------------------


def of_piece(piece: Piece) -> Meta | None:
    """A picture's page; nothing of a private one. An unlisted one is shared, so it has a card, but no linked data.

    Its owner's view tells what others are told: a hidden prompt is in none of it.
    """
    if piece.is_private or piece.post is None:
        return None
    post, artist = piece.post, piece.asset.owner
    told = post.title or post.prompt or post.alt
    url = absolute(post.url)
    is_found = piece.is_public and post.level in LEVELS_FOR_ALL
    return Meta(
        title=short(told, TITLE_MAX),
        description=short(post.prompt or post.alt, DESCRIPTION_MAX),
        url=url,
        kind="article",
        image=image_of(post),
        published_at=post.first_published_at.isoformat(timespec="seconds"),
        author_url=absolute(reverse("artist", args=[artist.handle])) if artist.handle else "",
        feed=feed_of_artist(artist) if artist.handle else None,
        linked=[_linked_piece(piece, post, url), _trail(short(told, TITLE_MAX), url)] if is_found else [],
    )


def of_artist(artist: "User", posts: Sequence[Post]) -> Meta:
    """An artist's page, with their newest picture."""
    url = absolute(reverse("artist", args=[artist.handle]))
    told = {"description": artist.bio} if artist.bio else {}
    page = {
        "@type": "ProfilePage",
        "@id": url,
        "url": url,
        "dateCreated": artist.date_joined.isoformat(timespec="seconds"),
        "mainEntity": {**_person(artist), "alternateName": artist.handle, **told},
    }
    return Meta(
        title=f"{artist.public_name} (@{artist.handle})",
        description=short(artist.bio, DESCRIPTION_MAX) or "Pictures that this artist made with Atelier.",
        url=url,
        kind="profile",
        handle=artist.handle or "",
        image=first_image(posts),
        feed=feed_of_artist(artist),
        linked=[page],
    )


def of_explore(posts: Sequence[Post], *, first: bool = True) -> Meta:
    """The gallery; the site as a whole is described on its first page."""
    url = absolute(reverse("explore"))
    search = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": url + "?q={search_term_string}"},
        "query-input": "required name=search_term_string",
    }
    site = {
        "@type": "WebSite",
        "@id": absolute("/#site"),
        "name": SITE,
        "url": absolute("/"),
        "potentialAction": search,
    }
    return Meta(
        title="Explore",
        description=ABOUT,
        url=url,
        image=first_image(posts),
        feed=Feed("Newest pictures", absolute(reverse("feed_latest"))),
        linked=[site] if first else [],
    )


def of_collection(collection: Collection, posts: Sequence[Post]) -> Meta | None:
    """A collection's page, with the first of its pictures; nothing of a private one."""
    if collection.visibility == Visibility.PRIVATE:
        return None
    return Meta(
        title=short(collection.name, TITLE_MAX),
        description=short(collection.about, DESCRIPTION_MAX) or "A collection of pictures made with Atelier.",
        url=absolute(collection.url),
        image=first_image(posts),
        feed=Feed(collection.name, absolute(reverse("feed_collection", args=[collection.code]))),
    )


# --- Parts -----------------------------------------------------------------------------------------------------------


def short(words: str, most: int) -> str:
    return words if len(words) <= most else Truncator(words).chars(most)


def image_of(post: Post) -> Image | None:
    """Only of levels that every visitor is shown unasked."""
    return Image(absolute(f"/files/{post.code}/card.jpg"), post.alt) if post.level in LEVELS_FOR_ALL else None


def first_image(posts: Sequence[Post]) -> Image | None:
    return next(filter(None, map(image_of, posts)), None)


def feed_of_artist(artist: "User") -> Feed:
    return Feed(f"Pictures by {artist.public_name}", absolute(reverse("feed_artist", args=[artist.handle])))


def _person(artist: "User") -> dict[str, Any]:
    link = {"url": absolute(reverse("artist", args=[artist.handle]))} if artist.handle else {}
    return {"@type": "Person", "name": artist.public_name, **link}


def _linked_piece(piece: Piece, post: Post, url: str) -> dict[str, Any]:
    """The picture; for a 3D model its poster, beside the model itself."""
    asset = piece.asset
    by_ai = source_of(asset.maker.provider) == Source.MODEL
    source = "TrainedAlgorithmicMedia" if by_ai else "AlgorithmicMedia"
    node = {
        "@type": "ImageObject",
        "@id": f"{url}#picture",
        "url": url,
        "contentUrl": absolute(f"/files/{post.code}/1280.webp"),
        "thumbnailUrl": absolute(f"/files/{post.code}/320.webp"),
        "encodingFormat": "image/webp",
        "name": short(post.title or post.prompt or post.alt, TITLE_MAX),
        "caption": post.alt,
        "representativeOfPage": True,
        "datePublished": post.first_published_at.isoformat(timespec="seconds"),
        "uploadDate": post.first_published_at.isoformat(timespec="seconds"),
        "creator": _person(asset.owner),
        "creditText": f"{asset.owner.public_name}, made with {SITE}",
        "digitalSourceType": f"{SCHEMA}/{source}DigitalSource",
        "isFamilyFriendly": True,
    }
    if not asset.is_3d:
        return node
    file = {"@type": "MediaObject", "contentUrl": absolute(asset.model_url), "encodingFormat": asset.content_type}
    return {**node, "@type": "3DModel", "image": node["contentUrl"], "encoding": file}


def _trail(name: str, url: str) -> dict[str, Any]:
    steps = [("Explore", absolute(reverse("explore"))), (name, url)]
    items = [
        {"@type": "ListItem", "position": place, "name": named, "item": address}
        for place, (named, address) in enumerate(steps, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}
