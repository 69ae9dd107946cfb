"""Who follows whom, and what those whom one follows have published. The only writer of follows."""

from collections.abc import Collection
from datetime import datetime

from django.db.models.expressions import RawSQL

from gallery.errors import NotYourself, TooManyFollowed
from gallery.models import Follow

FOLLOWED_MAX = 2000


def follow(*, follower_id: int, artist_id: int) -> None:
    """Follow an artist; again changes nothing. Raises NotYourself, TooManyFollowed."""
    if follower_id == artist_id:
        raise NotYourself
    followed = Follow.objects.filter(follower=follower_id)
    if followed[:FOLLOWED_MAX].count() == FOLLOWED_MAX and not followed.filter(artist=artist_id).exists():
        raise TooManyFollowed(most=FOLLOWED_MAX)
    Follow.objects.bulk_create([Follow(follower_id=follower_id, artist_id=artist_id)], ignore_conflicts=True)


def unfollow(*, follower_id: int, artist_id: int) -> None:
    """Follow no longer; again changes nothing."""
    Follow.objects.filter(follower=follower_id, artist=artist_id).delete()


# --- The feed --------------------------------------------------------------------------------------------------------

# A join of follows and posts would walk the whole gallery for one silent artist, or sort everything of a thousand busy
# ones. This reads the newest post of each artist, keeps the artists whose newest are the newest of all (no other one
# can stand on the page), and reads a page of each of those: a thousand short steps down one index, then a page squared.
_ONE_ARTIST = """
    SELECT post.id, post.owner_id, post.published_at FROM gallery_post post
      JOIN generation_asset asset ON asset.id = post.asset_id
     WHERE post.owner_id = {artist} AND post.is_listed AND post.level = ANY(%(levels)s)
       AND asset.visibility = 'public' AND asset.deleted_at IS NULL
       AND (post.published_at, post.id) < (%(when)s, %(last)s)
     ORDER BY post.published_at DESC, post.id DESC LIMIT {most}
"""
_NEWEST = f"""
    SELECT picked.id FROM (
        SELECT newest.owner_id FROM gallery_follow follow
         CROSS JOIN LATERAL ({_ONE_ARTIST.format(artist="follow.artist_id", most=1)}) newest
         WHERE follow.follower_id = %(follower)s
         ORDER BY newest.published_at DESC, newest.id DESC LIMIT %(most)s
    ) busy
    CROSS JOIN LATERAL ({_ONE_ARTIST.format(artist="busy.owner_id", most="%(most)s")}) picked
    ORDER BY picked.published_at DESC, picked.id DESC LIMIT %(most)s
"""  # noqa: S608  (our own names)


def newest(*, follower_id: int, levels: Collection[str], before: tuple[datetime, int], most: int) -> RawSQL:
    """The ids of the `most` newest posts of followed artists, older than `before` (time of publishing, id)."""
    when, last = before
    values = {
        "follower": follower_id,
        "levels": [str(level) for level in levels],
        "when": when,
        "last": last,
        "most": most,
    }
    return RawSQL(*_numbered(_NEWEST, values))  # noqa: S611  (values are bound)


def _numbered(sql: str, values: dict[str, object]) -> tuple[str, list[object]]:
    """Names become places, which is all that Django's expressions know."""
    names = [part.partition(")s")[0] for part in sql.split("%(")[1:]]
    for name in set(names):
        sql = sql.replace(f"%({name})s", "%s")
    return sql, [values[name] for name in names]
