"""The webhook's door: what is genuine is kept and answered 200, whatever it says; what is not has no effect at all."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generation import callbacks, tasks
from generation import remote as engine
from generation.models import Attempt, Job, JobState, ProviderEvent
from tests.emulators.replicate import webhooks as signed
from tests.generation.remote.steps import Remote

pytestmark = pytest.mark.django_db


def kept() -> list[tuple[Any, ...]]:
    return list(ProviderEvent.objects.order_by("pk").values_list("attempt_id", "status", "is_final"))


def untouched(attempt: Attempt) -> bool:
    now = Attempt.objects.get(pk=attempt.pk)
    return (now.external_id, now.poll_at) == (attempt.external_id, attempt.poll_at)


# --- Genuine ---------------------------------------------------------------------------------------------------------


def test_a_genuine_webhook_is_kept_as_it_came_and_its_prediction_is_due(remote: Remote) -> None:
    attempt = remote.begin()
    told = remote.over().told()
    assert remote.webhook(attempt, told, event_id="msg_1").status_code == 200
    event = ProviderEvent.objects.get()
    assert (event.provider, event.event_id, event.attempt, event.status) == (
        "replicate",
        "msg_1",
        attempt,
        "succeeded",
    )
    assert json.loads(bytes(event.body)) == told
    attempt.refresh_from_db()
    assert attempt.poll_at
    assert attempt.poll_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_a_webhook_costs_two_statements_and_one_commit(remote: Remote) -> None:
    attempt = remote.begin()
    told = remote.over().told()
    with CaptureQueriesContext(connection) as captured:
        assert remote.webhook(attempt, told, event_id="msg_1").status_code == 200
    texts = [query["sql"] for query in captured.captured_queries]
    assert [text.split()[0] for text in texts] == ["BEGIN", "INSERT", "UPDATE", "COMMIT"]
    with CaptureQueriesContext(connection) as captured:
        assert remote.webhook(attempt, told, event_id="msg_1").status_code == 200
    assert len(captured) == 3  # a repeat has nothing to say


def test_several_signatures_while_a_secret_is_replaced(remote: Remote, settings: Any) -> None:
    """F40: any of them that fits is enough."""
    attempt = remote.begin()
    told, old = remote.over().told(), signed.new_secret()
    both = [old, remote.emulator.secret]
    assert remote.webhook(attempt, told, secrets=both).status_code == 200
    settings.REPLICATE_WEBHOOK_SECRETS = both
    assert remote.webhook(attempt, told, secrets=[old]).status_code == 200


def test_the_start_of_a_prediction_adopts_it_and_is_not_its_end(remote: Remote) -> None:
    remote.emulator.faults.add("drop", at="create")
    remote.emulator.faults.add("slow", seconds=5)
    attempt = remote.begin()
    assert attempt.external_id is None
    run = remote.runs()[0]
    assert remote.webhook(attempt, run.told()).status_code == 200
    attempt.refresh_from_db()
    assert attempt.external_id == run.id
    assert kept() == [(attempt.pk, run.told()["status"], False)]


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"id": 7, "status": "succeeded"}',
        b'{"id": "x"}',
        b"[" * 99,
    ],
)
def test_a_genuine_body_of_another_shape_is_kept_and_says_nothing(remote: Remote, body: bytes) -> None:
    attempt = remote.begin()
    assert remote.webhook(attempt, body).status_code == 200
    assert kept() == [(attempt.pk, "", False)]
    assert untouched(attempt)


def test_a_body_may_nest_as_deep_as_it_likes(remote: Remote) -> None:
    assert remote.webhook(remote.begin(), b'{"id":' * 100_000).status_code == 200


def test_a_status_that_nobody_knows_is_kept(remote: Remote) -> None:
    attempt = remote.begin()
    told = remote.over().told() | {"status": "warm\0ing" * 20}
    assert remote.webhook(attempt, told).status_code == 200
    [(_, status, is_final)] = kept()
    assert (status[:7], len(status), is_final) == ("warming", 30, False)


def test_three_megabytes_of_logs_are_taken(remote: Remote) -> None:
    """F37."""
    attempt = remote.begin()
    assert remote.webhook(attempt, remote.over().told() | {"logs": "x" * 3_000_000}).status_code == 200
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED


# --- Of nobody -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x", "unsigned", "of no attempt", "altered"])
def test_a_webhook_about_no_attempt_of_ours_is_kept_as_an_orphan(remote: Remote, token: str) -> None:
    """F39."""
    attempt = remote.begin()
    text = {
        "unsigned": str(attempt.code),
        "of no attempt": callbacks.token(uuid4()),
        "altered": callbacks.token(attempt.code)[:-1],
    }.get(token, token)
    assert remote.post(text, json.dumps(remote.over().told()).encode()).status_code == 200
    assert kept() == [(None, "succeeded", True)]
    assert untouched(attempt)


def test_a_prediction_is_not_collected_under_anothers_attempt(remote: Remote) -> None:
    """F39: a webhook that carries one attempt's address and tells of another's prediction."""
    first, second = remote.begin(), None
    job = remote.ask()
    remote.work()
    second = Attempt.objects.get(job=job)
    told = remote.over(0).told()
    assert remote.webhook(second, told).status_code == 200
    assert untouched(second)
    assert kept() == [(second.pk, "succeeded", True)]
    remote.over(1)
    remote.collect(second)
    remote.collect(first)
    assert {found.state for found in Job.objects.all()} == {JobState.SUCCEEDED}


def test_a_stray_prediction_that_runs_under_our_attempt_is_stopped(remote: Remote) -> None:
    remote.emulator.faults.add("stuck", times=2)
    attempt = remote.begin()
    remote.ask()
    remote.work()
    stray = remote.runs()[1]
    Attempt.objects.filter(external_id=stray.id).update(external_id=None)
    told = stray.told()
    assert remote.webhook(attempt, told).status_code == 200
    assert untouched(attempt)
    engine.stop_stray(event_id=ProviderEvent.objects.get().pk)
    assert stray.told()["status"] == "canceled"
    assert remote.runs()[0].told()["status"] != "canceled"


# --- Not genuine -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["forged", "unsigned", "stale", "early", "altered", "not utf-8"])
def test_what_nobody_signed_is_refused_and_not_kept(remote: Remote, how: str) -> None:
    attempt = remote.begin()
    body = json.dumps(remote.over().told()).encode()
    token = callbacks.token(attempt.code)
    if how == "unsigned":
        client = Client()
        answer: Any = client.post(f"/webhooks/replicate/{token}", body, content_type="application/json")
    elif how == "altered":
        sent = signed.headers([remote.emulator.secret], event_id="msg_1", body=body)
        answer = Client().post(
            f"/webhooks/replicate/{token}", body + b" ", content_type="application/json", headers=sent
        )
    else:
        changes: dict[str, dict[str, Any]] = {
            "forged": {"secrets": [signed.new_secret()]},
            "stale": {"age_seconds": 600},
            "early": {"age_seconds": -600},
            "not utf-8": {},
        }
        answer = remote.post(token, b"\xff\xfe" if how == "not utf-8" else body, **changes[how])
    assert answer.status_code == 400
    assert not ProviderEvent.objects.exists()
    assert untouched(attempt)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_only_posts_are_taken(remote: Remote, method: str) -> None:
    assert getattr(Client(), method)("/webhooks/replicate/x").status_code == 405


def test_a_body_of_more_than_ten_megabytes_is_too_large(remote: Remote, settings: Any) -> None:
    settings.WEBHOOK_BYTES_MAX = 1000
    token = callbacks.token(remote.begin().code)
    assert remote.post(token, b"x" * 1000).status_code == 200
    assert remote.post(token, b"x" * 1001).status_code == 413


def test_before_a_secret_is_known_nothing_is_verified_and_one_is_fetched(remote: Remote, settings: Any) -> None:
    attempt = remote.begin()
    settings.REPLICATE_WEBHOOK_SECRETS = []
    told = remote.over().told()
    answer = remote.webhook(attempt, told)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert not ProviderEvent.objects.exists()
    assert not cache.add("webhook-secrets-asked-for", 1)  # as often as somebody knocks, it is asked for once
    tasks.refresh_secrets()
    assert remote.webhook(attempt, told).status_code == 200


def test_a_secret_that_was_set_by_hand_is_not_fetched(remote: Remote) -> None:
    remote.emulator.calls.clear()
    tasks.refresh_secrets()
    assert not remote.emulator.calls
