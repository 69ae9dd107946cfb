"""Collections: which there are, what is in one, and the only writer of both. Whether a picture shows to a viewer is the
picture's own fact, asked anew for every page: a collection gives nobody a right to see."""

from collections.abc import Collection as Some
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject, Now

from gallery import artists, paging, strikes, wording
from gallery.errors import Full, GoneCollection, NotYours
from gallery.models import Collection, CollectionItem, Post, Visibility
from gallery.models.collection import ITEMS_MAX
from gallery.paging import Page
from gallery.pieces import Viewer
from generation.models import Asset

if TYPE_CHECKING:
    from accounts.models import User

COLLECTIONS_MAX = 500
LIST_SIZE = 24
OTHERS_SIZE = 4
COVER_PICTURES = 4
# What a small picture needs to be drawn.
_COVER = ("code", "width", "height", "tone", "placeholder")


@dataclass(frozen=True)
class Shelf:
    """A collection in a list, with the newest pictures that the viewer may see, at most COVER_PICTURES of them."""

    collection: Collection
    pictures: list[Asset]


@dataclass(frozen=True)
class Choice:
    """One of one's own collections, and whether a certain picture is in it."""

    collection: Collection
    is_in: bool


@dataclass(frozen=True)
class Placed:
    """Into which collections a picture went, and out of which, by name."""

    into: list[str]
    out_of: list[str]


# --- Reads -----------------------------------------------------------------------------------------------------------


def find(*, code: UUID, viewer: Viewer) -> Collection:
    """With its owner, who sees it always; others once it is unlisted or public. Raises NotYours."""
    shown = Q(visibility__in=(Visibility.UNLISTED, Visibility.PUBLIC))
    seen = Collection.objects.select_related("owner").filter(owner__is_active=True)
    try:
        return seen.filter(shown | Q(owner=viewer.pk) if viewer.pk else shown).get(code=code)
    except Collection.DoesNotExist as error:
        raise NotYours(code=code) from error


def find_own(*, code: UUID, owner: Viewer) -> Collection:
    """The same for what only its owner may do. Raises NotYours."""
    collection = find(code=code, viewer=owner)
    if collection.owner_id != owner.pk:
        raise NotYours(code=code)
    return collection


def pictures(*, collection: Collection, viewer: Viewer, after: str = "") -> Page[Post]:
    """What this viewer may see of it, the last added first, in one query. Raises BrokenCursor."""
    items = CollectionItem.objects.filter(collection=collection, asset__in=_seen_by(viewer))
    page = paging.by_id(items.select_related("asset__post", "asset__owner"), after=after)
    return Page([_tile(item.asset) for item in page.items], page.after)


def of_owner(owner: "User") -> list[Collection]:
    """All of one's own, the last changed first, for menus."""
    return list(Collection.objects.filter(owner=owner).order_by("-changed_at", "-pk")[:COLLECTIONS_MAX])


def own_in(*, collection: Collection, most: int) -> list[int]:
    """The ids of those pictures in it that are its owner's, the last added first."""
    items = CollectionItem.objects.filter(collection=collection, asset__owner=collection.owner_id)
    return list(items.filter(asset__deleted_at__isnull=True).order_by("-pk").values_list("asset", flat=True)[:most])


def shelves(*, owner: "User", viewer: Viewer, after: str = "", size: int = LIST_SIZE) -> Page[Shelf]:
    """A person's collections with their covers, the last changed first, in one query: to others the public ones.

    Raises BrokenCursor.
    """
    return _shelves(_of(owner, viewer), viewer, after, size)


def others(*, collection: Collection, viewer: Viewer) -> list[Shelf]:
    """A few more by the same person."""
    return _shelves(_of(collection.owner, viewer).exclude(pk=collection.pk), viewer, "", OTHERS_SIZE).items


def choices(*, owner: "User", asset: Asset) -> list[Choice]:
    """All of one's own collections, with whether this picture is in them, in one query."""
    holds = Exists(CollectionItem.objects.filter(collection=OuterRef("pk"), asset=asset))
    found = Collection.objects.filter(owner=owner).annotate(is_in=holds).order_by("-changed_at", "-pk")
    return [Choice(collection, collection.is_in) for collection in found[:COLLECTIONS_MAX]]


def _of(owner: "User", viewer: Viewer) -> QuerySet[Collection]:
    every = Collection.objects.filter(owner=owner)
    return every if owner.pk == viewer.pk else every.filter(visibility=Visibility.PUBLIC)


def _seen_by(viewer: Viewer) -> QuerySet[Asset]:
    """What may hang on a wall before this viewer: visible, and of a level that walls show them; their own always."""
    fitting = Q(level__in=artists.levels_for(viewer))
    return Asset.objects.visible_to(viewer).filter(fitting | Q(owner=viewer.pk) if viewer.pk else fitting)


def _shelves(collections: QuerySet[Collection], viewer: Viewer, after: str, size: int) -> Page[Shelf]:
    items = CollectionItem.objects.filter(collection=OuterRef("pk"), asset__in=_seen_by(viewer)).order_by("-pk")
    newest = items[:COVER_PICTURES].values(told=JSONObject(**{name: f"asset__{name}" for name in _COVER}))
    page = paging.by_moment(collections.annotate(told=ArraySubquery(newest)), "changed_at", after=after, size=size)
    return Page([Shelf(one, [Asset(**told) for told in vars(one)["told"]]) for one in page.items], page.after)


