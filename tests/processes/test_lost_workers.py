"""Workers that die, freeze or leave in the middle of a job: it ends once, with one set of pictures, charged once."""

import os
import signal
import time

import psycopg
import pytest

from config import embedded
from tests.alive import until
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes

LEASE_SECONDS = 3


def tries(site: Site, job: str) -> int:
    return site.number("SELECT tries FROM generation_job WHERE code = %s", job)


def pictures(site: Site, job: str) -> list[int]:
    """The indexes of the stored pictures."""
    found = site.rows(
        "SELECT index FROM generation_asset a JOIN generation_job j ON j.id = job_id WHERE j.code = %s ORDER BY 1", job
    )
    return [index for (index,) in found]


def charged(site: Site, job: str) -> int:
    return site.number(
        "SELECT coalesce(sum(amount), 0) FROM credits_transfer WHERE subject = %s AND phase = 'capture'", f"job:{job}"
    )


def test_a_worker_killed_in_the_middle_of_a_job_costs_time_and_nothing_else(site: Site, guest: Person) -> None:
    job = guest.submit(count=4)
    guest.wait(job, ["running"])
    site.worker.kill()
    assert guest.state(job) == "running"

    site.worker.start()
    card = guest.wait(job, ["succeeded"])

    assert tries(site, job) == 2
    assert pictures(site, job) == [0, 1, 2, 3]
    assert charged(site, job) == 4
    assert "4 reserved, 4 charged." in card.text
    assert guest.balance() == 6


def test_a_worker_killed_between_storing_and_committing_leaves_a_file_and_no_second_picture(
    site: Site, guest: Person
) -> None:
    """It waits for the money when it dies: its picture lies in storage, and its rows are not committed."""
    before = site.strays()
    site.worker.kill()
    job = guest.submit()
    with psycopg.connect(embedded.database_url(site.var)) as operator:
        operator.execute(
            "SELECT 1 FROM credits_wallet WHERE owner_id IN (SELECT owner_id FROM generation_job WHERE code = %s)"
            " FOR UPDATE",
            [job],
        )
        site.worker.start()
        until(lambda: site.strays() - before and site.number("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        site.worker.kill()
    site.worker.start()
    guest.wait(job, ["succeeded"])

    assert (tries(site, job), pictures(site, job), charged(site, job)) == (2, [0], 1)
    assert len(left := site.strays() - before) == 1
    site.manage("sweep_files")  # another worker may be storing right now
    assert site.strays() - before == left


def test_a_job_without_any_worker_waits_for_one(site: Site, guest: Person) -> None:
    site.worker.kill()
    job = guest.submit()
    time.sleep(LEASE_SECONDS)
    assert guest.state(job) == "queued"

    site.worker.start()
    guest.wait(job, ["succeeded"])
    assert (tries(site, job), charged(site, job)) == (1, 1)


def test_a_worker_that_is_asked_to_leave_finishes_what_it_has_begun(site: Site, guest: Person) -> None:
    job = guest.submit(count=4)
    guest.wait(job, ["running"])
    site.worker.stop()

    assert guest.state(job) == "succeeded"
    assert (tries(site, job), pictures(site, job), charged(site, job)) == (1, [0, 1, 2, 3], 4)


def test_a_worker_that_froze_and_wakes_up_late_changes_nothing(site: Site, guest: Person) -> None:
    job = guest.submit(count=4)
    guest.wait(job, ["running"])
    site.worker.signal_group(signal.SIGSTOP)
    site.another(site.worker, "-n", "second@%h").start()
    until(lambda: tries(site, job) == 2)
    site.worker.signal_group(signal.SIGCONT)

    guest.wait(job, ["succeeded"])
    until(lambda: site.number("SELECT count(*) FROM generation_attempt WHERE finished_at IS NULL") == 0)
    time.sleep(LEASE_SECONDS)
    assert (pictures(site, job), charged(site, job)) == ([0, 1, 2, 3], 4)


def test_the_death_of_one_of_a_workers_children_is_no_more_than_a_lost_try(site: Site, guest: Person) -> None:
    job = guest.submit(count=4)
    guest.wait(job, ["running"])
    for pid in site.worker.children():
        os.kill(pid, signal.SIGKILL)

    guest.wait(job, ["succeeded"])
    assert (pictures(site, job), charged(site, job)) == ([0, 1, 2, 3], 4)
