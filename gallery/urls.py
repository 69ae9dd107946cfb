"""Doors of the gallery: walls, one picture and what people do with it, one's own."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import art, safety, walls


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
    # Reports and appeals.
    path("art/<uuid:code>/report", safety.report_art, name="art_report"),
    path("comments/<uuid:code>/report", safety.report_comment, name="comment_report"),
    path("appeals", safety.decided, name="appeals"),
    path("appeals/<uuid:code>", safety.appeal, name="appeal"),
    path("rules", safety.rules, name="rules"),
    # For machines: feeds, sitemap.
]