def _tile(asset: Asset) -> Post:
    """As walls show it. What was never shown has no post: only its owner sees it, as a post that is not kept."""
    post: Post | None = getattr(asset, "post", None)
    if post is None:
        copied = ("code", "aspect_ratio", "width", "height", "tone", "placeholder", "alt", "kind", "level")
        post = Post(asset=asset, prompt=asset.alt, **{name: getattr(asset, name) for name in copied})
    post.owner = asset.owner
    return post


# --- Writes ----------------------------------------------------------------------------------------------------------


def create(*, owner: "User", name: str, about: str = "", visibility: str = Visibility.PRIVATE) -> Collection:
    """A new one, empty. Raises Full, and NotPassed or Barred where others would read its words."""
    _check(owner, name=name, about=about, visibility=visibility)
    with transaction.atomic():
        # Their row is what a person's new collections wait for, one after the other.
        get_user_model()._default_manager.select_for_update(no_key=True).get(pk=owner.pk)
        there = Collection.objects.filter(owner=owner).values_list("pk", flat=True)
        if len(there[:COLLECTIONS_MAX]) >= COLLECTIONS_MAX:
            raise Full(name="", most=COLLECTIONS_MAX)
        return Collection.objects.create(owner=owner, name=name, about=about, visibility=visibility)


def edit(*, owner: "User", code: UUID, name: str, about: str, visibility: str) -> None:
    """Change what it is called and who sees it; acts at once. Raises NotYours, and what `create` does of words."""
    _check(owner, name=name, about=about, visibility=visibility)
    mine = Collection.objects.filter(code=code, owner=owner)
    if not mine.update(name=name, about=about, visibility=visibility, changed_at=Now()):
        raise NotYours(code=code)


def _check(owner: "User", *, name: str, about: str, visibility: str) -> None:
    """What is private nobody else reads."""
    if visibility != Visibility.PRIVATE:
        strikes.check(user_id=owner.pk)
        wording.check(name=name, about=about)


def delete(*, owner: "User", code: UUID) -> None:
    """The collection goes, its pictures stay where they are. Raises NotYours."""
    with transaction.atomic():
        collection = _held(owner, [code]).get(code)
        if collection is None:
            raise NotYours(code=code)
        collection.delete()


def add_many(*, owner: "User", collection_code: UUID, asset_ids: Iterable[int]) -> int:
    """Put pictures in, of which only those that the owner may see are taken; how many were new.

    Sent twice it adds nothing more. Raises NotYours for another's collection, Full where they do not all fit.
    """
    with transaction.atomic():
        collection = _held(owner, [collection_code]).get(collection_code)
        if collection is None:
            raise NotYours(code=collection_code)
        seen = Asset.objects.visible_to(owner).filter(pk__in=list(asset_ids))
        return _add(collection, seen.values_list("pk", flat=True))


def remove(*, owner: "User", collection_code: UUID, asset_code: UUID) -> bool:
    """Take one picture out; whether it was in. Raises NotYours for another's collection."""
    with transaction.atomic():
        collection = _held(owner, [collection_code]).get(collection_code)
        if collection is None:
            raise NotYours(code=collection_code)
        return _remove(collection, CollectionItem.objects.filter(asset__code=asset_code))


def place(*, owner: "User", asset: Asset, into: Some[UUID], out_of: Some[UUID], new: str = "") -> Placed:
    """Put a picture into some collections, one of them new perhaps, and take it out of others: all of it or nothing.

    Raises NotYours for a picture that the owner may not see, GoneCollection, Full.
    """
    with transaction.atomic():
        if not Asset.objects.visible_to(owner).filter(pk=asset.pk).exists():
            raise NotYours(code=asset.code)
        fresh = create(owner=owner, name=new) if new else None
        codes = {*into, *out_of}
        held = _held(owner, codes)
        if len(held) < len(codes):
            raise GoneCollection
        added = [held[code].name for code in into if _add(held[code], [asset.pk])]
        removed = [
            held[code].name for code in out_of if _remove(held[code], CollectionItem.objects.filter(asset=asset))
        ]
        if fresh is not None and _add(fresh, [asset.pk]):
            added.append(fresh.name)
        return Placed(added, removed)


def _held(owner: "User", codes: Some[UUID]) -> dict[UUID, Collection]:
    """One's own collections of these codes, locked in the order of their ids."""
    mine = Collection.objects.select_for_update(no_key=True).filter(owner=owner, code__in=codes)
    return {collection.code: collection for collection in mine.order_by("pk")}


def _add(collection: Collection, asset_ids: Iterable[int]) -> int:
    """Inside the caller's transaction, which holds the collection: nobody else adds to it meanwhile."""
    wanted = set(asset_ids)
    there = CollectionItem.objects.filter(collection=collection, asset__in=wanted)
    new = sorted(wanted.difference(there.values_list("asset_id", flat=True)))
    if collection.item_count + len(new) > ITEMS_MAX:
        raise Full(name=collection.name, most=ITEMS_MAX)
    if new:
        CollectionItem.objects.bulk_create(CollectionItem(collection=collection, asset_id=pk) for pk in new)
        _changed(collection)
    return len(new)


def _remove(collection: Collection, items: QuerySet[CollectionItem]) -> bool:
    removed, _ = items.filter(collection=collection).delete()
    if removed:
        _changed(collection)
    return bool(removed)


def _changed(collection: Collection) -> None:
    Collection.objects.filter(pk=collection.pk).update(changed_at=Now())
