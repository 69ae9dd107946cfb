"""A create that may have begun a prediction: it is sought and adopted, and none is begun again before that is known."""

import pytest
from django.conf import settings

from generation import lanes, running, sweeping
from generation.models import Asset, Attempt, Job, JobState, Lane
from tests.generation.asking import rested
from tests.generation.remote.steps import Remote, charges, is_awaited, nothing_is_broken

pytestmark = pytest.mark.django_db

LONG_AGO = settings.JOB_ADOPT_SECONDS + 1


def test_a_prediction_whose_answer_was_lost_is_found_and_brought_in(remote: Remote) -> None:
    """F28."""
    remote.emulator.faults.add("drop", at="create")
    attempt = remote.begin()
    job = Job.objects.get()
    assert (attempt.external_id, job.state, job.waiting, job.lease_until) == (None, JobState.STARTING, False, None)
    nothing_is_broken()
    job = remote.bring_in(attempt)
    assert (job.state, job.tries, len(remote.runs())) == (JobState.SUCCEEDED, 1, 1)
    assert attempt.external_id == remote.runs()[0].id


def test_one_that_never_began_is_sought_for_a_while_and_then_begun_again(remote: Remote) -> None:
    """F28: no blind second create inside the window."""
    remote.emulator.faults.add("drop", at="create", accepted=False)
    attempt = remote.begin()
    remote.collect(attempt)
    assert is_awaited(attempt)
    assert remote.work() is None
    remote.age(attempt, LONG_AGO)
    remote.collect(attempt)
    assert (attempt.error_code, is_awaited(attempt)) == ("provider_down", False)
    assert remote.work()
    job = remote.bring_in(Attempt.objects.get(number=2))
    assert (job.state, job.tries, len(remote.runs())) == (JobState.SUCCEEDED, 2, 1)
    nothing_is_broken()


def test_one_that_is_told_of_by_its_webhook_is_not_sought(remote: Remote) -> None:
    """F28: adopted by the token, though its id was never saved."""
    remote.emulator.faults.add("drop", at="create")
    attempt = remote.begin()
    remote.webhook(attempt, remote.over().told())
    remote.emulator.calls.clear()
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED
    assert [call.path.split("/")[1] for call in remote.emulator.calls] == ["files"]


def test_a_gateway_that_answers_after_the_work_was_done_makes_no_second_prediction(remote: Remote) -> None:
    """F29: 502 with a page."""
    remote.emulator.faults.add("refuse", at="create", status=502, html=True, accepted=True)
    job = remote.bring_in(remote.begin())
    assert (job.state, len(remote.runs())) == (JobState.SUCCEEDED, 1)


def test_the_prediction_of_an_equal_order_is_another_jobs(remote: Remote) -> None:
    first = remote.begin()
    remote.emulator.faults.add("drop", at="create", accepted=False)
    job = remote.ask()
    Job.objects.filter(pk=job.pk).update(seed=Job.objects.get(pk=first.job_id).seed)
    remote.work()
    second = Attempt.objects.get(job=job)
    remote.collect(second)
    assert second.external_id is None
    assert is_awaited(second)


def test_while_the_provider_cannot_be_asked_the_try_is_not_over(remote: Remote) -> None:
    remote.emulator.faults.add("drop", at="create")
    remote.emulator.faults.add("refuse", at="list", status=503, times=3)
    attempt = remote.begin()
    remote.age(attempt, LONG_AGO)
    for _ in range(3):
        remote.collect(attempt)
        assert is_awaited(attempt)
    assert remote.bring_in(attempt).state == JobState.SUCCEEDED


# --- Lost workers ----------------------------------------------------------------------------------------------------


def lost_before_the_call(remote: Remote) -> Attempt:
    """A worker that wrote its attempt, committed, and was gone."""
    remote.ask()
    job = lanes.claim(lane=Lane.PROVIDERS)
    assert job
    attempt = running.begin(job, is_remote=True)
    assert attempt
    return attempt


def test_a_worker_lost_before_its_call_costs_a_question_and_a_second_try(remote: Remote) -> None:
    """F18: one prediction."""
    attempt = lost_before_the_call(remote)
    assert remote.lose_worker() == sweeping.Swept(expired=0, lost=1, hints=1)
    nothing_is_broken()
    remote.age(attempt, LONG_AGO)
    remote.collect(attempt)
    assert attempt.error_code
    remote.work()
    job = remote.bring_in(Attempt.objects.get(number=2))
    assert (job.state, len(remote.runs())) == (JobState.SUCCEEDED, 1)


def test_a_worker_lost_after_the_create_was_accepted_loses_nothing(remote: Remote) -> None:
    """F18: its prediction is found, also without a webhook."""
    with pytest.raises(KeyboardInterrupt), remote.before_the_answer(killed):
        remote.begin()
    attempt = Attempt.objects.get()
    assert attempt.external_id is None
    assert remote.lose_worker().lost == 1
    job = remote.bring_in(attempt)
    assert (job.state, job.tries, len(remote.runs())) == (JobState.SUCCEEDED, 1, 1)
    nothing_is_broken()


