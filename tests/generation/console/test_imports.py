"""A model from Replicate into the catalogue: proposed, looked over, checked, and able to make pictures without code."""

import json
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import User
from generation import catalogue, imports
from generation.models import InferenceModel, JobState
from tests import races
from tests.emulators.replicate import ReplicateEmulator
from tests.generation.asking import demo
from tests.generation.console.conftest import Desk
from tests.generation.remote.conftest import NOBODY
from tests.generation.remote.steps import Remote, draw_on

pytestmark = pytest.mark.django_db

FLUX = "black-forest-labs/flux-schnell"
# By ratio, by sides and a version, a list of references, a thing in 3D.
KINDS = [FLUX, "stability-ai/sdxl", "google/nano-banana", "firtoz/trellis"]


# A form that passes.
GOOD = {
    "slug": "kites",
    "name": "Kites",
    "about": "Draws kites",
    "provider_model": FLUX,
    "output_kind": "picture",
    "aspect_ratios": ["1:1", "16:9"],
    "max_count": "1",
    "seed_support": "best_effort",
    "styles": '{"none": ""}',
    "recipe": '{"fields": {"prompt": "prompt", "seed": "seed", "aspect_ratio": "aspect_ratio"}}',
    "price_credits": "2",
    "typical_seconds": "3.5",
    "cost_basis": "picture",
    "reason": "to try it out",
}


def proposed(desk: Desk, address: str = FLUX) -> dict[str, Any]:
    """The form as the page fills it in, as a browser would send it."""
    desk.ask(f"models/{address}/add/")
    form = desk.get(f"models/{address}/add/").context["form"]
    said = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in said.items() if value not in (None, False)} | {"reason": "to try it out"}


def add(desk: Desk, said: dict[str, Any], address: str = FLUX) -> Any:
    return desk.post(f"models/{address}/add/", said)


def added(desk: Desk, address: str = FLUX, **changes: Any) -> InferenceModel:
    answer = add(desk, proposed(desk, address) | changes, address)
    assert answer.status_code == 302, answer.context["form"].errors
    return InferenceModel.objects.get(is_imported=True)


