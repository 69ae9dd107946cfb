"""What the search by words reads: one row per listed post, written by a trigger of posts, so that nobody forgets it.

An artist stands in it as a number, never by name: who renames is found under the new name at once, and no row changes.
"""

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F

KEEPS_SEARCH_ENTRY = pgtrigger.Trigger(
    name="keeps_search_entry",
    when=pgtrigger.After,
    operation=pgtrigger.Insert
    | pgtrigger.UpdateOf(
        "is_listed", "title", "prompt", "published_at", "level", "owner_id", "model_id", "aspect_ratio", "tone"
    )
    | pgtrigger.Delete,
    func="""
        IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NOT NEW.is_listed) THEN
            DELETE FROM gallery_searchentry WHERE post_id = OLD.id;
        ELSIF NEW.is_listed THEN
            INSERT INTO gallery_searchentry (post_id, published_at, level, words)
            VALUES (NEW.id, NEW.published_at, NEW.level, gallery_words(
                NEW.id, NEW.title, NEW.prompt, NEW.owner_id, NEW.model_id, NEW.aspect_ratio, NEW.tone))
            ON CONFLICT (post_id) DO UPDATE SET
                published_at = EXCLUDED.published_at, level = EXCLUDED.level, words = EXCLUDED.words;
        END IF;
        RETURN NULL;
    """,
)


class SearchEntry(models.Model):
    """The words of a listed post. Not on the post: each like would then write its words into the index again."""

    post = models.OneToOneField("gallery.Post", primary_key=True, on_delete=models.CASCADE, related_name="+")
    published_at = models.DateTimeField()
    level = models.CharField(max_length=10)
    words = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="search_words"),
            # The newest that match a word that many posts have.
            models.Index(F("published_at").desc(), F("post").desc(), name="search_newest"),
        ]

    def __str__(self) -> str:
        return f"words of {self.post_id}"
