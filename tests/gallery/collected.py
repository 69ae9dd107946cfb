"""What tests of collections share: one of Alice's, what is inside, and putting pictures in."""

from gallery import collecting
from gallery.models import Collection, CollectionItem
from generation.models import Asset


def fresh(collection: Collection) -> Collection:
    return Collection.objects.get(pk=collection.pk)


def inside(collection: Collection) -> list[int]:
    found = CollectionItem.objects.filter(collection=collection).order_by("pk")
    return list(found.values_list("asset_id", flat=True))


def put(collection: Collection, *assets: Asset) -> int:
    ids = [asset.pk for asset in assets]
    return collecting.add_many(owner=collection.owner, collection_code=collection.code, asset_ids=ids)
