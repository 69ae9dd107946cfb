"""Saving many of one's own pictures to a collection at once, from the library's bar; and a ZIP of a collection."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gallery import collecting
from gallery.models import Archive, ArchiveItem, Collection, CollectionItem
from generation.models import Asset
from tests.browsers import As
from tests.gallery.collected import inside, put
from tests.gallery.shelves import fill
from tests.gallery.test_bulk import HTMX, press, said
from tests.pictures import make, one, show


def save(browse: As, owner: User | None, to: object, *assets: Asset, **more: Any) -> Any:
    return press(browse, owner, "collect", *assets, collection=to, **more)


# --- Saved -----------------------------------------------------------------------------------------------------------


def test_chosen_pictures_go_in_and_what_was_there_is_told_apart(browse: As, alice: User, mine: Collection) -> None:
    made = make(alice, pictures=4)
    put(mine, made[0])
    answer = save(browse, alice, mine.code, *made[:3])
    assert (answer.status_code, answer["Location"]) == (303, "/library")
    assert "2 pictures saved to “Paper studies”. 1 was there already." in said(browse, answer, alice)
    assert sorted(inside(mine)) == sorted(asset.pk for asset in made[:3])


def test_sent_twice_it_adds_nothing_more(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    save(browse, alice, mine.code, asset)
    answer = save(browse, alice, mine.code, asset)
    assert "1 picture was in “Paper studies” already." in said(browse, answer, alice)
    assert inside(mine) == [asset.pk]


def test_all_that_match_go_in_over_all_pages(browse: As, alice: User, mine: Collection) -> None:
    fill(alice, 50)
    other = one(alice, prompt="A desert")
    answer = save(browse, alice, mine.code, all="1", q="harbour")
    assert answer["Location"] == "/library?q=harbour"
    assert "50 pictures saved to “Paper studies”." in said(browse, answer, alice)
    assert len(inside(mine)) == 50
    assert other.pk not in inside(mine)


def test_a_button_of_the_menu_says_the_collection_and_no_more(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    answer = browse(alice).post("/library/bulk", {"collection": mine.code, "codes": [asset.code]}, **HTMX)
    page = answer.content.decode()
    assert (answer.status_code, answer["HX-Reswap"]) == (200, "none")
    assert "1 picture saved to “Paper studies”." in page
    assert "<html" not in page
    assert inside(mine) == [asset.pk]


def test_saving_shows_nothing_to_anybody(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    Collection.objects.update(visibility="public")
    save(browse, alice, mine.code, asset)
    assert Asset.objects.get(pk=asset.pk).visibility == "private"
    assert asset.url not in browse(None).get(mine.url).content.decode()


def test_what_it_costs_does_not_grow_with_the_pictures(
    browse: As, alice: User, mine: Collection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = fill(alice, 60)
    for some in (made[:1], made):
        client = browse(alice)
        told = {"action": "collect", "collection": mine.code, "codes": [asset.code for asset in some]}
        with django_assert_max_num_queries(14):
            client.post("/library/bulk", told)
    assert len(inside(mine)) == 60


# --- The menu --------------------------------------------------------------------------------------------------------


def test_the_menu_is_one_query_and_asked_for_when_it_is_opened(
    browse: As, alice: User, mine: Collection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one(alice)
    client = browse(alice)
    assert str(mine.code) not in client.get("/library").content.decode()
    with django_assert_num_queries(2):  # whose session it is, and the collections
        page = client.get("/library/collections", **HTMX).content.decode()
    assert f'name="collection" value="{mine.code}"' in page
    assert "<html" not in page
    answer = client.get("/library/collections")
    assert (answer.status_code, answer["Location"]) == (303, "/collections")


def test_without_a_script_the_button_leads_to_a_page_that_keeps_the_choice(
    browse: As, alice: User, charlie: User, mine: Collection
) -> None:
    foreign = collecting.create(owner=charlie, name="Charlie's")
    made = make(alice, pictures=2)
    answer = press(browse, alice, "collect", *made)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="codes" value="{made[0].code},{made[1].code}"' in page
    assert f'name="collection" value="{mine.code}"' in page
    assert str(foreign.code) not in page
    joined = ",".join(str(asset.code) for asset in made)
    browse(alice).post("/library/bulk", {"codes": joined, "collection": mine.code})
    assert sorted(inside(mine)) == sorted(asset.pk for asset in made)
    page = press(browse, alice, "collect", all="1", q="<i>").content.decode()
    assert 'name="all" value="1"' in page
    assert 'name="q" value="&lt;i&gt;"' in page


# --- Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_anothers_collection_and_one_that_is_gone_are_the_same_refusal(
    browse: As, alice: User, charlie: User, headers: dict[str, Any]
) -> None:
    asset, theirs = one(alice), collecting.create(owner=charlie, name="Theirs", visibility="public")
    for code in (theirs.code, uuid4()):
        answer = save(browse, alice, code, asset, headers=headers)
        assert answer.status_code == 422
        assert "There is no such collection any more. Nothing was saved." in answer.content.decode()
    assert not CollectionItem.objects.exists()


def test_anothers_pictures_are_not_saved_this_way(browse: As, alice: User, charlie: User, mine: Collection) -> None:
    asset, own = one(charlie), one(alice)
    show(asset)
    assert save(browse, alice, mine.code, asset).status_code == 422
    answer = save(browse, alice, mine.code, own, asset)
    assert "1 picture saved to “Paper studies”. 1 is not there any more." in said(browse, answer, alice)
    assert inside(mine) == [own.pk]


def test_a_full_collection_takes_none_of_them(
    browse: As, alice: User, mine: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "ITEMS_MAX", 2)
    made = make(alice, pictures=3)
    answer = save(browse, alice, mine.code, *made)
    assert answer.status_code == 422
    assert "“Paper studies” is full" in answer.content.decode()
    assert inside(mine) == []


def test_more_than_a_press_takes_is_refused_and_nothing_is_saved(
    browse: As, alice: User, mine: Collection, settings: Any
) -> None:
    settings.LIBRARY_BULK_MAX = 2
    fill(alice, 3)
    answer = save(browse, alice, mine.code, all="1")
    assert answer.status_code == 422
    assert "One press takes 2 pictures" in answer.content.decode()
    assert inside(mine) == []


@pytest.mark.parametrize("to", ["", "collection"])
def test_guests_and_visitors_are_sent_to_sign_in(browse: As, gwen: User, mine: Collection, to: str) -> None:
    asset = one(gwen)
    for person in (gwen, None):
        answer = save(browse, person, mine.code if to else "", asset)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=%2Flibrary")
        assert browse(person).get("/library/collections").status_code == 302
    assert "bulk-collect" not in browse(gwen).get("/library").content.decode()


def test_without_a_choice_and_with_nonsense_nothing_is_done(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    assert save(browse, alice, mine.code).status_code == 422
    assert press(browse, alice, "collect").status_code == 422
    for code in ("not-a-code", "\0", "1"):
        assert save(browse, alice, code, asset).status_code == 400
    assert inside(mine) == []


def test_a_hand_that_is_faster_than_any_is_stopped(browse: As, alice: User, mine: Collection, settings: Any) -> None:
    settings.RATE_LIMIT_REACT = (1, 60)
    asset = one(alice)
    assert save(browse, alice, mine.code, asset).status_code == 303
    answer = save(browse, alice, mine.code, asset)
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)


# --- A ZIP of a collection -------------------------------------------------------------------------------------------


def test_its_owner_gets_an_archive_of_those_that_are_theirs(
    browse: As, alice: User, charlie: User, mine: Collection
) -> None:
    first, trashed = make(alice, pictures=2)
    theirs = one(charlie)
    show(theirs)
    put(mine, first, trashed, theirs)
    Asset.objects.filter(pk=trashed.pk).update(deleted_at="2026-01-01T00:00:00Z")
    assert f'action="{mine.url}/zip"' in browse(alice).get(mine.url).content.decode()
    answer = browse(alice).post(f"{mine.url}/zip")
    archive = Archive.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, archive.url)
    assert (archive.owner, archive.name, archive.total) == (alice, "“Paper studies”", 1)
    assert ArchiveItem.objects.get().asset == first


def test_without_a_picture_of_ones_own_there_is_none_and_the_page_says_why(
    browse: As, alice: User, charlie: User, mine: Collection
) -> None:
    theirs = one(charlie)
    show(theirs)
    put(mine, theirs)
    page = browse(alice).post(f"{mine.url}/zip", follow=True).content.decode()
    assert "none of these is yours" in page
    assert not Archive.objects.exists()


def test_too_many_archives_and_too_many_pictures_are_said(
    browse: As, alice: User, mine: Collection, settings: Any
) -> None:
    put(mine, *make(alice, pictures=2))
    settings.ARCHIVE_MAX = 1
    assert "at most 1 pictures" in browse(alice).post(f"{mine.url}/zip", follow=True).content.decode()
    settings.ARCHIVE_MAX, settings.ARCHIVES_OPEN_MAX = 2, 1
    browse(alice).post(f"{mine.url}/zip")
    assert "still being packed" in browse(alice).post(f"{mine.url}/zip", follow=True).content.decode()
    assert Archive.objects.count() == 1


def test_a_collection_is_packed_for_its_owner_alone(
    browse: As, alice: User, charlie: User, gwen: User, mine: Collection
) -> None:
    Collection.objects.update(visibility="public")
    put(mine, *make(alice, pictures=1))
    assert browse(charlie).post(f"{mine.url}/zip").status_code == 404
    assert browse(alice).post(f"/collections/{uuid4()}/zip").status_code == 404
    for person in (gwen, None):
        assert browse(person).post(f"{mine.url}/zip").status_code == 302
    assert browse(alice).get(f"{mine.url}/zip").status_code == 405
    assert f"{mine.url}/zip" not in browse(charlie).get(mine.url).content.decode()
    assert not Archive.objects.exists()
