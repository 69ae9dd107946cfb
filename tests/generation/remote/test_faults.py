"""What a provider does wrong, one fault at a time: the job ends once, and its money fits its pictures."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from generation import jobs, running, sweeping
from generation.errors import NotOpen
from generation.models import Asset, Attempt, ErrorCode, Job, JobState
from tests.generation.remote.steps import Remote, charges, is_awaited, nothing_is_broken

pytestmark = pytest.mark.django_db


def end(remote: Remote, rounds: int = 8) -> Job:
    """Workers, polls and the passing of time until the job has ended; no look is left to be taken."""
    for _ in range(rounds):
        remote.work()
        for run in remote.runs():
            if "stuck" not in run.faults and "slow" not in run.faults:
                run.over.wait(10)
        remote.collect_all()
    job = Job.objects.get()
    assert not job.is_open
    assert not Attempt.objects.filter(poll_at__isnull=False).exists()
    assert len(remote.runs()) <= Attempt.objects.count() <= 3
    nothing_is_broken()
    return job


def is_void(job: Job) -> bool:
    return charges(job) == (job.total_credits, 0, job.total_credits, 0) and not Asset.objects.exists()


# --- The create ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{"status": 429, "retry_after": "86400"}, {"status": 429}])
def test_a_provider_that_is_always_busy_is_asked_three_times(remote: Remote, values: dict[str, Any]) -> None:
    """F29: however long it says that one should wait."""
    remote.emulator.faults.add("refuse", at="create", times=None, **values)
    remote.ask()
    job = end(remote)
    assert (job.state, job.error_code) == (JobState.FAILED, "provider_busy")
    assert is_void(job)


def test_a_provider_that_is_busy_once_makes_pictures_the_second_time(remote: Remote, settings: Any) -> None:
    """F29."""
    settings.REPLICATE_API_TOKENS = ["r8_first", "r8_second"]
    remote.emulator.faults.add("refuse", at="create", status=429, times=1)
    remote.ask()
    assert end(remote).state == JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "provider_down"), (402, "provider_down"), (404, "provider_down"), (422, "provider_failed")],
)
def test_what_no_second_try_can_change_ends_the_job_at_once(remote: Remote, status: int, code: str) -> None:
    """F30."""
    remote.emulator.faults.add("refuse", at="create", status=status, times=None)
    remote.ask()
    job = end(remote)
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, code, 1)
    assert len([call for call in remote.emulator.calls if call.method == "POST"]) == 1
    assert is_void(job)


# --- The run ---------------------------------------------------------------------------------------------------------


def test_a_prediction_that_never_ends_is_stopped_at_the_deadline(remote: Remote) -> None:
    """F32."""
    remote.emulator.faults.add("stuck", status="processing")
    attempt = remote.begin()
    remote.collect(attempt)
    remote.pass_deadline(attempt.job_id)
    assert sweeping.sweep().expired == 0  # it is looked at once more
    remote.collect(attempt)
    job = Job.objects.get()
    assert (job.state, job.error_code) == (JobState.FAILED, "timeout")
    remote.collect(attempt)
    assert remote.runs()[0].told()["status"] == "canceled"
    assert is_void(end(remote))


def test_a_prediction_that_ended_before_the_deadline_is_found_by_the_last_look(remote: Remote) -> None:
    attempt = remote.begin()
    remote.over()
    remote.pass_deadline(attempt.job_id)
    sweeping.sweep()
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED


def test_where_nobody_comes_to_look_the_job_ends_all_the_same(remote: Remote) -> None:
    """J1."""
    remote.emulator.faults.add("stuck")
    attempt = remote.begin()
    Job.objects.update(deadline_at=timezone.now() - sweeping.DEADLINE_GRACE)
    assert sweeping.sweep().expired == 1
    remote.collect(attempt)
    assert remote.runs()[0].told()["status"] == "canceled"


@pytest.mark.parametrize("status", ["canceled", "aborted"])
def test_a_prediction_that_the_provider_stopped_is_tried_again(remote: Remote, status: str) -> None:
    remote.emulator.faults.add("slow", seconds=30)
    attempt = remote.begin()
    remote.runs()[0].end(status)
    remote.collect(attempt)
    assert attempt.error_code in ("provider_failed", "timeout")
    job = end(remote)
    assert (job.state, job.tries) == (JobState.SUCCEEDED, 2)


def test_a_refused_prompt_is_not_tried_again(remote: Remote) -> None:
    remote.emulator.faults.add("nsfw")
    remote.ask()
    job = end(remote)
    assert (job.error_code, job.tries) == ("blocked_output", 1)
    assert is_void(job)


def test_a_failure_that_may_pass_is_tried_three_times(remote: Remote) -> None:
    remote.emulator.faults.add("fail", error="CUDA out of memory", times=None)
    remote.ask()
    job = end(remote)
    assert (job.error_code, job.tries, len(remote.runs())) == ("provider_failed", 3, 3)
    assert is_void(job)


def test_words_that_no_database_keeps_fail_a_job_like_any_others(remote: Remote) -> None:
    remote.emulator.faults.add("fail", error="invalid \0 prompt", times=None)
    remote.ask()
    job = end(remote)
    assert (job.error_code, job.tries) == ("provider_failed", 1)
    assert Attempt.objects.get().error_detail == "invalid   prompt"


def test_a_status_that_nobody_knows_is_asked_about_again(remote: Remote) -> None:
    remote.emulator.faults.add("odd_status", status="warming")
    attempt = remote.begin()
    remote.collect(attempt)
    assert remote.bring_in(attempt).state == JobState.SUCCEEDED


def test_a_look_that_fails_is_taken_again(remote: Remote) -> None:
    attempt = remote.begin()
    remote.over()
    for status in (500, 503, 429):
        remote.emulator.faults.add("refuse", at="get", status=status)
        remote.collect(attempt)
        assert is_awaited(attempt)
    assert remote.bring_in(attempt).state == JobState.SUCCEEDED


def test_a_prediction_that_its_provider_has_never_heard_of_ends_the_try(remote: Remote) -> None:
    attempt = remote.begin()
    remote.emulator.faults.add("refuse", at="get", status=404)
    remote.collect(attempt)
    assert Job.objects.get().error_code == "provider_down"


# --- Its output ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", [None, [], "", {}, {"a": {"b": []}}, 7, [None, 3], "not an address"])
def test_a_success_without_a_picture_is_none(remote: Remote, output: Any) -> None:
    """F33."""
    remote.emulator.faults.add("shape", output=output, times=None)
    remote.ask()
    job = end(remote)
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, "provider_failed", 3)
    assert is_void(job)


@pytest.mark.parametrize(("asked", "sent", "stored"), [(4, 3, 3), (3, 5, 3), (2, 1, 1)])
def test_what_was_delivered_is_charged_and_what_is_too_much_is_left(
    remote: Remote, asked: int, sent: int, stored: int
) -> None:
    """F33, L7."""
    remote.emulator.faults.add("count", count=sent)
    attempt = remote.begin(count=asked)
    job = remote.bring_in(attempt)
    assert (job.state, Asset.objects.count(), attempt.pictures) == (JobState.SUCCEEDED, stored, stored)
    reserved, captured, _, still_open = charges(job)
    assert (reserved, still_open) == (asked * job.price_credits, 0)
    assert 0 < captured <= stored * job.price_credits
    nothing_is_broken()


@pytest.mark.parametrize("fault", ["truncated", "wrong_length"])
def test_a_file_that_comes_broken_is_fetched_again(remote: Remote, fault: str) -> None:
    """F34: never a broken picture stored."""
    remote.emulator.faults.add(fault, at="files")
    attempt = remote.begin()
    job = remote.bring_in(attempt)
    assert (job.state, attempt.poll_at is not None) == (JobState.STORING, True)
    assert not Asset.objects.exists()
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED
    assert len(remote.runs()) == 1


def test_a_file_server_that_is_down_for_a_while_loses_nothing(remote: Remote) -> None:
    """F34: 500, then well."""
    remote.emulator.faults.add("refuse", at="files", status=500, times=2)
    attempt = remote.begin()
    remote.over()
    for _ in range(2):
        remote.collect(attempt)
        assert Job.objects.get().state == JobState.STORING
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED


@pytest.mark.parametrize("status", [403, 404, 410])
def test_files_that_are_gone_for_good_end_the_job(remote: Remote, status: int) -> None:
    """F34."""
    remote.emulator.faults.add("refuse", at="files", status=status, times=None)
    remote.ask()
    job = end(remote)
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, "provider_failed", 1)
    assert is_void(job)


def test_one_file_that_is_gone_spoils_no_other(remote: Remote) -> None:
    """F34, L7."""
    remote.emulator.faults.add("refuse", at="files", status=404, match="out-1")
    remote.bring_in(remote.begin(count=3))
    assert list(Asset.objects.values_list("index", flat=True).order_by("index")) == [0, 2]
    assert Job.objects.get().state == JobState.SUCCEEDED


def test_at_the_deadline_the_files_that_came_are_a_partial_success(remote: Remote) -> None:
    remote.emulator.faults.add("refuse", at="files", status=500, match="out-0", times=None)
    attempt = remote.begin(count=2)
    assert remote.bring_in(attempt).state == JobState.STORING
    remote.pass_deadline(attempt.job_id)
    remote.collect(attempt)
    assert list(Asset.objects.values_list("index", "is_late")) == [(1, False)]
    nothing_is_broken()


def test_files_that_come_only_after_the_deadline_are_the_owners_for_nothing(remote: Remote) -> None:
    """F34, J6."""
    remote.emulator.faults.add("refuse", at="files", status=500, times=3)
    attempt = remote.begin()
    remote.bring_in(attempt)
    remote.pass_deadline(attempt.job_id)
    remote.collect(attempt)
    job = Job.objects.get()
    assert (job.state, job.error_code) == (JobState.FAILED, "timeout")
    remote.collect(attempt)
    assert is_awaited(attempt)
    remote.collect(attempt)
    assert [asset.is_late for asset in Asset.objects.all()] == [True]
    assert (charges(job)[1], is_awaited(attempt)) == (0, False)
    nothing_is_broken()


def test_files_are_not_asked_for_longer_than_they_are_kept(remote: Remote) -> None:
    """F34: within the hour."""
    remote.emulator.faults.add("refuse", at="files", status=500, times=None)
    attempt = remote.begin()
    remote.bring_in(attempt)
    remote.pass_deadline(attempt.job_id)
    remote.collect(attempt)
    remote.age(attempt, 3601)
    remote.collect(attempt)
    assert not is_awaited(attempt)
    assert is_void(Job.objects.get())


@pytest.mark.parametrize("fault", ["html", "empty", "picture_bomb", "cut", "redirect", "gzip_bomb"])
def test_a_file_that_is_no_picture_is_never_stored(remote: Remote, fault: str) -> None:
    """F35."""
    remote.emulator.faults.add(fault, at="files", times=None)
    remote.ask()
    job = end(remote)
    assert (job.state, job.error_code) == (JobState.FAILED, "provider_failed")
    assert is_void(job)


@pytest.mark.parametrize("fault", ["animated_webp", "cmyk_jpeg"])
def test_a_picture_of_an_odd_kind_is_made_a_plain_one(remote: Remote, fault: str) -> None:
    """F35."""
    remote.emulator.faults.add(fault, at="files")
    remote.bring_in(remote.begin())
    assert Asset.objects.get().content_type == "image/png"


def test_no_token_of_ours_goes_to_where_the_files_are(remote: Remote) -> None:
    remote.bring_in(remote.begin())
    [fetched] = [call for call in remote.emulator.calls if call.path.startswith("/files/")]
    assert "authorization" not in fetched.headers


def test_pictures_wait_for_a_storage_that_is_away(remote: Remote, settings: Any, tmp_path: Path) -> None:
    """J5, F57: nothing is charged before they are stored."""
    (tmp_path / "away").touch()
    settings.MEDIA_ROOT = tmp_path / "away"
    attempt = remote.begin(count=2)
    job = remote.bring_in(attempt)
    assert (job.state, attempt.poll_at is not None) == (JobState.STORING, True)
    assert charges(job)[1] == 0
    settings.MEDIA_ROOT = tmp_path
    remote.collect(attempt)
    assert (Job.objects.get().state, Asset.objects.count()) == (JobState.SUCCEEDED, 2)
    nothing_is_broken()


# --- Ends that are ours ----------------------------------------------------------------------------------------------


def test_a_cancelled_job_stops_its_prediction(remote: Remote) -> None:
    """J11."""
    remote.emulator.faults.add("stuck", status="processing")
    attempt = remote.begin()
    jobs.cancel(code=attempt.job.code, owner_id=remote.owner.pk)
    attempt.refresh_from_db()
    assert (attempt.error_code, attempt.poll_at is not None) == ("cancelled", True)
    remote.collect(attempt)
    assert remote.runs()[0].told()["status"] == "canceled"
    assert not is_awaited(attempt)
    assert is_void(Job.objects.get())


def test_a_job_that_was_cancelled_before_the_creates_answer_stops_what_began(remote: Remote) -> None:
    """J11: its id comes later than the wish to stop it."""
    remote.emulator.faults.add("stuck")

    def cancelled() -> None:
        job = Job.objects.get()
        jobs.cancel(code=job.code, owner_id=remote.owner.pk)

    with remote.before_the_answer(cancelled):
        attempt = remote.begin()
    remote.collect(attempt)
    assert remote.runs()[0].told()["status"] == "canceled"


def test_a_cancelled_job_whose_worker_died_stops_what_its_webhook_tells_of(remote: Remote) -> None:
    remote.emulator.faults.add("stuck")

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), remote.before_the_answer(killed):
        remote.begin()
    attempt = Attempt.objects.get()
    jobs.cancel(code=attempt.job.code, owner_id=remote.owner.pk)
    remote.webhook(attempt, remote.runs()[0].told())
    remote.collect(attempt)
    assert remote.runs()[0].told()["status"] == "canceled"


def test_a_cancel_that_the_provider_does_not_take_is_told_again(remote: Remote) -> None:
    remote.emulator.faults.add("stuck")
    remote.emulator.faults.add("refuse", at="cancel", status=500, times=2)
    attempt = remote.begin()
    jobs.cancel(code=attempt.job.code, owner_id=remote.owner.pk)
    for _ in range(3):
        remote.collect(attempt)
    assert remote.runs()[0].told()["status"] == "canceled"
    assert not is_awaited(attempt)


def test_pictures_of_a_cancelled_job_are_not_fetched(remote: Remote) -> None:
    attempt = remote.begin()
    jobs.cancel(code=attempt.job.code, owner_id=remote.owner.pk)
    remote.webhook(attempt, remote.over().told())
    remote.collect(attempt)
    assert not [call for call in remote.emulator.calls if call.path.startswith("/files/")]
    assert is_void(Job.objects.get())


def test_a_job_whose_pictures_are_being_stored_is_not_cancelled(remote: Remote) -> None:
    remote.emulator.faults.add("refuse", at="files", status=500)
    attempt = remote.begin()
    remote.bring_in(attempt)
    with pytest.raises(NotOpen):
        jobs.cancel(code=attempt.job.code, owner_id=remote.owner.pk)


def test_a_success_a_moment_after_the_failure_is_kept_and_not_charged(remote: Remote) -> None:
    """J6."""
    attempt = remote.begin()
    running.fail(job_id=attempt.job_id, code=ErrorCode.TIMEOUT)
    told = remote.over().told()
    for _ in range(2):
        remote.webhook(attempt, told)
        remote.collect(attempt)
    asset = Asset.objects.get()
    assert (asset.is_late, asset.owner) == (True, remote.owner)
    assert charges(Job.objects.get())[1] == 0
    assert default_storage.exists(asset.storage_key)
    nothing_is_broken()
