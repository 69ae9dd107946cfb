"""`/limits`: every feature's number, the bars of those that the site has, and the part of it that other pages load."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from generation import limits
from generation.access import Feature, Tier
from tests.browsers import As
from tests.generation.asking import HTMX
from tests.rediswatch import watched

pytestmark = pytest.mark.django_db


def lines(client: Client) -> list[str]:
    """Each feature's line as it reads."""
    body = client.get("/limits", headers=HTMX).content.decode()
    found = re.findall(r'<li class="limit">(.*?)</li>', body, re.DOTALL)
    return [" ".join(re.sub(r"<progress.*?</progress>|<[^>]+>", " ", line).split()) for line in found]


def use(owner: User, times: int, feature: Feature = Feature.GENERATE) -> None:
    for n in range(times):
        limits.ask(feature, address=f"192.0.2.{n % 200}", owner_id=owner.pk, tier=Tier.CUSTOMER)


@pytest.mark.parametrize(
    ("who", "numbers"),
    [
        ("nobody", ["20", "10", "2", "1", "10"]),
        ("gwen", ["20", "10", "2", "1", "10"]),
        ("charlie", ["100", "50", "10", "5", "50"]),
        ("alice", ["1,000", "500", "50", "25", "500"]),
    ],
)
def test_everybody_sees_their_own_numbers(
    request: pytest.FixtureRequest, browse: As, who: str, numbers: list[str]
) -> None:
    client = browse(None if who == "nobody" else request.getfixturevalue(who))
    first, *others = lines(client)
    assert first == f"Generations 0 of {numbers[0]} {numbers[0]} left"
    assert others == [
        f"{name} {number} a day not on this site yet"
        for name, number in zip(("Enhancements", "Ideas", "Evolutions", "Scores"), numbers[1:], strict=True)
    ]


def test_enhancements_have_a_bar_once_a_language_model_is_set_up(charlie: User, browse: As, settings: Any) -> None:
    settings.GEMINI_API_KEYS = ["one"]
    assert lines(browse(charlie))[1] == "Enhancements 0 of 50 50 left"


def test_a_bar_fills_and_says_in_words_what_its_colour_says(charlie: User, browse: As, settings: Any) -> None:
    settings.DAILY_GENERATE_MAX = (5, 5, 5)
    client = browse(charlie)
    for used, level, words in ((3, "", "2 left"), (1, "near", "1 left"), (1, "full", "Again in ")):
        use(charlie, used)
        body = client.get("/limits", headers=HTMX).content.decode()
        assert ('data-level="' in body) == bool(level)
        assert not level or f'data-level="{level}"' in body
        assert words in lines(client)[0]
    assert "Generations 5 of 5" in lines(client)[0]
    assert "New at 00:00 UTC, in " in client.get("/limits").content.decode()


@pytest.mark.urls("tests.generation.more_doors")
def test_a_door_that_the_site_has_gets_its_bar(charlie: User, browse: As) -> None:
    use(charlie, 50, Feature.SCORE)
    shown = lines(browse(charlie))
    assert shown[4].startswith("Scores 50 of 50 Again in ")
    assert shown[2] == "Ideas 10 a day not on this site yet"


def test_anothers_requests_are_not_among_ones_own(charlie: User, alice: User, browse: As) -> None:
    use(alice, 3)
    assert lines(browse(charlie))[0] == "Generations 0 of 100 100 left"


def test_the_page_shows_the_same_part_that_htmx_gets(charlie: User, browse: As) -> None:
    client = browse(charlie)
    part, page = client.get("/limits", headers=HTMX), client.get("/limits")
    assert part.content.decode().strip().startswith("<section")
    assert part.content.decode().count('id="limits"') == 1
    assert "<html" in page.content.decode()
    assert part.content.decode().split("<ul")[1] in page.content.decode()
    for answer in (part, page):
        assert "HX-Request" in answer["Vary"]
        assert "no-store" in answer["Cache-Control"]


def test_the_page_tells_the_limits_that_are_not_by_the_day(gwen: User, browse: As) -> None:
    page = browse(gwen).get("/limits").content.decode()
    assert "1 job open at once." in page
    assert "8 requests in 60 seconds from one address" in page
    assert "30 reference pictures in 10 min from one address" in page
    assert "60 credits a day, of those that are free" in page


def test_the_credits_page_loads_it_by_its_address_and_links_to_it(charlie: User, browse: As) -> None:
    page = browse(charlie).get("/credits").content.decode()
    assert re.search(r'id="limits"[^>]*hx-get="/limits"', page)
    assert 'href="/limits"' in page


def test_it_costs_the_same_at_any_use_and_redis_one_round_trip(alice: User, gwen: User, browse: As) -> None:
    """The person and whether they have purchased; a guest only the person; nobody nothing."""
    for user, queries in ((alice, 2), (gwen, 1), (None, 0)):
        client = browse(user)
        client.get("/limits")
        for used in (0, 19):
            if user:
                use(user, used)
            with CaptureQueriesContext(connection) as captured, watched() as calls:
                assert client.get("/limits", headers=HTMX).status_code == 200
            assert len(captured) == queries
            assert [call.split()[1] for call in calls if call.startswith("2 ")] == (["MGET"] if user else [])


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_todays_limits_are_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/limits").status_code == 405
