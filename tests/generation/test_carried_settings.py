"""A dropped picture that says how it was made: offered to its owner, put into the form on wish, believed in nothing."""

import io
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from accounts.models import User
from generation import carried, catalogue, references
from generation.metadata import Settings
from generation.models import InferenceModel, Job, Reference
from tests import pictures, uploads
from tests.browsers import As
from tests.generation.asking import HTMX, demo, job_of, token

pytestmark = pytest.mark.django_db

A1111 = (
    "an old lighthouse, fog\nNegative prompt: people\nSteps: 20, CFG scale: 7, Seed: 42, Size: 512x768, Model: sd_xl"
)


def png(parameters: str = A1111, *, size: tuple[int, int] = (60, 90)) -> bytes:
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("parameters", parameters)
    Image.new("RGB", size, (3, 4, 5)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def drop(client: Client, data: bytes, *, htmx: bool = True, **more: str) -> Any:
    said = {"reference": uploads.file(data, name="tower.png"), "model": "demo", **more}
    return client.post("/references", said, headers=HTMX if htmx else {})


def offer_in(answer: Any) -> str:
    """The link of the offer; "" where there is none."""
    found = re.search(r'href="(/\?reference=[^"]*settings=file[^"]*)"', answer.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def filled(answer: Any) -> dict[str, Any]:
    form = answer.context["form"]
    names = ("prompt", "negative_prompt", "model", "aspect_ratio", "seed", "seed_mode", "steps", "guidance", "style")
    return {name: form[name].value() for name in names}


@pytest.fixture
def painter() -> InferenceModel:
    """The demo model, as if it took everything that a file can say."""
    model = demo()
    InferenceModel.objects.filter(pk=model.pk).update(
        supports_negative=True, normal_steps=20, max_steps=50, normal_guidance=3, max_guidance=10
    )
    catalogue.forget()
    return demo()


# --- The offer -------------------------------------------------------------------------------------------------------


def test_a_dropped_file_is_kept_and_its_settings_are_offered(alice: User, browse: As) -> None:
    demo()
    answer = drop(browse(alice), png())
    kept = Reference.objects.get()
    body = answer.content.decode()
    assert answer.status_code == 201
    assert f'name="reference" value="{kept.code}"' in body
    assert "This picture carries its settings" in body
    assert "an old lighthouse, fog" in body
    assert offer_in(answer) == f"/?reference={kept.code}&settings=file&model=demo"


def test_what_is_kept_of_the_picture_has_no_words_in_it(alice: User, browse: As) -> None:
    drop(browse(alice), png())
    assert b"lighthouse" not in references.read(Reference.objects.get())


def test_a_file_without_settings_is_offered_nothing(alice: User, browse: As) -> None:
    answer = drop(browse(alice), uploads.jpeg())
    assert answer.status_code == 201
    assert not offer_in(answer)
    assert "does not say how it was made" in answer.content.decode()


def test_without_javascript_the_offer_stands_on_the_studios_page(alice: User, browse: As) -> None:
    client = browse(alice)
    answer = drop(client, png(), htmx=False)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert "This picture carries its settings" in page.content.decode()
    priced = client.post("/quote", {"prompt": "kept words", "model": "demo", "reference": uploads.file(png())})
    assert "This picture carries its settings" in priced.content.decode()
    assert "kept words" in priced.content.decode()


def test_a_refused_form_keeps_the_offer(alice: User, browse: As) -> None:
    client = browse(alice)
    drop(client, png())
    kept = Reference.objects.get()
    refused = client.post("/generate", {"prompt": "", "model": "demo", "reference": str(kept.code)}, headers=HTMX)
    assert refused.status_code == 422
    assert offer_in(refused)


def test_a_visitor_is_offered_them_too(browse: As) -> None:
    client = browse(None)
    answer = drop(client, png())
    assert answer.status_code == 201
    assert filled(client.get(offer_in(answer)))["prompt"] == "an old lighthouse, fog"


def test_a_file_that_is_no_picture_says_nothing(alice: User, browse: As) -> None:
    broken = png()[:60]
    answer = drop(browse(alice), broken)
    assert answer.status_code in {415, 422}
    assert not offer_in(answer)


# --- The form --------------------------------------------------------------------------------------------------------


def test_settings_of_another_program_fill_the_form(alice: User, browse: As, painter: InferenceModel) -> None:
    client = browse(alice)
    page = client.get(offer_in(drop(client, png())))
    assert filled(page) == {
        "prompt": "an old lighthouse, fog",
        "negative_prompt": "people",
        "model": "demo",
        "aspect_ratio": "2:3",
        "seed": 42,
        "seed_mode": "locked",
        "steps": 20,
        "guidance": 7.0,
        "style": "none",
    }
    body = page.content.decode()
    assert "The form has the settings of this picture" in body
    assert "sd_xl is not on offer here" in body
    assert "512 × 768 became 2:3" in body
    assert str(Reference.objects.get().code) in body


@pytest.mark.parametrize("wanted", ["original", "png", "jpeg", "webp"])
def test_a_download_of_ours_fills_the_form_as_it_was(
    alice: User, charlie: User, browse: As, painter: InferenceModel, wanted: str
) -> None:
    prompt = 'Misty "ridges", a: b, {c}\nNegative prompt: no\nand 🌊'
    asset = pictures.one(
        alice, prompt=prompt, ratio="16:9", negative_prompt="fog", style="anime", guidance=4.5, seed=77
    )
    pictures.show(asset)
    answer: Any = browse(charlie).get(f"{asset.url}/download", {"format": wanted})
    data = answer.getvalue()
    client = browse(charlie)
    page = client.get(offer_in(drop(client, data)))
    assert filled(page) == {
        "prompt": prompt,
        "negative_prompt": "fog",
        "model": "demo",
        "aspect_ratio": "16:9",
        "seed": 77,
        "seed_mode": "locked",
        "steps": 20,
        "guidance": 4.5,
        "style": "anime",
    }
    assert page.context["parent"] is None


def test_what_was_filled_in_can_be_sent_and_is_nobodys_remix(
    alice: User, charlie: User, browse: As, painter: InferenceModel
) -> None:
    asset = pictures.one(alice, prompt="A quay in the rain", ratio="3:2", seed=5)
    pictures.show(asset)
    answer: Any = browse(charlie).get(f"{asset.url}/download")
    client = browse(charlie)
    page = client.get(offer_in(drop(client, answer.getvalue())))
    said = filled(page) | {"count": 1, "key": "a-key-of-the-test", "quote": token(ratio="3:2")}
    job = job_of(client.post("/generate", {name: value or "" for name, value in said.items()}, headers=HTMX))  # type: ignore[arg-type]
    assert (job.prompt_written, job.seed, job.aspect_ratio) == ("A quay in the rain", 5, "3:2")
    assert (job.parent, job.origin, job.owner) == (None, "", charlie)


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (A1111.replace("Steps: 20", "Steps: 500"), "takes at most 50 for steps; this said 500"),
        (A1111.replace("scale: 7", "scale: 70"), "takes at most 10 for guidance; this said 70"),
    ],
)
def test_what_the_model_does_not_take_is_said_and_left_out(
    alice: User, browse: As, painter: InferenceModel, said: str, note: str
) -> None:
    client = browse(alice)
    page = client.get(offer_in(drop(client, png(said))))
    assert note in page.content.decode()
    assert page.status_code == 200