def test_a_lost_worker_whose_prediction_was_told_of_is_not_missed(remote: Remote) -> None:
    with pytest.raises(KeyboardInterrupt), remote.before_the_answer(killed):
        remote.begin()
    attempt = Attempt.objects.get()
    remote.webhook(attempt, remote.over().told())
    assert remote.lose_worker().lost == 0
    remote.collect(attempt)
    assert Job.objects.get().state == JobState.SUCCEEDED


def killed() -> None:
    raise KeyboardInterrupt


def test_a_worker_lost_between_claim_and_attempt_gives_the_job_back(remote: Remote) -> None:
    remote.ask()
    assert lanes.claim(lane=Lane.PROVIDERS)
    assert remote.lose_worker().lost == 1
    assert Job.objects.get().waiting


def test_three_lost_workers_end_the_job(remote: Remote) -> None:
    for number in (1, 2, 3):
        attempt = lost_before_the_call(remote) if number == 1 else next_try(number)
        remote.lose_worker()
        remote.age(attempt, LONG_AGO)
        remote.collect(attempt)
    job = Job.objects.get()
    assert (job.state, job.error_code, job.tries) == (JobState.FAILED, "provider_down", 3)
    assert charges(job)[1:] == (0, job.total_credits, 0)
    nothing_is_broken()


def next_try(number: int) -> Attempt:
    rested()
    job = lanes.claim(lane=Lane.PROVIDERS)
    assert job
    assert job.tries == number
    attempt = running.begin(job, is_remote=True)
    assert attempt
    return attempt


# --- Two tries of one job --------------------------------------------------------------------------------------------


def given_up(remote: Remote) -> tuple[Attempt, Attempt]:
    """The first try's prediction shows up only after the second has begun."""
    remote.emulator.faults.add("slow", seconds=30, times=2)
    with pytest.raises(KeyboardInterrupt), remote.before_the_answer(killed):
        remote.begin()
    first = Attempt.objects.get()
    running.give_back(job_id=first.job_id, code=first.error_code, detail="it was given up")  # type: ignore[arg-type]
    remote.work()
    return first, Attempt.objects.get(number=2)


def finished(remote: Remote, number: int) -> dict[str, object]:
    run = remote.runs()[number]
    run.end("succeeded", output=[f"{remote.emulator.url}/files/{run.id}/out-0.png"])
    return run.told()


def test_the_first_try_to_arrive_ends_the_job_and_the_other_is_stopped(remote: Remote) -> None:
    first, second = given_up(remote)
    remote.webhook(first, finished(remote, 0))
    remote.collect(first)
    job = Job.objects.get()
    assert job.state == JobState.SUCCEEDED
    second.refresh_from_db()
    assert (second.error_code, second.finished_at is not None) == ("cancelled", True)
    remote.collect(second)
    assert remote.runs()[1].told()["status"] == "canceled"
    assert Attempt.objects.filter(poll_at__isnull=False).count() == 0
    assert Asset.objects.count() == 1
    nothing_is_broken()


def test_the_second_try_may_be_the_first_to_arrive(remote: Remote) -> None:
    first, second = given_up(remote)
    remote.webhook(first, remote.runs()[0].told())  # it runs, and is looked after from now on
    remote.collect(first)
    assert is_awaited(first)
    remote.webhook(second, finished(remote, 1))
    remote.collect(second)
    remote.collect(first)
    assert remote.runs()[0].told()["status"] == "canceled"
    assert (Job.objects.get().state, is_awaited(first)) == (JobState.SUCCEEDED, False)
    nothing_is_broken()


def test_a_try_that_was_given_up_fails_alone(remote: Remote) -> None:
    first, second = given_up(remote)
    run = remote.runs()[0]
    run.end("failed", error="boom")
    remote.webhook(first, run.told())
    remote.collect(first)
    second.refresh_from_db()
    assert (first.poll_at, second.finished_at) == (None, None)
    assert Job.objects.get().is_open


def test_a_job_that_waits_for_its_second_try_takes_the_pictures_of_its_first(remote: Remote) -> None:
    remote.emulator.faults.add("slow", seconds=30)
    with pytest.raises(KeyboardInterrupt), remote.before_the_answer(killed):
        remote.begin()
    first = Attempt.objects.get()
    running.give_back(job_id=first.job_id, code=first.error_code, detail="")  # type: ignore[arg-type]
    remote.webhook(first, finished(remote, 0))
    remote.collect(first)
    job = Job.objects.get()
    assert (job.state, job.waiting, remote.work()) == (JobState.SUCCEEDED, False, None)
    nothing_is_broken()
