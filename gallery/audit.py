"""What must hold between posts and their assets, for `audit_ledger`."""

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


def register() -> None:
    """Called once when Django is ready."""
    audit.add(*POSTS)
