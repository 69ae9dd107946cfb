"""A guest's work moves into an account once, whoever asks at the same time, and takes no credits along."""

import threading

import pytest
from django.db import IntegrityError, transaction

from accounts import guests, signup
from accounts.models import User
from credits import ledger
from generation import lanes, running, worker
from generation.models import Asset, Job, JobState
from tests import races
from tests.accounts import steps


@pytest.mark.django_db(transaction=True)
def test_jobs_and_pictures_move_into_the_account() -> None:
    guest, mara = guests.create(), steps.account()
    job = steps.submit(guest)
    worker.work(job.lane)
    assert guests.count_pictures(guest_id=guest.pk) == 1
    assert guests.merge(guest_id=guest.pk, account_id=mara.pk) == 1
    assert Job.objects.get().owner == mara
    assert Asset.objects.get().owner == mara
    guest.refresh_from_db()
    assert guest.merged_into == mara
    assert guests.find(guest_id=guest.pk) is None


@pytest.mark.django_db
def test_a_second_merge_moves_nothing_whoever_it_is_for() -> None:
    guest, mara, bob = guests.create(), steps.account(), steps.account("bob@example.org")
    assert guests.merge(guest_id=guest.pk, account_id=mara.pk) == 0
    assert guests.merge(guest_id=guest.pk, account_id=mara.pk) is None
    assert guests.merge(guest_id=guest.pk, account_id=bob.pk) is None
    guest.refresh_from_db()
    assert guest.merged_into == mara


@pytest.mark.django_db
def test_only_guests_are_merged_and_only_into_accounts() -> None:
    guest, other, mara, bob = guests.create(), guests.create(), steps.account(), steps.account("bob@example.org")
    assert guests.merge(guest_id=guest.pk, account_id=other.pk) is None
    assert guests.merge(guest_id=bob.pk, account_id=mara.pk) is None
    assert guests.merge(guest_id=guest.pk, account_id=guest.pk) is None
    assert guests.merge(guest_id=999_999_999, account_id=mara.pk) is None
    assert not User.objects.exclude(merged_into=None).exists()


@pytest.mark.django_db
def test_a_banned_guest_is_not_merged() -> None:
    guest, mara = guests.create(), steps.account()
    User.objects.filter(pk=guest.pk).update(is_active=False)
    assert guests.merge(guest_id=guest.pk, account_id=mara.pk) is None


@pytest.mark.django_db
def test_the_database_refuses_a_second_merge_and_a_merge_into_a_guest() -> None:
    guest, other, mara, bob = guests.create(), guests.create(), steps.account(), steps.account("bob@example.org")
    rows = User.objects.filter(pk=guest.pk)
    with pytest.raises(IntegrityError, match="user_merged_into_accounts"), transaction.atomic():
        rows.update(merged_into=other)
    rows.update(merged_into=mara)
    for target in (bob, None):
        with pytest.raises(IntegrityError, match="user_merged_once"), transaction.atomic():
            rows.update(merged_into=target)
    with pytest.raises(IntegrityError, match="user_only_guests_are_merged"), transaction.atomic():
        User.objects.filter(pk=mara.pk).update(merged_into=bob)


@pytest.mark.django_db
def test_the_guests_daily_credits_never_become_the_accounts() -> None:
    guest, mara = guests.create(), steps.account()
    with transaction.atomic():
        theirs = ledger.lock(owner_id=guest.pk, is_guest=True).available()
    assert theirs == 10
    guests.merge(guest_id=guest.pk, account_id=mara.pk)
    with transaction.atomic():
        assert ledger.lock(owner_id=mara.pk, is_guest=False).available() == 20


@pytest.mark.django_db(transaction=True)
def test_two_accounts_that_merge_one_guest_at_once_get_it_once() -> None:
    guest, mara, bob = guests.create(), steps.account(), steps.account("bob@example.org")
    steps.submit(guest)
    moved = races.race(
        [
            lambda: guests.merge(guest_id=guest.pk, account_id=mara.pk),
            lambda: guests.merge(guest_id=guest.pk, account_id=bob.pk),
        ]
    )
    assert sorted(moved, key=str) == [0, None]
    guest.refresh_from_db()
    assert guest.merged_into == (mara, bob)[moved.index(0)]
    assert Job.objects.get().owner == guest.merged_into


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_account_merge_its_guest_once() -> None:
    guest, mara = guests.create(), steps.account()
    arrivals = races.together(4, lambda: signup.arrive(account_id=mara.pk, guest_id=guest.pk).pictures)
    assert sorted(arrivals, key=str) == [0, None, None, None]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_runs_during_the_sign_in_ends_in_the_account_and_is_paid_by_the_guest() -> None:
    guest, mara = guests.create(), steps.account()
    waiting = steps.submit(guest)
    job = lanes.claim(lane=waiting.lane)
    assert job is not None
    assert running.begin(job) is not None
    guests.merge(guest_id=guest.pk, account_id=mara.pk)
    assert running.give_back(job_id=job.pk, code="internal", detail="the worker died")  # type: ignore[arg-type]
    worker.work(waiting.lane)
    job.refresh_from_db()
    assert (job.state, job.owner) == (JobState.SUCCEEDED, mara)
    assert Asset.objects.get().owner == mara
    with transaction.atomic():
        assert ledger.lock(owner_id=guest.pk, is_guest=True).available() == 10 - job.price_credits
        assert ledger.lock(owner_id=mara.pk, is_guest=False).available() == 20


@pytest.mark.django_db(transaction=True)
def test_a_job_being_written_while_the_merge_runs_follows_it() -> None:
    """The submit has inserted its job and not committed: the merge waits for it and takes it along."""
    guest, mara = guests.create(), steps.account()
    with transaction.atomic():
        ledger.lock(owner_id=guest.pk, is_guest=True)
    inserted, merging = threading.Event(), threading.Event()

    def slow_submit() -> int | None:
        with transaction.atomic():
            steps.submit(guest)
            inserted.set()
            merging.wait(10)
        return None

    def merge() -> int | None:
        inserted.wait(10)
        threading.Timer(0.5, merging.set).start()
        return guests.merge(guest_id=guest.pk, account_id=mara.pk)

    assert races.race([slow_submit, merge]) == [None, 0]
    assert Job.objects.get().owner == mara
