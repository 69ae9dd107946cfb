"""Presets: words and settings kept, listed, used, changed, deleted; by whom; what the database holds by itself."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from generation import errors, presets
from generation.models import Preset
from tests.browsers import As
from tests.generation.asking import HTMX, demo, form
from tests.pictures import make, show
from tests.races import together
from tests.rules import refused_by

POSTER = "A poster of {{fruit}} on a {{ground}} table, {{mood|quiet morning}}"
STUDIO = {
    "prompt": "Misty ridges",
    "model": "demo",
    "aspect_ratio": "4:5",
    "count": "2",
    "seed_mode": "counting",
    "seed": "7",
}


@pytest.fixture(autouse=True)
def on_offer(db: None) -> None:
    demo()


@pytest.fixture
def poster(alice: User) -> Preset:
    return presets.keep(owner=alice, name="Kitchen poster", prompt=POSTER, settings={"aspect_ratio": "4:5", "count": 2})


def fresh(preset: Preset) -> Preset:
    return Preset.objects.get(pk=preset.pk)


def text(response: Any) -> str:
    return str(response.content.decode())


def typed(page: str, name: str) -> str:
    """What stands in a field of the studio's form."""
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    return found[1] if found else ""


def chosen(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)" checked', page)


def words(page: str) -> str:
    found = re.search(r'<textarea class="input input--prompt"[^>]*>([^<]*)<', page)
    assert found
    return found[1]


# --- Kept ------------------------------------------------------------------------------------------------------------


def test_words_alone_are_a_saved_prompt(browse: As, alice: User) -> None:
    said = {"name": " River\t delta ", "prompt": "River delta at low tide"}
    answer = browse(alice).post("/presets", said, follow=True)
    assert answer.redirect_chain == [("/presets", 303)]
    preset = Preset.objects.get()
    assert (preset.owner, preset.name, preset.prompt, preset.settings) == (alice, "River delta", said["prompt"], {})
    assert "Words only" in text(answer)


def test_the_studios_form_is_kept_with_its_settings(browse: As, alice: User) -> None:
    said = {**form(**STUDIO), "name": "Ridges", "keep": "all", "negative_prompt": "people", "style": "artistic"}
    assert browse(alice).post("/presets", said).status_code == 303
    preset = Preset.objects.get()
    assert preset.prompt == "Misty ridges"
    assert preset.settings["model"] == "demo"
    assert preset.settings["aspect_ratio"] == "4:5"
    assert (preset.settings["count"], preset.settings["seed"], preset.settings["seed_mode"]) == (2, 7, "counting")
    assert not {"key", "quote", "reference", "parent"} & preset.settings.keys()


@pytest.mark.parametrize("seed", ["0", "4294967295"])
def test_a_seed_is_kept_whatever_it_is_and_not_beside_a_random_one(browse: As, alice: User, seed: str) -> None:
    said = {**STUDIO, "seed": seed, "keep": "all"}
    browse(alice).post("/presets", {**said, "name": "One"})
    browse(alice).post("/presets", {**said, "name": "Two", "seed_mode": "random"})
    assert [one.settings.get("seed") for one in Preset.objects.order_by("pk")] == [int(seed), None]


def test_words_only_leaves_the_settings(browse: As, alice: User) -> None:
    browse(alice).post("/presets", {**STUDIO, "name": "Ridges", "keep": "words"})
    assert Preset.objects.get().settings == {}


