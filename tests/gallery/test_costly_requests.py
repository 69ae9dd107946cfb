"""What costs its sender nothing must not cost the site much: long words, many values, odd cursors, crowds of codes."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config import cursors
from gallery import bulk, collecting, finder, terms
from gallery.models import Post
from generation.models import Asset
from tests.browsers import As
from tests.every_door import TEXTS, sent
from tests.pictures import one, show

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
FILTERS = ("q", "mode", "model", "ratio", "artist", "color", "since", "until", "min_score", "sort", "after")
OWN_FILTERS = ("q", "model", "shape", "visibility", "kind", "since", "until", "after", "upto")
QUERIES_MAX = 12
CURSORS = (
    "",
    "a",
    "MA",
    "0" * 10_000,
    "é",
    cursors.write(0, 0),
    cursors.write(2**63 - 1, 2**63 - 1),
    cursors.write(2**63, 1),
    cursors.write(1, 2**63 - 1, 1),
    cursors.write(1, 5, 0),
    cursors.write(2, 2**31, 1),
    cursors.write(3, 2**62, 2**62),
    cursors.write(2**63 - 1),
    "Mi4xLjI.",
    "LTEuLTE",
)


def query(name: str, text: str) -> str:
    return f"{name}={sent(text)}"


@pytest.fixture
def shown(alice: User) -> Asset:
    asset = one(alice)
    show(asset, title="Harbour")
    return asset


def walls(asset: Asset, browse: As, owner: User) -> dict[str, Client]:
    collection = collecting.create(owner=owner, name="Coasts", visibility="public")
    return {
        "/explore": browse(None),
        "/explore?q=harbour": browse(None),
        "/explore?q=harbour&sort=rated": browse(None),
        "/explore?sort=liked": browse(None),
        "/explore?sort=liked&since=2020-01-01": browse(None),
        "/explore?sort=rated&color=teal&ratio=3:2": browse(None),
        "/@alice": browse(None),
        "/@alice/collections": browse(None),
        collection.url: browse(None),
        "/library": browse(owner),
        "/library?q=a": browse(owner),
        "/library/trash": browse(owner),
        "/collections": browse(owner),
        "/following": browse(owner),
        "/presets": browse(owner),
        "/credits": browse(owner),
    }


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_in_any_filter_is_an_answer(browse: As, shown: Asset, alice: User, text: str) -> None:
    nobody, own = browse(None), browse(alice)
    for client, path, names in ((nobody, "/explore", FILTERS), (own, "/library", OWN_FILTERS)):
        for name in names:
            status = client.get(path, QUERY_STRING=query(name, text)).status_code
            assert status in (200, 400), (path, name)
            with_words = f"q=harbour&{query(name, text)}"
            assert client.get(path, QUERY_STRING=with_words, headers={"HX-Request": "true"}).status_code in (200, 400)


@pytest.mark.parametrize("cursor", CURSORS)
def test_any_cursor_is_a_page_or_refused(browse: As, shown: Asset, alice: User, cursor: str) -> None:
    for path, client in walls(shown, browse, alice).items():
        joined = f"{path}{'&' if '?' in path else '?'}{urlencode({'after': cursor})}"
        assert client.get(joined).status_code in (200, 400), path


def test_a_page_with_every_filter_many_times_costs_what_another_costs(
    browse: As, shown: Asset, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browse(None)
    for query_string in (
        "&".join(f"artist=somebody{number}" for number in range(900)),
        "&".join(["model=demo"] * 900),
        "&".join(f"ratio={number}:1" for number in range(900)),
        "&".join(f"color=teal&model=demo&ratio=3:2&artist=a_{number}" for number in range(9)),
        "q=" + "+".join(f"word{number}" for number in range(2000)),
        "q=" + "a+" * 5000,
        "q=" + "x" * 10_000,
    ):
        with django_assert_max_num_queries(QUERIES_MAX):
            assert client.get("/explore", QUERY_STRING=query_string).status_code in (200, 400)
            assert client.get("/library", QUERY_STRING=query_string).status_code in (200, 400)


def test_a_sign_that_becomes_eighteen_letters_is_looked_for(browse: As, shown: Asset) -> None:
    """PostgreSQL refuses a query with a word of more than 2,046 bytes, which 200 of these become."""
    assert max(map(len, terms.split("㌖" * finder.WORDS_MAX))) == terms.WORD_MAX
    assert browse(None).get("/explore", {"q": "㌖" * 200}).status_code == 200
    assert browse(None).get("/explore", {"q": "ﷺ" * 200}).status_code == 200


@pytest.mark.parametrize("action", ["delete", "publish", "withdraw", "zip", "restore", "purge"])
@pytest.mark.parametrize("htmx", [True, False])
def test_a_crowd_of_codes_is_refused_before_any_of_it_is_looked_for(
    browse: As, shown: Asset, alice: User, settings: Any, action: str, htmx: bool
) -> None:
    settings.LIBRARY_BULK_MAX = 500
    client = browse(alice)
    headers = {"HX-Request": "true"} if htmx else {}
    crowd = ",".join([str(shown.code), *(str(uuid4()) for _ in range(501))])
    answer = client.post("/library/bulk", {"action": action, "codes": crowd}, headers=headers)
    assert answer.status_code == 422
    hundred_thousand = "codes=" + ",".join(["00000000-0000-7000-8000-000000000000"] * 100_000)
    answer = client.post("/library/bulk", f"action={action}&{hundred_thousand}", content_type=FORM, headers=headers)
    assert answer.status_code in (400, 413)
    assert Asset.objects.get().deleted_at is None
    assert Post.objects.get().is_listed


def test_a_crowd_of_another_persons_codes_does_nothing_and_says_nothing(
    browse: As, shown: Asset, alice: User, charlie: User
) -> None:
    """As many that never were have the same answer."""
    own = one(charlie)
    client = browse(charlie)
    for action in bulk.Action.values:
        told = []
        for other in (shown.code, uuid4()):
            answer = client.post("/library/bulk", {"action": action, "codes": f"{other}"}, follow=True)
            told.append((answer.status_code, [str(message) for message in answer.context["messages"]]))
        assert told[0] == told[1], action
    shown.refresh_from_db()
    assert shown.deleted_at is None
    assert shown.visibility == "public"
    assert Asset.objects.get(pk=own.pk).deleted_at is None


def test_a_panel_with_ten_thousand_collections_is_bounded(browse: As, shown: Asset, alice: User) -> None:
    codes = "&".join(f"collection={uuid4()}" for _ in range(900))
    answer = browse(alice).post(f"/art/{shown.code}/collect", codes, content_type=FORM)
    assert answer.status_code == 422
    answer = browse(alice).post(f"/art/{shown.code}/collect", f"{codes}&{codes}", content_type=FORM)
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["latest", "@alice"])
def test_a_feed_takes_no_parameters(browse: As, shown: Asset, name: str) -> None:
    plain = browse(None).get(f"/feeds/{name}.atom").content
    assert browse(None).get(f"/feeds/{name}.atom?after=MA&size=100000&q=x").content == plain


@pytest.mark.parametrize("number", ["0", "49999", "50000", "9" * 30, "9" * 4000])
def test_a_part_of_the_sitemap_that_is_none_is_404(browse: As, db: None, number: str) -> None:
    assert browse(None).get(f"/sitemaps/artists-{number}.xml").status_code == 404
