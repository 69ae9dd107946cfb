"""Doors of the gallery: walls, one picture and what people do with it, one's own."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery.views import (
    archives,
    art,
    collections,
    comments,
    describing,
    doing,
    following,
    library,
    machines,
    neighbours,
    safety,
    walls,
)


class Handle(StringConverter):
    """What may be a handle, in any case; anything else has no page and asks no database."""

    regex = "[A-Za-z0-9_]{3,30}"


class Step(StringConverter):
    """To the next picture on a wall, or to the one before."""

    regex = "next|previous"


register_converter(Handle, "handle")
register_converter(Step, "step")

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
    path("art/<uuid:code>/like", doing.like, name="art_like"),
    path("art/<uuid:code>/rate", doing.rate, name="art_rate"),
    path("art/<uuid:code>/comments", comments.talk, name="art_comments"),
    path("art/<uuid:code>/lineage", doing.lineage, name="art_lineage"),
    path("art/<uuid:code>/more", doing.more, name="art_more"),
    path("art/<uuid:code>/<step:step>", neighbours.step, name="art_step"),
    path("comments/<uuid:code>/delete", comments.remove, name="comment_delete"),
    path("@<handle:handle>/follow", doing.follow, name="follow"),
    path("following", following.following, name="following"),
    # One's own: library, trash, archives.
    path("library", library.page, name="library"),
    path("library/bulk", library.act, name="library_bulk"),
    path("library/collections", library.collections, name="library_collections"),
    path("library/trash", library.trash_page, name="trash"),
    path("library/trash/<uuid:code>/<int:width>.<slug:kind>", library.trash_file, name="trash_file"),
    path("art/<uuid:code>/delete", library.delete, name="art_delete"),
    path("art/<uuid:code>/restore", library.restore, name="art_restore"),
    path("exports", archives.listing, name="archives"),
    path("exports/<uuid:code>", archives.page, name="archive"),
    path("exports/<uuid:code>/card", archives.card, name="archive_card"),
    path("exports/<uuid:code>/file", archives.file, name="archive_file"),
    # Collections.
    path("collections", collections.mine, name="collections"),
    path("collections/new", collections.new, name="collection_new"),
    path("collections/<uuid:code>", collections.collection, name="collection"),
    path("collections/<uuid:code>/edit", collections.edit, name="collection_edit"),
    path("collections/<uuid:code>/delete", collections.delete, name="collection_delete"),
    path("collections/<uuid:code>/zip", collections.pack, name="collection_zip"),
    path("collections/<uuid:code>/items", collections.add, name="collection_add"),
    path("collections/<uuid:code>/items/<uuid:art>/remove", collections.remove, name="collection_remove"),
    path("@<handle:handle>/collections", collections.of_artist, name="artist_collections"),
    path("art/<uuid:code>/collect", collections.save, name="art_collect"),
    # Reports and appeals.
    path("art/<uuid:code>/report", safety.report_art, name="art_report"),
    path("comments/<uuid:code>/report", safety.report_comment, name="comment_report"),
    path("appeals", safety.decided, name="appeals"),
    path("appeals/<uuid:code>", safety.appeal, name="appeal"),
    path("rules", safety.rules, name="rules"),
    # For machines: feeds, sitemap.
    path("feeds/latest.atom", machines.latest_feed, name="feed_latest"),
    path("feeds/@<handle:handle>.atom", machines.artist_feed, name="feed_artist"),
    path("feeds/collections/<uuid:code>.atom", machines.collection_feed, name="feed_collection"),
    path("sitemap.xml", machines.sitemap_index, name="sitemap"),
    path("sitemaps/pages.xml", machines.sitemap_of_pages, name="sitemap_pages"),
    path("sitemaps/<slug:kind>-<int:number>.xml", machines.sitemap_part, name="sitemap_part"),
]
