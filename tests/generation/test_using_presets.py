"""Presets used: the studio filled in, open places asked for first, and what became of settings meanwhile."""

import re

import pytest

from accounts.models import User
from generation import catalogue, presets
from generation.models import InferenceModel, Job, Preset
from tests.browsers import As
from tests.generation.asking import demo, form
from tests.generation.test_presets import POSTER, STUDIO, chosen, fresh, text, typed, words


@pytest.fixture(autouse=True)
def on_offer(db: None) -> None:
    demo()


@pytest.fixture
def poster(alice: User) -> Preset:
    return presets.keep(owner=alice, name="Kitchen poster", prompt=POSTER, settings={"aspect_ratio": "4:5", "count": 2})


# --- Used ------------------------------------------------------------------------------------------------------------


def test_without_open_places_it_leads_to_the_studio_filled_in(browse: As, alice: User) -> None:
    client = browse(alice)
    client.post("/presets", {**STUDIO, "name": "Ridges", "keep": "all"})
    preset = Preset.objects.get()
    answer = client.get(f"/presets/{preset.code}/use")
    assert (answer.status_code, answer["Location"]) == (302, f"/?preset={preset.code}")
    page = text(client.get(answer["Location"]))
    assert words(page) == "Misty ridges"
    assert chosen(page, "aspect_ratio") == ["4:5"]
    assert chosen(page, "seed_mode") == ["counting"]
    assert typed(page, "seed") == "7"
    assert fresh(preset).used_at > preset.used_at


def test_open_places_are_asked_for_and_then_filled(browse: As, alice: User, poster: Preset) -> None:
    client, door = browse(alice), f"/presets/{poster.code}/use"
    page = text(client.get(door))
    assert re.findall(r'name="v\.(\w+)"', page) == ["fruit", "ground", "mood"]
    assert "Left empty: “quiet morning”" in page
    assert fresh(poster).used_at == poster.used_at
    answer = client.post(door, {"v.fruit": "{{ground}} & <i>", "v.ground": " linen ", "v.mood": ""})
    assert answer.status_code == 200
    page = text(answer)
    assert words(page) == "A poster of {{ground}} &amp; &lt;i&gt; on a linen table, quiet morning"
    assert chosen(page, "aspect_ratio") == ["4:5"]
    assert chosen(page, "count") == ["2"]
    assert fresh(poster).used_at > poster.used_at


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"v.fruit": "pears"}, "Write something for “ground”."),
        ({"v.fruit": "pears", "v.ground": "  "}, "Write something for “ground”."),
        ({"v.fruit": "x" * 201, "v.ground": "oak"}, "“fruit” takes at most 200 characters; this has 201."),
        ({"v.fruit": "pears", "v.ground": "oak", "v.sky": "blue"}, "This preset has no place “sky”."),
        ({"v.fruit": "a\x00", "v.ground": "oak"}, "cannot be stored"),
    ],
)
def test_a_place_that_is_wrong_is_named(
    browse: As, alice: User, poster: Preset, values: dict[str, str], said: str
) -> None:
    answer = browse(alice).post(f"/presets/{poster.code}/use", values)
    assert answer.status_code == 422
    assert said in text(answer)
    assert 'role="alert"' in text(answer)
    if values["v.fruit"] == "pears":
        assert 'value="pears"' in text(answer)
    assert fresh(poster).used_at == poster.used_at


@pytest.mark.parametrize(("prompt", "said"), [("{{a|}}", "less than 3"), ("{{a}}" + "x" * 990, "has 1,005 characters")])
def test_a_filled_prompt_has_to_fit(browse: As, alice: User, prompt: str, said: str) -> None:
    preset = presets.keep(owner=alice, name="One", prompt=prompt, settings={})
    answer = browse(alice).post(f"/presets/{preset.code}/use", {"v.a": "y" * 15 if "x" in prompt else ""})
    assert answer.status_code == 422
    assert said in text(answer)


def test_a_name_with_spaces_and_one_that_stands_twice_are_asked_for_once(browse: As, alice: User) -> None:
    preset = presets.keep(owner=alice, name="One", prompt="{{the tree}}, and {{ the  tree }}", settings={})
    door = f"/presets/{preset.code}/use"
    assert text(browse(alice).get(door)).count('name="v.the tree"') == 1
    assert words(text(browse(alice).post(door, {"v.the tree": "an oak"}))) == "an oak, and an oak"


def test_settings_that_the_model_has_not_any_more_become_its_own(browse: As, alice: User) -> None:
    gone = presets.keep(
        owner=alice, name="Gone", prompt="Words", settings={"model": "never-was", "aspect_ratio": "9:21"}
    )
    page = text(browse(alice).get(f"/?preset={gone.code}"))
    assert 'value="demo" checked' in page
    assert "A model that is gone" in text(browse(alice).get("/presets"))
    InferenceModel.objects.filter(slug="demo").update(aspect_ratios=["1:1", "3:2"], max_count=1)
    catalogue.forget()
    assert chosen(text(browse(alice).get(f"/?preset={gone.code}")), "aspect_ratio") == ["1:1"]


def test_settings_that_nobody_wrote_break_no_page(browse: As, alice: User) -> None:
    odd = {"model": 7, "count": "x", "style": [], "seed": {}, "steps": "many", "guidance": None, "key": "mine"}
    preset = presets.keep(owner=alice, name="Odd", prompt="Words", settings=odd)
    page = text(browse(alice).get(f"/?preset={preset.code}"))
    assert typed(page, "key") != "mine"
    assert browse(alice).get("/presets").status_code == 200


def test_a_link_beside_a_preset_has_the_last_word(browse: As, alice: User, poster: Preset) -> None:
    page = text(browse(alice).get(f"/?preset={poster.code}&prompt=Mine&aspect_ratio=1:1"))
    assert words(page) == "Mine"
    assert chosen(page, "aspect_ratio") == ["1:1"]
    assert chosen(page, "count") == ["2"]


def test_what_was_typed_with_braces_is_sent_as_typed(browse: As, alice: User) -> None:
    assert browse(alice).post("/generate", form(prompt="A {{fruit}} as typed")).status_code == 303
    assert Job.objects.get().prompt_sent == "A {{fruit}} as typed"
