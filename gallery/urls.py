"""Doors of the gallery: the wall, one picture, an artist, one's own."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import art, walls


class Handle(StringConverter):
    """What may be a handle, in any case; anything else has no page and asks no database."""

    regex = "[A-Za-z0-9_]{3,30}"


register_converter(Handle, "handle")

urlpatterns = [
    path("explore", walls.explore, name="explore"),
    path("explore/latest", walls.latest, name="explore_latest"),
    path("library", walls.library, name="library"),
    path("@<handle:handle>", walls.artist, name="artist"),
    path("art/<uuid:code>", art.page, name="art"),
    path("art/<uuid:code>/publish", art.publish, name="art_publish"),
    path("art/<uuid:code>/withdraw", art.withdraw, name="art_withdraw"),
    path("art/<uuid:code>/download", art.download, name="art_download"),
]
