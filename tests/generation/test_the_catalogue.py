"""The catalogue: its file, what a sync keeps, and how a switch reaches a page that is already open."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from accounts.models import User
from generation import catalogue
from generation.models import InferenceModel
from generation.pricing import quote as quotes
from generation.providers import registry
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, form, job_of

ROW = """
[{slug}]
name = "A model"
about = "For a test"
provider = "{provider}"
lane = "providers"
aspect_ratios = ["1:1"]
price_credits = 2
typical_seconds = 3.0
{more}
"""


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Writes a catalogue of one row and syncs it."""

    def sync(*, slug: str = "one", provider: str = "demo", more: str = "") -> tuple[int, int]:
        path = tmp_path / "catalogue.toml"
        path.write_text(ROW.format(slug=slug, provider=provider, more=more))
        return catalogue.sync(path)

    return sync


@pytest.fixture
def keys(settings: Any, db: None) -> None:
    """A site with the keys of every vendor."""
    demo()
    settings.REPLICATE_API_TOKENS, settings.GEMINI_API_KEYS, settings.DIFFUSION_MODEL = (
        ["r8_one"],
        ["one"],
        "/models/one",
    )
    catalogue.forget()


# --- The file --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_file_of_the_repository_is_one_that_can_be_written() -> None:
    count, retired = catalogue.sync()
    assert (count, retired) == (InferenceModel.objects.count(), 0)
    assert catalogue.sync() == (count, 0)
    assert {row.provider for row in InferenceModel.objects.all()} <= set(registry.PROVIDERS)


@pytest.mark.django_db
def test_every_model_of_the_file_can_be_priced_and_says_what_its_adapter_needs() -> None:
    catalogue.sync()
    for row in InferenceModel.objects.all():
        for ratio in row.aspect_ratios:
            assert (
                quotes.make(model=row, aspect_ratio=ratio, count=row.max_count).total_credits >= row.price_credits // 2
            )
        if row.provider == "replicate":
            assert re.fullmatch(r"(deployment:)?[\w.-]+/[\w.-]+(:[0-9a-f]{64})?", row.provider_model)
            told = row.recipe["fields"]
            assert row.needs_reference or "prompt" in told
            assert row.max_count == 1 or "count" in told
            assert ("reference" in told) == row.supports_reference
            assert ("strength" in told) == row.supports_strength
            assert ("negative" in told) == row.supports_negative
            assert ("seed" in told) == row.supports_seed
            assert ("steps" in told) == (row.max_steps is not None)
            assert ("guidance" in told) == (row.max_guidance is not None)
            assert "aspect_ratio" in told or {"width", "height"} <= set(told) or len(row.aspect_ratios) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"more": 'colour = "red"'}, "colour"),
        ({"more": "is_enabled = false"}, "is_enabled"),
        ({"more": "max_count = 9"}, "model_makes_one_to_four"),
        ({"more": "max_steps = 9"}, "model_steps_have_a_normal"),
        ({"more": 'output_kind = "film"'}, "output_kind"),
        ({"more": 'cost_basis = "moon"'}, "cost_basis"),
        ({"provider": "elsewhere"}, "elsewhere"),
    ],
)
def test_what_no_row_can_hold_is_named_and_nothing_is_written(file: Any, said: dict[str, str], named: str) -> None:
    with pytest.raises(catalogue.BadCatalogue, match=named) as caught:
        file(**said)
    assert str(caught.value).startswith("one: ")
    assert not InferenceModel.objects.exists()


@pytest.mark.django_db
def test_what_leaves_the_file_is_retired_and_comes_back(file: Any) -> None:
    file(slug="one")
    assert file(slug="two") == (1, 1)
    assert InferenceModel.objects.get(slug="one").is_retired
    file(slug="one")
    assert not InferenceModel.objects.get(slug="one").is_retired


@pytest.mark.django_db
def test_a_field_that_leaves_the_file_is_as_in_a_new_row(file: Any) -> None:
    file(more='family = "quick"\nnormal_steps = 4')
    file()
    row = InferenceModel.objects.get(slug="one")
    assert (row.family, row.normal_steps) == ("", None)


@pytest.mark.django_db
def test_a_sync_leaves_the_staffs_switches_and_imports_alone(file: Any) -> None:
    file()
    InferenceModel.objects.update(is_enabled=False, message="Back at noon.")
    InferenceModel.objects.create(
        slug="brought",
        name="Brought",
        provider="demo",
        lane="providers",
        price_credits=1,
        typical_seconds=1,
        is_imported=True,
    )
    file()
    switched, brought = InferenceModel.objects.get(slug="one"), InferenceModel.objects.get(slug="brought")
    assert (switched.is_enabled, switched.message, brought.is_retired) == (False, "Back at noon.", False)
    with pytest.raises(catalogue.BadCatalogue, match="brought"):
        file(slug="brought")


# --- What a site offers ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_models_whose_keys_are_set_are_offered(settings: Any) -> None:
    demo()
    assert {row.provider for row in catalogue.listed()} == {"demo"}
    settings.GEMINI_API_KEYS = ["one"]
    catalogue.forget()
    offered = {row.provider for row in catalogue.listed()}
    assert offered == {"demo", "gemini"} & set(registry.PROVIDERS)


