"""The audit of jobs, attempts and assets finds what the database would normally refuse, made here past its guards."""

import pytest

from accounts.models import User
from generation import running
from generation.models import ErrorCode, Job, JobState
from tests import pictures
from tests.breaches import breaches, execute, guards_down

pytestmark = pytest.mark.django_db

TABLES = (
    "credits_wallet",
    "credits_transfer",
    "generation_job",
    "generation_attempt",
    "generation_asset",
    "generation_freespend",
)
DONE = "state = 'succeeded'"
OPEN = "state = 'running'"
DONE_JOBS = f"SELECT id FROM generation_job WHERE {DONE}"
ATTEMPT = "INSERT INTO generation_attempt (code, job_id, number, provider, error_code, error_detail)"


@pytest.fixture
def day(alice: User, charlie: User) -> None:
    """Alice has bought: two pictures, a failure that was late, and a job that runs. Charlie spends free credits."""
    pictures.make(alice, pictures=2)
    late = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    run_late(late)
    pictures.make(charlie)
    begun = pictures.submit(alice, pictures=2, prompt="A blue kite", ratio="1:1")
    pictures.begin(begun)
    pictures.submit(charlie, pictures=1, prompt="A green kite", ratio="1:1")


def run_late(job: Job) -> None:
    attempt = pictures.begin(job)
    assert running.fail(job_id=job.pk, code=ErrorCode.TIMEOUT)
    assert pictures.deliver(attempt, run_seconds=1) == JobState.FAILED


def test_a_day_of_jobs_is_in_order(day: None) -> None:
    assert breaches() == set()


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE generation_job SET deadline_at = now() - interval '1 hour'", {"job_past_deadline"}),
        (
            f"UPDATE generation_job SET finished_at = NULL WHERE {DONE}",
            {"job_state_fits", "job_money_fits_state", "job_is_held"},
        ),
        (f"UPDATE generation_job SET lease_until = NULL WHERE {OPEN}", {"job_is_held"}),
        ("UPDATE generation_job SET waiting = false WHERE state = 'queued'", {"job_is_held"}),
        ("UPDATE generation_job SET error_code = '' WHERE state = 'failed'", {"job_state_fits"}),
        (f"UPDATE generation_job SET waiting = true WHERE {DONE}", {"job_state_fits"}),
        (f"UPDATE generation_job SET tries = 0 WHERE {DONE}", {"job_state_fits", "attempt_at_most_three"}),
        ("""UPDATE generation_job SET quote = quote || '{"price_credits": 1000}'""", {"job_price_is_its_quote"}),
        (
            f"UPDATE generation_job SET price_credits = 9 WHERE {OPEN}",
            {"job_price_is_its_quote", "job_money_fits_state"},
        ),
        (
            f"UPDATE generation_job SET state = 'cancelled' WHERE {DONE} AND count = 2",
            {"job_money_fits_state", "asset_fits_its_job"},
        ),
        (f"DELETE FROM generation_asset WHERE job_id IN ({DONE_JOBS})", {"job_money_fits_state"}),
        (
            f"UPDATE generation_job SET state = 'failed', error_code = 'internal', finished_at = now() WHERE {OPEN}",
            {"job_money_fits_state", "attempt_live_after_end"},
        ),
        (
            "UPDATE generation_job SET code = gen_random_uuid() WHERE free_address = '' AND state = 'failed'",
            {"reserve_of_no_job", "job_money_fits_state"},
        ),
        ("UPDATE generation_freespend SET spent = spent - 1", {"free_spend_fits_jobs"}),
        ("DELETE FROM generation_freespend", {"free_spend_fits_jobs"}),
        (
            f"UPDATE generation_attempt SET finished_at = NULL WHERE job_id IN ({DONE_JOBS})",
            {"attempt_live_after_end"},
        ),
        ("UPDATE generation_attempt SET number = 4", {"attempt_at_most_three"}),
        (
            f"{ATTEMPT} SELECT gen_random_uuid(), job_id, number, 'x', '', '' FROM generation_attempt",
            {"attempt_at_most_three", "attempt_live_after_end"},
        ),
        ("UPDATE generation_asset SET index = 7 WHERE is_late", {"asset_fits_its_job"}),
        ("UPDATE generation_asset SET index = 0", {"asset_one_per_index"}),
        (
            "UPDATE generation_asset SET owner_id = (SELECT max(id) FROM accounts_user) WHERE is_late",
            {"asset_fits_its_job"},
        ),
        ("UPDATE generation_asset SET is_late = false WHERE is_late", {"asset_fits_its_job"}),
        ("UPDATE generation_asset SET sha256 = '' WHERE is_late", {"asset_names_its_bytes"}),
        ("UPDATE generation_asset SET size_bytes = 0 WHERE is_late", {"asset_names_its_bytes"}),
        (
            "UPDATE generation_asset SET visibility = 'public', moderation = 'unknown' WHERE is_late",
            {"asset_shown_unmoderated"},
        ),
    ],
)
def test_tampering_with_jobs_is_found(day: None, sql: str, found: set[str]) -> None:
    with guards_down(*TABLES):
        execute(sql)
    assert breaches() == found


def test_a_budget_of_free_credits_comes_back_to_the_day_it_was_taken_from(charlie: User) -> None:
    job = pictures.submit(charlie, pictures=1, prompt="A red kite", ratio="1:1")
    with guards_down("generation_job", "generation_freespend"):
        execute("UPDATE generation_job SET created_at = created_at - interval '1 day'")
        execute("UPDATE generation_freespend SET day = day - 1")
        execute(
            "INSERT INTO generation_freespend (address, day, spent)"
            " SELECT address, day + 1, 5 FROM generation_freespend"
        )
    assert running.fail(job_id=job.pk, code=ErrorCode.TIMEOUT)
    assert [row[0] for row in execute("SELECT spent FROM generation_freespend ORDER BY day")] == [0, 5]
