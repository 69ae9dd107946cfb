"""What must hold is refused by the database itself, when the domain functions are bypassed."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from credits import ledger
from credits.triggers import broken_rule
from generation import lanes, running
from generation.models import Asset, Attempt, FreeSpend, InferenceModel, Job, JobState
from generation.models.job import OPEN_STATES
from tests import pictures
from tests.rules import refused_by

pytestmark = pytest.mark.django_db

LEGAL = {
    ("queued", "starting"), ("queued", "failed"), ("queued", "cancelled"),
    ("starting", "running"), ("starting", "failed"), ("starting", "cancelled"),
    ("running", "storing"), ("running", "failed"), ("running", "cancelled"),
    ("storing", "succeeded"), ("storing", "failed"),
}  # fmt: skip


@pytest.fixture
def job(alice: User) -> Job:
    return pictures.submit(alice, pictures=2, prompt="A red kite", ratio="1:1")


def bring(job: Job, state: str) -> None:
    """To a state by legal moves alone, money aside: the check of the money waits for the commit."""
    ways: dict[str, list[str]] = {
        "queued": [], "starting": ["starting"], "running": ["starting", "running"],
        "storing": ["starting", "running", "storing"], "succeeded": ["starting", "running", "storing", "succeeded"],
        "failed": ["failed"], "cancelled": ["cancelled"],
    }  # fmt: skip
    for step in ways[state]:
        write(job, step)


def write(job: Job, state: str) -> None:
    ended = {"finished_at": "2026-01-01T00:00:00Z", "waiting": False, "error_code": "internal"}
    Job.objects.filter(pk=job.pk).update(state=state, **({} if state in OPEN_STATES else ended))


@pytest.mark.parametrize("old", JobState.values)
@pytest.mark.parametrize("new", JobState.values)
def test_states_move_only_as_drawn(alice: User, old: str, new: str) -> None:
    job = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    try:
        with transaction.atomic():
            bring(job, old)
            if (old, new) in LEGAL or old == new:
                write(job, new)
            else:
                with refused_by("job_moves_legally"):
                    write(job, new)
            raise RuntimeError  # back to where the money fits
    except RuntimeError:
        pass


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"price_credits": 0}, "job_terms_are_fixed"),
        ({"price_credits": 99}, "job_terms_are_fixed"),
        ({"count": 4}, "job_terms_are_fixed"),
        ({"code": uuid4()}, "job_terms_are_fixed"),
        ({"form_key": "other"}, "job_terms_are_fixed"),
        ({"quote": {}}, "job_terms_are_fixed"),
        ({"seed": -1}, "job_seed_fits"),
        ({"finished_at": "2026-01-01T00:00:00Z"}, "job_finished_when_ended"),
    ],
)
def test_the_terms_of_a_job_stand(job: Job, change: dict[str, Any], rule: str) -> None:
    with refused_by(rule):
        Job.objects.filter(pk=job.pk).update(**change)


def test_jobs_are_never_deleted(job: Job) -> None:
    with refused_by("job_never_deleted"):
        Job.objects.filter(pk=job.pk).delete()


def test_a_version_grows_with_what_a_card_shows(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(progress=5)
    Job.objects.filter(pk=job.pk).update(lease_until="2026-01-01T00:00:00Z")
    job.refresh_from_db()
    assert job.version == 2


def test_one_form_key_is_one_job(job: Job) -> None:
    twin = Job.objects.get(pk=job.pk)
    twin.pk, twin.code = None, uuid4()
    with refused_by("generation_job_form_key_key"), transaction.atomic():
        twin.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
class TestMoneyAtCommit:
    """These checks are deferred, so only a real commit shows them."""

    @pytest.fixture
    def job(self, alice: User) -> Job:
        return pictures.submit(alice, pictures=2, prompt="A red kite", ratio="1:1")

    def test_a_job_without_a_reserve_is_refused(self, job: Job) -> None:
        with self.refused("job_open_holds_its_reserve"):
            twin = Job.objects.get(pk=job.pk)
            twin.pk, twin.code, twin.form_key = None, uuid4(), "other"
            twin.save(force_insert=True)

    def test_failing_without_a_release_is_refused(self, job: Job) -> None:
        with self.refused("job_ended_holds_nothing"):
            write(job, "failed")

    def test_succeeding_without_a_picture_is_refused(self, job: Job) -> None:
        with self.refused("job_charged_for_what_was_stored"):
            bring(job, "storing")
            ledger.settle(subject=job.subject, amount=2)
            write(job, "succeeded")

    def test_succeeding_without_a_charge_is_refused(self, job: Job) -> None:
        with self.refused("job_charged_for_what_was_stored"):
            bring(job, "storing")
            ledger.settle(subject=job.subject, amount=0)
            write(job, "succeeded")

    def test_charging_for_a_failure_is_refused(self, job: Job) -> None:
        with self.refused("job_charged_for_what_was_stored"):
            ledger.settle(subject=job.subject, amount=1)
            write(job, "failed")

    def refused(self, rule: str) -> Any:
        from contextlib import contextmanager  # noqa: PLC0415

        @contextmanager
        def at_commit() -> Any:
            with pytest.raises(IntegrityError) as caught, transaction.atomic():
                yield
            assert broken_rule(caught.value) == rule

        return at_commit()


def test_no_session_switches_the_guards_off(job: Job) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        with refused_by("job_terms_are_fixed"):
            cursor.execute("UPDATE generation_job SET price_credits = 0 WHERE id = %s", [job.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_job_has_one_live_attempt_and_three_at_most(job: Job) -> None:
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    running.begin(claimed)
    with refused_by("attempt_one_live"):
        Attempt.objects.create(job=job, number=2, provider="demo")
    Attempt.objects.update(finished_at="2026-01-01T00:00:00Z")
    with refused_by("attempt_numbered_once"):
        Attempt.objects.create(job=job, number=1, provider="demo")
    with refused_by("attempt_at_most_three"):
        Attempt.objects.create(job=job, number=4, provider="demo")


def test_nothing_leaves_private_that_moderation_has_not_passed(alice: User) -> None:
    asset = pictures.one(alice)
    for verdict in ("unknown", "refused"):
        with refused_by("asset_shown_only_when_passed"):
            Asset.objects.filter(pk=asset.pk).update(moderation=verdict, visibility="public")


def test_one_picture_per_job_and_index(alice: User) -> None:
    asset = pictures.one(alice)
    asset.pk, asset.code, asset.storage_key = None, uuid4(), "other"
    with refused_by("asset_one_per_index"):
        asset.save(force_insert=True)


def test_prices_and_budgets_stay_sane(job: Job) -> None:
    with refused_by("model_price_is_positive"):
        InferenceModel.objects.update(price_credits=0)
    with refused_by("generation_freespend_spent_check"):
        FreeSpend.objects.create(address="a", day="2026-01-01", spent=-1)
