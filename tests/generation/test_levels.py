"""The content level of a picture: raised by its words and by a provider's check, and never below its floor."""

import pytest

from accounts.models import User
from generation import assets, intake, running
from generation.models import Asset, Level, Moderation, Visibility
from generation.providers.base import Output, Verdict
from tests.pictures import begin, one, png, submit
from tests.rules import refused_by


def made(owner: User, verdict: Verdict | None, *, prompt: str = "A quiet harbour") -> Asset:
    """A picture of which its provider says so."""
    attempt = begin(submit(owner, pictures=1, prompt=prompt, ratio="3:2"))
    kept = [intake.keep(job=attempt.job, output=Output(0, png(1), 1, verdict))]
    running.store(attempt.job, attempt, kept, run_seconds=0.1)
    return Asset.objects.get(job=attempt.job)


def standing(asset: Asset) -> tuple[str, str, str]:
    return asset.level, asset.level_floor, asset.moderation


def test_levels_are_in_order() -> None:
    assert Level.highest("general", "explicit", "nudity") == Level.EXPLICIT
    assert Level.NUDITY.and_above == [Level.NUDITY, Level.EXPLICIT, Level.REFUSED]


def test_a_picture_begins_general(alice: User) -> None:
    assert standing(one(alice)) == (Level.GENERAL, Level.GENERAL, Moderation.PASSED)


def test_its_words_raise_it_and_block_nothing(alice: User) -> None:
    asset = one(alice, prompt="A nude by Rubens in warm light")
    assert standing(asset) == (Level.NUDITY, Level.NUDITY, Moderation.PASSED)


def test_a_providers_verdict_raises_it(alice: User) -> None:
    assert standing(made(alice, Verdict(Level.SUGGESTIVE))) == (Level.SUGGESTIVE, Level.SUGGESTIVE, Moderation.PASSED)


def test_a_providers_verdict_never_lowers_it(alice: User) -> None:
    asset = made(alice, Verdict(Level.GENERAL), prompt="A nude by Rubens in warm light")
    assert standing(asset) == (Level.NUDITY, Level.NUDITY, Moderation.PASSED)


def test_what_a_provider_flagged_waits_for_a_person(alice: User) -> None:
    asset = made(alice, Verdict(Level.NUDITY, is_sure=False))
    assert standing(asset) == (Level.NUDITY, Level.NUDITY, Moderation.UNKNOWN)


def test_showing_below_the_floor_shows_at_the_floor(alice: User) -> None:
    asset = one(alice, prompt="A nude by Rubens in warm light")
    shown = assets.show(
        asset_id=asset.pk,
        owner_id=alice.pk,
        visibility=Visibility.PUBLIC,
        prompt_hidden=False,
        level=Level.GENERAL,
    )
    assert shown.level == Level.NUDITY


@pytest.mark.parametrize(
    ("floor", "level"),
    [
        ("suggestive", "general"),
        ("nudity", "general"),
        ("nudity", "suggestive"),
        ("explicit", "nudity"),
        ("refused", "explicit"),
    ],
)
def test_the_database_holds_the_floor(alice: User, floor: str, level: str) -> None:
    asset = one(alice)
    with refused_by("asset_level_not_below_its_floor"):
        Asset.objects.filter(pk=asset.pk).update(level=level, level_floor=floor)
    Asset.objects.filter(pk=asset.pk).update(level=floor, level_floor=floor)
    with refused_by("asset_level_not_below_its_floor"):
        Asset.objects.filter(pk=asset.pk).update(level=level)


@pytest.mark.parametrize("moderation", [Moderation.WITHHELD, Moderation.REFUSED, Moderation.UNKNOWN])
def test_the_database_shows_only_what_has_passed(alice: User, moderation: str) -> None:
    asset = one(alice)
    Asset.objects.filter(pk=asset.pk).update(moderation=moderation)
    with refused_by("asset_shown_only_when_passed"):
        Asset.objects.filter(pk=asset.pk).update(visibility=Visibility.UNLISTED)