def test_a_model_without_seed_and_negative_prompt_says_so(alice: User, browse: As) -> None:
    demo()
    InferenceModel.objects.filter(slug="demo").update(seed_support="none", supports_negative=False)
    catalogue.forget()
    client = browse(alice)
    page = client.get(offer_in(drop(client, png())))
    assert (filled(page)["seed"], filled(page)["seed_mode"]) == (None, "random")
    assert "takes no seed" in page.content.decode()
    assert "has no negative prompt" in page.content.decode()


def test_a_longer_prompt_than_we_take_is_refused_like_a_typed_one(alice: User, browse: As) -> None:
    client = browse(alice)
    long = "a " * 700
    page = client.get(offer_in(drop(client, png(f"{long}\nSteps: 20, Seed: 1, Size: 8x8"))))
    assert len(filled(page)["prompt"]) > 1000
    said = filled(page) | {"count": 1, "key": "a-key-of-the-test"}
    refused = client.post("/generate", {name: value or "" for name, value in said.items()}, headers=HTMX)
    assert refused.status_code == 422
    assert "Write at most 1000 characters" in refused.content.decode()


def test_what_a_file_says_is_text_on_the_page(alice: User, browse: As) -> None:
    client = browse(alice)
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    said = png(f"{hostile}\nSteps: 20, Seed: 1, Size: 8x8, Model: <b>bold</b>")
    answer = drop(client, said)
    page = client.get(offer_in(answer))
    for body in (answer.content.decode(), page.content.decode()):
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert "<b>bold" not in body
    assert filled(page)["prompt"] == hostile


