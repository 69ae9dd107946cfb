"""The finder's addresses: what they mean, what is wrong with one, chips, and what htmx swaps and pushes."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict

from accounts.models import User
from gallery import finder
from gallery.finder import Finder
from tests.browsers import As
from tests.gallery.test_finder import painted, wall
from tests.gallery.test_walls import HTMX, hang, next_of, tiles
from tests.pictures import one

# --- Addresses -------------------------------------------------------------------------------------------------------

WRONG = {
    "model=oil-on-wood": "Model",
    "ratio=7:5": "Ratio",
    "ratio=1:1&ratio=x": "Ratio",
    "color=beige": "Colour",
    "color=%00": "Colour",
    "artist=@a": "Artist",
    "artist=a+b": "Artist",
    "artist=%27%3B--": "Artist",
    "&".join(f"artist=nobody{n}" for n in range(11)): "Artist",
    "since=yesterday": "From",
    "since=2026-02-30": "From",
    "since=2026-W10-1": "From",
    "until=2026-1-1": "To",
    "since=2026-03-02&until=2026-03-01": "From",
    "sort=best": "Sort",
    "sort=-pk": "Sort",
    "mode=feel": "Search by",
    "min_score=101": "Score",
    "min_score=nan": "Score",
    "min_score=-1": "Score",
    "ratio=" + "9" * 10_000: "Ratio",
}


@pytest.mark.parametrize(("query", "field"), WRONG.items(), ids=[query[:30] for query in WRONG])
def test_what_an_address_cannot_mean_is_400_that_names_the_field_and_keeps_the_rest(
    browse: As, alice: User, query: str, field: str
) -> None:
    one(alice)
    answer = browse(None).get(f"/explore?q=lake&{query}")
    page = answer.content.decode()
    assert answer.status_code == 400
    said = re.search(r'role="alert".*?<p>(.*?)</p>', page, re.DOTALL)
    assert said
    assert unescape(said[1]).startswith(field)
    assert 'value="lake"' in page
    assert "Show everything" in page
    assert len(page) < 100_000


@pytest.mark.parametrize(
    "query",
    ["utm_source=x", "q=&model=&ratio=&artist=&color=&since=&until=&min_score=&sort=&mode=&after=", "min_score=27.5",
     "owner__password=x&order_by=pk", "artist=@nobody_here"],
)  # fmt: skip
def test_what_is_not_set_or_not_ours_changes_nothing(browse: As, alice: User, query: str) -> None:
    asset = painted(alice)
    assert wall(browse(None), query) == ([] if "nobody" in query else [asset.url])


def test_an_address_is_written_as_it_was_read() -> None:
    said = "q=lake+night&mode=both&ratio=1:1&ratio=3:2&color=sea&artist=@mara&since=2026-01-02&until=2026-02-03"
    found = finder.parse(QueryDict(f"{said}&min_score=20&sort=rated&utm=1&color=&ratio=1:1"))
    assert found.query() == f"{said}&min_score=20&sort=rated"
    assert (found.since, found.until) == (date(2026, 1, 2), date(2026, 2, 3))
    assert Finder().url("/explore") == "/explore"


def test_every_active_filter_can_be_taken_away_by_itself(browse: As, alice: User) -> None:
    painted(alice)
    query = (
        "q=harbour&model=demo&ratio=1:1&ratio=3:2&color=sea&artist=@alice&since=2026-01-02&until=2030-02-03&sort=liked"
    )
    page = browse(None).get(f"/explore?{query}").content.decode()
    chips = {
        re.sub(r"<.*?>", "", label): unescape(url)
        for url, label in re.findall(
            r'found__chip" href="([^"]+)"[^>]*><span class="u-hidden">Without </span>(.*?)<svg', page
        )
    }
    assert list(chips) == ["“harbour”", "Demo", "1:1", "3:2", "Sea", "@alice", "From 2 Jan 2026", "To 3 Feb 2030"]
    given = QueryDict(query)
    for url in chips.values():
        rest = QueryDict(url.partition("?")[2])
        left = {(name, value) for name, values in given.lists() for value in values}
        assert len(left - {(name, value) for name, values in rest.lists() for value in values}) == 1
    assert re.search(r'href="/explore"[^>]*>Clear all', page)


def test_the_form_stands_as_the_address_says(browse: As, alice: User) -> None:
    painted(alice)
    page = (
        browse(None).get("/explore?q=a+%22lake%22&ratio=3:2&since=2026-01-02&artist=@bob&sort=liked").content.decode()
    )
    assert 'value="a &quot;lake&quot;"' in page
    assert re.findall(r'name="(\w+)" value="([^"]+)" checked', page) == [("ratio", "3:2")]
    assert 'name="since" value="2026-01-02"' in page
    assert 'name="artist" value="@bob"' in page
    assert '<input type="hidden" name="sort" value="liked">' in page
    assert 'name="mode"' not in page  # nothing is offered that does not act


def test_a_page_further_on_keeps_the_filters_and_leads_back(browse: As, alice: User) -> None:
    hang(alice, 41)
    client = browse(None)
    first = client.get("/explore?ratio=3:2&sort=liked&utm_source=x").content.decode()
    address = next_of(first)
    assert address.startswith("/explore?ratio=3:2&sort=liked&after=")
    second = client.get(address).content.decode()
    assert len(tiles(second)) == 1
    assert 'href="/explore?ratio=3:2&amp;sort=liked">Back to the first page' in second


def test_nothing_found_says_so_and_leads_back(browse: As, alice: User) -> None:
    painted(alice)
    for query in ("q=zebra", "color=plum&ratio=1:1", "q=%21%3F%21"):
        page = browse(None).get(f"/explore?{query}").content.decode()
        assert "Nothing found" in page
        assert "Clear all" in page


# --- htmx ------------------------------------------------------------------------------------------------------------


def test_a_change_of_the_form_swaps_what_was_found_and_pushes_the_address(browse: As, alice: User) -> None:
    asset = painted(alice)
    client = browse(None)
    query = "/explore?q=&ratio=3:2&since=&until=&artist="
    answer = client.get(query, **HTMX, HTTP_HX_TARGET="results", HTTP_HX_CURRENT_URL="http://testserver/explore")
    page = answer.content.decode()
    assert tiles(page) == [asset.url]
    assert page.lstrip().startswith("<section")
    assert 'id="sorts" aria-label="Sort" hx-swap-oob="true"' in page
    assert "<form" not in page
    assert answer["HX-Push-Url"] == "/explore?ratio=3:2"
    assert "HX-Target" in answer["Vary"]


def test_words_that_are_being_typed_are_one_step_back(browse: As, alice: User) -> None:
    client = browse(None)

    def asked(query: str, at: str) -> Any:
        now = f"http://testserver{at}"
        return client.get(f"/explore?{query}", **HTMX, HTTP_HX_TARGET="results", HTTP_HX_CURRENT_URL=now)

    assert asked("q=la", "/explore")["HX-Push-Url"] == "/explore?q=la"
    assert asked("q=lake", "/explore?q=la")["HX-Replace-Url"] == "/explore?q=lake"
    assert asked("q=lake", "/explore?q=lake")["HX-Replace-Url"] == "/explore?q=lake"
    assert asked("q=lake&color=sea", "/explore?q=lake")["HX-Push-Url"] == "/explore?q=lake&color=sea"
    assert asked("q=lake", "/explore?since=x")["HX-Push-Url"] == "/explore?q=lake"


def test_a_chip_swaps_the_form_too(browse: As, alice: User) -> None:
    painted(alice)
    answer = browse(None).get("/explore?ratio=3:2", **HTMX, HTTP_HX_TARGET="explore")
    page = answer.content.decode()
    assert page.count('id="explore"') == page.count("<form") == page.count('id="results"') == 1
    assert "<html" not in page
    assert "hx-swap-oob" not in page


def test_a_wrong_value_is_said_where_the_pictures_would_be(browse: As, alice: User) -> None:
    answer = browse(None).get("/explore?artist=a+b", **HTMX, HTTP_HX_TARGET="results")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert "<form" not in answer.content.decode()
    assert not answer.has_header("HX-Push-Url")
