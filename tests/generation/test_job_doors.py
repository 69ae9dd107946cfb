"""A job's page, card, tray, receipt, cancel and retry: for its owner, for a stranger, wrongly and twice."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from credits import statements
from generation import catalogue, intake, jobs, lanes, running, worker
from generation.models import ErrorCode, InferenceModel, Job, JobState
from tests import pictures
from tests.browsers import As
from tests.generation.asking import HTMX, job_of

pytestmark = pytest.mark.django_db


def ask(owner: User, count: int = 1, **more: Any) -> Job:
    return pictures.submit(owner, pictures=count, prompt="A red kite", ratio="16:9", **more)


def begun(owner: User, count: int = 1) -> Job:
    job = ask(owner, count)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    running.begin(claimed)
    job.refresh_from_db()
    return job


# --- Who may see -----------------------------------------------------------------------------------------------------

DOORS = ["", "/card", "/receipt"]


@pytest.mark.parametrize("door", DOORS)
def test_the_owner_sees_it_and_to_others_it_is_as_absent_as_none(
    alice: User, charlie: User, gwen: User, browse: As, door: str
) -> None:
    job = ask(alice)
    assert browse(alice).get(f"/jobs/{job.code}{door}").status_code == 200
    for other in (charlie, gwen, None):
        foreign = browse(other).get(f"/jobs/{job.code}{door}")
        absent = browse(other).get(f"/jobs/{uuid4()}{door}")
        assert foreign.status_code == absent.status_code == 404
        assert _body(foreign) == _body(absent)


def _body(response: Any) -> str:
    """The page without what differs between any two answers: the path it names and the CSRF token."""
    import re  # noqa: PLC0415

    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9]{64}", "", response.content.decode())


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_acts_are_posts_of_the_owner(alice: User, charlie: User, browse: As, act: str) -> None:
    job = ask(alice)
    assert browse(alice).get(f"/jobs/{job.code}/{act}").status_code == 405
    assert browse(charlie).post(f"/jobs/{job.code}/{act}").status_code == 404
    assert browse(None).post(f"/jobs/{job.code}/{act}").status_code == 404
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


# --- The card --------------------------------------------------------------------------------------------------------


def test_a_card_that_shows_everything_is_204(alice: User, browse: As) -> None:
    job, client = ask(alice), browse(alice)
    assert client.get(f"/jobs/{job.code}/card?v={job.version}").status_code == 204
    assert client.get(f"/jobs/{job.code}/card?v={job.version}&place=0").status_code == 204
    assert client.get(f"/jobs/{job.code}/card?v={job.version - 1}").status_code == 200
    assert client.get(f"/jobs/{job.code}/card").status_code == 200


def test_a_new_place_in_the_queue_is_news(alice: User, charlie: User, browse: As) -> None:
    ask(charlie)
    job, client = ask(alice), browse(alice)
    body = client.get(f"/jobs/{job.code}/card").content.decode()
    assert "2nd in the queue for Demo" in body
    assert f"v={job.version}&amp;place=1" in body
    lanes.claim(lane="providers")
    assert client.get(f"/jobs/{job.code}/card?v={job.version}&place=1").status_code == 200


@pytest.mark.parametrize("query", ["v=x", "v=-1", "v=1e3", "place=abc", "v=99999999999999999999"])
def test_a_malformed_version_is_400(alice: User, browse: As, query: str) -> None:
    assert browse(alice).get(f"/jobs/{ask(alice).code}/card?{query}").status_code == 400


def test_an_open_card_polls_and_a_finished_one_does_not(alice: User, browse: As) -> None:
    client, job = browse(alice), begun(alice)
    card = client.get(f"/jobs/{job.code}/card").content.decode()
    assert 'hx-trigger="every 2s"' in card
    assert 'data-state="running"' in card
    assert 'data-ar="16:9"' in card
    running.fail(job_id=job.pk, code=ErrorCode.PROVIDER_FAILED)
    response = client.get(f"/jobs/{job.code}/card?v=1")
    card = response.content.decode()
    assert 'hx-trigger="every' not in card
    assert 'data-error="provider_failed"' in card
    assert "1 credit reserved, all released. Nothing was charged." in card
    assert response.headers["HX-Trigger"] == "jobs-changed"


def test_to_htmx_a_job_that_is_gone_is_a_card_without_a_trigger(charlie: User, browse: As) -> None:
    response = browse(charlie).get(f"/jobs/{uuid4()}/card", headers=HTMX)
    assert response.status_code == 200
    assert "hx-trigger" not in response.content.decode()


def test_a_job_that_takes_long_says_so_and_links_to_its_page(alice: User, browse: As) -> None:
    job = begun(alice)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    card = browse(alice).get(f"/jobs/{job.code}/card").content.decode()
    assert "This is taking long" in card
    assert f'href="/jobs/{job.code}"' in card
    assert f"{job.deadline_at:%H:%M} UTC" in card


def test_a_finished_card_shows_pictures_that_only_the_owner_can_load(alice: User, charlie: User, browse: As) -> None:
    asset = pictures.make(alice, pictures=2)[0]
    card = browse(alice).get(f"/jobs/{asset.job.code}/card").content.decode()
    assert card.count("<img") == 2
    assert asset.src in card
    assert "2 reserved, 2 charged." in card
    assert browse(alice).get(asset.src).status_code == 200
    for other in (charlie, None):
        assert browse(other).get(asset.src).status_code == 404


def test_partial_success_says_what_is_missing_and_what_was_released(alice: User, browse: As) -> None:
    job = ask(alice, 3)
    claimed = lanes.claim(lane=job.lane)
    assert claimed
    attempt = running.begin(claimed)
    assert attempt
    from generation.providers.base import Output  # noqa: PLC0415

    kept = [intake.keep(job=claimed, output=Output(0, pictures.png(1), 1))]
    running.store(claimed, attempt, kept, run_seconds=1)
    card = browse(alice).get(f"/jobs/{job.code}/card").content.decode()
    assert "1 of 3 pictures arrived" in card
    assert "3 reserved, 1 charged, 2 released." in card


def test_every_error_code_has_words_of_its_own() -> None:
    from generation import words  # noqa: PLC0415

    titles = {code: words.of(code).title for code in ErrorCode.values}
    assert len(set(titles.values())) == len(titles)


# --- Without JavaScript ----------------------------------------------------------------------------------------------


def test_an_open_jobs_page_refreshes_itself_and_a_finished_one_stands_still(alice: User, browse: As) -> None:
    client, job = browse(alice), ask(alice)
    assert 'http-equiv="refresh"' in client.get(f"/jobs/{job.code}").content.decode()
    jobs.cancel(code=job.code, owner_id=alice.pk)
    assert 'http-equiv="refresh"' not in client.get(f"/jobs/{job.code}").content.decode()


def test_a_plain_cancel_leads_back_to_the_page(alice: User, browse: As) -> None:
    job = ask(alice)
    response = browse(alice).post(f"/jobs/{job.code}/cancel")
    assert (response.status_code, response.headers["Location"]) == (303, f"/jobs/{job.code}")


# --- Cancel and retry ------------------------------------------------------------------------------------------------


def test_cancel_releases_and_answers_with_the_card(alice: User, browse: As) -> None:
    job, client = ask(alice, 2), browse(alice)
    for _ in range(2):  # sent twice is cancelled once
        response = client.post(f"/jobs/{job.code}/cancel", headers=HTMX)
        assert response.status_code == 200
        assert 'data-state="cancelled"' in response.content.decode()
    assert statements.of_subject(job.subject).released == 2


def test_a_cancel_that_comes_too_late_is_a_conflict_and_shows_what_is(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    response = browse(alice).post(f"/jobs/{asset.job.code}/cancel", headers=HTMX)
    assert response.status_code == 409
    assert 'data-state="succeeded"' in response.content.decode()


def test_retry_is_a_new_job_with_a_new_reserve_once(alice: User, browse: As) -> None:
    old, client = ask(alice, 2), browse(alice)
    running.fail(job_id=old.pk, code=ErrorCode.PROVIDER_FAILED)
    first, second = (client.post(f"/jobs/{old.code}/retry", headers=HTMX) for _ in range(2))
    assert first.status_code == 201
    new = job_of(first)  # type: ignore[arg-type]
    assert job_of(second) == new  # type: ignore[arg-type]
    assert (new.parent, new.origin, new.prompt_written, new.count) == (old, "retry", "A red kite", 2)
    assert statements.of_subject(new.subject).open == 2


def test_retry_keeps_a_locked_seed_and_draws_a_random_one_anew(alice: User, browse: As) -> None:
    for seed in (7, None):
        old = ask(alice, seed=seed, seed_mode="random" if seed is None else "locked")
        running.fail(job_id=old.pk, code=ErrorCode.TIMEOUT)
        new = job_of(browse(alice).post(f"/jobs/{old.code}/retry", headers=HTMX))  # type: ignore[arg-type]
        assert (new.seed == old.seed) == (seed is not None)


def test_a_retry_that_became_dearer_is_shown_in_the_studio_first(alice: User, browse: As) -> None:
    old = ask(alice)
    running.fail(job_id=old.pk, code=ErrorCode.TIMEOUT)
    InferenceModel.objects.update(price_credits=5)
    catalogue.forget()
    client = browse(alice)
    response = client.post(f"/jobs/{old.code}/retry")
    assert (response.status_code, response.headers["Location"]) == (303, f"/?from={old.code}")
    studio = client.get(response.headers["Location"]).content.decode()
    assert "A red kite" in studio
    assert "5 credits" in studio


def test_a_retry_that_cannot_be_paid_says_so(bob: User, browse: As) -> None:
    from tests.funds import give  # noqa: PLC0415

    give(bob, bonus=1)
    old = ask(bob)
    running.fail(job_id=old.pk, code=ErrorCode.TIMEOUT)
    ask(bob)
    response = browse(bob).post(f"/jobs/{old.code}/retry", headers=HTMX)
    assert response.status_code == 402
    assert 'data-error="insufficient_credits"' in response.content.decode()


def test_an_open_job_is_not_retried(alice: User, browse: As) -> None:
    job = ask(alice)
    browse(alice).post(f"/jobs/{job.code}/retry")
    assert Job.objects.count() == 1


# --- Tray and receipt ------------------------------------------------------------------------------------------------


def test_the_tray_shows_open_jobs_and_the_balance_and_polls_only_then(alice: User, browse: As) -> None:
    import re  # noqa: PLC0415

    client = browse(alice)
    idle = client.get("/tray").content.decode()
    assert "100<" in idle
    assert "every 2s" not in idle
    ask(alice, 4)
    busy = client.get("/tray").content.decode()
    assert "96<" in busy
    assert "A red kite" in busy
    assert "every 2s" in busy
    url = re.search(r'hx-get="(/tray\?v=\w+)"', busy)
    assert url
    assert client.get(url[1]).status_code == 204
    worker.work("providers")
    assert client.get(url[1]).status_code == 200


def test_a_visitors_tray_has_a_guests_credits(browse: As) -> None:
    assert "10<" in browse(None).get("/tray").content.decode()


def test_a_receipt_lists_quote_transfers_and_attempts(alice: User, browse: As) -> None:
    asset = pictures.one(alice)
    body = browse(alice).get(f"/jobs/{asset.job.code}/receipt").content.decode()
    for words in ("Demo, its rate", "Reserved", "Charged", "Demo"):
        assert words in body
