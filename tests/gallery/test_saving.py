"""The panel under a picture that saves it to collections, and what happens when several people press at once."""

from typing import Any

import pytest

from accounts.models import User
from gallery import collecting, errors
from gallery.models import Collection, Visibility
from tests.browsers import As
from tests.gallery.collected import fresh, inside, put
from tests.pictures import make, one
from tests.races import race, together

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


# --- The panel under a picture ---------------------------------------------------------------------------------------


def test_the_panel_ticks_where_the_picture_is(browse: As, alice: User, mine: Collection) -> None:
    other = collecting.create(owner=alice, name="Other")
    asset = one(alice)
    put(mine, asset)
    for told in ({}, HTMX):
        page = browse(alice).get(f"{asset.url}/collect", **told).content.decode()
        assert f'value="{mine.code}" checked' in page
        assert f'name="was" value="{mine.code}"' in page
        assert f'value="{other.code}">' in page
        assert ("<html" in page) is not bool(told)
    assert f'href="{asset.url}/collect"' in browse(alice).get(asset.url).content.decode()


def test_the_panel_does_what_was_changed_and_nothing_else(browse: As, alice: User) -> None:
    a, b, c, d = (collecting.create(owner=alice, name=name) for name in "ABCD")
    asset = one(alice)
    put(a, asset)
    put(c, asset)
    put(d, asset)  # in another tab, after the panel was shown without it
    said = {"was": [a.code, c.code], "collection": [b.code, c.code], "new": " New  one "}
    answer = browse(alice).post(f"{asset.url}/collect", said, follow=True)
    assert answer.redirect_chain == [(asset.url, 303)]
    assert "Saved to 2 collections, taken out of “A”." in answer.content.decode()
    new = Collection.objects.get(name="New one")
    assert [inside(one) for one in (a, b, c, d, new)] == [[], [asset.pk], [asset.pk], [asset.pk], [asset.pk]]
    assert new.visibility == Visibility.PRIVATE


def test_to_htmx_the_panel_answers_with_a_toast_and_closes(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    answer = browse(alice).post(f"{asset.url}/collect", {"collection": [mine.code]}, **HTMX)
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "dialog-done")
    assert "Saved to “Paper studies”." in answer.content.decode()
    same = browse(alice).post(f"{asset.url}/collect", {"collection": [mine.code], "was": [mine.code]}, **HTMX)
    assert "Nothing changed." in same.content.decode()


def test_the_panel_is_whole_or_not_at_all(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    gone = collecting.create(owner=alice, name="Gone")
    collecting.delete(owner=alice, code=gone.code)
    said = {"collection": [mine.code, gone.code], "new": "New"}
    answer = browse(alice).post(f"{asset.url}/collect", said, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not there any more" in page
    assert f'value="{mine.code}" checked' in page
    assert 'value="New"' in page
    assert inside(mine) == []
    assert Collection.objects.count() == 1


def test_a_panel_with_a_name_that_is_too_long_keeps_what_was_ticked(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    answer = browse(alice).post(f"{asset.url}/collect", {"collection": [mine.code], "new": "x" * 61})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A name has at most 60 characters" in page
    assert f'value="{mine.code}" checked' in page
    assert inside(mine) == []


@pytest.mark.parametrize("field", ["collection", "was"])
def test_a_panel_with_what_is_no_code_is_400(browse: As, alice: User, field: str) -> None:
    asset = one(alice)
    assert browse(alice).post(f"{asset.url}/collect", {field: ["x"]}).status_code == 400


# --- Races -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_picture_added_twice_at_once_is_there_once_and_counted_once(alice: User) -> None:
    mine, asset = collecting.create(owner=alice, name="Mine"), one(alice)
    outcomes = together(6, lambda: put(mine, asset))
    assert sorted(outcomes) == [0, 0, 0, 0, 0, 1]  # type: ignore[type-var]
    assert fresh(mine).item_count == len(inside(mine)) == 1


@pytest.mark.django_db(transaction=True)
def test_adding_and_taking_out_at_once_leave_the_count_right(alice: User) -> None:
    mine, assets = collecting.create(owner=alice, name="Mine"), make(alice, pictures=4)
    works = [lambda asset=asset: put(mine, asset) for asset in assets]
    works += [
        lambda asset=asset: collecting.remove(owner=alice, collection_code=mine.code, asset_code=asset.code)
        for asset in assets
    ]
    for _ in range(3):
        assert not [outcome for outcome in race(works) if isinstance(outcome, Exception)]
        assert fresh(mine).item_count == len(inside(mine))


@pytest.mark.django_db(transaction=True)
def test_panels_over_the_same_collections_at_once_lock_nobody_out(alice: User) -> None:
    a, b = (collecting.create(owner=alice, name=name) for name in "AB")
    assets = make(alice, pictures=2)
    works = [
        lambda asset=asset, codes=codes: collecting.place(owner=alice, asset=asset, into=codes, out_of=[])
        for asset in assets
        for codes in ([a.code, b.code], [b.code, a.code])
    ]
    assert not [outcome for outcome in race(works) if isinstance(outcome, Exception)]
    assert [fresh(one).item_count for one in (a, b)] == [2, 2]


@pytest.mark.django_db(transaction=True)
def test_the_last_room_for_a_collection_goes_to_one(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "COLLECTIONS_MAX", 2)
    outcomes = together(5, lambda: collecting.create(owner=alice, name="One"))
    assert len([outcome for outcome in outcomes if isinstance(outcome, errors.Full)]) == 3
    assert Collection.objects.count() == 2
