"""The staff's Replicate pages: what each shows, whom they let in, and that no request waits for Replicate."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from generation import acts, console
from generation.errors import NothingToAsk
from generation.models import Attempt
from tests import pictures
from tests.emulators.replicate import ReplicateEmulator, models
from tests.generation.console.conftest import ROOT, TOKEN, Desk
from tests.generation.replicate.orders import SDXL_VERSION

pytestmark = pytest.mark.django_db

FLUX = "black-forest-labs/flux-schnell"
TRAINER = "ostris/flux-dev-lora-trainer"
TRAINER_VERSION = "26dce37af90b9d997eeb970d92e47de3064d46c300504ae376c75bef6a9022d2"
# Each page, and what it shows of the emulated account.
PAGES = {
    "": ["atelier", "Atelier (emulated)", "organization", "In use", "No secret is known yet"],
    "models/": [FLUX, "stability-ai/sdxl", "official"],
    "models/?q=beautiful": ["stability-ai/sdxl"],
    f"models/{FLUX}/": ["num_inference_steps", "required", "21:9", "Add to the catalogue", "In our catalogue"],
    "models/stability-ai/sdxl/versions/": [SDXL_VERSION[:12], "0.16.9"],
    f"models/stability-ai/sdxl/versions/{SDXL_VERSION}/": ["guidance_scale", SDXL_VERSION],
    f"models/{TRAINER}/versions/{TRAINER_VERSION}/": ["Start a training", "trigger_word", "What a training takes"],
    f"models/{FLUX}/add/": ['name="recipe"', "flux-schnell"],
    "collections/": ["Generate images", "collections/3d-models/"],
    "collections/3d-models/": ["firtoz/trellis"],
    "deployments/": ["atelier/portraits", "gpu-l40s"],
    "deployments/atelier/portraits/": ["black-forest-labs/flux-dev", "cold until somebody asks"],
    "hardware/": ["Nvidia H100 GPU", "gpu-h100"],
    "predictions/": ["This account has none."],
    "trainings/": ["This account has none."],
}


@pytest.mark.parametrize("path", PAGES)
def test_each_page_asks_a_worker_and_then_shows_what_replicate_says(desk: Desk, path: str) -> None:
    with desk.worker():
        first = desk.client.get(f"{ROOT}{path}")
        assert "Asking Replicate…" in first.content.decode()
        assert 'hx-trigger="every 1s"' in first.content.decode()
        assert '<noscript><meta http-equiv="refresh"' in first.content.decode()
        assert desk.emulator.calls == []
    asked = len(desk.emulator.calls)
    assert asked == 1
    page = desk.text(path)
    for words in PAGES[path]:
        assert words in page
    assert "hx-trigger" not in page
    assert 'http-equiv="refresh"' not in page
    assert len(desk.emulator.calls) == asked


def test_the_part_that_looks_again_is_the_same_file_without_the_page(desk: Desk) -> None:
    desk.get("hardware/")
    part = desk.get("hardware/?look=1", headers={"HX-Request": "true"})
    assert part.content.decode().startswith('<div id="answer"')
    assert "/admin/replicate/hardware/?look=2" in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]
    assert "no-store" in part.headers["Cache-Control"]


def test_looking_ends_when_no_worker_comes(desk: Desk) -> None:
    page = desk.get("hardware/?look=60").content.decode()
    assert "No worker has answered within a minute." in page
    assert "hx-trigger" not in page


def test_a_question_on_its_way_is_not_sent_twice(desk: Desk) -> None:
    with desk.capture() as sent:
        for _ in range(3):
            desk.client.get(f"{ROOT}hardware/")
    assert len(sent) == 1


def test_an_answer_that_is_not_fresh_is_shown_while_a_newer_one_is_asked_for(desk: Desk, monkeypatch: Any) -> None:
    desk.ask("hardware/")
    monkeypatch.setattr(console, "FRESH_SECONDS", 0)
    with desk.worker():
        page = desk.client.get(f"{ROOT}hardware/").content.decode()
        assert "Asking Replicate… What stands below is from" in page
        assert "gpu-h100" in page
        assert "hx-trigger" in page
    assert len(desk.emulator.calls) == 2


def test_a_page_whose_form_somebody_may_be_writing_in_is_left_alone(desk: Desk, monkeypatch: Any) -> None:
    path = f"models/{FLUX}/add/"
    desk.ask(path)
    monkeypatch.setattr(console, "FRESH_SECONDS", 0)
    assert "hx-trigger" not in desk.text(path)


def test_pages_of_a_list_are_turned_by_what_replicate_gave(desk: Desk) -> None:
    desk.emulator.page_size = 4
    first = desk.ask("models/")
    found = re.search(r'href="(\?cursor=[^"]+)" rel="next"', first)
    assert found
    second = desk.ask(f"models/{found[1]}")
    assert 'rel="prev"' in second
    assert FLUX in first
    assert FLUX not in second


# --- Ours and others' ------------------------------------------------------------------------------------------------


def test_a_prediction_of_ours_leads_to_its_job_and_another_does_not(desk: Desk, alice: User) -> None:
    job = pictures.make(alice)[0].job
    attempt = Attempt.objects.get(job=job)
    runs = [_begin(desk.emulator, words) for words in ("ours", "another's")]
    Attempt.objects.filter(pk=attempt.pk).update(provider="replicate", external_id=runs[0])
    page = desk.ask("predictions/")
    assert page.count(f"/admin/generation/job/{job.pk}/change/") == 1
    assert page.count("not ours") == 1
    desk.emulator.run(runs[0]).over.wait(5)
    shown = desk.ask(f"predictions/{runs[0]}/")
    assert f"/admin/generation/attempt/{attempt.pk}/change/" in shown
    assert "out-0.png" in shown
    assert "Using seed" in shown
    assert "predict_time" in shown


def _begin(emulator: ReplicateEmulator, prompt: str, **more: Any) -> str:
    """A prediction that somebody has begun."""
    from generation.providers.replicate import client  # noqa: PLC0415

    asked = {"prompt": prompt, "output_format": "png", "megapixels": "0.25", **more}
    return str(client.begin(lambda sdk: sdk.models.predictions.create(FLUX, asked))["id"])


def test_what_replicate_says_is_text_and_bounded(desk: Desk) -> None:
    evil = "<script>alert(1)</script>"
    told = [f"javascript:{evil}", "data:image/png;base64," + "A" * 9000, "FILE"]
    desk.emulator.faults.add("shape", output=told)
    run_id = _begin(desk.emulator, evil + "x" * 9000)
    desk.emulator.run(run_id).over.wait(5)
    desk.emulator.run(run_id).logs = "y" * 90_000 + "the end"
    page = desk.ask(f"predictions/{run_id}/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "AAAA" not in page
    assert 'href="javascript:' not in page
    assert "the end" in page
    assert len(page) < 60_000


def test_a_model_is_shown_with_its_example(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _tell(
        monkeypatch, default_example={"id": "abc", "input": {"prompt": "a fox"}, "output": ["https://x.example/f.png"]}
    )
    page = desk.ask(f"models/{FLUX}/")
    assert "Its example" in page
    assert "a fox" in page
    assert 'href="https://x.example/f.png" rel="noopener noreferrer"' in page


@pytest.mark.parametrize("path", ["models/", f"models/{FLUX}/", f"models/{FLUX}/add/", "collections/3d-models/"])
def test_models_of_odd_shapes_are_shown_as_far_as_they_are_understood(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    _tell(
        monkeypatch,
        owner="../..",
        name=None,
        description=["no", "text"],
        run_count="many",
        url="javascript:alert(1)",
        latest_version={"id": "a/b", "openapi_schema": "none"},
        default_example=7,
    )
    page = desk.ask(path)
    assert "javascript:" not in page
    assert "../.." not in page


def _tell(monkeypatch: pytest.MonkeyPatch, **odd: Any) -> None:
    """Every model is told with these."""
    told = models.Model.told
    monkeypatch.setattr(models.Model, "told", lambda self, base_url: told(self, base_url) | odd)


def test_with_several_tokens_the_account_of_each_is_shown_by_its_label(desk: Desk, settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = [TOKEN, "r8_another_token"]
    page = desk.ask()
    labels = sorted(set(re.findall(r"replicate-[0-9a-f]{6}", page)))
    assert len(labels) == 2
    chosen = desk.ask(f"predictions/?of={labels[0]}")
    assert all(f"?of={label}" in chosen for label in labels)
    assert not any(token in page + chosen for token in settings.REPLICATE_API_TOKENS)
    assert desk.emulator.calls[-1].headers["authorization"].split()[1] in settings.REPLICATE_API_TOKENS


# --- When Replicate does not tell ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "Replicate refuses the token"),
        (402, "The account has no credit left"),
        (404, "Replicate knows nothing of this name"),
        (429, "Replicate asks us to slow down"),
        (500, "Replicate answered with an error of its own"),
    ],
)
def test_a_refusal_is_told_in_plain_words(desk: Desk, status: int, words: str) -> None:
    desk.emulator.faults.add("refuse", at="read", status=status, detail=f"because of {TOKEN}")
    page = desk.ask("hardware/")
    assert words in page
    assert TOKEN not in page
    assert "Traceback" not in page
    assert "hx-trigger" not in page


def test_a_replicate_that_is_away_is_told_beside_the_last_answer(desk: Desk, settings: Any, monkeypatch: Any) -> None:
    desk.ask("hardware/")
    monkeypatch.setattr(console, "FRESH_SECONDS", 0)
    desk.emulator.faults.add("drop", at="read")
    page = desk.ask("hardware/")
    assert "Replicate cannot be reached" in page
    assert "gpu-h100" in page


def test_a_model_that_is_not_there_is_told(desk: Desk) -> None:
    assert "Replicate knows nothing of this name" in desk.ask("models/nobody/nothing/")


def test_without_a_token_the_pages_say_how_to_switch_it_on(desk: Desk, settings: Any) -> None:
    assert "Account, models, deployments" in desk.client.get("/admin/").content.decode()
    settings.REPLICATE_API_TOKENS = []
    assert "Switched off: no token is set." in desk.client.get("/admin/").content.decode()
    for path in ("", "models/", f"models/{FLUX}/add/"):
        assert "Set <code>REPLICATE_API_TOKEN</code>" in desk.text(path)
    answer = desk.post("trainings/abc/", {"reason": "no token", "key": str(uuid4())})
    assert "Set <code>REPLICATE_API_TOKEN</code>" in answer.content.decode()
    assert (desk.emulator.calls, acts.recent()) == ([], [])


# --- Whom they let in, and what they are asked -----------------------------------------------------------------------


EVERY = [*PAGES, "predictions/abc/", "trainings/abc/"]


def answered(client: Client) -> set[int]:
    """The statuses of all pages to whoever this is."""
    return {client.get(f"{ROOT}{path}").status_code for path in EVERY}


def test_others_are_sent_to_the_door_and_staff_need_the_permission(desk: Desk, client: Client, charlie: User) -> None:
    client.logout()
    assert answered(client) == {302}
    assert "login" in client.get(ROOT).headers["Location"]
    client.force_login(charlie)
    assert answered(client) == {302}
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    charlie.user_permissions.set(Permission.objects.exclude(codename="change_inferencemodel"))
    assert answered(client) == {403}
    assert client.get(f"{ROOT}acts/1/").status_code == 403
    assert "Replicate</h2>" not in client.get("/admin/").content.decode()
    charlie.user_permissions.add(Permission.objects.get(codename="change_inferencemodel"))
    with desk.capture():
        assert answered(client) == {200}
    assert {client.put(f"{ROOT}{path}").status_code for path in EVERY} == {405}
    assert desk.emulator.calls == []


@pytest.mark.parametrize(
    "path",
    [
        "models/../..%2Fpredictions/",
        "models/%2e%2e/account/",
        f"models/{'a' * 101}/b/",
        "models/a/b%00/",
        "models/a/b%0aHost:x/",
        "models/a/b%3Fx=1/",
        "models/?cursor=a%0ab",
        f"models/?cursor={'a' * 501}",
        "collections/a.b/",
        "predictions/a%20b/",
        f"predictions/{'a' * 101}/",
        "predictions/?of=r8_a_token",
        "predictions/?of=replicate-zzzzzz",
        "trainings/%C3%BC/",
        "models/a/b/versions/%2e%2e/",
        "acts/999999/",
        "acts/99999999999999999999/",
    ],
)
def test_what_no_name_can_be_is_not_found_and_never_asked(desk: Desk, path: str) -> None:
    with desk.capture() as sent:
        assert desk.client.get(f"{ROOT}{path}").status_code == 404
    assert sent == []


def test_a_search_for_nonsense_says_so(desk: Desk) -> None:
    page = desk.text(f"models/?q={'a' * 101}")
    assert "at most 100 characters" in page


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("secrets", {}),
        ("__class__", {}),
        ("model", {"owner": "a"}),
        ("model", {"owner": "..", "name": "b"}),
        ("hardware", {"cursor": "a"}),
        ("search", {"query": "a\x07b"}),
        ("search", {"query": ""}),
    ],
)
def test_the_worker_refuses_what_the_pages_would(desk: Desk, kind: str, words: dict[str, str]) -> None:
    with pytest.raises(NothingToAsk):
        console.answer(kind, words)
    assert desk.emulator.calls == []
