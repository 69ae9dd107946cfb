"""What must hold between posts and their assets, and between counts and what they count, for `audit_ledger`."""

from generation import audit
from generation.audit import Check

POSTS = (
    Check(
        "post_fits_its_asset",
        "A post has the owner and the code of its asset.",
        """
        SELECT post.id FROM gallery_post post LEFT JOIN generation_asset asset ON asset.id = post.asset_id
         WHERE asset.id IS NULL OR (post.owner_id, post.code) <> (asset.owner_id, asset.code)
        """,
    ),
    Check(
        "post_listed_only_when_public",
        "Only what its owner shows to everybody is listed.",
        """
        SELECT post.id FROM gallery_post post JOIN generation_asset asset ON asset.id = post.asset_id
         WHERE post.is_listed AND asset.visibility <> 'public'
        """,
    ),
    Check(
        "post_listed_only_while_kept",
        "What its owner deleted is not listed.",
        """
        SELECT post.id FROM gallery_post post JOIN generation_asset asset ON asset.id = post.asset_id
         WHERE post.is_listed AND asset.deleted_at IS NOT NULL
        """,
    ),
)


def _count(name: str, rule: str, *, of: str, key: str, column: str, rows: str) -> Check:
    """A count beside its rows. `rows`: a query of (key, number)."""
    return Check(
        name,
        rule,
        f"""
        SELECT COALESCE(counted.{key}, found.key) FROM {of} counted
          FULL JOIN ({rows}) AS found (key, number) ON found.key = counted.{key}
         WHERE COALESCE(counted.{column}, 0) <> COALESCE(found.number, 0)
        """,  # noqa: S608  (our own names)
    )


COUNTS = (
    _count(
        "post_counts_its_likes",
        "A post's number of likes is that of its likes.",
        of="gallery_post",
        key="id",
        column="like_count",
        rows="SELECT post_id, count(*) FROM gallery_like GROUP BY 1",
    ),
    _count(
        "post_counts_its_ratings",
        "A post's number of ratings is that of its ratings.",
        of="gallery_post",
        key="id",
        column="rating_count",
        rows="SELECT post_id, count(*) FROM gallery_rating GROUP BY 1",
    ),
    _count(
        "post_adds_its_stars",
        "A post's sum of stars is that of its ratings.",
        of="gallery_post",
        key="id",
        column="rating_sum",
        rows="SELECT post_id, sum(stars) FROM gallery_rating GROUP BY 1",
    ),
    _count(
        "post_counts_its_comments",
        "A post's number of comments is that of its comments which were not removed.",
        of="gallery_post",
        key="id",
        column="comment_count",
        rows="SELECT post_id, count(*) FROM gallery_comment WHERE removed_at IS NULL GROUP BY 1",
    ),
    _count(
        "artist_counts_their_posts",
        "An artist's number of posts is that of their listed ones.",
        of="gallery_artist",
        key="owner_id",
        column="post_count",
        rows="SELECT owner_id, count(*) FROM gallery_post WHERE is_listed GROUP BY 1",
    ),
    _count(
        "artist_counts_their_likes",
        "An artist's number of likes is that of the likes on all their posts.",
        of="gallery_artist",
        key="owner_id",
        column="like_count",
        rows="SELECT owner_id, count(*) FROM gallery_like l JOIN gallery_post p ON p.id = l.post_id GROUP BY 1",
    ),
    _count(
        "artist_counts_their_followers",
        "An artist's number of followers is that of the follows.",
        of="gallery_artist",
        key="owner_id",
        column="follower_count",
        rows="SELECT artist_id, count(*) FROM gallery_follow GROUP BY 1",
    ),
    _count(
        "collection_counts_its_items",
        "A collection's number of pictures is that of its items.",
        of="gallery_collection",
        key="id",
        column="item_count",
        rows="SELECT collection_id, count(*) FROM gallery_collectionitem GROUP BY 1",
    ),
)


def register() -> None:
    """Called once when Django is ready."""
    audit.add(*POSTS, *COUNTS)
