"""PostgreSQL killed or blocked while the site works: 503 for as long as it lasts, then on as if nothing had been."""

import os
import signal
import time

import psycopg
import pytest

from config import embedded
from tests.processes.person import Person
from tests.processes.site import Site

pytestmark = pytest.mark.processes


def test_a_killed_database_comes_back_and_the_job_that_ran_is_finished(site: Site, guest: Person) -> None:
    form = guest.form()
    job = guest.submit(count=4)
    guest.wait(job, ["running"])
    os.kill(site.postgres_pid(), signal.SIGQUIT)  # what pg_ctl calls immediate: nobody is asked, nothing is written

    answer = guest.post("/generate", form)
    assert answer.status in {201, 503}
    if answer.status == 503:
        assert answer.headers["Retry-After"] == "5"

    site.serves()
    guest.wait(job, ["succeeded"])
    again = guest.post("/generate", form)
    assert again.status == 201
    guest.wait(again.job, ["succeeded"])
    assert guest.balance() == 5
    assert site.worker.runs()


def test_a_row_that_an_operator_holds_costs_one_person_some_seconds(site: Site, guest: Person) -> None:
    form = guest.form()
    with psycopg.connect(embedded.database_url(site.var)) as operator:
        operator.execute("SELECT 1 FROM credits_wallet FOR UPDATE")
        begun = time.monotonic()
        assert guest.post("/generate", form).status == 503
        assert time.monotonic() - begun < 15
        assert site.status("/explore") == 200
    assert site.open_jobs() == 0
    guest.wait(guest.post("/generate", form).job, ["succeeded"])
    assert guest.balance() == 9
