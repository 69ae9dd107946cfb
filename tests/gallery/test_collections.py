"""Collections: made, changed, filled, emptied, deleted; by whom; what the database holds by itself."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from gallery import collecting, errors
from gallery.models import Collection, CollectionItem, Visibility
from gallery.models.collection import ITEMS_MAX
from generation.models import Asset
from tests.browsers import As
from tests.gallery.collected import fresh, inside, put
from tests.pictures import make, one, show
from tests.rules import refused_by

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
SAID = {"name": "Paper studies", "about": "Layers first,\ncolour last.", "visibility": "public"}
ABSENT = UUID("00000000-0000-7000-8000-000000000000")


# --- Made, changed, deleted ------------------------------------------------------------------------------------------


def test_a_new_collection_is_private_unless_it_says_otherwise(browse: As, alice: User) -> None:
    answer = browse(alice).post("/collections", {"name": "  Paper\r\n studies ", "visibility": "private"}, follow=True)
    made = Collection.objects.get()
    assert answer.redirect_chain == [(f"/collections/{made.code}", 303)]
    assert (made.owner, made.name, made.visibility, made.item_count) == (alice, "Paper studies", "private", 0)
    assert "Nothing in it yet" in answer.content.decode()


def test_to_htmx_a_new_collection_is_an_address_to_go_to(browse: As, alice: User) -> None:
    answer = browse(alice).post("/collections", SAID, **HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, Collection.objects.get().url)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Give it a name."),
        ("name", " \t\u200b ", "Give it a name."),
        ("name", "x" * 61, "A name has at most 60 characters; this one has 61."),
        ("name", "a\x00b", "cannot be stored"),
        ("about", "x" * 501, "At most 500 characters; this has 501."),
        ("visibility", "everyone", "Choose one of the three shown."),
        ("visibility", "", "Say who may see it."),
    ],
)
@pytest.mark.parametrize("htmx", [{}, HTMX], ids=["page", "dialog"])
def test_what_is_wrong_is_named_and_what_was_typed_is_kept(
    browse: As, alice: User, mine: Collection, field: str, value: str, said: str, htmx: dict[str, Any]
) -> None:
    for door in ("/collections", f"{mine.url}/edit"):
        answer = browse(alice).post(door, {**SAID, field: value}, **htmx)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert said in page
        assert f'id="collection-{field}-e"' in page
        assert 'aria-invalid="true"' in page
        if field != "about":
            assert "Layers first," in page
        assert ("<html" in page) is not bool(htmx)
    assert Collection.objects.count() == 1
    assert fresh(mine).name == "Paper studies"


def test_names_are_text_everywhere(browse: As, alice: User) -> None:
    wild = collecting.create(owner=alice, name='<b>"Nine"</b>', about="<script>x</script>", visibility="public")
    put(wild, one(alice))
    for address in (wild.url, "/collections", "/@alice/collections", f"{wild.url}/edit", f"{wild.url}/delete"):
        page = browse(alice).get(address).content.decode()
        assert "&lt;b&gt;&quot;Nine&quot;&lt;/b&gt;" in page
        assert "<b>" not in page
        assert "<script>x" not in page


def test_editing_changes_what_is_said_and_who_sees_it_at_once(
    browse: As, alice: User, charlie: User, mine: Collection
) -> None:
    assert browse(charlie).get(mine.url).status_code == 404
    client = browse(alice)
    form = client.get(f"{mine.url}/edit").content.decode()
    assert 'value="Paper studies"' in form
    assert '<option value="private" selected>' in form
    for _ in range(2):
        assert client.post(f"{mine.url}/edit", SAID)["Location"] == mine.url
    page = browse(charlie).get(mine.url).content.decode()
    assert "Layers first," in page
    client.post(f"{mine.url}/edit", {**SAID, "visibility": "private"})
    assert browse(charlie).get(mine.url).status_code == 404


def test_deleting_asks_first_and_leaves_the_pictures(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    put(mine, asset)
    client = browse(alice)
    assert "Delete this collection?" in client.get(f"{mine.url}/delete").content.decode()
    assert Collection.objects.exists()
    assert "is gone" in client.post(f"{mine.url}/delete", follow=True).content.decode()
    assert not Collection.objects.exists()
    assert not CollectionItem.objects.exists()
    assert Asset.objects.filter(pk=asset.pk).exists()
    assert client.post(f"{mine.url}/delete").status_code == 404


# --- Whose it is -----------------------------------------------------------------------------------------------------

DOORS = ("edit", "delete", "items", "remove", "save")


def knock(client: Client, door: str, collection: Collection, asset: Asset) -> HttpResponse:
    addresses = {
        "edit": (f"{collection.url}/edit", SAID),
        "delete": (f"{collection.url}/delete", {}),
        "items": (f"{collection.url}/items", {"art": asset.code}),
        "remove": (f"{collection.url}/items/{asset.code}/remove", {}),
        "save": (f"{asset.url}/collect", {"collection": [collection.code]}),
    }
    return client.post(*addresses[door])  # type: ignore[return-value]


@pytest.mark.parametrize("visibility", Visibility.values)
@pytest.mark.parametrize("door", DOORS)
def test_a_stranger_changes_nothing_of_anothers_collection(
    browse: As, alice: User, charlie: User, door: str, visibility: str
) -> None:
    theirs = collecting.create(owner=alice, name="Hers", visibility=visibility)
    asset = one(alice)
    show(asset)
    put(theirs, asset)
    answer = knock(browse(charlie), door, theirs, asset)
    assert answer.status_code == (422 if door == "save" else 404)
    assert (fresh(theirs).name, inside(theirs)) == ("Hers", [asset.pk])


@pytest.mark.parametrize("door", DOORS)
def test_guests_and_visitors_are_sent_to_sign_in(
    browse: As, gwen: User, alice: User, mine: Collection, door: str
) -> None:
    asset = one(alice)
    show(asset)
    for user in (gwen, None):
        answer = knock(browse(user), door, mine, asset)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=%2F")
    assert inside(mine) == []


@pytest.mark.parametrize("address", ["/collections", "/collections/new"])
def test_the_lists_of_ones_own_need_an_account(browse: As, gwen: User, address: str) -> None:
    for user in (gwen, None):
        answer = browse(user).get(address)
        assert answer["Location"] == f"/accounts/login/?next={address.replace('/', '%2F')}"
    assert browse(None).get(address, **HTMX)["HX-Redirect"].startswith("/accounts/login/")


def test_doors_that_write_are_not_read(browse: As, alice: User, mine: Collection) -> None:
    client = browse(alice)
    assert client.get(f"{mine.url}/items").status_code == 405
    assert client.get(f"{mine.url}/items/{uuid4()}/remove").status_code == 405
    assert client.post(mine.url).status_code == 405
    assert client.post("/@alice/collections").status_code == 405
    assert client.put("/collections").status_code == 405


# --- Put in, taken out -----------------------------------------------------------------------------------------------


def test_a_picture_is_put_in_once_however_often_it_is_sent(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    client = browse(alice)
    said = [client.post(f"{mine.url}/items", {"art": asset.code}, follow=True).content.decode() for _ in range(2)]
    assert "Saved to “Paper studies”." in said[0]
    assert "It is in “Paper studies” already." in said[1]
    assert inside(mine) == [asset.pk]
    assert fresh(mine).item_count == 1


@pytest.mark.parametrize("art", ["", "x", str(ABSENT)])
def test_what_is_no_picture_cannot_be_put_in(browse: As, alice: User, mine: Collection, art: str) -> None:
    assert browse(alice).post(f"{mine.url}/items", {"art": art}).status_code == 404


def test_a_picture_that_one_may_not_see_cannot_be_put_in(browse: As, charlie: User, alice: User) -> None:
    hidden = one(alice)
    mine = collecting.create(owner=charlie, name="Mine")
    client = browse(charlie)
    assert client.post(f"{mine.url}/items", {"art": hidden.code}).status_code == 404
    assert client.get(f"{hidden.url}/collect").status_code == 404
    assert client.post(f"{hidden.url}/collect", {"collection": [mine.code]}).status_code == 404
    assert put(mine, hidden) == 0
    with pytest.raises(errors.NotYours):
        collecting.place(owner=charlie, asset=hidden, into=[mine.code], out_of=[])
    assert inside(mine) == []


def test_many_are_put_in_at_once_the_newest_on_top_and_those_there_are_not_counted(
    alice: User, charlie: User, mine: Collection
) -> None:
    a, b, c, d = make(alice, pictures=4)
    unlisted, private = one(charlie), one(charlie)
    show(unlisted, visibility="unlisted")
    put(mine, b)
    assert put(mine, d, b, a, c, c, unlisted, private) == 4
    assert inside(mine) == [b.pk, a.pk, c.pk, d.pk, unlisted.pk]
    assert put(mine, d, b, a, c, unlisted) == 0
    assert fresh(mine).item_count == 5
    with pytest.raises(errors.NotYours):
        collecting.add_many(owner=charlie, collection_code=mine.code, asset_ids=[a.pk])


def test_taking_out_leaves_the_picture_and_is_as_done_the_second_time(
    browse: As, alice: User, mine: Collection
) -> None:
    asset = one(alice)
    put(mine, asset)
    client = browse(alice)
    address = f"{mine.url}/items/{asset.code}/remove"
    assert "Taken out of the collection." in client.post(address, follow=True).content.decode()
    assert inside(mine) == []
    assert fresh(mine).item_count == 0
    answer = client.post(address, **HTMX)
    assert answer.status_code == 200
    assert "<article" not in answer.content.decode()
    assert "Undo" not in answer.content.decode()


def test_what_was_taken_out_is_put_back_by_undo(browse: As, alice: User, mine: Collection) -> None:
    asset = one(alice)
    put(mine, asset)
    client = browse(alice)
    said = client.post(f"{mine.url}/items/{asset.code}/remove", **HTMX).content.decode()
    assert f'action="{mine.url}/items"' in said
    assert f'name="art" value="{asset.code}"' in said
    assert inside(mine) == []
    client.post(f"{mine.url}/items", {"art": asset.code})
    assert inside(mine) == [asset.pk]


def test_a_change_brings_a_collection_to_the_front(browse: As, alice: User) -> None:
    first, second = (collecting.create(owner=alice, name=name) for name in ("First", "Second"))
    assert collecting.of_owner(alice) == [second, first]
    put(first, one(alice))
    assert collecting.of_owner(alice) == [first, second]


# --- How many --------------------------------------------------------------------------------------------------------


def test_a_person_has_so_many_collections_and_no_more(
    browse: As, alice: User, mine: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "COLLECTIONS_MAX", 1)
    answer = browse(alice).post("/collections", SAID)
    assert answer.status_code == 422
    assert "there is no room for more" in answer.content.decode()
    asset = one(alice)
    answer = browse(alice).post(f"{asset.url}/collect", {"new": "One more"})
    assert answer.status_code == 422
    assert 'id="save-new-e"' in answer.content.decode()
    assert Collection.objects.count() == 1


def test_a_full_collection_says_so_and_takes_nothing(
    browse: As, alice: User, mine: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = make(alice, pictures=2)
    monkeypatch.setattr(collecting, "ITEMS_MAX", 1)
    with pytest.raises(errors.Full):
        put(mine, a, b)
    assert inside(mine) == []
    put(mine, a)
    client = browse(alice)
    said = "“Paper studies” is full: a collection holds 1 pictures."
    assert said in client.post(f"{mine.url}/items", {"art": b.code}, follow=True).content.decode()
    answer = client.post(f"{b.url}/collect", {"collection": [mine.code]})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_whoever_is_too_fast_is_told_when_it_works_again(
    browse: As, alice: User, mine: Collection, settings: Any
) -> None:
    settings.RATE_LIMIT_REACT = (1, 60)
    client = browse(alice)
    assert client.post(f"{mine.url}/edit", SAID).status_code == 303
    answer = client.post(f"{mine.url}/edit", {**SAID, "name": "Other"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert fresh(mine).name == "Paper studies"


# --- What the database holds by itself -------------------------------------------------------------------------------


def test_the_database_knows_a_picture_once_in_a_collection(alice: User, mine: Collection) -> None:
    asset = one(alice)
    put(mine, asset)
    with refused_by("collection_holds_a_picture_once"):
        CollectionItem.objects.create(collection=mine, asset=asset)


def test_the_database_has_no_nameless_collection(mine: Collection) -> None:
    with refused_by("collection_has_a_name"):
        Collection.objects.update(name="")


def test_the_database_knows_who_may_see_a_collection(mine: Collection) -> None:
    with refused_by("collection_visibility_is_known"):
        Collection.objects.update(visibility="friends")


def test_the_database_lets_no_collection_hold_more(alice: User, mine: Collection) -> None:
    Collection.objects.update(item_count=ITEMS_MAX)
    with refused_by("collection_holds_so_many"):
        CollectionItem.objects.create(collection=mine, asset=one(alice))