def test_the_form_shows_only_what_the_chosen_model_supports(keys: None, alice: User, browse: As) -> None:
    for row in list(catalogue.listed()):
        page = browse(alice).get("/", {"model": row.slug}).content.decode()
        for name, is_there in {
            "negative_prompt": row.supports_negative,
            "steps": row.max_steps is not None,
            "guidance": row.max_guidance is not None,
            "seed": row.supports_seed,
        }.items():
            assert (f'name="{name}"' in page) == is_there, (row.slug, name)
        assert set(re.findall(r'name="aspect_ratio" value="([\d:]+)"', page)) == set(row.aspect_ratios)


def test_settings_of_another_model_become_what_the_new_one_can(alice: User, browse: As) -> None:
    demo()
    InferenceModel.objects.filter(slug="demo").update(aspect_ratios=["3:2", "1:1"], max_count=2)
    catalogue.forget()
    page = (
        browse(alice).get("/", {"model": "demo", "aspect_ratio": "21:9", "count": "4", "style": "odd"}).content.decode()
    )
    assert re.search(r'name="aspect_ratio" value="3:2" checked', page)
    assert re.search(r'name="count" value="2" checked', page)
    assert re.search(r'name="style" value="none" checked', page)


# --- Steps and guidance ----------------------------------------------------------------------------------------------


@pytest.fixture
def adjustable(alice: User) -> InferenceModel:
    """A demo whose steps and guidance can be chosen."""
    model = demo()
    told = {"normal_steps": 20, "max_steps": 40, "normal_guidance": 5.0, "max_guidance": 10.0, "price_credits": 10}
    InferenceModel.objects.filter(pk=model.pk).update(**told)
    catalogue.forget()
    return InferenceModel.objects.get(pk=model.pk)


def _priced(model: InferenceModel, steps: int | None) -> str:
    made = quotes.make(model=model, aspect_ratio="3:2", count=1, steps=steps)
    return quotes.sign(made, model=model, aspect_ratio="3:2", steps=steps)


def test_more_steps_cost_more_and_reach_the_job(adjustable: InferenceModel, alice: User, browse: As) -> None:
    answer = ask(browse(alice), steps=40, guidance="7.5", quote=_priced(adjustable, 40))
    job = job_of(answer)
    assert (job.steps, job.guidance) == (40, 7.5)
    assert job.price_credits > quotes.make(model=adjustable, aspect_ratio="3:2", count=1).price_credits


def test_the_price_of_other_steps_is_not_taken(adjustable: InferenceModel, alice: User, browse: As) -> None:
    answer = ask(browse(alice), steps=40, quote=_priced(adjustable, None))
    assert (answer.status_code, b"quote_expired" in answer.content) == (422, True)


def test_normal_steps_and_guidance_are_the_models_own(adjustable: InferenceModel, alice: User, browse: As) -> None:
    job = job_of(ask(browse(alice), steps=20, guidance="5.0", quote=_priced(adjustable, None)))
    assert (job.steps, job.guidance) == (None, None)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"steps": "41"}, "Demo takes at most 40."),
        ({"steps": "0"}, "Choose 1 step or more."),
        ({"steps": "many"}, "Steps are a whole number."),
        ({"guidance": "11"}, "Demo takes at most 10."),
        ({"guidance": "-1"}, "Guidance is 0 or more."),
        ({"guidance": "nan"}, "Guidance is a number."),
        ({"guidance": "1e999"}, "Guidance is a number."),
    ],
)
def test_what_the_model_does_not_take_is_named(
    adjustable: InferenceModel, alice: User, browse: As, said: dict[str, Any], words: str
) -> None:
    answer = ask(browse(alice), **said)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_model_without_steps_drops_them(alice: User, browse: As) -> None:
    demo()
    job = job_of(ask(browse(alice), steps="30", guidance="3", strength="0.5"))
    assert (job.steps, job.guidance, job.strength) == (None, None, None)


# --- A switch reaches a page that is open ----------------------------------------------------------------------------


def _picker_url(page: str) -> str:
    found = re.search(r'hx-get="(/models\?v=[0-9a-f]+)"', page)
    assert found
    return found[1]


def test_an_open_page_hears_of_a_switch_once(
    alice: User,
    sam: User,
    browse: As,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    demo()
    url = _picker_url(browse(alice).get("/").content.decode())
    visitor = Client()
    with django_assert_num_queries(0):
        assert visitor.get(url, headers=HTMX).status_code == 204
    row = InferenceModel.objects.get(slug="demo")
    with django_capture_on_commit_callbacks(execute=True):
        browse(sam).post(
            f"/admin/generation/inferencemodel/{row.pk}/change/", {"message": "Back at noon.", "_save": "Save"}
        )
    row.refresh_from_db()
    assert (row.is_enabled, row.message) == (False, "Back at noon.")
    answer = visitor.get(f"{url}&model=demo", headers=HTMX)
    assert answer.status_code == 200
    told = answer.content.decode()
    assert "Back at noon." in told
    assert " disabled" in told
    assert visitor.get(_picker_url(told), headers=HTMX).status_code == 204


def test_the_picker_takes_any_nonsense_for_a_version(alice: User) -> None:
    demo()
    for url in ("/models", "/models?v=", "/models?v=%00", "/models?v=x&model=" + "a" * 5000):
        assert Client().get(url).status_code == 200
    assert Client().post("/models", form()).status_code == 405
