"""Doors of the gallery: walls, one picture and what people do with it, one's own."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import archives, art, library, walls


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
    path("library", library.page, name="library"),
    path("library/bulk", library.act, name="library_bulk"),
    path("library/trash", library.trash_page, name="trash"),
    path("library/trash/<uuid:code>/<int:width>.<slug:kind>", library.trash_file, name="trash_file"),
    path("art/<uuid:code>/delete", library.delete, name="art_delete"),
    path("art/<uuid:code>/restore", library.restore, name="art_restore"),
    path("exports", archives.listing, name="archives"),
    path("exports/<uuid:code>", archives.page, name="archive"),
    path("exports/<uuid:code>/card", archives.card, name="archive_card"),
    path("exports/<uuid:code>/file", archives.file, name="archive_file"),
    # Collections.
    # Reports and appeals.
    # For machines: feeds, sitemap.
]
