"""A model's expected time: the median of its last runs, once enough have run; kept on its row, read by every page."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from config.celery import app
from credits import statements
from generation import cards, catalogue, jobs, running, tasks, timing
from generation.models import Attempt, ErrorCode, InferenceModel
from generation.pricing import quote as quotes
from tests import pictures
from tests.breaches import triggers_asleep
from tests.browsers import As
from tests.generation.asking import HTMX, form
from tests.races import race
from tests.rules import refused_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(alice: User) -> InferenceModel:
    """The demo with one run of 0.1 s behind it."""
    pictures.one(alice)
    return InferenceModel.objects.get(slug="demo")


def ran(model: InferenceModel, *seconds: float, count: int = 1, ago: timedelta = timedelta()) -> None:
    """Successful runs as their rows tell of them, later ones later. `seconds` are for all `count` pictures."""
    # So many jobs one by one, with their money, would take minutes; no test here is about either.
    with triggers_asleep("generation_job"), connection.cursor() as cursor:
        cursor.execute(
            """WITH runs AS (
                 SELECT * FROM unnest(%(seconds)s::float8[]) WITH ORDINALITY AS run (seconds, number)
               ), jobs AS (
                 INSERT INTO generation_job (
                   code, owner_id, model_id, prompt_written, prompt_enhanced, prompt_sent, negative_prompt,
                   aspect_ratio, width_px, height_px, count, style, seed, seed_mode, origin, form_key, form_digest,
                   price_credits, quote, free_address, free_credits, state, error_code, progress, version, tries,
                   lane, turn, waiting, created_at, finished_at, deadline_at)
                 SELECT gen_random_uuid(), owner_id, model_id, '', '', '', '', aspect_ratio, width_px, height_px,
                        count, style, seed, seed_mode, origin, number || gen_random_uuid()::text, '', 1, quote, '', 0,
                        'succeeded', '', 0, 1, 1, lane, 0, false, %(since)s,
                        %(since)s + number * interval '1 millisecond', %(since)s
                   FROM runs, (SELECT * FROM generation_job WHERE model_id = %(model)s ORDER BY id LIMIT 1) AS one
                 RETURNING id, finished_at
               )
               INSERT INTO generation_attempt
                 (code, job_id, number, provider, started_at, finished_at, run_seconds, pictures, error_code,
                  error_detail)
               SELECT gen_random_uuid(), jobs.id, 1, 'demo', finished_at - runs.seconds * interval '1 second',
                      finished_at, runs.seconds, %(count)s, '', ''
                 FROM (SELECT *, row_number() OVER (ORDER BY finished_at) AS number FROM jobs) AS jobs
                 JOIN runs USING (number)""",
            {"seconds": list(seconds), "since": timezone.now() - ago, "model": model.pk, "count": count},
        )


def measured(model: InferenceModel) -> tuple[float | None, int]:
    timing.measure()
    model.refresh_from_db()
    return model.measured_seconds, model.measured_runs


# --- The median ------------------------------------------------------------------------------------------------------


def test_until_enough_have_run_the_catalogue_s_time_stands(model: InferenceModel) -> None:
    ran(model, *[0.5] * (timing.RUNS_MIN - 2))
    assert measured(model) == (None, timing.RUNS_MIN - 1)
    assert model.expected_seconds == model.typical_seconds == 1.5
    ran(model, 0.5)
    assert measured(model) == (0.5, timing.RUNS_MIN)
    assert model.expected_seconds == 0.5


def test_the_median_is_of_seconds_per_picture_and_not_moved_by_one_that_hung(model: InferenceModel) -> None:
    ran(model, *[8.0] * 30, 100_000.0, count=4)
    assert measured(model) == (2.0, 32)


def test_only_the_last_runs_count(model: InferenceModel) -> None:
    ran(model, *[9.0] * 150, ago=timedelta(hours=1))
    ran(model, *[1.0] * 120)
    assert measured(model) == (1.0, timing.RUNS_MAX)


def test_each_model_has_a_median_of_its_own(model: InferenceModel) -> None:
    other = InferenceModel.objects.create(
        slug="other", name="Other", provider="demo", lane="providers", price_credits=1, typical_seconds=7
    )
    ran(model, *[3.0] * 30)
    assert timing.measure() == 1
    other.refresh_from_db()
    assert (other.measured_seconds, other.measured_runs, other.expected_seconds) == (None, 0, 7)


def test_a_retired_model_is_not_measured(model: InferenceModel) -> None:
    ran(model, *[3.0] * 30)
    InferenceModel.objects.update(is_retired=True)
    assert timing.measure() == 0
    InferenceModel.objects.update(is_retired=False)
    assert timing.measure() == 1


def test_a_provider_that_answers_at_once_never_divides_by_zero(model: InferenceModel) -> None:
    ran(model, *[0.0] * 40)
    assert measured(model) == (0.001, 41)


def test_nothing_is_written_when_nothing_changed(model: InferenceModel) -> None:
    ran(model, *[0.5] * 30)
    assert timing.measure() == 1
    before = InferenceModel.objects.values().get(slug="demo")
    assert timing.measure() == 0
    assert InferenceModel.objects.values().get(slug="demo") == before


@pytest.mark.django_db(transaction=True)
def test_a_sync_in_progress_is_not_waited_for(alice: User) -> None:
    pictures.one(alice)
    with transaction.atomic():
        InferenceModel.objects.update(about="being synced")
        assert race([timing.measure]) == [0]
    assert timing.measure() == 1


# --- What counts as a run --------------------------------------------------------------------------------------------


def test_an_attempt_that_delivered_says_so_and_how_long_it_took(alice: User, model: InferenceModel) -> None:
    job = pictures.make(alice, pictures=3)[0].job
    attempt = Attempt.objects.get(job=job)
    assert (attempt.pictures, attempt.run_seconds) == (3, 0.1)


def test_what_failed_was_cancelled_or_came_too_late_is_no_run(alice: User, model: InferenceModel) -> None:
    for end in ("fail", "cancel", "late"):
        job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
        attempt = pictures.begin(job)
        if end == "cancel":
            jobs.cancel(code=job.code, owner_id=alice.pk)
        else:
            running.fail(job_id=job.pk, code=ErrorCode.TIMEOUT)
        if end == "late":
            pictures.deliver(attempt, run_seconds=99)
    assert measured(model) == (None, 1)


def test_an_attempt_that_was_thought_lost_counts_once_it_delivers(alice: User, model: InferenceModel) -> None:
    job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    attempt = pictures.begin(job)
    running.give_back(job_id=job.pk, code=ErrorCode.INTERNAL, detail="the worker's lease ran out")
    for _ in range(2):
        pictures.deliver(attempt, run_seconds=4)
    attempt.refresh_from_db()
    assert (attempt.pictures, attempt.run_seconds, attempt.error_code, attempt.error_detail) == (1, 4, "", "")
    assert measured(model) == (None, 2)


@pytest.mark.parametrize(
    "wrong", [{"pictures": 0}, {"pictures": 5}, {"run_seconds": None}, {"run_seconds": -1}, {"error_code": "internal"}]
)
def test_only_a_success_with_a_time_delivers(model: InferenceModel, wrong: dict[str, Any]) -> None:
    with refused_by("attempt_delivers_by_success"):
        Attempt.objects.update(**wrong)


def test_only_one_attempt_of_a_job_delivers(model: InferenceModel) -> None:
    first = Attempt.objects.get()
    with refused_by("attempt_one_delivers"):
        Attempt.objects.create(
            job=first.job, number=2, provider="demo", finished_at=timezone.now(), run_seconds=1, pictures=1
        )


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("model_typical_time_is_positive", {"typical_seconds": 0}),
        ("model_measured_time_is_positive", {"measured_seconds": 0}),
        ("model_measured_time_is_positive", {"measured_seconds": 1, "measured_at": None}),
        ("model_normal_steps_are_positive", {"normal_steps": 0}),
    ],
)
def test_no_model_takes_no_time(model: InferenceModel, rule: str, wrong: dict[str, Any]) -> None:
    with refused_by(rule):
        InferenceModel.objects.update(**wrong)


# --- Where it is read ------------------------------------------------------------------------------------------------


def test_price_picker_and_card_say_the_measured_time_without_a_query_more(
    alice: User,
    browse: As,
    model: InferenceModel,
    django_assert_num_queries: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    client = browse(alice)
    job = pictures.submit(alice, pictures=2, prompt="A red kite", ratio="1:1")
    client.get("/")
    with django_assert_num_queries(4):
        assert "about 1.5 s" in client.get("/").content.decode()
    ran(model, *[7.04] * 30)
    with django_capture_on_commit_callbacks(execute=True):  # which forgets what pages have read
        tasks.measure()
    client.get("/")
    with django_assert_num_queries(4):
        assert "about 7 s" in client.get("/").content.decode()
    priced = client.post("/quote", form(), headers=HTMX).content.decode()
    assert "About 7 s a picture<small>slow; median of its last 31 runs</small>" in priced
    found = cards.find(code=job.code, owner_id=alice.pk)
    assert found
    assert cards.of(found).expected == "14 to 15 s"


def test_a_slow_day_raises_new_prices_and_a_quick_one_lowers_them_within_the_rule_base(model: InferenceModel) -> None:
    InferenceModel.objects.update(price_credits=100)
    prices = []
    for seconds in (0.001, 0.9, 1.5, 1.8, 3.0, 3.75, 1e9):
        InferenceModel.objects.update(measured_seconds=seconds, measured_runs=200, measured_at=timezone.now())
        made = quotes.make(model=InferenceModel.objects.get(slug="demo"), aspect_ratio="1:1", count=1)
        assert made.expected_seconds == seconds
        prices.append(made.price_credits)
    assert prices == sorted(prices)
    assert (prices[0], prices[2], prices[3], prices[-2], prices[-1]) == (75, 100, 100, 125, 125)


def test_a_run_as_long_as_the_median_is_charged_as_quoted_so_prices_do_not_swing(
    alice: User, model: InferenceModel
) -> None:
    InferenceModel.objects.update(price_credits=10)
    ran(model, *[0.3] * 250)
    assert measured(model) == (0.3, 200)
    for run_seconds, charged in ((0.3, 8), (0.2, 8), (0.1, 7)):
        job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
        pictures.deliver(pictures.begin(job), run_seconds=run_seconds)
        assert statements.of_subject(job.subject).captured == charged
    assert measured(model) == (0.3, 200)


def test_a_measured_time_survives_a_sync(model: InferenceModel, tmp_path: Path) -> None:
    ran(model, *[2.5] * 30)
    timing.measure()
    kept = InferenceModel.objects.values("measured_seconds", "measured_runs", "measured_at").get(slug="demo")
    catalogue.sync()
    assert InferenceModel.objects.values("measured_seconds", "measured_runs", "measured_at").get(slug="demo") == kept
    assert kept["measured_seconds"] == 2.5


def test_staff_read_it_and_cannot_write_it(browse: As, sam: User, model: InferenceModel) -> None:
    ran(model, *[2.5] * 30)
    timing.measure()
    client = browse(sam)
    page = f"/admin/generation/inferencemodel/{model.pk}/change/"
    body = client.get(page).content.decode()
    assert "2.5" in body
    assert 'name="measured_seconds"' not in body
    client.post(page, {"is_enabled": "on", "message": "", "measured_seconds": 9, "price_credits": 9})
    model.refresh_from_db()
    assert (model.measured_seconds, model.price_credits) == (2.5, 1)


# --- How it is found -------------------------------------------------------------------------------------------------


def test_beat_measures_every_minute() -> None:
    entry = app.conf.beat_schedule["measure"]
    assert entry["task"] == tasks.measure.name
    assert entry["schedule"] == timedelta(minutes=1)


def test_the_last_runs_are_found_by_index_and_no_table_is_read_through(model: InferenceModel) -> None:
    ran(model, *[0.5] * 3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE generation_job, generation_attempt")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {timing.MEASURE}", {"least": timing.RUNS_MIN, "most": timing.RUNS_MAX})
        plan = cursor.fetchone()[0][0]["Plan"]
    assert "job_succeeded_by_model" in {node.get("Index Name") for node in nodes(plan)}
    read_through = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
    assert read_through <= {"generation_inferencemodel"}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", []) for node in nodes(part))]