@pytest.mark.parametrize("address", KINDS)
def test_a_model_comes_in_as_it_is_proposed_switched_off_and_last(desk: Desk, sam: User, address: str) -> None:
    demo()
    row = added(desk, address)
    assert (row.is_enabled, row.message, row.lane, row.provider) == (False, "Being tried", "providers", "replicate")
    assert row.provider_model.partition(":")[0] == address
    assert catalogue.listed()[-1] == row
    entry = LogEntry.objects.get()
    assert (entry.user_id, entry.object_id) == (sam.pk, str(row.pk))
    assert "to try it out" in entry.change_message
    catalogue.sync()
    row.refresh_from_db()
    assert not row.is_retired


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "taken"}, "slug"),
        ({"slug": "a b"}, "slug"),
        ({"name": ""}, "name"),
        ({"price_credits": "0"}, "price_credits"),
        ({"typical_seconds": "0"}, "__all__"),
        ({"max_count": "9"}, "__all__"),
        ({"max_steps": "9", "normal_steps": ""}, "__all__"),
        ({"aspect_ratios": ["7:1"]}, "aspect_ratios"),
        ({"aspect_ratios": []}, "aspect_ratios"),
        ({"provider_model": "https://example.org/x"}, "provider_model"),
        ({"provider_model": ""}, "provider_model"),
        ({"styles": '{"baroque": "gold"}'}, "styles"),
        ({"styles": "[]"}, "styles"),
        ({"recipe": '{"fields": {"colour": "c"}}'}, "recipe"),
        ({"recipe": '{"fields": {}}'}, "recipe"),
        ({"recipe": '{"fields": {"prompt": 3}}'}, "recipe"),
        ({"recipe": '{"fields": []}'}, "recipe"),
        ({"recipe": '{"fields": {"prompt": "p"}, "surprise": 1}'}, "recipe"),
        ({"recipe": '{"fields": {"prompt": "p"}, "ratios": 3}'}, "recipe"),
        ({"recipe": '{"fields": {"prompt": "p"}, "seed_max": "many"}'}, "recipe"),
        ({"recipe": "{"}, "recipe"),
        ({"seed_support": "none"}, "recipe"),
        ({"max_guidance": "9", "normal_guidance": "3"}, "recipe"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_row_that_could_not_run_is_refused_by_its_field(desk: Desk, changes: dict[str, Any], field: str) -> None:
    taken = InferenceModel(slug="taken", name="Taken", provider="demo", lane="default", price_credits=1)
    taken.typical_seconds = 1.0
    taken.save()
    answer = add(desk, GOOD | changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors, answer.context["form"].errors
    assert not InferenceModel.objects.filter(is_imported=True).exists()


def test_the_form_that_these_were_made_of_is_a_good_one(desk: Desk) -> None:
    assert add(desk, GOOD).status_code == 302


def test_what_staff_have_written_stays_in_a_refused_form(desk: Desk) -> None:
    answer = add(desk, proposed(desk) | {"name": "My own name", "price_credits": "0"})
    assert 'value="My own name"' in answer.content.decode()


def test_the_same_model_may_come_in_under_another_name_only(desk: Desk) -> None:
    said = proposed(desk)
    assert add(desk, said).status_code == 302
    assert "slug" in add(desk, said).context["form"].errors
    assert proposed(desk)["slug"] == "flux-schnell-2"
    assert add(desk, proposed(desk)).status_code == 302
    page = desk.ask(f"models/{FLUX}/")
    assert len(set(re.findall(r"/admin/generation/inferencemodel/\d+/change/", page))) == 2


# --- Later -----------------------------------------------------------------------------------------------------------


def test_staff_change_a_row_of_theirs_whole_and_a_row_of_the_file_by_its_switches_only(desk: Desk) -> None:
    demo()
    row = added(desk)
    path = f"/admin/generation/inferencemodel/{row.pk}/change/"
    page = desk.client.get(path)
    form = page.context["adminform"].form
    said = {name: form[name].value() for name in form.fields}
    said = {name: value for name, value in said.items() if value not in (None, False)}
    recipe = json.dumps(row.recipe | {"fixed": {"megapixels": "0.25"}})
    with desk.worker():
        answer = desk.client.post(path, said | {"recipe": recipe, "price_credits": 7, "is_enabled": "on"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row.refresh_from_db()
    assert (row.price_credits, row.is_enabled, row.recipe["fixed"]) == (7, True, {"megapixels": "0.25"})
    assert desk.client.post(path, said | {"recipe": '{"fields": {"colour": "c"}}'}).status_code == 200
    other = desk.client.get(f"/admin/generation/inferencemodel/{InferenceModel.objects.get(slug='demo').pk}/change/")
    assert set(other.context["adminform"].form.fields) == {"is_enabled", "message"}


def test_a_model_that_was_brought_in_makes_a_picture(
    desk: Desk, emulator: ReplicateEmulator, alice: User, settings: Any
) -> None:
    """No code knows it: its input is written as its recipe says."""
    settings.PUBLIC_URL = NOBODY
    demo()
    row = added(desk, "stability-ai/sdxl", name="Brought in", price_credits=2)
    InferenceModel.objects.filter(pk=row.pk).update(is_enabled=True)
    catalogue.forget()
    assert "Brought in" in desk.client.get("/").content.decode()
    remote = Remote(emulator, draw_on(row), alice)
    job = remote.bring_in(remote.begin(count=2))
    assert (job.state, job.assets.count()) == (JobState.SUCCEEDED, 2)
    [asked] = [run["input"] for run in emulator.predictions]
    assert (asked["prompt"], asked["num_outputs"], asked["width"], asked["height"]) == ("A red kite", 2, 1024, 1024)
    assert asked["seed"] == job.seeds()[0]


@pytest.mark.django_db(transaction=True)
def test_of_two_forms_at_once_one_gets_the_name(sam: User) -> None:
    def bring_in() -> None:
        fields = {"name": "Kites", "about": "Draws kites", "provider_model": FLUX, "aspect_ratios": ["1:1"]}
        row = imports.blank()
        for name, value in {**fields, "slug": "kites", "styles": {"none": ""}, "typical_seconds": 3.5}.items():
            setattr(row, name, value)
        imports.add(row=row, actor_id=sam.pk, reason="a reason")

    results = races.together(3, bring_in)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "ValidationError", "ValidationError"]
    assert InferenceModel.objects.filter(slug="kites").count() == 1