def test_settings_can_be_kept_without_words(browse: As, alice: User) -> None:
    assert browse(alice).post("/presets", {**STUDIO, "prompt": "", "name": "Tall", "keep": "all"}).status_code == 303
    preset = Preset.objects.get()
    assert preset.prompt == ""
    page = text(browse(alice).get(f"/?preset={preset.code}"))
    assert words(page) == ""
    assert chosen(page, "aspect_ratio") == ["4:5"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Give it a name."),
        ({"name": " \u200b\n"}, "Give it a name."),
        ({"name": "x" * 61}, "A name has at most 60 characters; this one has 61."),
        ({"name": "a\x00"}, "cannot be stored"),
        ({"prompt": "", "keep": "words"}, "Write the words to keep."),
        ({"prompt": "x" * 1001}, "Write at most 1000 characters; this has 1001."),
        ({"prompt": "a {{b-c}}"}, "“b-c” cannot name an open place"),
        ({"keep": "some"}, "Keep the words only, or the settings too."),
        ({"keep": "all", "model": "none"}, "Model: This model is not on offer."),
        ({"keep": "all", "count": "9"}, "Count: Choose 1 to 4 pictures."),
        ({"keep": "all", "seed": "x"}, "Seed: A seed is a whole number."),
        ({"keep": "all", "aspect_ratio": "7:3"}, "Aspect ratio: Choose one of the shapes shown."),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_is_kept(
    browse: As, alice: User, changes: dict[str, str], said: str
) -> None:
    sent = {**STUDIO, "name": "Ridges", "keep": "all", **changes}
    for headers in ({}, HTMX):
        answer = browse(alice).post("/presets", sent, headers=headers)
        page = text(answer)
        assert answer.status_code == 422
        assert said in page
        assert ("<html" in page) is not bool(headers)
        if "name" not in changes:
            assert 'value="Ridges"' in page
        if "prompt" not in changes:
            assert ">Misty ridges</textarea>" in page
        if "aspect_ratio" not in changes:
            assert '<input type="hidden" name="aspect_ratio" value="4:5">' in page
    assert not Preset.objects.exists()


@pytest.mark.parametrize("name", ["Kitchen poster", "KITCHEN Poster"])
def test_a_second_one_of_a_name_is_refused(browse: As, alice: User, charlie: User, poster: Preset, name: str) -> None:
    answer = browse(alice).post("/presets", {"name": name, "prompt": "Other words"})
    assert answer.status_code == 422
    assert "You have one of that name." in text(answer)
    assert 'id="preset-name-e"' in text(answer)
    assert browse(charlie).post("/presets", {"name": name, "prompt": "Other words"}).status_code == 303


def test_a_person_has_so_many_and_no_more(
    browse: As, alice: User, poster: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "PRESETS_MAX", 1)
    answer = browse(alice).post("/presets", {"name": "One more", "prompt": "Words"})
    assert answer.status_code == 422
    assert "There is room for 1, and you have them." in text(answer)


def test_names_and_words_are_text_everywhere(browse: As, alice: User) -> None:
    wild = presets.keep(owner=alice, name='<b>"N"</b>', prompt="<script>x</script> {{a}}", settings={"model": "<i>"})
    for address in ("/presets", "/presets/menu", f"/presets/{wild.code}/use", f"/presets/{wild.code}/edit"):
        page = text(browse(alice).get(address))
        assert "&lt;b&gt;&quot;N&quot;&lt;/b&gt;" in page
        assert "<b>" not in page
        assert "<script>x" not in page
        assert "<i>" not in page.replace("<i></i>", "")


# --- From the studio, a job, a picture -------------------------------------------------------------------------------


def test_the_studio_asks_for_a_name_and_carries_all_that_was_typed(browse: As, alice: User) -> None:
    page = text(browse(alice).post("/presets/new", {**form(**STUDIO), "back": "studio"}))
    assert (
        'name="name" required maxlength="60" autocomplete="off" placeholder="Kitchen poster" value="Misty ridges"'
        in page
    )
    assert ">Misty ridges</textarea>" in page
    assert "Keep them: Demo, 4:5, 2 pictures, seed counting up" in page
    for name, value in (("model", "demo"), ("seed", "7"), ("back", "studio")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert "<html" not in text(browse(alice).post("/presets/new", form(**STUDIO), headers=HTMX))
    assert not Preset.objects.exists()


def test_without_javascript_one_is_back_in_the_studio_with_all_that_was_typed(browse: As, alice: User) -> None:
    client = browse(alice)
    said = {**STUDIO, "name": "Ridges", "keep": "words", "back": "studio", "negative_prompt": "people & {{x}}"}
    page = text(client.post("/presets", said, follow=True))
    assert "“Ridges” is kept." in page
    assert words(page) == "Misty ridges"
    assert chosen(page, "aspect_ratio") == ["4:5"]
    assert chosen(page, "count") == ["2"]
    assert typed(page, "seed") == "7"


def test_to_htmx_the_studio_gets_a_toast_and_keeps_its_form(browse: As, alice: User) -> None:
    answer = browse(alice).post("/presets", {**STUDIO, "name": "Ridges", "back": "studio"}, headers=HTMX)
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "dialog-done, presets-changed")
    assert "“Ridges” is kept." in text(answer)
    elsewhere = browse(alice).post("/presets", {"name": "Other", "prompt": "Words"}, headers=HTMX)
    assert (elsewhere.status_code, elsewhere["HX-Redirect"]) == (204, "/presets")


def test_a_pictures_words_are_offered_to_whoever_may_read_them(browse: As, alice: User, charlie: User) -> None:
    asset, hidden = make(alice, pictures=2, prompt="Dunes combed by wind", ratio="4:5", style="artistic")
    show(asset)
    show(hidden, hide_prompt=True)
    client = browse(charlie)
    assert f'href="/presets/new?remix={asset.code}"' in text(client.get(asset.url))
    page = text(client.get(f"/presets/new?remix={asset.code}"))
    assert ">Dunes combed by wind</textarea>" in page
    assert '<input type="hidden" name="aspect_ratio" value="4:5">' in page
    assert "presets/new" not in text(client.get(hidden.url))
    assert client.get(f"/presets/new?remix={hidden.code}").status_code == 404
    assert client.get("/presets/new?remix=x").status_code == 404
    job = asset.job
    assert ">Dunes combed by wind</textarea>" in text(browse(alice).get(f"/presets/new?from={job.code}"))
    assert f'href="/presets/new?from={job.code}"' in text(browse(alice).get(f"/jobs/{job.code}"))
    assert client.get(f"/presets/new?from={job.code}").status_code == 404


# --- Changed, deleted ------------------------------------------------------------------------------------------------


def test_editing_keeps_or_drops_the_settings(browse: As, alice: User, poster: Preset) -> None:
    client, door = browse(alice), f"/presets/{poster.code}/edit"
    page = text(client.get(door))
    assert 'value="Kitchen poster"' in page
    assert 'name="keep" value="all" checked' in page
    said = {"name": "kitchen POSTER", "prompt": "Pears", "keep": "all"}
    for _ in range(2):
        assert client.post(door, said)["Location"] == "/presets"
    assert (fresh(poster).name, fresh(poster).prompt) == ("kitchen POSTER", "Pears")
    assert fresh(poster).settings == poster.settings
    client.post(door, {**said, "keep": "words"})
    assert fresh(poster).settings == {}


def test_an_edit_that_is_refused_changes_nothing(browse: As, alice: User, poster: Preset) -> None:
    presets.keep(owner=alice, name="Taken", prompt="Words", settings={})
    answer = browse(alice).post(f"/presets/{poster.code}/edit", {"name": "TAKEN", "prompt": "Pears", "keep": "all"})
    assert answer.status_code == 422
    assert "You have one of that name." in text(answer)
    assert ">Pears</textarea>" in text(answer)
    assert fresh(poster).name == "Kitchen poster"


def test_deleting_asks_first(browse: As, alice: User, poster: Preset) -> None:
    client, door = browse(alice), f"/presets/{poster.code}/delete"
    assert "Delete this preset?" in text(client.get(door))
    assert Preset.objects.exists()
    assert "is gone" in text(client.post(door, follow=True))
    assert not Preset.objects.exists()
    assert client.post(door).status_code == 404


# --- Whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["use", "edit", "delete"])
def test_anothers_preset_is_as_absent(browse: As, charlie: User, poster: Preset, act: str) -> None:
    client = browse(charlie)
    said = {"name": "Mine", "prompt": "Mine", "v.fruit": "a", "v.ground": "b"}
    bodies: list[Any] = []
    for code in (poster.code, uuid4()):
        bodies += [client.get(f"/presets/{code}/{act}"), client.post(f"/presets/{code}/{act}", said)]
    assert {body.status_code for body in bodies} == {404}
    told = [[line for line in body.content.splitlines() if b"csrf" not in line] for body in bodies]
    assert all(one == told[0] for one in told)
    assert fresh(poster).name == "Kitchen poster"
    assert words(text(client.get(f"/?preset={poster.code}"))) == ""


@pytest.mark.parametrize("path", ["", "/new", "/menu", "/CODE/use", "/CODE/edit", "/CODE/delete"])
def test_guests_and_visitors_are_sent_to_sign_in(browse: As, gwen: User, poster: Preset, path: str) -> None:
    address = "/presets" + path.replace("CODE", str(poster.code))
    for user in (gwen, None):
        answer = browse(user).get(address)
        assert (answer.status_code, answer["Location"][:22]) == (302, "/accounts/login/?next=")
        if path != "/menu":
            answer = browse(user).post(address, {"name": "Mine", "prompt": "Mine"})
            assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=%2Fpresets")
    assert "presets" not in text(browse(gwen).get("/")).partition("</header>")[2]
    assert Preset.objects.count() == 1


def test_wrong_methods_are_405(browse: As, alice: User, poster: Preset) -> None:
    client = browse(alice)
    assert client.post("/presets/menu").status_code == 405
    for address in ("/presets", f"/presets/{poster.code}/edit", f"/presets/{poster.code}/use"):
        assert client.put(address).status_code == 405


# --- Lists and what they cost ----------------------------------------------------------------------------------------


def hang(owner: User, number: int) -> list[Preset]:
    return [presets.keep(owner=owner, name=f"No. {one}", prompt="Words", settings={}) for one in range(number)]


def listed(page: str) -> list[str]:
    return re.findall(r'preset__name">([^<]+)<', page)


def test_the_last_used_comes_first_in_list_and_menu(browse: As, alice: User, charlie: User) -> None:
    hang(alice, 8)
    hang(charlie, 1)
    first = Preset.objects.get(owner=alice, name="No. 2")
    presets.used(preset=first)
    client = browse(alice)
    order = ["No. 2", "No. 7", "No. 6", "No. 5", "No. 4", "No. 3", "No. 1", "No. 0"]
    assert listed(text(client.get("/presets"))) == order
    assert re.findall(r'menu__name">([^<]+)<', text(client.get("/presets/menu"))) == order[:6]


def test_the_list_has_keyset_pages(browse: As, alice: User) -> None:
    hang(alice, 45)
    client = browse(alice)
    first = text(client.get("/presets"))
    address = re.search(r'href="([^"]+)" rel="next"', first)
    assert address
    second = text(client.get(address[1], headers=HTMX))
    assert listed(first) + listed(second) == [f"No. {number}" for number in range(44, -1, -1)]
    assert "<html" not in second
    assert 'rel="next"' not in second


@pytest.mark.parametrize(
    "after", ["x", "!!!", "\x00", "A" * 500, "MS4yLjM", "LTEuMg", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ"]
)
def test_a_broken_cursor_is_400(browse: As, alice: User, after: str) -> None:
    assert browse(alice).get("/presets", {"after": after}).status_code == 400


@pytest.mark.parametrize("number", [1, 40])
def test_presets_cost_the_same_with_one_and_with_forty(
    browse: As, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    code = hang(alice, number)[0].code
    client = browse(alice)
    client.get("/presets")
    for address, queries in (("/presets", 2), ("/presets/menu", 2), (f"/presets/{code}/edit", 2)):
        with django_assert_num_queries(queries):
            assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as plain:
        client.get("/")
    with django_assert_num_queries(len(plain) + 1):
        client.get(f"/?preset={code}")


# --- What the database holds by itself, races ------------------------------------------------------------------------


def test_the_database_knows_a_name_once_a_person(alice: User, poster: Preset) -> None:
    with refused_by("preset_name_once_per_person"):
        Preset.objects.create(owner=alice, name="KITCHEN poster", prompt="Words")


def test_the_database_has_no_nameless_and_no_empty_preset(poster: Preset) -> None:
    with refused_by("preset_has_a_name"):
        Preset.objects.update(name="")
    with refused_by("preset_keeps_something"):
        Preset.objects.update(prompt="", settings={})


@pytest.mark.django_db(transaction=True)
def test_one_name_kept_twice_at_once_is_kept_once(alice: User) -> None:
    outcomes = together(5, lambda: presets.keep(owner=alice, name="One", prompt="Words", settings={}))
    assert len([one for one in outcomes if isinstance(one, errors.PresetNameTaken)]) == 4
    assert Preset.objects.count() == 1
