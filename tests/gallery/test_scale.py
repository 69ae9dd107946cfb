"""The scale database: what it holds, that it can go on where it ended, and where it is refused."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from gallery import feed, scale
from gallery.finder import Finder
from gallery.models import Artist, Post, SearchEntry
from generation.models import Asset, Job
from tests.breaches import breaches, execute
from tests.browsers import As

pytestmark = pytest.mark.django_db(transaction=True)


def seed(posts: int, *more: str) -> str:
    said = io.StringIO()
    call_command("seed_scale", f"--posts={posts}", *more, stdout=said)
    return said.getvalue()


def test_it_fills_every_table_of_a_wall_and_goes_on_where_it_ended(browse: As) -> None:
    assert "60 of 60 posts" in seed(60)
    first = list(Post.objects.order_by("pk").values_list("code", "prompt", "tone", "like_count"))
    seed(60)
    assert Post.objects.count() == 60
    seed(90)
    assert list(Post.objects.order_by("pk").values_list("code", "prompt", "tone", "like_count")[:60]) == first
    assert {model.objects.count() for model in (Job, Asset, Post, SearchEntry)} == {90}
    assert sum(Artist.objects.values_list("post_count", flat=True)) == 90
    page = browse(None).get("/explore").content.decode()
    assert page.count("work__frame") == 40
    word = first[-1][1].split()[0]
    assert feed.explore(finder=Finder(words=word)).items


def test_the_audit_finds_what_such_rows_cannot_have_and_nothing_else() -> None:
    seed(300)
    assert breaches() == set(scale.UNTRUE)


def test_the_guards_stand_again_after() -> None:
    """The triggers sleep inside alone."""
    guards = execute("SELECT tgname, tgenabled FROM pg_trigger ORDER BY 1")
    seed(20)
    assert execute("SELECT tgname, tgenabled FROM pg_trigger ORDER BY 1") == guards


@pytest.mark.parametrize("posts", [0, -1, 10_000_001])
def test_a_number_that_is_none_is_refused(posts: int) -> None:
    with pytest.raises(CommandError, match="between 1 and 10,000,000"):
        seed(posts)


def test_a_site_with_a_database_of_its_own_is_asked_first() -> None:
    with override_settings(EMBEDDED=False, DEBUG=False):
        with pytest.raises(CommandError, match="--yes"):
            seed(5)
        assert not Post.objects.exists()
        seed(5, "--yes")
    assert Post.objects.count() == 5
