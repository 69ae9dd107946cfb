"""Doors of the gallery: walls, one picture and what people do with it, one's own."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import art, describing, machines, walls


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
    path("art/<uuid:code>/alt", describing.describe, name="art_alt"),
    path("art/<uuid:code>/download", art.download, name="art_download"),
    # What people do with it.
    # One's own: library, trash, archives.
    path("library", walls.library, name="library"),
    # Collections.
    # Reports and appeals.
    # For machines: feeds, sitemap.
    path("feeds/latest.atom", machines.latest_feed, name="feed_latest"),
    path("feeds/@<handle:handle>.atom", machines.artist_feed, name="feed_artist"),
    path("feeds/collections/<uuid:code>.atom", machines.collection_feed, name="feed_collection"),
    path("sitemap.xml", machines.sitemap_index, name="sitemap"),
    path("sitemaps/pages.xml", machines.sitemap_of_pages, name="sitemap_pages"),
    path("sitemaps/<slug:kind>-<int:number>.xml", machines.sitemap_part, name="sitemap_part"),
]
