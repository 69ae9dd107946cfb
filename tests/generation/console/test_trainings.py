"""Trainings by hand: started and cancelled once per form, with a reason, by a worker, and what came of it is told."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation import acts
from generation.errors import ActKnown
from tests import races
from tests.generation.console.conftest import ROOT, Desk
from tests.generation.console.test_pages import TRAINER, TRAINER_VERSION

VERSION = f"models/{TRAINER}/versions/{TRAINER_VERSION}/"
INPUT = {"input_images": "https://example.org/cats.zip", "steps": 10}


def said(**changes: Any) -> dict[str, Any]:
    """A form that passes."""
    whole = {
        "destination": "atelier/cats",
        "hardware": "",
        "given": json.dumps(INPUT),
        "reason": "cats for the autumn",
        "key": str(uuid4()),
    }
    return whole | changes


def begun(desk: Desk) -> dict[str, Any]:
    """The one training there is."""
    [training] = desk.emulator.trainings
    return training


def path_of(answer: Any) -> str:
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"]).removeprefix(ROOT)


@pytest.mark.django_db
def test_a_training_is_started_by_a_worker_and_the_page_leads_to_it(desk: Desk, sam: User) -> None:
    desk.ask(VERSION)
    path = path_of(desk.post(VERSION, said()))
    training = begun(desk)
    assert (training["destination"], training["input"]) == ("atelier/cats", INPUT)
    page = desk.text(path)
    assert f"/admin/replicate/trainings/{training['id']}/" in page
    assert "hx-trigger" not in page
    row = LogEntry.objects.get()
    assert (row.user_id, row.object_repr) == (sam.pk, f"Train {TRAINER} into atelier/cats")
    assert "cats for the autumn" in row.change_message
    assert "cats for the autumn" in desk.ask()
    assert training["id"] in desk.ask("trainings/")
    assert "Train ostris" in desk.client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_a_form_sent_twice_is_one_training(desk: Desk) -> None:
    form = said()
    assert len({path_of(desk.post(VERSION, form)) for _ in range(2)}) == 1
    begun(desk)
    answer = desk.post(VERSION, form | {"destination": "atelier/dogs"})
    assert answer.status_code == 422
    assert "was sent before with other values" in answer.content.decode()
    begun(desk)
    path_of(desk.post(VERSION, said()))
    assert len(desk.emulator.trainings) == 2


@pytest.mark.django_db
def test_a_message_that_comes_twice_is_one_training(desk: Desk) -> None:
    path_of(desk.post(VERSION, said()))
    for _ in range(2):
        acts.perform(act_id=LogEntry.objects.get().pk)
    begun(desk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"destination": "cats"}, "destination"),
        ({"destination": "../account"}, "destination"),
        ({"given": "[1]"}, "given"),
        ({"given": "{"}, "given"),
        ({"given": "[" * 9000}, "given"),
        ({"given": '{"a": NaN}'}, "given"),
        ({"given": '{"a": "\\u0000"}'}, "given"),
        ({"given": '{"a": "\\ud800"}'}, "given"),
        ({"given": '{"a": ' + "9" * 5000 + "}"}, "given"),
        ({"given": "{}"}, "given"),
        ({"given": json.dumps(INPUT | {"steps": 9000})}, "given"),
        ({"given": json.dumps(INPUT | {"steps": "ten"})}, "given"),
        ({"given": json.dumps(INPUT | {"steps": True})}, "given"),
        ({"given": json.dumps(INPUT | {"speed": 1})}, "given"),
        ({"given": json.dumps({"input_images": "file:///etc/passwd"})}, "given"),
        ({"hardware": "a b"}, "hardware"),
        ({"reason": "no"}, "reason"),
        ({"key": "mine"}, "key"),
    ],
)
def test_a_bad_form_is_refused_by_its_field_and_nothing_is_begun(
    desk: Desk, changes: dict[str, str], field: str
) -> None:
    desk.ask(VERSION)
    answer = desk.post(VERSION, said(**changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert (desk.emulator.trainings, LogEntry.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_the_worker_checks_what_the_page_could_not_know_yet(desk: Desk) -> None:
    path = path_of(desk.post(VERSION, said(given='{"steps": 9}')))
    assert "input_images is required." in desk.text(path)
    path = path_of(desk.post("models/stability-ai/sdxl/versions/abc/", said()))
    assert "Replicate knows nothing of this name" in desk.text(path)
    assert desk.emulator.trainings == []


@pytest.mark.django_db
def test_a_destination_that_is_not_there_is_made_first(desk: Desk) -> None:
    path_of(desk.post(VERSION, said(hardware="gpu-h100")))
    begun(desk)
    [made] = [call.body for call in desk.emulator.calls if call.method == "POST" and call.path == "/v1/models"]
    assert made == {"owner": "atelier", "name": "cats", "visibility": "private", "hardware": "gpu-h100"}
    path = path_of(desk.post(VERSION, said(destination="stability-ai/sdxl", hardware="gpu-h100")))
    assert "already exists" in desk.text(path)
    begun(desk)


@pytest.mark.django_db
def test_a_refusal_is_told_and_begins_nothing(desk: Desk) -> None:
    desk.emulator.faults.add("refuse", at="create", status=402)
    path = path_of(desk.post(VERSION, said()))
    page = desk.text(path)
    assert "Not done" in page
    assert "The account has no credit left" in page
    assert desk.emulator.trainings == []


@pytest.mark.django_db
def test_an_answer_that_is_lost_is_not_asked_for_again(desk: Desk) -> None:
    desk.emulator.faults.add("drop", at="create")
    path = path_of(desk.post(VERSION, said()))
    acts.perform(act_id=LogEntry.objects.get().pk)
    assert "It is not known whether Replicate has begun it" in desk.text(path)
    begun(desk)


@pytest.mark.django_db
def test_what_a_dead_worker_left_behind_stays_open_and_then_unknown(desk: Desk) -> None:
    with desk.capture():
        path = path_of(desk.client.post(f"{ROOT}{VERSION}", said()))
    row = LogEntry.objects.get()
    LogEntry.objects.update(change_message=row.change_message.replace('"asked"', '"begun"'))
    acts.perform(act_id=row.pk)
    assert "Replicate is being told" in desk.text(path)
    LogEntry.objects.update(action_time=timezone.now() - timedelta(hours=1))
    assert "It is not known whether" in desk.text(path)
    assert desk.emulator.trainings == []


@pytest.mark.django_db
def test_a_message_that_was_lost_is_sent_again_by_the_page_for_a_while(desk: Desk) -> None:
    with desk.capture():
        path = path_of(desk.client.post(f"{ROOT}{VERSION}", said()))
    with desk.worker():
        assert "Waits for a worker" in desk.client.get(f"{ROOT}{path}").content.decode()
    begun(desk)


@pytest.mark.django_db
def test_what_nobody_came_to_in_time_is_not_done_any_more(desk: Desk) -> None:
    with desk.capture():
        path = path_of(desk.client.post(f"{ROOT}{VERSION}", said()))
    LogEntry.objects.update(action_time=timezone.now() - timedelta(hours=1))
    acts.perform(act_id=LogEntry.objects.get().pk)
    assert "no worker came to it within ten minutes" in desk.ask(path)
    assert desk.emulator.trainings == []


# --- Cancelling ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_training_that_runs_is_cancelled_with_a_reason(desk: Desk) -> None:
    desk.emulator.faults.add("stuck", at="run")
    path_of(desk.post(VERSION, said()))
    training_id = begun(desk)["id"]
    page = desk.ask(f"trainings/{training_id}/")
    assert "Cancel the training" in page
    form = {"reason": "the wrong cats", "key": str(uuid4())}
    paths = {path_of(desk.post(f"trainings/{training_id}/", form)) for _ in range(2)}
    assert "Replicate says: canceled." in desk.text(paths.pop())
    assert paths == set()
    assert begun(desk)["status"] == "canceled"
    page = desk.ask(f"trainings/{training_id}/")
    assert "Cancel the training" not in page
    assert "canceled" in page


@pytest.mark.django_db
def test_cancelling_needs_a_reason_and_a_name_that_can_be_one(desk: Desk) -> None:
    answer = desk.post("trainings/abc/", {"reason": "", "key": str(uuid4())})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])
    assert desk.post("trainings/a.b/", {"reason": "a reason", "key": str(uuid4())}).status_code == 404
    path = path_of(desk.post("trainings/abc/", {"reason": "a reason", "key": str(uuid4())}))
    assert "Replicate knows nothing of this name" in desk.text(path)


# --- Whom, and races -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", [VERSION, "trainings/abc/", f"models/{TRAINER}/add/"])
def test_nobody_else_starts_or_stops_anything(desk: Desk, client: Client, charlie: User, path: str) -> None:
    client.logout()
    assert desk.post(path, said()).status_code == 302
    client.force_login(charlie)
    assert desk.post(path, said()).status_code == 302
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    client.force_login(charlie)
    assert desk.post(path, said()).status_code == 403
    assert (LogEntry.objects.count(), desk.emulator.calls) == (0, [])


@pytest.mark.django_db
def test_a_form_key_is_its_senders_own(sam: User, charlie: User) -> None:
    told: dict[str, Any] = {"form_key": "k", "reason": "a reason", "training_id": "abc"}
    first = acts.cancel_training(actor_id=sam.pk, **told)
    assert acts.cancel_training(actor_id=sam.pk, **told).id == first.id
    assert acts.cancel_training(actor_id=charlie.pk, **told).id != first.id
    with pytest.raises(ActKnown):
        acts.cancel_training(actor_id=sam.pk, **told | {"training_id": "abd"})


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_act(sam: User) -> None:
    told: dict[str, Any] = {"actor_id": sam.pk, "form_key": "k", "reason": "a reason", "training_id": "abc"}
    results = races.together(4, lambda: acts.cancel_training(**told).id)
    assert len(set(results)) == 1
    assert LogEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_begins(desk: Desk, sam: User) -> None:
    with desk.capture():
        path_of(desk.client.post(f"{ROOT}{VERSION}", said()))
    act_id = LogEntry.objects.get().pk
    assert races.together(4, lambda: acts.perform(act_id=act_id)) == [None] * 4
    begun(desk)
