"""What each door may cost in SQL, whatever the number of jobs. Sessions come from Redis; a sign-in's row is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from credits import ledger
from generation import lanes, worker
from generation.models import Job, Lane
from tests.browsers import As
from tests.generation.asking import HTMX, ask, demo, form, job_of

MANY = 25
Texts = list[str]


@contextmanager
def sql() -> Iterator[Texts]:
    """The statements of what happens inside, with BEGIN and COMMIT."""
    texts: Texts = []
    with CaptureQueriesContext(connection) as captured:
        yield texts
    texts += [query["sql"] for query in captured.captured_queries]


def commits(texts: Texts) -> int:
    return sum(text == "COMMIT" for text in texts)


@pytest.fixture
def signed_in(alice: User, browse: As, settings: Any) -> Client:
    """Alice's browser; her limits out of the way, her session, today's credits and the catalogue warm."""
    settings.OPEN_JOBS_MAX = settings.DAILY_GENERATE_MAX = (1000, 1000, 1000)
    settings.RATE_LIMIT_GENERATE = (1000, 60)
    demo()
    client = browse(alice)
    client.get("/")
    return client


def crowd(number: int, client: Client) -> list[Job]:
    return [job_of(ask(client)) for _ in range(number)]


@pytest.fixture(params=[1, MANY])
def jobs(request: pytest.FixtureRequest, signed_in: Client) -> list[Job]:
    """Few and many of Alice's, all waiting; every budget below is the same for both."""
    return crowd(request.param, signed_in)


def card_of(job: Job, **changes: int) -> str:
    shown = {"v": job.version, "place": 0, **changes}
    return f"/jobs/{job.code}/card?v={shown['v']}&place={shown['place']}"


# --- Polling ---------------------------------------------------------------------------------------------------------


def test_a_poll_that_finds_nothing_new_costs_one_statement_and_loads_no_user(
    signed_in: Client, jobs: list[Job]
) -> None:
    with sql() as texts:
        response = signed_in.get(card_of(jobs[-1], place=len(jobs) - 1), headers=HTMX)
    assert response.status_code == 204
    assert len(texts) == 1
    assert "accounts_user" not in texts[0]


def test_a_poll_that_finds_an_open_job_changed_costs_one_more(signed_in: Client, jobs: list[Job]) -> None:
    with sql() as texts:
        response = signed_in.get(card_of(jobs[-1], v=0), headers=HTMX)
    assert response.status_code == 200
    assert len(texts) == 2
    assert not any("accounts_user" in text for text in texts)


@pytest.mark.django_db(transaction=True)
def test_the_poll_that_finds_the_pictures_also_reads_them_and_their_price(signed_in: Client) -> None:
    jobs = crowd(3, signed_in)
    worker.work(Lane.PROVIDERS)
    with sql() as texts:
        response = signed_in.get(card_of(jobs[0]), headers=HTMX)
    assert response.status_code == 200
    assert response.headers["HX-Trigger"] == "jobs-changed"
    assert len(texts) == 4
    with sql() as texts:
        job = Job.objects.get(pk=jobs[0].pk)
        assert signed_in.get(card_of(job), headers=HTMX).status_code == 204
    assert len(texts) == 2  # the test's own read is one of them


def test_a_strangers_poll_learns_nothing_for_two_statements(charlie: User, browse: As, jobs: list[Job]) -> None:
    stranger = browse(charlie)
    with sql() as texts:
        response = stranger.get(card_of(jobs[0]), headers=HTMX)
    assert "jobs-changed" not in response.headers
    assert len(texts) == 2


def test_the_tray_costs_three_statements(signed_in: Client, jobs: list[Job]) -> None:
    """The person, the balance, the open jobs; and one who is told of nothing new pays no more."""
    with sql() as texts:
        response = signed_in.get("/tray", headers=HTMX)
    assert response.status_code == 200
    assert len(texts) == 3
    version = response.context["tray_url"].partition("v=")[2]
    with sql() as texts:
        assert signed_in.get(f"/tray?v={version}", headers=HTMX).status_code == 204
    assert len(texts) == 3


# --- Pages and files -------------------------------------------------------------------------------------------------


