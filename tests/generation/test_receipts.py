"""A job's receipt: what was quoted, moved, tried and delivered, and why it cost what it cost, however the job ended."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import guests
from accounts.models import User
from credits import ledger
from generation import catalogue, jobs, refunds, running
from generation.models import Asset, ErrorCode, InferenceModel, Job
from generation.pricing import rules
from tests import pictures
from tests.browsers import As
from tests.funds import give

pytestmark = pytest.mark.django_db


def ask(owner: User, *, count: int = 1, rate: int = 10) -> Job:
    """A job of a model of this rate, which is expected to take 1.5 s a picture."""
    catalogue.sync()
    InferenceModel.objects.update(price_credits=rate)
    return pictures.submit(owner, pictures=count, prompt="A red kite", ratio="1:1")


def finish(job: Job, *, seconds: float, stored: int | None = None) -> Job:
    pictures.deliver(pictures.begin(job), run_seconds=seconds, stored=stored)
    return job


def read(client: Client, job: Job) -> str:
    response = client.get(f"/jobs/{job.code}/receipt")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def told(client: Client, job: Job) -> Any:
    return client.get(f"/jobs/{job.code}/receipt").context["receipt"]


def moved(client: Client, job: Job) -> list[tuple[str, str, int]]:
    return [(row.label, row.wallet, row.change) for row in told(client, job).movements]


# --- Success ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "charged", "why"),
    [
        (1.2, 10, "It ran in 1.2 s a picture, and 1.5 s were expected: the price is that of the quote."),
        (0.6, 9, "It ran in 0.6 s a picture, under half of the expected 1.5 s: 9 instead of 10 credits a picture."),
        (0.0, 5, "It ran in 0 s a picture, under half of the expected 1.5 s: half price."),
    ],
)
def test_it_says_why_a_run_cost_what_it_cost(alice: User, browse: As, seconds: float, charged: int, why: str) -> None:
    client = browse(alice)
    job = finish(ask(alice, count=2), seconds=2 * seconds)
    receipt = told(client, job)
    assert (receipt.quoted_each, receipt.charged_each, receipt.charges.captured) == (10, charged, 2 * charged)
    assert (receipt.expected_each, receipt.measured_each) == (1.5, seconds)
    assert receipt.reasons == [why]
    assert why in read(client, job)


def test_one_credit_is_the_least(alice: User, browse: As) -> None:
    receipt = told(browse(alice), finish(ask(alice, rate=1), seconds=0.1))
    assert receipt.reasons == [
        "It ran in 0.1 s a picture, under half of the expected 1.5 s, but a picture costs at least 1 credit."
    ]


def test_what_did_not_arrive_is_told_and_not_charged(alice: User, browse: As) -> None:
    receipt = told(browse(alice), finish(ask(alice, count=4), seconds=6, stored=3))
    assert receipt.reasons[0] == "3 of 4 pictures arrived: what did not arrive is not charged."
    assert (receipt.pictures, receipt.charged_each, receipt.measured_each) == (3, 10, 2)
    assert [run.pictures for run in receipt.runs] == [3]


def test_it_names_the_accepted_quote_and_its_rule_base(alice: User, browse: As) -> None:
    job = finish(ask(alice, count=2), seconds=3)
    InferenceModel.objects.update(price_credits=99, name="Renamed")
    body = read(browse(alice), job)
    for words in (
        f"Rule base {rules.VERSION}",
        "Ordinary picture, usual time: 10, times 2.",
        "Demo, its rate",
        "About 1.5 s a picture",
    ):
        assert words in body
    assert "Renamed, its rate" not in body


def test_each_wallet_has_its_rows_with_their_times(alice: User, browse: As) -> None:
    client = browse(alice)
    job = finish(ask(alice, count=4), seconds=6, stored=3)
    assert moved(client, job) == [
        ("Reserved", "Daily", -20),
        ("Reserved", "Bonus", -20),
        ("Charged", "Daily", 0),
        ("Charged", "Bonus", 0),
        ("Released", "Bonus", 10),
    ]
    body = read(client, job)
    for row in told(client, job).movements:
        assert f"{row.at:%H:%M:%S}</time>" in body
    assert "40 reserved, 30 charged, 10 released." in body


def test_a_picture_in_the_trash_has_arrived_and_was_paid_for(alice: User, browse: As) -> None:
    client = browse(alice)
    job = finish(ask(alice, count=2), seconds=3)
    Asset.objects.filter(job=job, index=0).update(deleted_at=timezone.now())
    receipt = told(client, job)
    assert (receipt.pictures, receipt.charged_each) == (2, 10)
    assert read(client, job).count("<img") == 1
    assert "pictures arrived" not in client.get(f"/jobs/{job.code}/card").content.decode()


# --- Other ends ------------------------------------------------------------------------------------------------------


def test_an_open_job_tells_what_waits(alice: User, browse: As) -> None:
    client, job = browse(alice), ask(alice, count=2)
    assert told(client, job).reasons == ["20 credits wait until the job has ended; it can only cost less."]
    body = read(client, job)
    assert "still open" in body
    assert "It waits for its turn." in body


def test_a_failed_job_lists_its_tries_and_that_all_came_back(alice: User, browse: As) -> None:
    client, job = browse(alice), ask(alice, count=2)
    for _ in range(3):
        tries = pictures.begin(job).number
        if not running.give_back(job_id=job.pk, code=ErrorCode.PROVIDER_BUSY, detail="secret detail", tries=tries):
            running.fail(job_id=job.pk, code=ErrorCode.PROVIDER_BUSY)
    receipt = told(client, job)
    assert receipt.reasons == ["The job failed, so all that was reserved came back: 20 credits."]
    assert moved(client, job) == [("Reserved", "Daily", -20), ("Released", "Daily", 20)]
    assert [(run.number, run.end, run.why) for run in receipt.runs] == [
        (number, "Failed", "The model is busy") for number in (1, 2, 3)
    ]
    assert "secret detail" not in read(client, job)


@pytest.mark.parametrize("begun", [True, False])
def test_a_cancelled_job_lists_its_try_and_that_all_came_back(alice: User, browse: As, begun: bool) -> None:
    client, job = browse(alice), ask(alice)
    if begun:
        pictures.begin(job)
    jobs.cancel(code=job.code, owner_id=alice.pk)
    receipt = told(client, job)
    assert receipt.reasons == ["The job was cancelled, so all that was reserved came back: 10 credits."]
    assert [(run.end, run.pictures) for run in receipt.runs] == [("Cancelled", None)] * begun
    assert "Nothing was charged." in read(client, job)


def test_pictures_that_came_too_late_are_free(alice: User, browse: As) -> None:
    job = ask(alice)
    attempt = pictures.begin(job)
    running.fail(job_id=job.pk, code=ErrorCode.TIMEOUT)
    pictures.deliver(attempt, run_seconds=99)
    receipt = told(browse(alice), job)
    assert (receipt.charged_each, receipt.charges.captured) == (None, 0)
    assert receipt.reasons == ["The job failed, so all that was reserved came back: 10 credits."]


def test_a_refund_is_a_row_and_a_reason(alice: User, sam: User, browse: As) -> None:
    client = browse(alice)
    job = finish(ask(alice, count=2), seconds=3)
    refunds.refund(job_id=job.pk, amount=7, key="k", reason="a broken picture", actor_id=sam.pk)
    assert moved(client, job)[-1] == ("Refunded", "Bonus", 7)
    assert told(client, job).reasons[-1] == "7 credits came back afterwards, by hand of the staff."


def test_a_refund_that_pays_a_debt_shows_both(alice: User, sam: User, browse: As) -> None:
    client = browse(alice)
    job = finish(ask(alice, count=2), seconds=3)
    ledger.clawback(owner_id=alice.pk, amount=33, kind="clawback", key="dispute", reason="a lost dispute")
    refunds.refund(job_id=job.pk, amount=7, key="k", reason="a broken picture", actor_id=sam.pk)
    assert moved(client, job)[-2:] == [("Refunded", "Bonus", 7), ("Debt paid", "Bonus", -3)]


# --- Whose -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [True, False])
def test_a_guests_receipt_stays_readable_in_the_account(gwen: User, charlie: User, browse: As, done: bool) -> None:
    job = ask(gwen, rate=4)
    if done:
        finish(job, seconds=1.5)
    guests.merge(guest_id=gwen.pk, account_id=charlie.pk)
    if not done:
        finish(job, seconds=1.5)
    client = browse(charlie)
    assert moved(client, job) == [("Reserved", "Daily", -4), ("Charged", "Daily", 0)]
    assert told(client, job).reasons[-1].startswith("You were a guest when you asked")
    assert "4 reserved, 4 charged." in read(client, job)


# --- What it costs ---------------------------------------------------------------------------------------------------


def test_it_costs_six_statements_however_much_happened(alice: User, sam: User, browse: As) -> None:
    """The person, the job, its charges, its pictures, its movements, its attempts."""
    give(alice, bonus=100)
    client = browse(alice)
    small = finish(ask(alice), seconds=3)
    large = finish(ask(alice, count=4), seconds=0.4)
    for number in range(4):
        refunds.refund(job_id=large.pk, amount=1, key=f"k{number}", reason="a broken picture", actor_id=sam.pk)
    for job in (small, large):
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/jobs/{job.code}/receipt")
        assert len(captured) == 6