# --- Whose, and how long ---------------------------------------------------------------------------------------------


def test_anothers_reference_fills_nothing(alice: User, charlie: User, gwen: User, browse: As) -> None:
    address = offer_in(drop(browse(alice), png()))
    for other in (charlie, gwen, None):
        page = browse(other).get(address)
        assert page.status_code == 200
        assert filled(page)["prompt"] == ""
        assert "an old lighthouse" not in page.content.decode()


@pytest.mark.parametrize("value", ["", "1", "FILE", "file&reference=x", "\x00"])
def test_any_other_wish_or_code_is_the_plain_studio(alice: User, browse: As, value: str) -> None:
    page = browse(alice).get("/", {"settings": value, "reference": "no-code"})
    assert page.status_code == 200
    assert filled(page)["prompt"] == ""


def test_settings_that_were_forgotten_leave_the_form_as_it_is(alice: User, browse: As) -> None:
    client = browse(alice)
    address = offer_in(drop(client, png()))
    cache.clear()
    page = client.get(address)
    assert page.status_code == 200
    assert filled(page)["prompt"] == ""
    assert "carries its settings" not in page.content.decode()


def test_they_go_with_the_picture(alice: User, browse: As, django_capture_on_commit_callbacks: Any) -> None:
    client = browse(alice)
    drop(client, png())
    kept = Reference.objects.get()
    assert carried.recall(kept) is not None
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/references/{kept.code}/remove", {"model": "demo"}, headers=HTMX)
    assert carried.recall(kept) is None


def test_the_same_file_again_is_offered_again(alice: User, browse: As) -> None:
    client = browse(alice)
    drop(client, png())
    cache.clear()
    assert offer_in(drop(client, png()))
    assert Reference.objects.count() == 1


def test_looking_at_them_makes_nothing(alice: User, browse: As) -> None:
    client = browse(alice)
    client.get(offer_in(drop(client, png())))
    assert not Job.objects.exists()


def test_the_page_costs_no_query_more(alice: User, browse: As, django_assert_num_queries: Any) -> None:
    client = browse(alice)
    address = offer_in(drop(client, png()))
    plain = address.replace("&settings=file", "")
    client.get(plain)
    with django_assert_num_queries(6) as one:
        client.get(plain)
    with django_assert_num_queries(len(one) + 1):  # the reference is looked up before the form is made
        client.get(address)


# --- The nearest shape -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "ratio"),
    [
        (512, 512, "1:1"),
        (512, 768, "2:3"),
        (1920, 1080, "16:9"),
        (1080, 1920, "9:16"),
        (3440, 1440, "21:9"),
        (1, 100_000, "9:21"),
        (100_000, 1, "21:9"),
        (1024, 1000, "1:1"),
    ],
)
def test_a_size_becomes_the_nearest_shape(width: int, height: int, ratio: str) -> None:
    assert carried.nearest(width, height, demo().aspect_ratios) == ratio


def test_a_shape_that_the_model_makes_is_taken_as_it_is_and_another_by_size() -> None:
    model = demo()
    taken = carried.fill(Settings(prompt="a", aspect_ratio="16:9", width=48, height=32), model=model)
    assert (taken.fields["aspect_ratio"], taken.notes) == ("16:9", [])
    odd = carried.fill(Settings(prompt="a", aspect_ratio="7:5", width=48, height=32), model=model)
    assert odd.fields["aspect_ratio"] == "3:2"


def test_a_model_is_ours_by_slug_or_by_name_and_never_by_half_of_it() -> None:
    demo()
    for found in (Settings(model="demo"), Settings(model_name="DEMO")):
        assert carried.fill(found, model=None).fields["model"] == "demo"
    for found in (Settings(model="dem"), Settings(model_name="dem"), Settings(model="demo' OR 1=1")):
        assert "model" not in carried.fill(found, model=None).fields
