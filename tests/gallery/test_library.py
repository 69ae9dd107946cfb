"""One's own library: what each filter finds, pages that stay right, bad values, constant query counts."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import library
from generation.models import Asset
from tests.browsers import As
from tests.gallery.shelves import fill
from tests.pictures import make, one, show, solid

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
RESULTS: dict[str, Any] = HTMX | {"HTTP_HX_TARGET": "results"}


def tiles(page: str) -> list[str]:
    return re.findall(r'class="work__frame" href="([^"]+)"', page)


def next_of(page: str) -> str:
    found = re.search(r'id="next" href="([^"]+)"', page)
    return found.group(1).replace("&amp;", "&") if found else ""


def found(browse: As, owner: User, query: str) -> list[str]:
    answer = browse(owner).get(f"/library?{query}")
    assert answer.status_code == 200
    return tiles(answer.content.decode())


# --- Filters ---------------------------------------------------------------------------------------------------------


def test_words_are_looked_for_in_prompts_and_titles_in_any_case(browse: As, alice: User) -> None:
    lamps, forest = one(alice, prompt="Lamps on the water"), one(alice, prompt="A forest of birches")
    show(forest, title="Water meadow")
    assert found(browse, alice, "q=water") == [forest.url, lamps.url]
    assert found(browse, alice, "q=WATER+lamp") == [lamps.url]
    assert found(browse, alice, "q=birch+meadow") == [forest.url]
    assert found(browse, alice, "q=desert") == []


@pytest.mark.parametrize("words", ["100%", "a_b", "\\", "'; DROP TABLE--", "%00"])
def test_signs_in_a_search_are_only_signs(browse: As, alice: User, words: str) -> None:
    one(alice, prompt="A quiet harbour")
    answer = browse(alice).get(f"/library?q={quote(words) if words != '%00' else words}x")
    assert answer.status_code == 200
    assert tiles(answer.content.decode()) == []


def test_percent_signs_and_lines_are_found_as_they_are_written(browse: As, alice: User) -> None:
    sale, plain = one(alice, prompt="A sign that says 100% wool_felt"), one(alice, prompt="A sign, 100 of wool felt")
    assert found(browse, alice, "q=100%25") == [sale.url]
    assert found(browse, alice, "q=wool_") == [sale.url]
    assert found(browse, alice, "q=sign") == [plain.url, sale.url]


def test_shapes_kinds_and_visibilities_narrow_together(browse: As, alice: User) -> None:
    wide, square, tall = one(alice, ratio="3:2"), one(alice, ratio="1:1"), one(alice, ratio="2:3")
    panorama, vase = one(alice, ratio="21:9"), solid(alice)
    show(square, visibility="unlisted")
    show(tall)
    assert found(browse, alice, "shape=landscape") == [wide.url]
    assert found(browse, alice, "shape=panorama") == [panorama.url]
    assert found(browse, alice, "shape=portrait&shape=square") == [vase.url, tall.url, square.url]
    assert found(browse, alice, "kind=3d") == [vase.url]
    assert found(browse, alice, "visibility=public&visibility=unlisted") == [tall.url, square.url]
    assert found(browse, alice, "shape=square&visibility=unlisted&kind=picture") == [square.url]


def test_a_model_finds_what_it_made_also_after_it_stood_in(browse: As, alice: User) -> None:
    picture, vase = one(alice), solid(alice)
    Asset.objects.filter(pk=picture.pk).update(model=None)  # as in rows of earlier releases
    assert found(browse, alice, "model=demo") == [picture.url]
    assert found(browse, alice, "model=demo-3d") == [vase.url]
    assert found(browse, alice, "model=demo&model=demo-3d") == [vase.url, picture.url]
    Asset.objects.filter(pk=picture.pk).update(model=vase.job.model)
    assert found(browse, alice, "model=demo") == []


def test_days_include_both_ends(browse: As, alice: User) -> None:
    made = make(alice, pictures=3)
    for asset, day in zip(made, (17, 18, 19), strict=True):
        Asset.objects.filter(pk=asset.pk).update(created_at=datetime(2026, 6, day, 23, 59, tzinfo=UTC))
    assert found(browse, alice, "since=2026-06-18&until=2026-06-18") == [made[1].url]
    assert found(browse, alice, "since=2026-06-18") == [made[2].url, made[1].url]
    assert found(browse, alice, "until=2026-06-18") == [made[1].url, made[0].url]
    assert len(found(browse, alice, "until=9999-12-31&since=0001-01-01")) == 3


def test_empty_values_mean_not_set_and_unknown_names_are_ignored(browse: As, alice: User) -> None:
    asset = one(alice)
    assert found(browse, alice, "q=&model=&shape=&visibility=&kind=&since=&until=&utm_source=x") == [asset.url]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("shape=round", "Shape"),
        ("visibility=secret", "Visibility"),
        ("kind=film", "Kind"),
        ("model=nothing", "Model"),
        ("model=%00", "Model"),
        ("since=yesterday", "Since"),
        ("since=2026-W25-4", "Since"),
        ("until=2026-02-30", "Until"),
        (f"q={'x' * 201}", "200 characters"),
        (f"q={'+'.join('abcdefghijklm')}", "12 words"),
    ],
)
def test_an_unknown_value_is_refused_and_named(browse: As, alice: User, query: str, named: str) -> None:
    answer = browse(alice).get(f"/library?{query}")
    assert answer.status_code == 400
    assert named in answer.content.decode()


@pytest.mark.parametrize("after", ["x", "....", "OTk", "é", "A" * 65, "LTE"])
@pytest.mark.parametrize("name", ["after", "upto"])
def test_a_broken_cursor_is_refused(browse: As, alice: User, after: str, name: str) -> None:
    if after != "OTk":  # which reads as 99
        assert browse(alice).get("/library", {name: after}).status_code == 400


def test_the_form_keeps_what_was_asked_for(browse: As, alice: User) -> None:
    one(alice, prompt='Lamps "on" the <water>')
    page = browse(alice).get("/library?q=%22on%22&shape=landscape&since=2020-01-01&model=demo").content.decode()
    assert 'name="q" placeholder="Search your pictures" maxlength="200" value="&quot;on&quot;"' in page
    assert 'value="landscape" checked' in page
    assert 'value="demo" checked' in page
    assert 'name="since" value="2020-01-01"' in page
    assert '<input type="hidden" name="q" value="&quot;on&quot;">' in page
    assert "Clear all" in page


def test_nothing_found_says_so_with_a_way_back(browse: As, alice: User) -> None:
    one(alice)
    page = browse(alice).get("/library?q=desert").content.decode()
    assert "Nothing matches" in page
    assert 'href="/library"' in page


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_filtered_pages_follow_each_other_while_pictures_arrive_and_go(browse: As, alice: User) -> None:
    made = [asset.url for asset in fill(alice, 45)][::-1]
    client = browse(alice)
    first = client.get("/library?q=harbour&shape=landscape").content.decode()
    one(alice)
    Asset.objects.filter(code=made[0].rpartition("/")[2]).update(deleted_at=timezone.now())
    second = client.get(next_of(first)).content.decode()
    assert tiles(first) + tiles(second) == made
    assert next_of(second) == ""
    assert "Back to the newest" in second


def test_a_walk_that_ends_before_its_end_says_so_and_goes_on(
    browse: As, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = one(alice, prompt="A desert of glass")
    fill(alice, 10)
    monkeypatch.setattr(library, "WALK_MAX", 6)
    client = browse(alice)
    page = client.get("/library?q=desert").content.decode()
    assert tiles(page) == []
    assert "Looked through 6 pictures" in page
    assert tiles(client.get(next_of(page)).content.decode()) == [old.url]


def test_to_htmx_a_filter_answers_with_results_and_a_page_with_tiles(browse: As, alice: User) -> None:
    fill(alice, 41)
    client = browse(alice)
    results = client.get("/library?q=harbour", **RESULTS)
    body = results.content.decode()
    assert "<html" not in body
    assert 'id="results"' in body
    assert 'id="chip-model" hx-swap-oob="true"' in body
    assert results["Vary"].count("HX-Target") == 1
    more = client.get(next_of(body), **HTMX).content.decode()
    assert 'id="results"' not in more
    assert len(tiles(more)) == 1
    assert 'id="more" hx-swap-oob="true"' in more


def test_a_library_is_ones_own_whatever_is_asked(browse: As, alice: User, charlie: User) -> None:
    show(one(charlie, prompt="Water lilies"), title="Water")
    assert found(browse, alice, "q=water") == []
    assert tiles(browse(None).get("/library?q=water").content.decode()) == []


@pytest.mark.parametrize("number", [1, 40])
def test_a_page_costs_the_same_with_one_picture_and_with_forty(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(alice, number)
    client = browse(alice)
    for address, queries in (
        ("/library", 2),
        ("/library?q=harbour+dusk&model=demo&shape=landscape&visibility=private&kind=picture&since=2020-01-01", 3),
        ("/library/trash", 2),
        ("/exports", 2),
    ):
        client.get(address)
        with django_assert_num_queries(queries):
            assert client.get(address).status_code == 200


def test_all_matching_comes_in_bounded_pieces_newest_first(alice: User) -> None:
    made = [asset.pk for asset in fill(alice, library.BATCH + 5)][::-1]
    pieces = list(library.batches(owner_id=alice.pk, wanted=library.parse(QueryDict("q=harbour"))))
    assert [len(piece) for piece in pieces] == [library.BATCH, 5]
    assert [pk for piece in pieces for pk in piece] == made


def test_pictures_of_a_thousand_days_ago_are_found_by_the_day(browse: As, alice: User) -> None:
    asset = one(alice)
    day = timezone.now() - timedelta(days=1000)
    Asset.objects.filter(pk=asset.pk).update(created_at=day)
    assert found(browse, alice, f"until={day:%Y-%m-%d}") == [asset.url]