def test_the_studio_costs_four_statements(signed_in: Client, jobs: list[Job]) -> None:
    """The person, the balance, the latest pictures, the open jobs."""
    with sql() as texts:
        assert signed_in.get("/").status_code == 200
    assert len(texts) == 4


def test_the_studio_of_somebody_who_never_came_costs_none(browse: As, jobs: list[Job]) -> None:
    with sql() as texts:
        assert browse(None).get("/").status_code == 200
    assert not texts


def test_a_price_costs_the_person_and_the_balance(signed_in: Client, jobs: list[Job]) -> None:
    said = form()
    with sql() as texts:
        assert signed_in.post("/quote", said, headers=HTMX).status_code == 200
    assert len(texts) == 2


def test_a_jobs_page_costs_the_person_and_the_job(signed_in: Client, jobs: list[Job]) -> None:
    with sql() as texts:
        assert signed_in.get(f"/jobs/{jobs[0].code}").status_code == 200
    assert len(texts) == 2


@pytest.mark.django_db(transaction=True)
def test_a_file_costs_one_statement_and_loads_no_user(signed_in: Client) -> None:
    crowd(2, signed_in)
    job = worker.work(Lane.PROVIDERS)
    assert job
    asset = job.assets.get()
    with sql() as texts:
        response = signed_in.get(f"/files/{asset.code}/320.webp")
    assert response.status_code == 200
    assert len(texts) == 1
    assert "accounts_user" not in texts[0]


# --- Submitting and working ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [1, MANY])
@pytest.mark.parametrize("htmx", [True, False], ids=["card", "plain"])
def test_a_submit_costs_eight_statements_and_one_commit(signed_in: Client, before: int, htmx: bool) -> None:
    """The person, whether they have purchased, BEGIN, wallets, standing, job, reserve, COMMIT."""
    crowd(before, signed_in)
    said = form()
    with sql() as texts:
        response = signed_in.post("/generate", said, headers=HTMX if htmx else {})
    assert response.status_code == (201 if htmx else 303)
    assert len(texts) == 8, texts
    assert commits(texts) == 1


@pytest.mark.django_db(transaction=True)
def test_a_repeated_submit_commits_nothing_new(signed_in: Client) -> None:
    said = form()
    first = job_of(signed_in.post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    with sql() as texts:
        again = job_of(signed_in.post("/generate", said, headers=HTMX))  # type: ignore[arg-type]
    assert again == first
    assert not any(text.lstrip().startswith(("INSERT", "UPDATE")) for text in texts)


@pytest.mark.django_db(transaction=True)
def test_a_refused_submit_opens_no_transaction(signed_in: Client) -> None:
    said = form(prompt="")
    with sql() as texts:
        assert signed_in.post("/generate", said, headers=HTMX).status_code == 422
    assert not commits(texts)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [1, MANY])
def test_a_claim_costs_two_statements(signed_in: Client, before: int) -> None:
    crowd(before, signed_in)
    with sql() as texts:
        assert lanes.claim(lane=Lane.PROVIDERS)
    assert len(texts) == 2


@pytest.mark.django_db(transaction=True)
def test_a_whole_job_costs_the_worker_two_transactions(signed_in: Client) -> None:
    """Those of the attempt and of the end; the claim and the move to storing are statements that commit alone."""
    crowd(2, signed_in)
    with sql() as texts:
        assert worker.work(Lane.PROVIDERS)
    assert commits(texts) == 2
    # How often a job tells of its progress is a matter of time, twice a second at most.
    assert len([text for text in texts if 'SET "progress"' not in text]) == 18, texts


# --- What the budgets stand on ---------------------------------------------------------------------------------------


def test_without_a_warm_cache_the_catalogue_costs_one_statement(signed_in: Client, jobs: list[Job]) -> None:
    with sql() as warm:
        signed_in.get("/")
    session = signed_in.session
    cache.clear()
    session.save()
    with sql() as cold:
        signed_in.get("/")
    assert len(cold) == len(warm) + 1


def test_locking_a_purse_costs_one_statement(alice: User) -> None:
    with transaction.atomic():
        ledger.lock(owner_id=alice.pk, is_guest=False)
        with sql() as texts:
            ledger.lock(owner_id=alice.pk, is_guest=False)
    assert len(texts) == 1
