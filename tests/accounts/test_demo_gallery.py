"""The gallery of a fresh site: made like any other pictures, once, and never among real people or in production."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import demo_gallery
from accounts.demo_gallery import Plan
from accounts.models import User
from credits.models import Audit, Phase, Transfer
from gallery import feed
from gallery.models import Collection, Follow, Like, Post, Rating
from generation import moderation
from generation.models import Asset, Job, JobState
from generation.shapes import SHAPES
from tests.races import together


@pytest.fixture(autouse=True)
def files_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def few() -> Plan:
    """The first pictures of two artists."""
    whole = demo_gallery.plan()
    artists = {handle: whole.artists[handle] for handle in ("mara", "idris")}
    return Plan(artists=artists, pictures=[p for p in whole.pictures if p["artist"] in artists][:3])


@pytest.fixture
def command(few: Plan, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The command as it stands, over a shorter file."""
    monkeypatch.setattr(demo_gallery, "plan", lambda: few)

    def run() -> str:
        out = StringIO()
        call_command("seed_demo", stdout=out)
        return out.getvalue()

    return run


@pytest.mark.django_db
def test_the_invented_people_like_rate_follow_and_talk(few: Plan) -> None:
    said = {"picture": few.pictures[0]["seed"], "author": "idris", "text": "Lovely.", "hours": 2}
    kept = {"owner": "idris", "name": "Kept", "about": "", "pictures": [few.pictures[0]["seed"]]}
    assert demo_gallery.seed(replace(few, company={"comments": [said], "collections": [kept]}), painters=0) == 3
    post = Post.objects.get(asset__job__seed=few.pictures[0]["seed"])
    assert (post.comment_count, post.comments.get().text) == (1, "Lovely.")
    assert Collection.objects.get().item_count == 1
    assert sum(Post.objects.values_list("like_count", flat=True)) == Like.objects.count() > 0
    assert sum(Post.objects.values_list("rating_count", flat=True)) == Rating.objects.count() > 0
    assert Follow.objects.count() == 2


def test_what_is_said_and_kept_names_pictures_of_the_file() -> None:
    plan = demo_gallery.plan()
    seeds = {picture["seed"] for picture in plan.pictures}
    assert len(plan.company["comments"]) >= 5
    assert {told["picture"] for told in plan.company["comments"]} <= seeds
    for told in plan.company["collections"]:
        assert set(told["pictures"]) <= seeds
        moderation.check_text(told["name"])


def test_the_file_holds_a_gallery_worth_looking_at() -> None:
    plan = demo_gallery.plan()
    assert len(plan.artists) == 5
    assert len(plan.pictures) >= 26
    assert {picture["artist"] for picture in plan.pictures} == set(plan.artists)
    assert len({picture["prompt"] for picture in plan.pictures}) == len(plan.pictures)
    assert {picture["ratio"] for picture in plan.pictures} <= set(SHAPES)
    assert len({picture["ratio"] for picture in plan.pictures}) >= 8
    for picture in plan.pictures:
        moderation.check(picture["prompt"])


def test_pictures_are_made_through_jobs_and_ledger_and_published_in_the_past(few: Plan, db: None) -> None:
    assert demo_gallery.seed(few, painters=0) == 3
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.SUCCEEDED}
    assert Transfer.objects.filter(phase=Phase.CAPTURE).count() == Job.objects.count() == 3
    assert all(Asset.objects.values_list("rendered_at", flat=True))
    posts = feed.latest().items
    assert [post.owner.handle for post in posts] == [picture["artist"] for picture in few.pictures]
    for post, picture in zip(posts, few.pictures, strict=True):
        age = (timezone.now() - post.published_at).total_seconds() / 3600
        assert age == pytest.approx(picture["hours"], abs=0.1)


def test_its_artists_are_whole_people_whom_nobody_can_sign_in_as(few: Plan, db: None) -> None:
    demo_gallery.seed(replace(few, pictures=[]), painters=0)
    for user in User.objects.all():
        assert user.email == f"{user.handle}@example.com"
        assert EmailAddress.objects.filter(user=user, verified=True, primary=True).exists()
        assert not user.has_usable_password()
        assert user.display_name
        assert user.bio
        assert Transfer.objects.filter(owner=user, kind="welcome").count() == 1


@pytest.mark.django_db(transaction=True)
def test_painting_processes_make_the_same_and_a_second_run_adds_nothing(command: Callable[[], str]) -> None:
    # In a thread of its own: where Playwright left an event loop running, Django keeps connections in another place
    # than a forked process looks for them, which would then find an old one of ours and share it.
    [told] = together(1, command)
    assert "shows 3 pictures by 2 artists" in str(told)
    assert Audit.objects.get().ok  # the open books' first page
    before = (Job.objects.count(), Post.objects.count(), User.objects.count(), Transfer.objects.count())
    assert "nothing was added" in command()
    call_command("audit_ledger", stdout=StringIO())
    assert (Job.objects.count(), Post.objects.count(), User.objects.count(), Transfer.objects.count()) == before


def test_a_seeding_that_was_cut_off_goes_on_where_it_stood(few: Plan, db: None) -> None:
    demo_gallery.seed(replace(few, pictures=[]), painters=0)
    owner = User.objects.get(handle="mara")
    cut_off = demo_gallery._submit(owner, demo_gallery._model(), few.pictures[0], 0, lambda: None)
    assert demo_gallery.is_wanted(few)
    demo_gallery.seed(few, painters=0)
    assert Job.objects.count() == 3
    assert Asset.objects.filter(job=cut_off).exists()
    assert not demo_gallery.is_wanted(few)


def test_a_site_with_people_is_left_alone(command: Callable[[], str], charlie: User) -> None:
    assert "nothing was added" in command()
    assert User.objects.get() == charlie


def test_production_is_refused(command: Callable[[], str], settings: Any, db: None) -> None:
    settings.EMBEDDED = False
    settings.DEBUG = False
    with pytest.raises(CommandError):
        command()
    assert not User.objects.exists()
