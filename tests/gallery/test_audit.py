"""The audit of posts and counts finds what was written past the guards."""

import pytest

from accounts.models import User
from gallery import comments, follows, reactions
from gallery.models import Collection, CollectionItem
from tests.breaches import breaches, execute, guards_down, triggers_asleep
from tests.pictures import one, show

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE gallery_post SET code = gen_random_uuid()", {"post_fits_its_asset"}),
        (
            "UPDATE gallery_post SET owner_id = (SELECT max(id) FROM accounts_user)",
            {"post_fits_its_asset", "artist_counts_their_posts"},
        ),
        ("UPDATE generation_asset SET visibility = 'private'", {"post_listed_only_when_public"}),
        ("UPDATE generation_asset SET deleted_at = now()", {"post_listed_only_while_kept"}),
    ],
)
def test_a_post_that_does_not_fit_its_asset_is_found(alice: User, charlie: User, sql: str, found: set[str]) -> None:
    show(one(alice))
    assert breaches() == set()
    with guards_down("gallery_post", "generation_asset"):
        execute(sql)
    assert breaches() == found


@pytest.mark.parametrize(
    ("table", "sql", "found"),
    [
        ("gallery_like", "DELETE FROM gallery_like", {"post_counts_its_likes", "artist_counts_their_likes"}),
        ("gallery_rating", "UPDATE gallery_rating SET stars = 1", {"post_adds_its_stars"}),
        ("gallery_rating", "DELETE FROM gallery_rating", {"post_adds_its_stars", "post_counts_its_ratings"}),
        ("gallery_comment", "DELETE FROM gallery_comment", {"post_counts_its_comments"}),
        (
            "gallery_comment",
            "UPDATE gallery_comment SET removed_at = now(), removed_by_id = author_id",
            {"post_counts_its_comments"},
        ),
        ("gallery_follow", "DELETE FROM gallery_follow", {"artist_counts_their_followers"}),
        ("gallery_post", "UPDATE gallery_post SET is_listed = false", {"artist_counts_their_posts"}),
        ("gallery_collectionitem", "DELETE FROM gallery_collectionitem", {"collection_counts_its_items"}),
        ("gallery_artist", "UPDATE gallery_artist SET like_count = 7", {"artist_counts_their_likes"}),
        (
            "gallery_artist",
            "DELETE FROM gallery_artist",
            {"artist_counts_their_posts", "artist_counts_their_likes", "artist_counts_their_followers"},
        ),
    ],
)
def test_a_count_that_is_not_that_of_its_rows_is_found(
    alice: User, charlie: User, table: str, sql: str, found: set[str]
) -> None:
    asset = one(alice)
    show(asset)
    reactions.like(code=asset.code, user_id=charlie.pk)
    reactions.rate(code=asset.code, user_id=charlie.pk, stars=4)
    comments.add(code=asset.code, author=charlie, text="What a light")
    follows.follow(follower_id=charlie.pk, artist_id=alice.pk)
    CollectionItem.objects.create(collection=Collection.objects.create(owner=alice, name="Sea"), asset=asset)
    assert breaches() == set()
    with triggers_asleep(table):
        execute(sql)
    assert breaches() == found
