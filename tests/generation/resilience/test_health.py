"""The last day of each model from what its attempts came to, in the picker and on the staff's page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation import breaker, health, jobs, lanes, running, tasks, worker
from generation.models import Attempt, ErrorCode, InferenceModel
from tests.browsers import As
from tests.generation.resilience.conftest import door_closed, fault, open_breaker, submit
from tests.generation.resilience.vendors import Vendor

pytestmark = pytest.mark.django_db

PAGE = "/admin/generation/inferencemodel/health/"


@pytest.fixture
def day(alice: User, fresco: InferenceModel, north: Vendor) -> InferenceModel:
    """Ten successes of 1 to 10 s, two faults; one refused prompt, one cancelled, one older than a day, one running."""
    for seconds in range(1, 11):
        submit(alice, fresco, count=1)
        done = worker.work("providers")
        Attempt.objects.filter(job=done).update(run_seconds=seconds)
    for error in (fault(permanent=True), fault(ErrorCode.TIMEOUT, permanent=True), fault(permanent=True)):
        north.fails = [error]
        submit(alice, fresco)
        old = worker.work("providers")
    Attempt.objects.filter(job=old).update(finished_at=timezone.now() - timedelta(hours=25))
    north.fails = [fault(ErrorCode.BLOCKED_OUTPUT, permanent=True)]
    submit(alice, fresco)
    worker.work("providers")
    cancelled = submit(alice, fresco)
    claimed = lanes.claim(lane="providers")
    assert claimed
    running.begin(claimed)
    jobs.cancel(code=cancelled.code, owner_id=alice.pk)
    submit(alice, fresco)
    claimed = lanes.claim(lane="providers")
    assert claimed
    running.begin(claimed)
    return fresco


@pytest.fixture
def staff(browse: As, sam: User, client: Client) -> Client:
    client.force_login(sam)
    return client


def label(client: Client, slug: str) -> str:
    found = re.search(rf'id="model-{slug}".*?</label>', client.get("/").content.decode(), re.DOTALL)
    assert found
    return found[0]


# --- The figures -----------------------------------------------------------------------------------------------------


def test_only_successes_and_the_provider_s_own_faults_of_a_day_count(day: InferenceModel) -> None:
    health.measure()
    told = health.days()[day.pk]
    assert (told.successes, told.faults, told.attempts) == (10, 2, 12)
    assert told.percent == "83.3 %"
    assert told.p50_seconds == pytest.approx(5.5)
    assert told.p95_seconds == pytest.approx(9.55)


def test_an_equivalent_s_attempts_are_its_own(
    alice: User, fresco: InferenceModel, gouache: InferenceModel, north: Vendor
) -> None:
    north.fails = [fault()]
    submit(alice, fresco, failover=True)
    for lane in ("providers", "gpu"):
        worker.work(lane)
    health.measure()
    kept = health.days()
    assert (kept[fresco.pk].successes, kept[fresco.pk].faults) == (0, 1)
    assert (kept[gouache.pk].successes, kept[gouache.pk].faults) == (1, 0)


def test_the_minute_task_measures_and_pages_only_read(
    day: InferenceModel, browse: As, alice: User, django_assert_num_queries: Any
) -> None:
    browse(alice).get("/")
    assert health.days() == {}
    with django_assert_num_queries(2):  # times and health
        tasks.measure()
    with django_assert_num_queries(0):
        assert health.picker([day])[0][1].words == "83.3 % of 12 in 24 h, p95 9.5 s, slow"


# --- The picker ------------------------------------------------------------------------------------------------------


def test_the_picker_says_share_number_and_slowest_times(day: InferenceModel, browse: As, alice: User) -> None:
    client = browse(alice)
    assert "Up to 4 pictures a job" in label(client, "fresco")
    health.measure()
    assert 'data-level="slow">83.3 % of 12 in 24 h, p95 9.5 s, slow<' in label(client, "fresco")
    cache.set(health.KEY, {day.pk: health.Day(992, 8, 0.01, 0.02)})
    assert 'data-level="ok">99.2 % of 1,000 in 24 h, p95 0.02 s<' in label(client, "fresco")


def test_a_handful_of_attempts_says_nothing(day: InferenceModel, browse: As, alice: User) -> None:
    cache.set(health.KEY, {day.pk: health.Day(1, health.ATTEMPTS_MIN - 2, 0.01, 0.02)})
    assert "Up to 4 pictures a job" in label(browse(alice), "fresco")


# --- The staff's page ------------------------------------------------------------------------------------------------


def test_staff_see_every_provider_with_its_breaker_and_its_models(staff: Client, day: InferenceModel) -> None:
    health.measure()
    breaker.failed("north", door_closed())
    page = staff.get(PAGE).content.decode()
    for told in ("north", "Fresco", "83.3 %", "<strong>open</strong>, provider_down", "next trial at"):
        assert told in page
    assert PAGE in staff.get("/admin/generation/inferencemodel/").content.decode()


def test_staff_open_and_close_a_breaker_with_a_reason(
    staff: Client, alice: User, fresco: InferenceModel, caplog: pytest.LogCaptureFixture
) -> None:
    answer = staff.post(PAGE, {"provider": "north", "move": "open", "reason": "their status page"}, follow=True)
    assert "The breaker of north is opened" in answer.content.decode()
    assert "their status page" in answer.content.decode()
    assert breaker.state("north").by_hand
    assert "was opened by" in caplog.text
    assert "Cannot run now" in health.picker([fresco])[0][1].words
    staff.post(PAGE, {"provider": "north", "move": "close", "reason": "they are back"})
    assert not breaker.state("north").is_open


@pytest.mark.parametrize(
    "form",
    [
        {"provider": "north", "move": "open", "reason": ""},
        {"provider": "nobody", "move": "open", "reason": "their status page"},
        {"provider": "north", "move": "burn", "reason": "their status page"},
    ],
    ids=["no reason", "unknown provider", "unknown move"],
)
def test_a_bad_form_moves_nothing(staff: Client, fresco: InferenceModel, form: dict[str, str]) -> None:
    assert staff.post(PAGE, form).status_code == 422
    assert not breaker.state("north").is_open


def test_who_may_only_look_may_not_move(client: Client, charlie: User, fresco: InferenceModel) -> None:
    charlie.is_staff = True
    charlie.save(update_fields=["is_staff"])
    client.force_login(charlie)
    assert client.get(PAGE).status_code == 403
    charlie.user_permissions.add(Permission.objects.get(codename="view_inferencemodel"))
    page = client.get(PAGE)
    assert page.status_code == 200
    assert 'name="reason"' not in page.content.decode()
    open_breaker("north")
    form = {"provider": "north", "move": "close", "reason": "they are back"}
    assert client.post(PAGE, form).status_code == 403
    assert breaker.state("north").is_open


def test_others_are_sent_to_the_door(browse: As, alice: User, fresco: InferenceModel) -> None:
    for client in (browse(alice), browse(None)):
        assert client.get(PAGE).status_code == 302
        assert client.post(PAGE, {"provider": "north", "move": "open", "reason": "malice"}).status_code == 302
    assert not breaker.state("north").is_open
