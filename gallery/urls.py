"""Doors of the gallery: walls, one picture and what people do with it, one's own."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import art, collections, walls


class Handle(StringConverter):
    """What may be a handle, in any case; anything else has no page and asks no database."""

    regex = "[A-Za-z0-9_]{3,30}"


register_converter(Handle, "handle")

urlpatterns = [
    # Walls.
    path("explore", walls.explore, name="explore"),
    path("explore/latest", walls.latest, name="explore_latest"),
    path("@<handle:handle>", walls.artist, name="artist"),
    # One picture.
    path("art/<uuid:code>", art.page, name="art"),
    path("art/<uuid:code>/publish", art.publish, name="art_publish"),
    path("art/<uuid:code>/withdraw", art.withdraw, name="art_withdraw"),
    path("art/<uuid:code>/download", art.download, name="art_download"),
    # What people do with it.
    # One's own: library, trash, archives.
    path("library", walls.library, name="library"),
    # Collections.
    path("collections", collections.mine, name="collections"),
    path("collections/new", collections.new, name="collection_new"),
    path("collections/<uuid:code>", collections.collection, name="collection"),
    path("collections/<uuid:code>/edit", collections.edit, name="collection_edit"),
    path("collections/<uuid:code>/delete", collections.delete, name="collection_delete"),
    path("collections/<uuid:code>/items", collections.add, name="collection_add"),
    path("collections/<uuid:code>/items/<uuid:art>/remove", collections.remove, name="collection_remove"),
    path("@<handle:handle>/collections", collections.of_artist, name="artist_collections"),
    path("art/<uuid:code>/collect", collections.save, name="art_collect"),
    # Reports and appeals.
    # For machines: feeds, sitemap.
]
